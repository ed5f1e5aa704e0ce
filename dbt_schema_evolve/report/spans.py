"""Pieces of markdown that hold any text."""

import re


def text_span(text: str) -> str:
    """Return running text in which nothing is markup but `code` in single backticks."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    parts[1::2] = [part.replace("|", "\\|") for part in parts[1::2]]
    parts[::2] = [
        re.sub(r"([\\`*\[\]<>|~]|(?<!\w)_|_(?!\w))", r"\\\1", part) for part in parts[::2]
    ]
    return "".join(parts)


def code_span(text: str) -> str:
    """Return a code span that holds any text."""
    flat = " ".join(text.split())
    runs = max((len(run) for run in re.findall("`+", flat)), default=0)
    fence = "`" * (runs + 1)
    gap = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{gap}{flat}{gap}{fence}"


def code_cell(text: str) -> str:
    """Return a code span for the cell of a table."""
    return code_span(text).replace("|", "\\|")
