"""Predictors out of files: the one that ships, and what this project's own training came to."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from dbt_schema_evolve.backends.forecast_model import read_model, read_prior, write_model
from dbt_schema_evolve.features.causes import FEATURES
from dbt_schema_evolve.predict.blend import NAME as BLEND
from dbt_schema_evolve.predict.blend import Blend, terms_of
from dbt_schema_evolve.predict.bundle import Bundle, Part, unreadable, write_bundle
from dbt_schema_evolve.predict.choice import BASELINES, Candidates, Learned
from dbt_schema_evolve.predict.network.predictor import NetworkPredictor, available
from dbt_schema_evolve.predict.population import NAME as POPULATION
from dbt_schema_evolve.predict.population import population_of, population_part
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.backtests import Training
from dbt_schema_evolve.records.examples import Example
from dbt_schema_evolve.workflows.train import OWN, PRIOR

NAME = "forecast_model.zip"
_GIVEN = "given model"
_WINNER = "winner"  # the part of a bundle that says who won the back-test
_SHIPS = "it ships with the package, and this project has trained none of its own"


def candidates(state_dir: Path, model: Path | None = None) -> Candidates:
    """Return who may speak; raises PredictorError where a model is damaged or was changed.

    A `model` that is named speaks for itself; else who won the last training does, or what ships.
    """
    if model is not None:
        return Candidates(_learned(_GIVEN, _read(model), f"it is {model.name}"))
    prior = shipped()
    path = state_dir / NAME
    if not path.exists():
        return Candidates(prior)
    bundle = _read(path)
    try:
        facts = bundle.parts[_WINNER].facts
        winner, reason = str(facts["predictor"]), str(facts["reason"])
    except (KeyError, TypeError) as error:
        raise unreadable(f"no {error}", str(path)) from error
    if winner == OWN:
        return Candidates(_learned(OWN, bundle, reason))
    if winner == PRIOR:
        return Candidates(Learned(prior.name, prior.id, prior.predictor, prior.population, reason))
    if winner in BASELINES:
        return Candidates(None, winner, reason)
    raise unreadable(f"won by {winner!r}, who is not here", str(path))


def shipped() -> Learned:
    """Return the predictor that ships; raises PredictorError where it is damaged."""
    return _learned(PRIOR, read_prior(), _SHIPS)


def learn(examples: Sequence[Example]) -> Predictor:
    """Return a predictor that learned from a warehouse's own examples."""
    return _predictor(own_bundle(examples))


def own_bundle(examples: Sequence[Example]) -> Bundle:
    """Return the model that ships, corrected by a warehouse's own examples."""
    # LightGBM takes a second to load, and most verbs never ask for it.
    from dbt_schema_evolve.predict.trees.training import fine_tune  # noqa: PLC0415
    from dbt_schema_evolve.predict.trees.trees import NAME as TREES  # noqa: PLC0415
    from dbt_schema_evolve.predict.trees.trees import part_of, trees_of  # noqa: PLC0415

    return Bundle(
        parts={
            TREES: part_of(fine_tune(trees_of(read_prior()), examples)),
            POPULATION: population_part(examples),
        },
        origin="the history of this warehouse",
        examples=len(examples),
        groups=1,
    )


def write_winner(state_dir: Path, training: Training, own: Bundle | None) -> Path:
    """Keep who won a back-test, and the model itself where it is the own one."""
    part = Part({}, _facts(training))
    empty = Bundle({}, "a back-test on the history of this warehouse", training.have.examples, 1)
    bundle = own or empty
    path = state_dir / NAME
    write_model(
        Bundle({**bundle.parts, _WINNER: part}, bundle.origin, bundle.examples, bundle.groups),
        path,
    )
    return path


def _read(path: Path) -> Bundle:
    """Return the model in a file; raises PredictorError where it asks what nobody here knows.

    A feature that this version does not have would be unknown of every subject, and the model would
    answer all the same.
    """
    from dbt_schema_evolve.predict.trees.table import GROWTH_FEATURES  # noqa: PLC0415
    from dbt_schema_evolve.predict.trees.trees import NAME as TREES  # noqa: PLC0415
    from dbt_schema_evolve.predict.trees.trees import trees_of  # noqa: PLC0415

    bundle = read_model(path)
    if TREES in bundle.parts:
        asked = trees_of(bundle, str(path)).features
        strange = [each for each in asked if each not in {*FEATURES, *GROWTH_FEATURES}]
        if strange:
            raise unreadable(f"it asks for {', '.join(strange[:3])}", str(path))
    return bundle


def _facts(training: Training) -> dict[str, Any]:
    scores = {
        each.predictor: {"pr_auc": each.pr_auc, "brier": each.brier, "pinball": each.pinball}
        for each in training.scores
    }
    return {"predictor": training.winner, "reason": training.reason, "scores": scores}


def _learned(name: str, bundle: Bundle, reason: str) -> Learned:
    sums = sha256(write_bundle(bundle)["manifest.json"]).hexdigest()
    if BLEND in bundle.parts and not available():
        reason += "; its network needs the extra `rnn`, so its trees speak alone"
    return Learned(name, f"{name} {sums[:12]}", _predictor(bundle), population_of(bundle), reason)


def _predictor(bundle: Bundle) -> Predictor:
    from dbt_schema_evolve.predict.trees.predictor import TreePredictor  # noqa: PLC0415

    trees = TreePredictor(bundle)
    if BLEND not in bundle.parts or not available():
        return trees
    return Blend(trees, NetworkPredictor.of(bundle), terms_of(bundle))
