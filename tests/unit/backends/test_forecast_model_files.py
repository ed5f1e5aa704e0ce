"""Forecast models on disk: whole or refused, and never half-written."""

import pickle
from pathlib import Path
from zipfile import ZipFile

import pytest

from dbt_schema_evolve.backends.forecast_model import read_model, write_model
from dbt_schema_evolve.errors import PredictorError
from dbt_schema_evolve.predict.bundle import Bundle, Part

BUNDLE = Bundle({"trees": Part({"low.txt": b"tree\n" * 99}, {})}, "made up", 1, 1)


class Booby:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, ("ran",))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "forecasts.zip"
    write_model(BUNDLE, path)
    return path


def refused(path: Path) -> str:
    with pytest.raises(PredictorError) as caught:
        read_model(path)
    assert caught.value.at == str(path)
    return caught.value.problem


def test_a_model_comes_back(path: Path) -> None:
    assert read_model(path) == BUNDLE


def test_the_same_model_is_the_same_bytes(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    write_model(BUNDLE, again)
    assert again.read_bytes() == path.read_bytes()


def test_a_model_takes_the_place_of_another(path: Path) -> None:
    write_model(Bundle({}, "later", 2, 2), path)
    assert read_model(path).origin == "later"
    assert [each.name for each in path.parent.iterdir()] == ["forecasts.zip"]


def test_where_it_cannot_be_written_the_old_one_stays(path: Path) -> None:
    with pytest.raises(PredictorError, match="cannot be written"):
        write_model(BUNDLE, path.parent / "nowhere" / "forecasts.zip")
    assert read_model(path) == BUNDLE


@pytest.mark.parametrize("kept", [0, 1, 30, -1])
def test_a_file_that_was_cut_off_is_refused(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    assert "cut off, damaged, or none" in refused(path)


def test_any_byte_that_was_changed_is_found_or_changes_nothing(path: Path) -> None:
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            assert read_model(path) == BUNDLE
        except PredictorError:
            continue


def test_a_pickle_is_refused_and_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(Booby()))
    assert "a model is a zip archive" in refused(path)
    with ZipFile(tmp_path / "forecasts.zip", "w") as archive:
        archive.writestr("data.pkl", pickle.dumps(Booby()))
    assert "holds data.pkl" in refused(tmp_path / "forecasts.zip")
    assert not (tmp_path / "ran").exists()


def test_two_files_of_one_name_are_refused(path: Path) -> None:
    with ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("low.txt", "tree\n" * 99)
    assert refused(path) == "the forecast model holds two files of one name"


def test_an_archive_that_unpacks_to_a_flood_is_refused_unread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dbt_schema_evolve.backends.forecast_model.files._MOST_BYTES", 100)
    assert "unpacks to more than" in refused(path)


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.zip") == "the forecast model does not exist"
    assert "cannot be read" in refused(tmp_path)
