"""What a project wishes goes before what pays: pins are proposed, vetoes are kept."""

from collections.abc import Callable, Iterable, Iterator

from dbt_schema_evolve.recommend.ownership import by_hand
from dbt_schema_evolve.recommend.structure import serves
from dbt_schema_evolve.records.changes import Candidate, DropIndexSpec, IndexSpec, Rejection
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.wishes import Wishes

Propose = Callable[[Evidence], Iterable[Candidate]]


def pinned(evidence: Evidence) -> Iterator[Candidate]:
    """Propose the pinned indexes that no index of today serves."""
    for pin in evidence.wishes.pins:
        spec = pin.spec
        existing = [each for each in evidence.indexes.get(spec.relation, ()) if each.is_valid]
        if any(serves(each.spec, spec) for each in existing):
            continue
        readers = frozenset(
            query.fingerprint
            for query in (*evidence.queries, *evidence.model_queries)
            if spec.relation in query.uses.base_relations | query.uses.reads
        )
        reason = f"pinned in meta.schema_evolve of {pin.model_id}"
        note = by_hand(evidence, spec.relation)
        yield Candidate("index", spec, readers, reason, note, is_pinned=True)


def heeding(wishes: Wishes, propose: Propose) -> Propose:
    """Return a recommender that proposes nothing that a project forbids."""
    return lambda evidence: (each for each in propose(evidence) if not objection(wishes, each))


def forbidden(wishes: Wishes, candidates: Iterable[Candidate]) -> list[Rejection]:
    """Return the candidates that a project forbids, and the words in which it does."""
    found = ((each, objection(wishes, each)) for each in candidates)
    return [Rejection(candidate, reason, is_wish=True) for candidate, reason in found if reason]


def objection(wishes: Wishes, candidate: Candidate) -> str:
    """Say which wish a candidate goes against; empty where none."""
    spec = candidate.spec
    index = spec.index if isinstance(spec, DropIndexSpec) else spec
    if isinstance(spec, DropIndexSpec):
        for pin in wishes.pins:
            if pin.spec.is_like(spec.index):
                return f"pinned in meta.schema_evolve of {pin.model_id}"
    for veto in wishes.vetoes:
        if veto.relation != spec.relation or veto.kind not in {"", candidate.kind}:
            continue
        alike = isinstance(index, IndexSpec) and veto.spec is not None and veto.spec.is_like(index)
        if veto.spec is None or alike:
            return f"ignored in meta.schema_evolve of {veto.model_id}"
    return ""
