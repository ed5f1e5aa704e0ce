"""Redundant indexes: space and build time that nobody gets anything for."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from dbt_schema_evolve.recommend.foreign_keys import ForeignKey, foreign_keys, only_for
from dbt_schema_evolve.recommend.ownership import REBUILT, builds, by_hand, owner
from dbt_schema_evolve.recommend.structure import serves
from dbt_schema_evolve.records.changes import Candidate, DropIndexSpec
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.profiles import IndexProfile
from dbt_schema_evolve.records.relations import RelationName


def propose(evidence: Evidence) -> Iterator[Candidate]:
    """Propose to drop indexes that another one replaces or that nothing reads.

    When    an index repeats another, is a prefix of a longer one, is invalid,
            or was not scanned while queries of the window read its table.
            The counter of a table that dbt rebuilds is as young as the last
            run, so there it is the planner's word that counts.
    Change  the index goes; its bytes and its part of each dbt run come back.
    Skips   unique indexes, primary keys, whatever backs a constraint, the
            replica identity or CLUSTER, indexes that are part of a partitioned
            one, the last index by which a foreign key that cascades finds its
            rows, and any drop that makes a query of the window dearer. Of a
            foreign key that only checks, the reason warns.
    Undo    create the index again, by the definition that is kept with the
            recommendation.
    """
    readers = _readers(evidence)
    foreign = foreign_keys(evidence)
    for relation in sorted(evidence.indexes):
        if evidence.preferences.owned_only and owner(evidence, relation) is None:
            continue
        kept = sorted(evidence.indexes[relation], key=_worth)
        keys = foreign.get(relation, ())
        gone: list[tuple[IndexProfile, str]] = []
        for index in sorted(kept, key=_worth, reverse=True):
            others = [each for each in kept if each is not index]
            if index.is_protected:
                continue
            reason = _reason(evidence, relation, index, others)
            valid = [each.spec for each in others if each.is_valid]
            resting = only_for(index.spec, valid, keys) if index.is_valid else ()
            if reason and not any(key.acts for key in resting):
                reason += "".join(map(_warning, resting))
                # Of two that replace each other only one goes: the rest is judged without it.
                kept = others
                gone.append((index, reason))
        note = by_hand(evidence, relation)
        for spec, reason in sorted({(DropIndexSpec(index.spec), reason) for index, reason in gone}):
            asking = frozenset(readers[relation])
            yield Candidate("redundant_index", spec, asking, reason, note)


def _readers(evidence: Evidence) -> Mapping[RelationName, set[str]]:
    """Return by relation the queries that read it, through views or not."""
    found: defaultdict[RelationName, set[str]] = defaultdict(set)
    for query in (*evidence.queries, *evidence.model_queries):
        for relation in query.uses.base_relations | query.uses.reads:
            found[relation].add(query.fingerprint)
    return found


def _warning(key: ForeignKey) -> str:
    return f"; but every delete in {key.references} would then scan for foreign key {key.name}"


def _worth(index: IndexProfile) -> tuple[bool, bool, int, int, str]:
    """Order indexes from the one to keep to the one to lose."""
    return (
        not index.is_protected,
        not index.is_valid,
        -len(index.spec.keys),
        -(index.scans or 0),
        index.name,
    )


def _reason(
    evidence: Evidence, relation: RelationName, index: IndexProfile, others: list[IndexProfile]
) -> str:
    if not index.is_valid:
        return "it is invalid: a build was interrupted, and no query can use it"
    for other in others:
        if other.is_valid and serves(other.spec, index.spec):
            same = len(other.spec.keys) == len(index.spec.keys)
            return f"{other.spec} {'is the same' if same else 'starts with the same columns'}"
    if index.scans == 0 and evidence.queries:
        node = owner(evidence, relation)
        if node is not None and node.materialized in REBUILT:
            count = builds(evidence, relation)
            return (
                f"not scanned since the last build, one of {count} in the window, "
                "and no query of the window would use it"
            )
        return "not scanned since its counters began, and no query of the window would use it"
    return ""
