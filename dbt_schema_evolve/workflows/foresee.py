"""What breaks next: forecasts against their limits, and who is affected downstream."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import inf

from dbt_schema_evolve.lineage.questions.affected import affected
from dbt_schema_evolve.lineage.questions.traverse import Traversal
from dbt_schema_evolve.ports import History
from dbt_schema_evolve.predict.choice import NOBODY, Candidates, Learned
from dbt_schema_evolve.predict.labels import NOTICED_US, SLOWER
from dbt_schema_evolve.predict.limits import days_until
from dbt_schema_evolve.records.column_trends import Alarm
from dbt_schema_evolve.records.forecasts import Breach, Forecast
from dbt_schema_evolve.records.profiles import RelationProfile
from dbt_schema_evolve.records.prospects import Foresight, Issued, Limit, Prospect
from dbt_schema_evolve.workflows.alarms import alarms
from dbt_schema_evolve.workflows.limits import KEY, own_limits_us
from dbt_schema_evolve.workflows.lineage import Lineage
from dbt_schema_evolve.workflows.predict import Prediction, predict

LIKELY = 0.5  # from here on it is likelier than not


def foresee(
    lineage: Lineage,
    history: History,
    now: datetime,
    horizon_days: float,
    candidates: Candidates = NOBODY,
    limit_us: float | None = None,
    notes: Sequence[str] = (),
    earlier: Sequence[RelationProfile] = (),
) -> Foresight:
    """Return what is expected to pass its limit, then the rest, and keep what was said.

    A model's own limit is in `meta.schema_evolve`; for all others it is `limit_us`, or half as slow
    again as now where anybody would notice. Forecasts of a learned predictor are kept, so that it
    can be held to them.
    """
    prediction = predict(lineage, history, now, horizon_days, candidates, earlier)
    if candidates.learned is not None:
        history.add_forecasts(_issued(candidates.learned, prediction))
    return foresight(prediction, lineage, alarms(history, lineage, now), limit_us, notes)


def foresight(
    prediction: Prediction,
    lineage: Lineage,
    found_alarms: Sequence[Alarm],
    limit_us: float | None = None,
    notes: Sequence[str] = (),
) -> Foresight:
    """Return what a prediction means: limits, days until them, and who is affected."""
    own, unread = own_limits_us(lineage.project.nodes)
    limits = {f.subject: _limit(f, own, limit_us) for f in prediction.forecasts}
    breaches = _breaches(prediction, limits)
    traversal = Traversal(lineage.graph)
    labels = lineage.labels
    prospects = [
        _prospect(each, limits[each.subject], breaches.get(each.subject), traversal, labels)
        for each in prediction.forecasts
    ]
    return Foresight(
        made_at=prediction.made_at,
        horizon_days=prediction.horizon_days,
        spoke=prediction.spoke,
        prospects=tuple(sorted(prospects, key=_soonest)),
        skips=(*prediction.skips, *unread),
        alarms=tuple(found_alarms),
        notes=tuple(notes),
    )


def _issued(learned: Learned, prediction: Prediction) -> list[Issued]:
    """Return what the learned predictor says, also where it was not heard: it may recover."""
    said = (
        prediction.forecasts
        if prediction.predictor is learned.predictor
        else learned.predictor.predict(prediction.cases, prediction.horizon_days)
    )
    return [
        Issued(
            learned.id, each.subject, each.made_at, each.horizon_days, each.measured_us,
            each.predicted_us, each.predicted_low_us, each.predicted_high_us,
            each.predicted_probability,
        )
        for each in said
        if isinstance(each, Forecast)
    ]  # fmt: skip


def _limit(forecast: Forecast, own: Mapping[str, float], limit_us: float | None) -> Limit:
    if forecast.subject in own:
        return Limit(own[forecast.subject], f"meta.schema_evolve.{KEY}")
    if limit_us is not None:
        return Limit(limit_us, "--limit-seconds")
    slower_us = SLOWER * forecast.measured_us
    if slower_us < NOTICED_US:
        return Limit(NOTICED_US, "below that nobody notices")
    return Limit(slower_us, f"{SLOWER:g}x now")


def _breaches(prediction: Prediction, limits: Mapping[str, Limit]) -> Mapping[str, Breach]:
    """Return when subjects pass their limits that may do so within the horizon."""
    may = {
        forecast.subject: limits[forecast.subject].us
        for forecast in prediction.forecasts
        if forecast.predicted_high_us >= limits[forecast.subject].us or _is_likely(forecast)
    }
    found = days_until(prediction.predictor, prediction.cases, may)
    return {each.subject: each for each in found if isinstance(each, Breach)}


def _prospect(
    forecast: Forecast,
    limit: Limit,
    breach: Breach | None,
    traversal: Traversal,
    labels: Mapping[str, str],
) -> Prospect:
    node = traversal.nodes.get(forecast.subject)
    return Prospect(
        name=node.name if node else labels.get(forecast.subject, forecast.subject),
        kind=node.kind if node else "query",
        forecast=forecast,
        limit=limit,
        breach=breach,
        breaks=_is_likely(forecast) or _days(breach) <= forecast.horizon_days,
        affected=affected(traversal, forecast.subject),
    )


def _is_likely(forecast: Forecast) -> bool:
    return (forecast.predicted_probability or 0.0) >= LIKELY


def _days(breach: Breach | None) -> float:
    return inf if breach is None or breach.days is None else breach.days


def _soonest(prospect: Prospect) -> tuple[bool, float, float, float, str]:
    forecast = prospect.forecast
    when = _days(prospect.breach) if prospect.breaks else 0.0
    probability = forecast.predicted_probability or 0.0
    return not prospect.breaks, when, -probability, -forecast.predicted_ratio, forecast.subject
