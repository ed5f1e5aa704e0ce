"""When one index can stand in for another: indexes are compared by structure, never by name."""

from dbt_schema_evolve.recommend.operator_classes import looks_up_as, normal_class
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.predicates import normal_predicate
from dbt_schema_evolve.records.relations import quoted


def columns_held(spec: IndexSpec) -> frozenset[str]:
    """Return the columns whose values the index stores."""
    return frozenset(key.term for key in spec.keys if not key.is_expression) | set(spec.include)


def serves(existing: IndexSpec, wanted: IndexSpec) -> bool:
    """Tell whether every scan of `wanted` could be a scan of `existing` instead.

    A btree serves each prefix of its keys, and reads backwards as well as forwards. What a partial
    index saves beyond a full one is for prices to say, not for structure, unless it only
    leaves out the NULLs of its own first key.
    """
    if existing.relation != wanted.relation or (wanted.unique and not existing.unique):
        return False
    if existing.method != wanted.method and not _finds_equals(existing, wanted):
        return False
    if existing.where or wanted.where:
        wanted_where = _predicate(wanted, full=not existing.where)
        if normal_predicate(existing.where) != wanted_where:
            return False
    return _keys_fit(existing, wanted) and set(wanted.include) <= columns_held(existing)


def _finds_equals(existing: IndexSpec, wanted: IndexSpec) -> bool:
    """Tell whether a btree does what a hash index would."""
    return existing.method == "btree" and wanted.method == "hash"


def _keys_fit(existing: IndexSpec, wanted: IndexSpec) -> bool:
    if len(wanted.keys) > len(existing.keys):
        return False
    there = tuple(_normal(key, existing.method) for key in existing.keys)
    asked = tuple(_normal(key, wanted.method) for key in wanted.keys)
    if existing.method == "btree":
        head = there[: len(asked)]
        return head in (asked, tuple(_reversed(key) for key in asked))
    if existing.method in {"brin", "gin"}:  # each key on its own
        return all(any(_looks_up(key, other) for key in there) for other in asked)
    return there == asked


def _looks_up(existing: IndexKey, wanted: IndexKey) -> bool:
    same = existing.term == wanted.term and existing.is_expression == wanted.is_expression
    return same and looks_up_as(existing.operator_class, wanted.operator_class)


def _normal(key: IndexKey, method: str) -> IndexKey:
    """Spell a key so that Postgres' spelling and ours compare equal."""
    if not key.is_expression and not key.operator_class:
        return key
    return IndexKey(
        normal_predicate(key.term) if key.is_expression else key.term,
        key.is_expression,
        key.descending,
        key.nulls_first,
        normal_class(key.operator_class, method),
    )


def _predicate(wanted: IndexSpec, *, full: bool) -> str:
    """Return the predicate that an index has to have to serve `wanted`."""
    predicate = normal_predicate(wanted.where)
    own_nulls = normal_predicate(f"{quoted(wanted.keys[0].term)} is not null")
    return "" if full and predicate == own_nulls else predicate


def _reversed(key: IndexKey) -> IndexKey:
    return IndexKey(
        key.term, key.is_expression, not key.descending, not key.nulls_first, key.operator_class
    )
