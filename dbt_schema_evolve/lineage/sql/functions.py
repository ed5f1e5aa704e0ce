"""What has to be known of Postgres' functions: which fold rows, which multiply them."""

from sqlglot import exp

# Aggregates that sqlglot has no class for.
_AGGREGATES = frozenset(
    {
        "any_value", "bit_and", "bit_or", "bit_xor", "every", "json_agg", "json_agg_strict",
        "json_arrayagg", "json_object_agg", "json_object_agg_strict", "json_object_agg_unique",
        "json_object_agg_unique_strict", "jsonb_agg", "jsonb_agg_strict", "jsonb_object_agg",
        "jsonb_object_agg_strict", "jsonb_object_agg_unique", "jsonb_object_agg_unique_strict",
        "mode", "percentile_disc", "range_agg", "range_intersect_agg", "regr_avgx", "regr_avgy",
        "regr_count", "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy",
        "string_agg", "xmlagg",
    }
)  # fmt: skip

# Functions that return a set of rows of one column, named after the function or its alias.
_ONE_COLUMN = frozenset(
    {
        "generate_subscripts", "json_object_keys", "jsonb_object_keys", "jsonb_path_query",
        "jsonb_path_query_tz", "regexp_matches", "regexp_split_to_table", "string_to_table",
    }
)  # fmt: skip

# Functions whose result columns have names of their own.
NAMED_RESULTS = {
    "json_array_elements": ["value"],
    "json_array_elements_text": ["value"],
    "json_each": ["key", "value"],
    "json_each_text": ["key", "value"],
    "jsonb_array_elements": ["value"],
    "jsonb_array_elements_text": ["value"],
    "jsonb_each": ["key", "value"],
    "jsonb_each_text": ["key", "value"],
}

# Functions whose result columns are said where they are called.
_RECORDS = frozenset(
    {
        "json_populate_recordset", "json_to_recordset", "jsonb_populate_recordset",
        "jsonb_to_recordset",
    }
)  # fmt: skip

_SETS = _ONE_COLUMN | NAMED_RESULTS.keys() | _RECORDS
_SET_CLASSES = (exp.Explode, exp.ExplodingGenerateSeries, exp.Unnest)
_FOLDING = (exp.AggFunc, exp.WithinGroup, exp.Filter)


def is_aggregate(node: exp.Expr) -> bool:
    """Return whether a call folds many rows into one."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _AGGREGATES
    return isinstance(node, _FOLDING)


def returns_rows(node: exp.Expr) -> bool:
    """Return whether a call stands for many rows, so that its arguments decide how many."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _SETS
    return isinstance(node, _SET_CLASSES)


def has_known_columns(call: exp.Expr) -> bool:
    """Return whether a function in FROM returns no columns but those that we know of."""
    if isinstance(call, exp.Anonymous):
        return call.name.lower() in _ONE_COLUMN or call.name.lower() in NAMED_RESULTS
    return True
