"""A forecast model's files come back as they were, or not at all, with one clear error."""

import json
from collections.abc import Mapping

import pytest

from dbt_schema_evolve.errors import PredictorError
from dbt_schema_evolve.predict.bundle import Bundle, Part, read_bundle, write_bundle
from dbt_schema_evolve.predict.trees.predictor import TreePredictor
from dbt_schema_evolve.predict.trees.trees import trees_of

BUNDLE = Bundle(
    {
        "network": Part({"weights.safetensors": b"\x00\x01"}, {"channels": ["rows", "time"]}),
        "trees": Part({"degraded.txt": b"tree\n", "low.txt": b"tree\n"}, {"base_rate": 0.1}),
    },
    "a made-up fleet",
    examples=10,
    groups=2,
)


@pytest.fixture
def files() -> Mapping[str, bytes]:
    return write_bundle(BUNDLE)


def test_a_bundle_comes_back_from_its_files(files: Mapping[str, bytes]) -> None:
    assert read_bundle(files, "here") == BUNDLE


def test_the_manifest_names_each_file_and_what_was_learned_from(
    files: Mapping[str, bytes],
) -> None:
    manifest = json.loads(files["manifest.json"])
    assert manifest["sha256"].keys() == files.keys()
    assert (manifest["origin"], manifest["examples"]) == ("a made-up fleet", 10)


def refused(files: Mapping[str, bytes]) -> str:
    with pytest.raises(PredictorError) as caught:
        read_bundle(files, "here")
    assert caught.value.at == "here"
    assert "schema-evolve train" in caught.value.remedy
    return caught.value.problem


@pytest.mark.parametrize("name", ["degraded.txt", "weights.safetensors"])
def test_a_byte_that_was_changed_is_found(files: Mapping[str, bytes], name: str) -> None:
    problem = refused({**files, name: files[name] + b" "})
    assert problem == f"the forecast model was changed: {name} is not the file of its manifest"


@pytest.mark.parametrize("fact", ["origin", "examples", "parts", "sha256"])
def test_a_fact_that_was_changed_is_found(files: Mapping[str, bytes], fact: str) -> None:
    manifest = json.loads(files["manifest.json"])
    manifest[fact] = {} if isinstance(manifest[fact], dict) else "another"
    problem = refused({**files, "manifest.json": json.dumps(manifest).encode()})
    assert "manifest.json" in problem


def test_a_correction_cannot_be_edited_by_hand(files: Mapping[str, bytes]) -> None:
    edited = files["manifest.json"].replace(b'"base_rate": 0.1', b'"base_rate": 0.2')
    assert edited != files["manifest.json"]
    assert refused({**files, "manifest.json": edited}).endswith("manifest.json does not add up")


def test_a_version_that_is_not_known_is_told_apart_from_damage(
    files: Mapping[str, bytes],
) -> None:
    manifest = json.loads(files["manifest.json"]) | {"format": 99}
    problem = refused({**files, "manifest.json": json.dumps(manifest).encode()})
    assert problem == "the forecast model has format 99; this version reads 1"


def test_a_file_that_is_missing_is_named(files: Mapping[str, bytes]) -> None:
    without = {name: data for name, data in files.items() if name != "low.txt"}
    assert refused(without) == "the forecast model is incomplete: it lacks low.txt"
    del without["manifest.json"]
    assert refused(without) == "the forecast model has no manifest.json"


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.pt", "run.py", "weights"])
def test_what_could_run_is_refused_unread(files: Mapping[str, bytes], name: str) -> None:
    assert f"holds {name}: only LightGBM's text and safetensors are read" in refused(
        {**files, name: b"\x80\x04."}
    )


def test_a_file_that_the_manifest_does_not_name_is_refused(files: Mapping[str, bytes]) -> None:
    assert refused({**files, "more.txt": b""}).endswith(
        "holds more.txt, which its manifest does not name"
    )


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b'{"format": 1}', b"\xff"])
def test_a_manifest_that_is_none_is_one_clear_error(
    files: Mapping[str, bytes], text: bytes
) -> None:
    assert "manifest.json is none of ours" in refused({**files, "manifest.json": text})


@pytest.mark.parametrize(
    "bundle",
    [BUNDLE, Bundle({}, "nothing", 0, 0), Bundle({"trees": Part({}, {})}, "", 0, 0)],
    ids=["facts missing", "no trees", "empty"],
)
def test_a_part_that_cannot_be_understood_is_one_clear_error(bundle: Bundle) -> None:
    with pytest.raises(PredictorError, match="was made by another version"):
        TreePredictor(bundle)
    with pytest.raises(PredictorError):
        trees_of(bundle, "here")
