"""Types as the catalog spells them and as a cast does: whether both mean one."""

from functools import lru_cache

from sqlglot import exp

# What format_type prints, for the words that a cast may use instead.
_NAMES = {
    "bool": "boolean", "char": "character", "bpchar": "character", "dec": "numeric",
    "decimal": "numeric", "double": "double precision", "float": "double precision",
    "float4": "real", "float8": "double precision", "int": "integer", "int2": "smallint",
    "int4": "integer", "int8": "bigint", "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone", "time": "time without time zone",
    "timetz": "time with time zone", "varchar": "character varying",
}  # fmt: skip
# From narrow to wide: where two types of a row meet, the value of the wider one stays as it is.
_WIDENING = (
    ("smallint", "integer", "bigint", "numeric", "real", "double precision"),
    ("character varying", "text"),
    ("date", "timestamp without time zone", "timestamp with time zone"),
)
_ONE_LETTER = "character"  # `char` is `char(1)`


def is_same_type(stored: str, cast: exp.DataType) -> bool:
    """Return whether a cast to a type leaves a column that has a type in the catalog as it is."""
    plain = not (cast.expressions or cast.args.get("kind") or cast.args.get("values"))
    spelled = _spelled_kind(cast.this) if plain else _spelled(cast.sql("postgres"))
    return _spelled(stored) == spelled


def is_wider(one: str, other: str) -> bool:
    """Return whether a type, and not the other, is the one that both can be brought to."""
    first, second = (_spelled(name).partition("(")[0] for name in (one, other))
    for row in _WIDENING:
        if first in row and second in row:
            return row.index(first) > row.index(second)
    return False


@lru_cache(maxsize=512)
def _spelled(name: str) -> str:
    """Return a type's name in one spelling, its size included."""
    words = name.strip().lower()
    if words.endswith("[]"):
        return _spelled(words[:-2]) + "[]"
    base, bracket, rest = words.partition("(")
    size, _, zone = rest.partition(")")
    plain = " ".join((base + zone).split())
    plain = _NAMES.get(plain, plain)
    if plain == _ONE_LETTER and not bracket:
        size, bracket = "1", "("
    return f"{plain}({size.replace(' ', '')})" if bracket else plain


@lru_cache(maxsize=128)
def _spelled_kind(kind: exp.DType) -> str:
    return _spelled(exp.DataType(this=kind).sql("postgres"))
