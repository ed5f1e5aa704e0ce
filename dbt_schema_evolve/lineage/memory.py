"""Remembers what statements said of their nodes, so that only what changed is read again."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from dbt_schema_evolve.lineage.garbage import collected_in_batches
from dbt_schema_evolve.lineage.resolution import Filling, Outcome, learn
from dbt_schema_evolve.lineage.sql.models import node_lineage
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.lineage import NodeLineage
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Skip


class Asked(NamedTuple):
    """A relation that a statement's names were looked up as, and what was known of it then."""

    relation: RelationName
    signature: bytes


class Remembered(NamedTuple):
    """What one statement said, and all that this rests on."""

    node: str
    digest: bytes  # of the statement's text
    asked: tuple[Asked, ...]
    lineage: NodeLineage | None
    reason: str = ""  # why there is no lineage

    @property
    def outcome(self) -> Outcome:
        """The lineage, or why there is none."""
        return self.lineage if self.lineage is not None else Skip(self.node, self.reason)

    def still_holds(self, schema: LineageSchema) -> bool:
        """Return whether the statement would say the same today."""
        return all(schema.signature(relation) == signature for relation, signature in self.asked)


ShareOut = Callable[[Sequence[Filling], LineageSchema], Iterable[Remembered]]
"""Works out statements that do not wait for each other, in any order."""


def digest(sql: str) -> bytes:
    """Return what stands for a statement's text."""
    return hashlib.blake2b(sql.encode(errors="surrogatepass"), digest_size=16).digest()


def worked_out(filling: Filling, schema: LineageSchema) -> Remembered:
    """Resolve one statement and note what its meaning depends on."""
    schema.asked.clear()
    outcome = node_lineage(filling.node, filling.sql, schema)
    asked = tuple(Asked(relation, schema.signature(relation)) for relation in sorted(schema.asked))
    if isinstance(outcome, Skip):
        return Remembered(filling.node, digest(filling.sql), asked, None, outcome.reason)
    return Remembered(filling.node, digest(filling.sql), asked, outcome)


def one_by_one(fillings: Sequence[Filling], schema: LineageSchema) -> list[Remembered]:
    """Work them out here and now."""
    return collected_in_batches(lambda filling: worked_out(filling, schema), fillings)


class Memory:
    """A way to resolve statements (`resolution.Resolve`) that asks again only what has changed.

    `held` is what an earlier memory kept; `share_out` may use several processes. Afterwards `kept`
    is what the next memory should hold, and `news` counts what had to be worked out.
    """

    def __init__(self, held: Iterable[Remembered] = (), share_out: ShareOut = one_by_one) -> None:
        self._held = {(each.node, each.digest): each for each in held}
        self._share_out = share_out
        self.kept: tuple[Remembered, ...] = ()
        self.news = 0

    def __call__(self, fillings: Sequence[Filling], schema: LineageSchema) -> list[Outcome]:
        """Return an outcome for each filling, in order.

        A statement whose relation's columns are not known yet is read at once: those behind it
        learn them. All others wait for none, and are shared out.
        """
        found: list[Remembered | None] = []
        waiting: dict[tuple[str, bytes], int] = {}
        jobs: list[Filling] = []
        for at, filling in enumerate(fillings):
            key = (filling.node, digest(filling.sql))
            each = self._held.get(key)
            if each is None or not each.still_holds(schema):
                if filling.relation is None or filling.relation in schema.columns:
                    found.append(None)
                    waiting[key] = at
                    jobs.append(filling)
                    continue
                each = worked_out(filling, schema)
                self.news += 1
            found.append(each)
            learn(filling, each.outcome, schema)
        self.news += len(jobs)
        for each in self._share_out(jobs, schema):
            found[waiting[each.node, each.digest]] = each
        self.kept = tuple(each for each in found if each is not None)
        return [each.outcome for each in self.kept]
