"""Config values written as YAML or as Jinja, so that both dbt parsers read the same value back."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_WORD = re.compile(r"\+?[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*\Z")
# Words that YAML 1.1 (PyYAML, so dbt) or 1.2 reads as something other than a string.
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def yaml_scalar(value: Any, *, quote: str = "") -> str:
    """Write a scalar; a string is plain only where no YAML version reads it otherwise."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return json.dumps(value)
    if quote == '"' or not value.isprintable():
        return _double_quoted(value)
    if not quote and _WORD.match(value) and value.lower() not in _YAML_WORDS:
        return value
    return "'" + value.replace("'", "''") + "'"


def yaml_flow(value: Any) -> str:
    """Write any value on one line."""
    if isinstance(value, Mapping):
        pairs = (f"{yaml_scalar(key)}: {yaml_flow(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(yaml_flow(item) for item in value) + "]"
    return yaml_scalar(value)


def yaml_pair(key: str, value: Any, indent: int, step: int, dash: int) -> list[str]:
    """Write `key: value` as block lines; `dash` is how far a list is indented below its key."""
    pad = " " * indent
    if isinstance(value, Mapping) and value:
        lines = [f"{pad}{yaml_scalar(key)}:"]
        for name, item in value.items():
            lines += yaml_pair(name, item, indent + step, step, dash)
        return lines
    if _holds_mappings(value) or (isinstance(value, list | tuple) and len(yaml_flow(value)) > 60):
        lines = [f"{pad}{yaml_scalar(key)}:"]
        for item in value:
            lines += yaml_item(item, indent + dash)
        return lines
    return [f"{pad}{yaml_scalar(key)}: {yaml_flow(value)}"]


def yaml_item(value: Any, indent: int, *, gap: int = 1, block_columns: bool = False) -> list[str]:
    """Write `- value` as block lines; `gap` is the number of spaces after the dash."""
    dash = " " * indent + "-" + " " * gap
    if not isinstance(value, Mapping):
        return [dash + yaml_flow(value)]
    inner = indent + 1 + gap
    lines: list[str] = []
    for key, item in value.items():
        if block_columns and isinstance(item, list | tuple):
            lines.append(f"{' ' * inner}{yaml_scalar(key)}:")
            lines += [f"{' ' * (inner + 2)}- {yaml_flow(part)}" for part in item]
        else:
            lines.append(f"{' ' * inner}{yaml_scalar(key)}: {yaml_flow(item)}")
    lines[0] = dash + lines[0][inner:]
    return lines


def jinja_literal(value: Any, quote: str = "'") -> str:
    """Write a value as a Jinja expression."""
    if isinstance(value, str):
        return _jinja_string(value, quote)
    if isinstance(value, Mapping):
        pairs = (
            f"{jinja_literal(key, quote)}: {jinja_literal(item, quote)}"
            for key, item in value.items()
        )
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(jinja_literal(item, quote) for item in value) + "]"
    return repr(value)


def jinja_argument(key: str, value: Any, quote: str, indent: str | None, newline: str) -> str:
    """Write `key=value`; where `indent` is given, a list of mappings takes a line an item."""
    if indent is None or not _holds_mappings(value):
        return f"{key}={jinja_literal(value, quote)}"
    inner = indent + "    "
    items = f",{newline}{inner}".join(jinja_literal(item, quote) for item in value)
    return f"{key}=[{newline}{inner}{items}{newline}{indent}]"


def _double_quoted(value: str) -> str:
    """Write a YAML string with escapes; JSON's would split what lies beyond 16 bits in two."""
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def _holds_mappings(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and any(isinstance(item, Mapping) for item in value)
    )


def _jinja_string(value: str, quote: str) -> str:
    if quote in value and ({"'", '"'} - {quote}).pop() not in value:
        quote = ({"'", '"'} - {quote}).pop()
    escaped = value.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return quote + escaped.replace("\r", "\\r").replace("\n", "\\n") + quote
