"""What has to be done to the twin to put a configuration in force."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dbt_schema_evolve.backends.postgres.plans import IndexUse
from dbt_schema_evolve.backends.twin.build import Builder
from dbt_schema_evolve.backends.twin.built import BuiltIndex
from dbt_schema_evolve.backends.twin.hypothetical import HiddenIndex, HypotheticalIndexes
from dbt_schema_evolve.backends.twin.stored import StoredViews
from dbt_schema_evolve.errors import TwinError
from dbt_schema_evolve.records.changes import (
    Configuration,
    DropIndexSpec,
    IndexSpec,
    MaterializationSpec,
)
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Skip

_STORED = {"table", "incremental", "materialized_view"}


@dataclass(slots=True)
class Change:
    """One configuration in the twin's own terms."""

    flipped: list[int] = field(default_factory=list)  # oids of indexes to show or to hide
    stored: list[RelationName] = field(default_factory=list)  # views that get a table
    unstored: list[RelationName] = field(default_factory=list)  # tables that become a view
    requested: dict[IndexUse, IndexSpec] = field(default_factory=dict)
    structures: dict[IndexUse, IndexSpec] = field(default_factory=dict)


class Changes:
    """Finds what a configuration means, and makes what the twin does not have yet."""

    def __init__(
        self,
        builder: Builder,
        hypothetical: HypotheticalIndexes,
        stored: StoredViews,
        skips: Sequence[Skip],
    ) -> None:
        self._builder, self._hypothetical, self._stored = builder, hypothetical, stored
        self._skips = skips

    def of(self, configuration: Configuration) -> Change:
        """Return what puts this configuration in force; raises TwinError where it cannot be."""
        change = Change()
        specs = sorted(configuration, key=str)
        for spec in specs:
            if isinstance(spec, MaterializationSpec):
                self._add_materialization(spec, change)
        for spec in specs:
            if isinstance(spec, DropIndexSpec):
                if spec.index in configuration:
                    raise TwinError(
                        f"{spec.index} is both wanted and dropped",
                        at=words(configuration),
                        remedy="leave one of the two out",
                    )
                change.flipped += [index.oid for index in self.dropped(spec) if index.oid]
            elif isinstance(spec, IndexSpec) and not self.exists(spec):
                relation = self.storage_of(spec, stored=spec.relation in change.stored)
                for index in self._hypothetical.on(spec, relation):
                    self._request(spec, index, change)
        return change

    def _request(self, spec: IndexSpec, index: HiddenIndex, change: Change) -> None:
        change.flipped.append(index.oid)
        use = (index.relation, index.name)
        change.requested[use] = spec
        structure = index.structure
        change.structures[use] = replace(
            structure, relation=self._stored.original(structure.relation)
        )

    def _add_materialization(self, spec: MaterializationSpec, change: Change) -> None:
        relation = spec.relation
        if relation not in self._builder.views and relation not in self._builder.tables:
            raise self._unknown(relation, str(spec))
        wanted = spec.materialized in _STORED
        if not wanted and spec.materialized != "view":
            raise TwinError(
                f"a relation cannot be kept as {spec.materialized!r}",
                at=str(spec),
                remedy=f"use one of {', '.join(sorted({*_STORED, 'view'}))}",
            )
        if wanted and relation in self._builder.views:
            self._stored.table_of(relation)
            change.stored.append(relation)
        elif not wanted and relation in self._builder.tables:
            change.unstored.append(relation)

    def storage_of(self, spec: IndexSpec, *, stored: bool) -> RelationName:
        """Return the twin's table that holds the rows of the relation."""
        if spec.relation in self._builder.tables:
            return spec.relation
        if spec.relation not in self._builder.views:
            raise self._unknown(spec.relation, str(spec))
        if not stored:
            raise TwinError(
                f"{spec.relation} is a view: it has no rows to index",
                at=str(spec),
                remedy="price it together with a materialization of the view",
            )
        return self._stored.table_of(spec.relation)

    def exists(self, spec: IndexSpec) -> bool:
        """Return whether the warehouse has an index of this structure."""
        return spec.relation in self._builder.tables and bool(self._builder.existing(spec))

    def dropped(self, spec: DropIndexSpec) -> tuple[BuiltIndex, ...]:
        """Return the index that would go, on each partition where there are some."""
        if spec.relation not in self._builder.tables:
            raise self._unknown(spec.relation, str(spec))
        if indexes := self._builder.existing(spec.index):
            return indexes
        raise TwinError(
            f"there is no index {spec.index}",
            at=str(spec),
            remedy="name an index of the catalog, by its structure",
        )

    def _unknown(self, relation: RelationName, about: str) -> TwinError:
        reasons = [skip.reason for skip in self._skips if skip.subject == str(relation)]
        because = f" ({reasons[0]})" if reasons else ""
        return TwinError(
            f"{relation} is not on the twin{because}",
            at=about,
            remedy="check the name, or read the catalog again if the relation is new",
        )


def words(configuration: Configuration) -> str:
    """Return a configuration for people."""
    return "; ".join(sorted(str(spec) for spec in configuration))
