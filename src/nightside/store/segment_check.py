"""Whether a segment of samples holds what its name, its metadata and the catalogue say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nightside.model.entity import Entity
from nightside.store.catalogue import Connection
from nightside.store.files import Files
from nightside.store.segments import DIGEST, NAME, NONE, NUMBERS, WORDS, Columns, Int64, digest_of, file_of

Row = tuple[int, int, int, int, int, int, int, int]
"""Of the table `piece`: entity, begin_s, segment, part, end_s, row_group, first_row, row_count."""


@dataclass(frozen=True, slots=True)
class Group:
    """One row group: who each signal in it is of, and the numbers of its rows."""

    who: dict[int, tuple[str, str]]
    """Type and code."""
    columns: Columns


@dataclass(frozen=True, slots=True)
class Looked:
    """What a segment's file turned out to hold."""

    groups: list[Group | None]
    """None: this one cannot be read."""
    damage: str | None
    """What is wrong with the file; None: nothing."""


def rows_of(connection: Connection, segment: int) -> list[Row]:
    """What the catalogue says that a segment holds."""
    found = connection.execute(
        "SELECT entity, begin_s, segment, part, end_s, row_group, first_row, row_count FROM piece "
        "WHERE segment = ? ORDER BY part",
        (segment,),
    )
    return [tuple(row) for row in found]


def entities_of(connection: Connection) -> dict[int, Entity]:
    """Everybody with samples, by number."""
    return {
        n: Entity(*rest) for n, *rest in connection.execute("SELECT number, type, code, name FROM entity")
    }


def look_at(files: Files, name: str) -> Looked:
    """Read a segment whole. Raises FileNotFoundError where it is missing, OSError where its place does not answer."""
    import pyarrow as pa

    groups: list[Group | None] = []
    wrong: str | None = None
    try:
        with files.parquet(file_of(name), read_dictionary=WORDS, page_checksum_verification=True) as file:
            said = file.schema_arrow.metadata or {}
            for number in range(file.num_row_groups):
                try:
                    groups.append(_group(file.read_row_group(number, use_threads=False)))
                except (OSError, pa.ArrowException, ValueError, KeyError) as error:
                    files.ask()
                    groups.append(None)
                    wrong = wrong or f"row group {number} cannot be read: {_first_line(error)}"
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        files.ask()
        return Looked([], _first_line(error))
    whole = [group for group in groups if group is not None]
    if wrong is None and DIGEST in said and said[DIGEST].decode() != _digest(whole):
        return Looked([None] * len(groups), "what it holds is not what its SHA-256 says")
    if NAME in said and said[NAME].decode() != name:
        return Looked([None] * len(groups), "it is another segment under this name")
    return Looked(groups, wrong)


def fits(row: Row, entities: dict[int, Entity], groups: Sequence[Group | None]) -> bool | None:
    """Whether a row of the catalogue says what is in the file; None where that part of it cannot be read."""
    entity, begin_s, _segment, _part, end_s, number, first, count = row
    if not 0 <= number < len(groups):
        return False
    group = groups[number]
    if group is None:
        return None
    columns, last = group.columns, first + count - 1
    if not 0 <= first <= last < len(columns.begin_s) or entity not in entities:
        return False
    return (
        (entities[entity].type, entities[entity].code) == group.who[int(columns.signal[first])]
        and columns.signal[first] == columns.signal[last]
        and columns.begin_s[first] == begin_s
        and columns.end_s[last] == end_s
    )


def _group(table: Any) -> Group:
    signal, begin_s, end_s, units = (_numbers(table[name]) for name in NUMBERS[:4])
    # Segments of version 1 have no baseline.
    known = "baseline" in table.column_names
    baseline = _numbers(table["baseline"]) if known else np.full(table.num_rows, NONE, np.int64)
    columns = Columns(signal, begin_s, end_s, units, baseline)
    if np.any(columns.end_s <= columns.begin_s):
        raise ValueError("a row ends before it begins")
    first = np.flatnonzero(np.diff(columns.signal, prepend=-1))
    words = zip(*(table[name].take(first).to_pylist() for name in ("type", "code")), strict=True)
    return Group(dict(zip(columns.signal[first].tolist(), words, strict=True)), columns)


def _numbers(column: Any) -> Int64:
    filled = column.fill_null(NONE) if column.null_count else column
    numbers: Int64 = filled.to_numpy().astype(np.int64)
    return numbers


def columns_of(groups: Sequence[Group]) -> Columns:
    """The numbers of all of them."""
    names = ("signal", "begin_s", "end_s", "units", "baseline")
    return Columns(*(np.concatenate([getattr(group.columns, name) for group in groups]) for name in names))


def signals_of(groups: Sequence[Group]) -> list[Entity]:
    """Whom each signal of a whole segment is of; without their names."""
    who = {signal: each for group in groups for signal, each in group.who.items()}
    return [Entity(*who[signal], "") for signal in sorted(who)]  # type: ignore[arg-type]


def _digest(groups: Sequence[Group]) -> str:
    return digest_of(signals_of(groups), columns_of(groups))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
