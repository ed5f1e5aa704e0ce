"""When one index can stand in for another: indexes are compared by structure, never by name."""

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
    if existing.relation != wanted.relation or existing.method != wanted.method:
        return False
    if wanted.unique and not existing.unique:
        return False
    if normal_predicate(existing.where) != _predicate(wanted, full=not existing.where):
        return False
    if existing.method == "btree":
        keys_fit = _starts_with(existing.keys, wanted.keys)
    elif existing.method == "brin":
        keys_fit = set(wanted.keys) <= set(existing.keys)
    else:
        keys_fit = existing.keys == wanted.keys
    return keys_fit and set(wanted.include) <= columns_held(existing)


def _predicate(wanted: IndexSpec, *, full: bool) -> str:
    """Return the predicate that an index has to have to serve `wanted`."""
    predicate = normal_predicate(wanted.where)
    own_nulls = normal_predicate(f"{quoted(wanted.keys[0].term)} is not null")
    return "" if full and predicate == own_nulls else predicate


def _starts_with(keys: tuple[IndexKey, ...], prefix: tuple[IndexKey, ...]) -> bool:
    head = keys[: len(prefix)]
    return head in (prefix, tuple(_reversed(key) for key in prefix))


def _reversed(key: IndexKey) -> IndexKey:
    return IndexKey(
        key.term, key.is_expression, not key.descending, not key.nulls_first, key.operator_class
    )
