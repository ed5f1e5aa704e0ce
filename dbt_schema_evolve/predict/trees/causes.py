"""Why trees expect a slowdown: contributions of features, summed by what they speak of.

Contributions are exact Shapley values of the log-odds (TreeSHAP: Lundberg et al., Nature Machine
Intelligence 2020). Only what pushes towards slower counts. Three kinds of evidence are not causes
of their own where another explains them: a changed plan or a spill at forecast sizes is growth's
doing where something grows, more rows are a deployment's where nothing grows but by its new code,
and that a subject has been getting slower is what every cause looks like.
"""

from collections import defaultdict
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

    The share of who brings rows holds that of a flip or a spill which they bring about, so shares
    may add up to more than one.
    """
    suspects = {suspect.kind: suspect for suspect in reversed(case.suspects)}
    suspects.setdefault(CauseKind.OWN_TREND, _UNNAMED)
    brings_rows = next((kind for kind in suspects if _brings_rows(suspects[kind])), None)
    own: dict[CauseKind, float] = defaultdict(float)
    for kind, push in pushed.items():
        by = brings_rows if kind is CauseKind.GROWTH else kind
        if by is not None and by in suspects:
            own[by] += push
    total = sum(own.values())
    if not total > 0:
        return ()
    shares = {kind: push / total for kind, push in own.items()}
    brought = sum(shares.get(kind, 0.0) for kind in _BROUGHT_ABOUT)
    if brings_rows is not None and brought:
        shares[brings_rows] = shares.get(brings_rows, 0.0) + brought
    found = [
        Cause(kind, suspects[kind].node_id, share, suspects[kind].sentence)
        for kind, share in shares.items()
    ]
    return tuple(sorted(found, key=_order))


def _brings_rows(suspect: Suspect) -> bool:
    return suspect.kind is CauseKind.GROWTH or suspect.brings_rows


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
    brings = lead.kind in {CauseKind.GROWTH, CauseKind.CHANGED_FLOW}
    then = [cause.sentence for cause in found[1:] if brings and cause.kind in _BROUGHT_ABOUT]
    return f"because {', and '.join([lead.sentence, *then[:1]])}"
