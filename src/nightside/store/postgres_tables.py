"""The tables of a catalogue on PostgreSQL: those of `tables.py` in its words, the large ones in partitions.

All lie in the schema `nightside`, so that a database may hold other things besides. Words are compared by their code
points whatever language the database speaks, as SQLite does. See decision 20 for what is parted, and by what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from nightside.store import tables
from nightside.store.rollups import key

SCHEMA = "nightside"

CATALOGUE = """
CREATE TABLE catalogue (
    version BIGINT NOT NULL,  -- of the tables
    segments TEXT NOT NULL  -- where the files of the store lie
)
"""
"""One row."""

UPGRADES: Mapping[int, tuple[str, ...]] = {}
"""By version: the statements that make its tables of those of the version before."""

_TYPES = {
    r"\bINTEGER\b": "BIGINT",
    r"\bREAL\b": "DOUBLE PRECISION",
    r"\bBLOB\b": "BYTEA",
    r"\bTEXT\b": 'TEXT COLLATE "C"',
}
_TABLE = re.compile(r"CREATE TABLE (\w+) \(\n(.*)\n\) STRICT(?:, WITHOUT ROWID)?;?", re.DOTALL)
_REFERENCE = r"REFERENCES \w+ \([\w, ]+\)(?: DEFERRABLE INITIALLY DEFERRED)?"
_OF_COLUMN = re.compile(rf"(\w+) (.*?) ({_REFERENCE})")
_OF_TABLE = re.compile(rf"(FOREIGN KEY \([\w, ]+\) {_REFERENCE})")

_ENTITIES_PER_PART = 1 << 13
_PARTS_BY_ENTITY = 16


def statements() -> list[str]:
    """What makes the tables of an empty schema, in order."""
    made, referring = [CATALOGUE], []
    for statement in tables.statements(*tables.ALL):
        plain = re.sub(r"\s*--.*", "", statement).strip()
        found = _TABLE.fullmatch(plain)
        if found is None:
            made.append(plain.rstrip(";"))
            continue
        name, columns, references = found[1], *_without_references(found[2])
        for pattern, word in _TYPES.items():
            columns = re.sub(pattern, word, columns)
        by, parts = PARTED.get(name, ("", ()))
        made.append(f"CREATE TABLE {name} (\n{columns}\n){by}")
        made += [f"CREATE TABLE {name}_{i} PARTITION OF {name} {part}" for i, part in enumerate(parts)]
        referring += [f"ALTER TABLE {name} ADD {reference}" for reference in references]
    return made + referring


def _without_references(columns: str) -> tuple[str, list[str]]:
    """The columns, and what they refer to, which may be made later: it is entered once all tables are there."""
    kept, references = [], []
    for line in columns.split("\n"):
        said = line.strip().rstrip(",")
        if whole := _OF_TABLE.fullmatch(said):
            references.append(whole[1])
            continue
        if column := _OF_COLUMN.fullmatch(said):
            references.append(f"FOREIGN KEY ({column[1]}) {column[3]}")
            said = f"{column[1]} {column[2]}"
        kept.append(f"    {said}")
    return ",\n".join(kept), references


def _by_hash(column: str, parts: int) -> tuple[str, tuple[str, ...]]:
    return f" PARTITION BY HASH ({column})", tuple(
        f"FOR VALUES WITH (MODULUS {parts}, REMAINDER {i})" for i in range(parts)
    )


def _by_entity() -> tuple[str, tuple[str, ...]]:
    """By ranges of `entity_day` (see store/rollups.py), so that the days of an entity lie in one part."""
    bounds = [key(i * _ENTITIES_PER_PART, 0) for i in range(_PARTS_BY_ENTITY + 1)]
    ranges = (f"FOR VALUES FROM ({a}) TO ({b})" for a, b in pairwise(bounds))
    return " PARTITION BY RANGE (entity_day)", (*ranges, "DEFAULT")


PARTED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "revision": _by_hash("id", 8),
    "piece": _by_hash("entity", 16),
    "result": _by_hash("country", 8),
    "rollup": _by_entity(),
}
"""By table: how it is parted, and into which parts."""
