"""Tells whether two versions of a model's file say the same."""

import re
from hashlib import sha256

# Strings and quoted names count as they are. What changes no row does not: comments, the config
# block (what a model is materialized as is compared by itself), and how the code is laid out.
_PIECES = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\{#.*?#\}"""
    r"""|\{\{-?\s*config\s*\(.*?\)\s*-?\}\}""",
    re.DOTALL,
)
_DIGITS = 16


def code_digest(raw_code: str) -> str:
    """Return the same for code that differs in comments, layout, letter case or config only.

    It is of the code as it was written, not as it was compiled: a date that dbt puts in at each run
    is no change of the model. Code that is not known has none.
    """
    bare, end = [], 0
    for piece in _PIECES.finditer(raw_code):
        bare.append(_unlaid(raw_code[end : piece.start()]))
        if piece[0][0] in "'\"":
            bare.append(piece[0])
        end = piece.end()
    said = "".join((*bare, _unlaid(raw_code[end:])))
    return sha256(said.encode()).hexdigest()[:_DIGITS] if said else ""


def _unlaid(code: str) -> str:
    return "".join(code.split()).lower()
