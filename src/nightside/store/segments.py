"""Samples as immutable Parquet segments: how signals become one.

A segment is one call's signals, and its name the SHA-256 of what it holds; or what was merged of several. Its
columns: `type` and `code` of the entity, `signal` (which of the call's signals), `begin_s` (inclusive) and `end_s`
(exclusive) in seconds since the epoch, `units` (null where unknown), `quality` ("known" or "unknown"), `baseline`
(null where not known). Rows lie by entity and time. The SHA-256 of what it holds stands in its metadata (DIGEST).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nightside.model.entity import Entity
from nightside.model.signal import Signal
from nightside.model.stretches import stretches
from nightside.store.files import Files
from nightside.store.protocol import Baselines

Int64 = npt.NDArray[np.int64]

NONE = -1
"""In columns of units: not known."""

ROWS_PER_GROUP = 1 << 14
"""A reader of one entity reads whole row groups."""

DIGEST = b"nightside.sha256"
"""In the metadata of a file: `digest_of` what it holds. Files of older programs have none."""
HOURLY = "-hours"
"""How the names of segments end that hold the means of hours, see `thinning.py`."""
HOUR_S = 3600

NAME = b"nightside.segment"
"""In the metadata too: the segment's name."""

WORDS = ["type", "code", "quality"]
NUMBERS = ["signal", "begin_s", "end_s", "units", "baseline"]


@dataclass(frozen=True, slots=True)
class Columns:
    """Stretches of signals, signal by signal, in the order of time; all of one length."""

    signal: Int64
    begin_s: Int64
    end_s: Int64
    units: Int64
    """NONE where unknown."""
    baseline: Int64
    """NONE where not known."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What one segment is made of."""

    name: str
    entities: list[Entity]
    """By signal."""
    columns: Columns
    digest: str
    """`digest_of` them."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Stretches of one signal without holes, in one row group: their place, and the time range they cover."""

    part: int
    signal: int
    begin_s: int
    end_s: int
    row_group: int
    first_row: int
    row_count: int


def contents_of(signals: Iterable[Signal], baselines: Baselines) -> Contents | None:
    """The segment that holds these signals, by entity type and code; None where they hold nothing.

    Raises ValueError where a signal's times go backwards.
    """
    entities: list[Entity] = []
    parts: list[tuple[Int64, ...]] = []
    for signal in sorted(signals, key=lambda s: (s.entity.type, s.entity.code)):
        found = _held_against(signal, baselines.get(signal.entity, ()))
        if not len(found[0]):
            continue
        parts.append((np.full(len(found[0]), len(entities), np.int64), *found))
        entities.append(signal.entity)
    if not parts:
        return None
    columns = Columns(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    digest = digest_of(entities, columns)
    return Contents(digest, entities, columns, digest)


def digest_of(entities: Sequence[Entity], columns: Columns) -> str:
    """The SHA-256 of signals: of each its entity, how many rows it has, and these, column by column."""
    digest = hashlib.sha256()
    first = np.flatnonzero(np.diff(columns.signal, prepend=-1))
    for begin, end in zip(first.tolist(), [*first[1:].tolist(), len(columns.signal)], strict=True):
        entity = entities[columns.signal[begin]]
        digest.update(f"{entity.type} {entity.code} {end - begin}\n".encode())
        for column in (columns.begin_s, columns.end_s, columns.units, columns.baseline):
            digest.update(np.ascontiguousarray(column[begin:end]).tobytes())
    return digest.hexdigest()


def resolution_of(name: str) -> int:
    """How long a known row of a segment may stand for the mean of what was, in seconds; 1: it is exact."""
    return HOUR_S if name.endswith(HOURLY) else 1


def _held_against(signal: Signal, baseline: Sequence[tuple[int, int]]) -> tuple[Int64, ...]:
    """The signal as stretches of one value and one baseline: begins, ends, units, baselines."""
    begins, ends, units, unknown = stretches(signal)
    units = np.where(unknown, NONE, units)
    if not len(begins) or not baseline:
        return begins, ends, units, np.full(len(begins), NONE, np.int64)
    seconds, steps = np.array(baseline, np.int64).T
    if np.any(seconds[1:] < seconds[:-1]):
        raise ValueError(f"the baseline of {signal.entity} goes backwards")
    inside = seconds[(seconds > begins[0]) & (seconds < ends[-1])]
    cuts = np.union1d(begins, inside) if len(inside) else begins
    at = np.searchsorted(begins, cuts, side="right") - 1
    step = np.searchsorted(seconds, cuts, side="right") - 1
    return cuts, np.append(cuts[1:], ends[-1]), units[at], np.where(step < 0, NONE, steps[step])


def pieces_of(columns: Columns, group_rows: Sequence[int]) -> list[Piece]:
    """The pieces of a segment whose row groups have so many rows each."""
    group_starts = np.concatenate(([0], np.cumsum(np.asarray(group_rows, np.int64))))
    new = np.flatnonzero(np.diff(columns.signal, prepend=-1))
    cuts = np.union1d(new, group_starts[:-1])
    ends = np.append(cuts[1:], len(columns.signal))
    groups = np.searchsorted(group_starts, cuts, side="right") - 1
    rows = zip(
        range(len(cuts)),
        columns.signal[cuts].tolist(),
        columns.begin_s[cuts].tolist(),
        columns.end_s[ends - 1].tolist(),
        groups.tolist(),
        (cuts - group_starts[groups]).tolist(),
        (ends - cuts).tolist(),
        strict=True,
    )
    return [Piece(*row) for row in rows]


def group_rows(count: int) -> list[int]:
    """How many rows each row group has in a segment of `count` rows."""
    full, rest = divmod(count, ROWS_PER_GROUP)
    return [ROWS_PER_GROUP] * full + ([rest] if rest else [])


def write(files: Files, contents: Contents) -> None:
    """Write a segment whole, or not at all. Raises OSError where the place refuses.

    It is written again where there is a file that no catalogue knows: that one may be about to be deleted for its age.
    """
    import pyarrow as pa

    columns = contents.columns

    def words(index: npt.NDArray[np.int32], said: list[str]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(index, pa.int32()), pa.array(said, pa.string()))

    signal = columns.signal.astype(np.int32)
    unknown = columns.units == NONE
    table = pa.table(
        {
            "type": words(signal, [e.type for e in contents.entities]).cast(pa.string()),
            "code": words(signal, [e.code for e in contents.entities]).cast(pa.string()),
            "signal": pa.array(signal),
            "begin_s": pa.array(columns.begin_s),
            "end_s": pa.array(columns.end_s),
            "units": pa.array(columns.units, mask=unknown),
            "quality": words(unknown.astype(np.int32), ["known", "unknown"]).cast(pa.string()),
            "baseline": pa.array(columns.baseline, mask=columns.baseline == NONE),
        }
    )
    files.write(
        file_of(contents.name),
        table.replace_schema_metadata({DIGEST: contents.digest, NAME: contents.name}),
        compression="zstd",
        row_group_size=ROWS_PER_GROUP,
        use_dictionary=WORDS,
        column_encoding=dict.fromkeys(NUMBERS, "DELTA_BINARY_PACKED"),
        # For who looks for an entity with another program; more of them makes the footer slow to read.
        write_statistics=["type", "code", "begin_s"],
        # Where a disk changes a byte, `store check` finds the row group.
        write_page_checksum=True,
    )


def file_of(name: str) -> str:
    """The file of the segment of this name."""
    return f"{name}.parquet"
