"""Parts in a work place: Parquet in the order of cells, so that who needs a few cells reads only these.

Of each part there are three segments (prefixes with the first tables beside them, events, ways) and its head, which is
written last: without it there is no part. A segment's pages have checksums, the head has one of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nightside.engine.shards.cells import EVERY, NOBODY, cells_of
from nightside.engine.units import Part, Unit
from nightside.model.elements import Peer
from nightside.routing.collector_log import TableSummary, TransferEnd
from nightside.routing.log import EVENT_KINDS, EventLog
from nightside.routing.observation import WayTable
from nightside.routing.places import Places
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.whole import Whole, unpacked
from nightside.store.files import Files

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

FOLDER = "parts"
PREFIXES, EVENTS, WAYS, HEAD = "prefixes", "events", "ways", "head"
PREFIX_ROWS, EVENT_ROWS = 1 << 15, 1 << 17
"""So many rows are read together."""
KNOWN, LOAD = EVENT_KINDS["KNOWN"], EVENT_KINDS["LOAD"]
OPTIONS: dict[str, Any] = {
    "compression": "lz4",
    "use_dictionary": False,
    "write_statistics": False,
    "write_page_checksum": True,
}
NONE = 0xFFFFFFFF

Within = Callable[[npt.NDArray[np.uint64], npt.NDArray[np.uint8]], npt.NDArray[np.bool_]]
"""Which of these IPv4 prefixes (address, length) are wanted."""
Int64 = npt.NDArray[np.int64]
UInt32 = npt.NDArray[np.uint32]


class SpoiltError(Exception):
    """A part in the work place is damaged, or gone: it has to be made anew."""

    def __init__(self, key: str, why: object) -> None:
        super().__init__(f"part {key}: {why}")
        self.key = key


@dataclass(frozen=True)
class Warned:
    """What is to be said of a unit's file (by number; -1: it begins with no file's path), wherever that lies."""

    file: int
    text: str

    @classmethod
    def about(cls, text: str, unit: Unit) -> Warned:
        """A text that may begin with the path of one of the unit's files."""
        for number, file in enumerate(unit.files):
            path = str(file.path)
            if text.startswith(f"{path}: "):
                return cls(number, text[len(path) :])
        return cls(-1, text)

    def of(self, unit: Unit) -> str:
        """As it is told of the unit, with its files where they lie now."""
        return (str(unit.files[self.file].path) if self.file >= 0 else "") + self.text


@dataclass(frozen=True)
class Head:
    """What there is to say of a part before its segments are looked at."""

    key: str
    said: dict[str, Any]

    @property
    def warnings(self) -> list[Warned]:
        """What is to be said of the unit's files."""
        return [Warned(file, text) for file, text in self.said["warnings"]]

    @property
    def peers(self) -> list[Peer]:
        """The sessions."""
        return [Peer(address, asn) for address, asn in self.said["peers"]]


# ---- writing ---------------------------------------------------------------------------------------------


def write_part(work: Files, key: str, part: Part) -> Head:
    """Leave a part in the work place. Raises OSError."""
    import pyarrow as pa

    folder = work.child(FOLDER)
    hi, _lo, length, family = part.prefixes.columns()
    cell = cells_of(hi, length, family)
    ways = pa.table({"origin": part.ways.origin, "upstream": part.ways.upstream, "border": part.ways.border})
    folder.write(_name(key, WAYS), ways, **OPTIONS)
    events, event_cells = _events(part, cell)
    folder.write(_name(key, EVENTS), events, row_group_size=EVENT_ROWS, **OPTIONS)
    del events
    order, prefix_cells = _in_cells(cell)
    tables = _first_tables(part)
    table: dict[str, npt.NDArray[Any]] = {"hi": hi, "length": length, "country": part.country}
    with unpacked(load for _number, load in tables):
        _write_prefixes(folder, _name(key, PREFIXES), table, order.astype(np.uint32), tables)
    said = _said(part) | {
        "prefixes": len(hi),
        "prefix_cells": prefix_cells,
        "event_cells": event_cells,
        "tables_of": [number for number, _load in tables],
        "loads": len(part.loads),
    }
    text = json.dumps(said).encode()
    folder.write_bytes(_name(key, HEAD), hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
    return Head(key, said)


def names_of(key: str) -> list[str]:
    """The files of a part, the head first: without it the others are none."""
    return [_name(key, what) for what in (HEAD, PREFIXES, EVENTS, WAYS)]


def _name(key: str, what: str) -> str:
    return f"{key}.{what}"


def _in_cells(cell: npt.NDArray[np.uint16]) -> tuple[Int64, list[int]]:
    """The rows that somebody needs in the order of their cells, and the first row of each cell."""
    order = np.argsort(cell, kind="stable")
    starts = np.searchsorted(cell[order], np.arange(NOBODY + 1))
    return order[: int(starts[NOBODY])], starts.tolist()


def _events(part: Part, cell: npt.NDArray[np.uint16]) -> tuple[pa.Table, list[int]]:
    """The log as it was written, with its places."""
    import pyarrow as pa

    second, kind, session, prefix, way = _state_of(part.log)
    place = _state_of(part.places)[0]
    of = np.full(len(kind), EVERY, np.uint16)
    about_prefix = np.flatnonzero(kind < KNOWN)
    of[about_prefix] = cell[prefix[about_prefix]]
    order, starts = _in_cells(of)
    columns = {
        "second": second,
        "kind": kind,
        "session": session,
        "prefix": prefix,
        "way": way,
        "place": place,
    }
    rows = {name: column[order] for name, column in columns.items()}
    return pa.table({"at": order.astype(np.uint32)} | rows), starts


def _state_of(made: object) -> Any:
    """What a log, or places, would be sent as: views of its memory."""
    return made.__reduce__()[2]


def _first_tables(part: Part) -> list[tuple[int, Whole]]:
    """The loads that are of IPv4, with their numbers."""
    _second, kind, _session, family, way = _state_of(part.log)
    loads = np.flatnonzero(kind == LOAD)
    ours = sorted({int(way[i]) for i in loads.tolist() if family[i] == 4})
    return [(number, part.loads[number]) for number in ours]


def _write_prefixes(
    folder: Files,
    name: str,
    columns: dict[str, npt.NDArray[Any]],
    order: UInt32,
    tables: Sequence[tuple[int, Whole]],
) -> None:
    """Some rows at a time, so that no more than these are unpacked of all tables."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    schema = pa.schema(
        [("number", pa.uint32()), ("hi", pa.uint64()), ("length", pa.uint8()), ("country", pa.uint16())]
        + [(f"table{number}", pa.uint32()) for number, _load in tables]
    )
    with pq.ParquetWriter(sink, schema, **OPTIONS) as writer:
        for begin in range(0, len(order), PREFIX_ROWS):
            some = order[begin : begin + PREFIX_ROWS]
            made: list[Any] = [some, *(column[some] for column in columns.values())]
            made += [_ways(load, some) for _number, load in tables]
            writer.write_table(pa.table(made, schema=schema), row_group_size=PREFIX_ROWS)
    folder.write_bytes(name, sink.getvalue())


def _ways(load: Whole, numbers: UInt32) -> UInt32:
    """The ways of these prefixes in a whole table, which may know fewer."""
    found = np.zeros(len(numbers), np.uint32)
    there = numbers < len(load)
    found[there] = load[numbers[there].astype(np.int64)]
    return found


def _said(part: Part) -> dict[str, Any]:
    _place, marked, marks, _off = _state_of(part.places)
    return {
        "peers": [[peer.address, peer.asn] for peer in part.peers],
        "tables": [
            [t.begin, t.end, t.truncated, [[*of, routes] for of, routes in t.routes.items()]]
            for t in part.tables
        ],
        "transfer_ends": [[t.second, t.peer, t.family, t.routes] for t in part.transfer_ends],
        "known": part.known,
        "starts": part.starts,
        "inputs": part.inputs,
        "warnings": [astuple(Warned.about(text, part.unit)) for text in part.warnings],
        "elements": part.elements,
        "used": part.used,
        "first_second": part.first_second,
        "end": part.end,
        "marked": marked,
        "marks": marks,
    }


# ---- reading ---------------------------------------------------------------------------------------------


def read_head(work: Files, key: str) -> Head:
    """Raises SpoiltError where there is no such part."""
    try:
        checksum, _, text = work.child(FOLDER).read_bytes(_name(key, HEAD)).partition(b"\n")
    except OSError as error:
        raise SpoiltError(key, error) from None
    if hashlib.sha256(text).hexdigest().encode() != checksum:
        raise SpoiltError(key, "its head is damaged")
    return Head(key, json.loads(text))


def forget(work: Files, key: str) -> None:
    """A part is spoilt: it has to be made anew. Raises OSError."""
    work.child(FOLDER).delete(_name(key, HEAD))


def prefixes_in(
    work: Files, head: Head, cells: Sequence[int]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint8]]:
    """(address, length) of a part's prefixes in these cells, which ascend. Raises SpoiltError."""
    with _Segment(work, head, PREFIXES, PREFIX_ROWS, cells) as segment:
        return segment.column("hi"), segment.column("length")


def read_part(
    work: Files, head: Head, unit: Unit, cells: Sequence[int], within: Within, *, places: bool
) -> Part:
    """What a part tells of some prefixes, all of which lie in these cells (ascending), and of its sessions.

    Numbers keep their order. `unit` is the part's, with its files where they lie now. Without `places` nobody asks which element said what.
    Raises SpoiltError.
    """
    said = head.said
    with _Segment(work, head, PREFIXES, PREFIX_ROWS, cells) as segment:
        number, hi, length = (segment.column(name) for name in ("number", "hi", "length"))
        rows = np.flatnonzero(within(hi, length))
        rows = rows[np.argsort(number[rows])]
        country = segment.column("country")[rows]
        empty = Whole(np.empty(0, np.uint32))
        loads = [empty] * said["loads"]
        for table in said["tables_of"]:
            loads[table] = Whole(segment.column(f"table{table}")[rows])
    hi, length = hi[rows], length[rows]
    prefixes = PrefixIndex()
    nothing, family = np.zeros(len(rows), np.uint64), np.full(len(rows), 4, np.uint8)
    prefixes.intern_batch(hi, nothing, length, family, len(rows), np.empty(len(rows), np.uint32))
    own = np.full(said["prefixes"], NONE, np.uint32)
    own[number[rows]] = np.arange(len(rows), dtype=np.uint32)
    log, kept = _log(work, head, cells, own, places)
    with _Segment(work, head, WAYS, 0, None) as segment:
        ways = WayTable(*(segment.column(name) for name in ("origin", "upstream", "border")))
    return Part(
        unit=unit,
        peers=head.peers,
        log=log,
        places=kept,
        loads=loads,
        tables=[
            TableSummary(begin, end, cut, {(peer, fam): routes for peer, fam, routes in held})
            for begin, end, cut, held in said["tables"]
        ],
        transfer_ends=[TransferEnd(*each) for each in said["transfer_ends"]],
        known=[(peer, fam) for peer, fam in said["known"]],
        table=None,
        prefixes=prefixes,
        country=country,
        ways=ways,
        starts=said["starts"],
        inputs=[(name, sha256) for name, sha256 in said["inputs"]],
        warnings=[each.of(unit) for each in head.warnings],
        elements=said["elements"],
        used=said["used"],
        first_second=said["first_second"],
        end=said["end"],
    )


def _log(work: Files, head: Head, cells: Sequence[int], own: UInt32, places: bool) -> tuple[EventLog, Places]:
    """The events as they were written, of the prefixes that have a number in `own`, and of sessions."""
    said = head.said
    with _Segment(work, head, EVENTS, EVENT_ROWS, cells) as segment:
        kind, prefix = segment.column("kind"), segment.column("prefix")
        about = kind < KNOWN
        there = ~about
        there[about] = own[prefix[about]] != NONE
        rows = np.flatnonzero(there)
        at = segment.column("at")[rows]
        order = np.argsort(at, kind="stable")
        rows, at = rows[order], at[order]
        kind, prefix = kind[rows], prefix[rows]
        about = kind < KNOWN
        prefix[about] = own[prefix[about]]
        second, session, way = (segment.column(name)[rows] for name in ("second", "session", "way"))
        place = segment.column("place")[rows] if places else None
    log = EventLog()
    log.__setstate__((second, kind, session, prefix, way))  # type: ignore[attr-defined]
    kept = Places()
    if place is not None:
        # A mark counts for the events from it on, of which fewer are left.
        marks = [(int(np.searchsorted(at, first)), element) for first, element in said["marks"]]
        kept.__setstate__((place, said["marked"], marks, False))  # type: ignore[attr-defined]
    return log, kept


class _Segment:
    """The rows of some cells of a segment, column by column."""

    def __init__(
        self, work: Files, head: Head, what: str, rows_at_once: int, cells: Iterable[int] | None
    ) -> None:
        """All rows where `cells` is None."""
        self.key, self.name = head.key, _name(head.key, what)
        self.folder, self.rows_at_once = work.child(FOLDER), rows_at_once
        self.stack = ExitStack()
        self.groups: list[int] | None = None
        self.rows: Int64 | None = None
        if cells is not None:
            starts = head.said["prefix_cells" if what == PREFIXES else "event_cells"]
            self._choose([(starts[c], starts[c + 1]) for c in cells if starts[c] < starts[c + 1]])

    def _choose(self, ranges: Sequence[tuple[int, int]]) -> None:
        """The groups of rows that these ranges, ascending, lie in, and where in them."""
        groups: set[int] = set()
        for begin, end in ranges:
            groups.update(range(begin // self.rows_at_once, (end - 1) // self.rows_at_once + 1))
        self.groups = sorted(groups)
        place = {group: i for i, group in enumerate(self.groups)}
        rows = []
        for begin, end in ranges:
            group = begin // self.rows_at_once
            shift = (place[group] - group) * self.rows_at_once
            rows.append(np.arange(begin + shift, end + shift))
        self.rows = np.concatenate(rows) if rows else np.empty(0, np.int64)

    def __enter__(self) -> _Segment:
        import pyarrow as pa

        try:
            opened = self.folder.parquet(self.name, page_checksum_verification=True)
            self.file: pq.ParquetFile = self.stack.enter_context(opened)
        except (OSError, pa.ArrowException) as error:
            raise SpoiltError(self.key, error) from None
        return self

    def __exit__(self, *_error: object) -> None:
        self.stack.close()

    def column(self, name: str) -> npt.NDArray[Any]:
        """Raises SpoiltError where it is damaged."""
        import pyarrow as pa

        try:
            if self.groups is None:
                table = self.file.read(columns=[name])
            else:
                table = self.file.read_row_groups(self.groups, columns=[name])
            found: npt.NDArray[Any] = table[name].to_numpy()
            return found.copy() if self.rows is None else found[self.rows]
        except (OSError, pa.ArrowException, KeyError, IndexError) as error:
            raise SpoiltError(self.key, error) from None
