"""Why trees expect a slowdown: contributions of features, summed by what they speak of.

Contributions are exact Shapley values of the log-odds (TreeSHAP: Lundberg et al., Nature Machine
Intelligence 2020). Only what pushes towards slower counts. Two kinds of evidence are not causes of
their own where another explains them: a changed plan or a spill at forecast sizes is growth's doing
where something grows, and that a subject has been getting slower is what every cause looks like.
"""

from collections.abc import Mapping, Sequence

from dbt_schema_evolve.records.forecasts import Case, Cause, CauseKind, Suspect

_BROUGHT_ABOUT = (CauseKind.PLAN_FLIP, CauseKind.SPILL)
_EXPLAINED = 0.1
"""The least share with which a cause explains a trend that is there anyway."""

Pushes = Mapping[CauseKind, float]
"""What pushes one case towards slower: sums of contributions above zero."""

_UNNAMED = Suspect(CauseKind.OWN_TREND, "", "it has been getting slower")


def pushes(
    contributions: Sequence[float], features: Sequence[str], kinds: Mapping[str, CauseKind]
) -> Pushes:
    """Return what pushes one case towards slower, by kind."""
    sums = dict.fromkeys(CauseKind, 0.0)
    for name, contribution in zip(features, contributions, strict=True):
        if name in kinds:
            sums[kinds[name]] += contribution
    return {kind: push for kind, push in sums.items() if push > 0}


def causes(case: Case, pushed: Pushes) -> tuple[Cause, ...]:
    """Return the causes that can be named, the leading one first.

    Growth's share holds that of a flip or a spill which it brings about, so shares may add up to
    more than one.
    """
    suspects = {suspect.kind: suspect for suspect in reversed(case.suspects)}
    suspects.setdefault(CauseKind.OWN_TREND, _UNNAMED)
    own = {kind: push for kind, push in pushed.items() if kind in suspects}
    total = sum(own.values())
    if not total > 0:
        return ()
    shares = {kind: push / total for kind, push in own.items()}
    brought = sum(shares.get(kind, 0.0) for kind in _BROUGHT_ABOUT)
    if CauseKind.GROWTH in suspects and brought:
        shares[CauseKind.GROWTH] = shares.get(CauseKind.GROWTH, 0.0) + brought
    found = [
        Cause(kind, suspects[kind].node_id, share, suspects[kind].sentence)
        for kind, share in shares.items()
    ]
    return tuple(sorted(found, key=_order))


def _order(cause: Cause) -> tuple[bool, float, str]:
    symptom = cause.kind is CauseKind.OWN_TREND
    explains = not symptom and cause.share >= _EXPLAINED
    return (not explains, -cause.share, cause.kind)


def because(found: Sequence[Cause]) -> str:
    """Return the leading cause in a sentence, with the flip or spill that it brings about."""
    if not found:
        return "nothing that is known of it speaks for a slowdown"
    lead = found[0]
    if lead.kind is CauseKind.OWN_TREND:
        return f"{lead.sentence}, and nothing that is known of it explains why"
    then = [
        cause.sentence
        for cause in found[1:]
        if lead.kind is CauseKind.GROWTH and cause.kind in _BROUGHT_ABOUT
    ]
    return f"because {' and '.join([lead.sentence, *then[:1]])}"
