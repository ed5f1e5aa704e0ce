"""A patched project in the hands of the real dbt: it parses, builds, and the indexes are there."""

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dbt_schema_evolve.backends.cluster import PORT, SUPERUSER, Cluster
from dbt_schema_evolve.backends.project_files import read_project_files, write_patch
from dbt_schema_evolve.patch.diff import applied
from dbt_schema_evolve.patch.fragments import RESERVED
from dbt_schema_evolve.patch.plan import plan_patch
from dbt_schema_evolve.records.changes import (
    DropIndexSpec,
    IndexKey,
    IndexSpec,
    MaterializationSpec,
    Recommendation,
    Spec,
)
from dbt_schema_evolve.records.patches import ConfigPatch
from dbt_schema_evolve.records.project import Node, Project
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Skip

DATABASE = "patched"
ROWS = '''select g as order_id, g % 10 as customer_id, date '2025-01-01' + g as ordered_on,
  'Name ' || g as "Customer Name", g % 2 = 0 as "is ""odd""", 'x' || g as naïve, g as "order"
from generate_series(1, 100) as g'''

FILES = {
    "dbt_project.yml": """name: shop
version: '1.0'
profile: shop
models:
  shop:
    folder:
      +materialized: table
      +indexes:
        - columns: [customer_id]
""",
    "packages.yml": "packages:\n  - local: parts\n",
    "parts/dbt_project.yml": "name: parts\nversion: '1.0'\n",
    "parts/models/deep/part_orders.sql": "{{ config(materialized='view') }}\n" + ROWS,
    "models/in_sql.sql": "{{ config(\n    materialized='table',\n) }}\n" + ROWS,
    "models/in_yaml.sql": ROWS,
    "models/growing.sql": """{{ config(materialized='incremental', post_hook='select 1') }}
select g as order_id, g % 10 as customer_id, date '2025-01-01' + g as ordered_on
from generate_series(1, 100) as g {% if is_incremental() %} where false {% endif %}""",
    "snapshots/history.sql": """{% snapshot history %}
{{ config(unique_key='id', strategy='check', check_cols='all') }} select 1 as id, 2 as code
{% endsnapshot %}""",
    "models/kept.sql": "{{ config(materialized='materialized_view') }}\n" + ROWS,
    "models/folder/inherits.sql": ROWS,
    "models/folder/deep er/Ünïcode.sql": "{{ config(alias='Ünï.co De') }}\n" + ROWS,
    "models/schema.yml": """version: 2

models:
  - name: in_yaml
    description: "orders, é" # a comment
    config:
      materialized: table
      indexes:
        - columns: ['order_id']
          unique: true
        - {columns: [naïve]}
    columns:
      - name: order_id
""",
    "seeds/countries.csv": "code,name\nNL,Nederland\n",
}


def plain(*columns: str) -> tuple[IndexKey, ...]:
    return tuple(IndexKey(column) for column in columns)


def on(table: str, *keys: IndexKey, **parts: Any) -> IndexSpec:
    return IndexSpec(RelationName("public", table), keys, **parts)


DESC = IndexKey("ordered_on", descending=True, nulls_first=True)
LOWER = IndexKey('lower("Customer Name")', is_expression=True)
ADDED = (
    on("in_sql", *plain("customer_id", "order")),
    on("in_sql", DESC, IndexKey("customer_id")),
    on("in_sql", LOWER),
    on("in_sql", *plain("Customer Name", 'is "odd"', "naïve"), unique=True),
    on("in_sql", *plain("customer_id"), include=("Customer Name",), where="order_id > 10"),
    on("in_yaml", *plain("naïve"), method="hash"),
    on("in_yaml", IndexKey("naïve", operator_class="text_pattern_ops")),
    on("in_yaml", *plain("order_id"), include=("naïve",)),
    on("growing", *plain("order_id"), where="customer_id = 3"),
    on("growing", *plain("customer_id", "ordered_on")),
    on("kept", *plain("customer_id", "order_id")),
    on("kept", LOWER),
    on("inherits", *plain("ordered_on")),
    on("Ünï.co De", *plain("order_id")),
    on("part_orders", *plain("order_id")),
    on("countries", *plain("code")),
    on("history", *plain("code")),
)
DROPPED = on("in_yaml", *plain("naïve"))
KEPT = (  # that the project had before
    on("in_yaml", *plain("order_id"), unique=True),
    on("inherits", *plain("customer_id")),
    on("Ünï.co De", *plain("customer_id")),
)
SPECS: tuple[Spec, ...] = (
    *ADDED,
    DropIndexSpec(DROPPED),
    MaterializationSpec(RelationName("public", "part_orders"), "table"),
)


@dataclass(frozen=True)
class Shop:
    """A dbt project on disk with a database of its own."""

    root: Path
    cluster: Cluster

    def dbt(self, *arguments: str) -> str:
        command = [str(Path(sys.executable).parent / "dbt"), "--no-use-colors", *arguments]
        environment = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        done = subprocess.run(
            [*command, "--project-dir", ".", "--profiles-dir", "."],
            cwd=self.root, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        return done.stdout

    def project(self) -> Project:
        """The manifest as the patch stage needs it."""
        manifest = json.loads((self.root / "target" / "manifest.json").read_text())
        nodes = tuple(
            node(raw)
            for raw in sorted(manifest["nodes"].values(), key=lambda raw: raw["unique_id"])
        )
        return Project("shop", "postgres", "", "", "", nodes, (), ())

    def indexes(self, schema: str = "public") -> set[tuple[str, str]]:
        """Each table's indexes as Postgres prints them, without their names."""
        with self.cluster.connect(DATABASE) as connection:
            rows = connection.execute(
                """select tablename, regexp_replace(indexdef, ' INDEX .* ON .* USING ', ' USING ')
                from pg_indexes where schemaname = %s""",
                (schema,),
            )
            return {(table, definition) for table, definition in rows}

    def as_postgres_prints(self, specs: Collection[IndexSpec]) -> set[tuple[str, str]]:
        """The same for indexes that Postgres itself makes from their specs, on empty copies."""
        with self.cluster.connect(DATABASE) as connection:
            connection.execute("create schema copies")
            for table in {spec.relation.name for spec in specs}:
                copy = RelationName("copies", table).sql
                original = RelationName("public", table).sql
                connection.execute(f"create table {copy} as select * from {original} limit 0")
            for spec in specs:
                there = replace(spec, relation=RelationName("copies", spec.relation.name))
                connection.execute(there.create_sql)
            printed = self.indexes("copies")
            connection.execute("drop schema copies cascade")
            return printed


def node(raw: Mapping[str, Any]) -> Node:
    return Node(
        unique_id=raw["unique_id"],
        resource_type=raw["resource_type"],
        name=raw["name"],
        package=raw["package_name"],
        relation=RelationName(raw["schema"], raw["alias"]),
        materialized=raw["config"]["materialized"],
        path=raw["original_file_path"],
        patch_path=(raw.get("patch_path") or "").split("://")[-1] or None,
        raw_code=raw.get("raw_code") or "",
        config=raw["config"],
        unrendered_config=raw["unrendered_config"],
        fqn=tuple(raw["fqn"]),
    )


@pytest.fixture(scope="module")
def shop(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The project before the patch, built."""
    root = tmp_path_factory.mktemp("shop with space")
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    target = {
        "type": "postgres", "host": cluster.host, "port": PORT, "user": SUPERUSER,
        "password": "", "dbname": DATABASE, "schema": "public", "threads": 2,
    }  # fmt: skip
    profiles = {"shop": {"target": "dev", "outputs": {"dev": target}}}
    (root / "profiles.yml").write_text(json.dumps(profiles))
    (root / "dbt_packages").mkdir()
    (root / "dbt_packages" / "parts").symlink_to(root / "parts")  # as `dbt deps` does
    cluster.create_database(DATABASE)
    project = Shop(root, cluster)
    project.dbt("build")
    yield project
    with cluster.connect() as connection:
        connection.execute(f"drop database {DATABASE} with (force)")


@pytest.fixture(scope="module")
def before(shop: Shop) -> Project:
    """The manifest of the project without the patch."""
    return shop.project()


@pytest.fixture(scope="module")
def patched(shop: Shop, before: Project) -> tuple[ConfigPatch, tuple[Skip, ...]]:
    """The patch, written into the project, which is then built."""
    ids = {item.relation.name: item.unique_id for item in before.nodes if item.relation}
    advice = [
        Recommendation("kind", spec, ids[spec.relation.name], "", (), (), (), 0.1, 0, 0, "")
        for spec in SPECS
    ]
    patch, skips = plan_patch(advice, before, read_project_files(shop.root))
    write_patch(shop.root, patch)
    shop.dbt("build")
    return patch, skips


def test_everything_is_carried_and_the_diff_undone_restores_every_byte(
    shop: Shop, patched: tuple[ConfigPatch, tuple[Skip, ...]]
) -> None:
    patch, skips = patched
    assert skips == ()
    assert len(patch.recommendations) == len(SPECS)
    restored = applied(patch.inverse, read_project_files(shop.root))
    assert {path: restored[path].decode() for path in restored} == {
        path: text for path, text in FILES.items() if path in restored
    }


def test_dbt_reads_the_same_project_but_for_the_keys_that_changed(
    shop: Shop, before: Project, patched: tuple[ConfigPatch, tuple[Skip, ...]]
) -> None:
    changed = {
        (new.name, key)
        for old, new in zip(before.nodes, shop.project().nodes, strict=True)
        for key in {*old.config, *new.config}
        if old.config.get(key) != new.config.get(key)
    }
    assert changed == {
        ("in_sql", "indexes"), ("in_sql", "post-hook"),
        ("in_yaml", "indexes"), ("in_yaml", "post-hook"),
        ("growing", "indexes"), ("growing", "post-hook"),
        ("kept", "indexes"), ("kept", "post-hook"),
        ("inherits", "indexes"), ("Ünïcode", "indexes"),
        ("part_orders", "indexes"), ("part_orders", "materialized"),
        ("countries", "indexes"), ("history", "post-hook"),
    }  # fmt: skip


def test_a_plain_build_makes_every_index_that_the_patch_does_not_hold_back(
    shop: Shop, patched: tuple[ConfigPatch, tuple[Skip, ...]]
) -> None:
    """`growing` and `countries` outlive a run; `kept` gets its columns in any order."""
    held_back = set(patched[0].full_refresh)
    assert held_back == {"model.shop.growing", "model.shop.kept", "seed.shop.countries"}
    names = {item.split(".")[-1] for item in held_back}
    wanted = {spec for spec in ADDED if spec.relation.name not in names}
    assert shop.as_postgres_prints(wanted) <= shop.indexes()
    assert not shop.as_postgres_prints({DROPPED}) & shop.indexes()


def test_after_a_full_refresh_exactly_the_recommended_indexes_exist(
    shop: Shop, patched: tuple[ConfigPatch, tuple[Skip, ...]]
) -> None:
    shop.dbt("build", "--full-refresh")
    assert shop.indexes() == shop.as_postgres_prints({*ADDED, *KEPT})


@pytest.mark.slow
def test_the_run_after_that_keeps_them_and_refreshes_the_materialized_view(
    shop: Shop, patched: tuple[ConfigPatch, tuple[Skip, ...]]
) -> None:
    """A name that the old relation still owned would lose its index every other run."""
    shop.dbt("build", "--full-refresh")
    output = shop.dbt("build")
    assert "REFRESH MATERIALIZED VIEW" in output
    assert shop.indexes() == shop.as_postgres_prints({*ADDED, *KEPT})


def test_the_reserved_words_are_those_of_the_server(cluster: Cluster) -> None:
    with cluster.connect() as connection:
        words = connection.execute("select word from pg_get_keywords() where catcode in ('R', 'T')")
        assert {word for (word,) in words} == RESERVED
