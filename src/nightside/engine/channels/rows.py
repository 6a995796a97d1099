"""In which row of a TOML file something stands: the parser does not say."""

from __future__ import annotations

import re

_TABLE = re.compile(r"^\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*(\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)\s*[=.]")


def row_of(text: str, table: str, key: str | None = None) -> int:
    """The row of a key, else of its table (`ops`, `ops.quiet`), else the first; rows count from 1."""
    here, found = "", 1
    for row, line in enumerate(text.splitlines(), 1):
        if head := _TABLE.match(line):
            here = ".".join(part.strip().strip("\"'") for part in head[1].split("."))
            if here == table:
                found = row
        elif here == table and key and (name := _KEY.match(line)) and name[1].strip("\"'") == key:
            return row
    return found
