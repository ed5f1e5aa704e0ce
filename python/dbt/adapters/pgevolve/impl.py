"""The adapter: postgres with richer indexes, and a plan in each model's response."""

# mypy: allow-subclassing-any, allow-untyped-decorators, disable-error-code=import-untyped

import threading
from collections.abc import Mapping
from typing import Any

import psycopg2.extensions
from dbt.adapters.base import available
from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.events.logging import AdapterLogger
from dbt.adapters.pgevolve.connections import PgEvolveConnectionManager, PgEvolveResponse
from dbt.adapters.pgevolve.indexes import PgEvolveIndexConfig, configured_indexes
from dbt.adapters.pgevolve.plans import explain_sql, summary
from dbt.adapters.pgevolve.relation import PgEvolveRelation
from dbt.adapters.postgres.impl import PostgresAdapter

_logger = AdapterLogger("PgEvolve")


# dbt looks for the version in the module named like this class without `Adapter`, in lower case.
class PgEvolveAdapter(PostgresAdapter):
    """Whatever postgres does, and a little more."""

    Relation = PgEvolveRelation
    ConnectionManager = PgEvolveConnectionManager

    def __init__(self, config: Any, mp_context: Any) -> None:
        super().__init__(config, mp_context)
        self._model = threading.local()  # dbt runs a model from start to end in one thread

    @available
    def parse_index(self, raw_index: Any) -> PgEvolveIndexConfig | None:
        """Read one entry of `indexes`."""
        return PgEvolveIndexConfig.parse(raw_index)

    @available.parse(lambda *_args, **_kwargs: [])
    def configured_indexes(self, config: Any) -> list[dict[str, Any]]:
        """Return the entries of `indexes`, wherever the model has them."""
        return configured_indexes(config)

    def pre_model_hook(self, config: Mapping[str, Any]) -> Any:
        """Refuse bad indexes before the table is built, and ask for the plan of its query."""
        context = super().pre_model_hook(config)
        for entry in configured_indexes(config):
            self.parse_index(entry)
        self._model.plan = self._plan(getattr(config, "model", None))
        return context

    def post_model_hook(self, config: Mapping[str, Any], context: Any) -> None:
        """Forget the plan: what comes next in this thread is another node."""
        self._model.plan = None
        super().post_model_hook(config, context)

    def execute(
        self, sql: str, auto_begin: bool = False, fetch: bool = False, limit: int | None = None
    ) -> tuple[AdapterResponse, Any]:
        """Execute as postgres does; while a model is being built, the response has its plan."""
        response, table = super().execute(sql, auto_begin, fetch, limit)
        plan = getattr(self._model, "plan", None)
        if plan is None:
            return response, table
        planned = PgEvolveResponse(
            _message=response._message,
            code=response.code,
            rows_affected=response.rows_affected,
            query_id=response.query_id,
            plan=plan,
        )
        return planned, table

    def _plan(self, node: Any) -> dict[str, Any] | None:
        if getattr(node, "resource_type", None) not in {"model", "snapshot"}:
            return None
        query = getattr(node, "compiled_code", None)
        if not query or node.language != "sql":
            return None
        try:
            return self._explained(query)
        except Exception as error:  # a plan is worth less than the model, whatever went wrong
            _logger.debug(f"no plan for {node.unique_id}: {error}")
            return None

    def _explained(self, query: str) -> dict[str, Any] | None:
        handle = self.connections.get_thread_connection().handle
        # psycopg2 is about to open a transaction for us; close it again, so that the model begins
        # as if we had not been here. One that is open already holds work of the model's own.
        is_untouched = handle.status == psycopg2.extensions.STATUS_READY
        try:
            _, table = self.connections.execute(explain_sql(query), auto_begin=False, fetch=True)
            return summary(table.rows[0]["plan"])
        finally:
            if is_untouched:
                handle.rollback()
