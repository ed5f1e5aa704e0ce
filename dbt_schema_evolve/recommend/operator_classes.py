"""Operator classes by what they can look up, whatever schema or alias they are written with."""

# pg_opclass of Postgres 18 with opcdefault, and varchar_ops and cidr_ops, which are text_ops and
# inet_ops under another name. A class not listed here is taken for one that is no default.
_BTREE_DEFAULTS = frozenset({
    "array_ops", "bit_ops", "bool_ops", "bpchar_ops", "bytea_ops", "char_ops", "cidr_ops",
    "date_ops", "enum_ops", "float4_ops", "float8_ops", "inet_ops", "int2_ops", "int4_ops",
    "int8_ops", "interval_ops", "jsonb_ops", "macaddr8_ops", "macaddr_ops", "money_ops",
    "multirange_ops", "name_ops", "numeric_ops", "oid_ops", "oidvector_ops", "pg_lsn_ops",
    "range_ops", "record_ops", "text_ops", "tid_ops", "time_ops", "timestamp_ops",
    "timestamptz_ops", "timetz_ops", "tsquery_ops", "tsvector_ops", "uuid_ops", "varbit_ops",
    "varchar_ops", "xid8_ops",
})  # fmt: skip
_DEFAULTS = {
    "btree": _BTREE_DEFAULTS,
    "hash": _BTREE_DEFAULTS,
    "gin": frozenset({"array_ops", "jsonb_ops", "tsvector_ops"}),
    "gist": frozenset({
        "box_ops", "circle_ops", "multirange_ops", "point_ops", "poly_ops", "range_ops",
        "tsquery_ops", "tsvector_ops",
    }),
}  # fmt: skip
_ALIASES = {"varchar_pattern_ops": "text_pattern_ops"}


def normal_class(name: str, method: str) -> str:
    """Return a class without its schema; empty for what Postgres takes when none is written.

    >>> normal_class("int4_ops", "btree"), normal_class('"ext"."gin_trgm_ops"', "gin")
    ('', 'gin_trgm_ops')
    """
    bare = name.rpartition(".")[2].strip('"').lower()
    if bare in _DEFAULTS.get(method, ()):
        return ""
    return _ALIASES.get(bare, bare)


def looks_up_as(existing: str, wanted: str) -> bool:
    """Tell whether one class finds all that another does: jsonb's default knows paths as well."""
    return existing == wanted or (existing == "" and wanted == "jsonb_path_ops")
