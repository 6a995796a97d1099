"""A part to its segments."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nightside.engine.shards.cells import EVERY, NOBODY, cells_of
from nightside.engine.shards.part_segments import (
    EVENT_ROWS,
    EVENTS,
    FOLDER,
    HEAD,
    KNOWN,
    PREFIX_ROWS,
    PREFIXES,
    WAYS,
    Head,
    Warned,
    name_of,
)
from nightside.engine.units import Part
from nightside.routing.log import EVENT_KINDS
from nightside.routing.whole import Whole, unpacked
from nightside.store.files import Files

if TYPE_CHECKING:
    import pyarrow as pa

LOAD = EVENT_KINDS["LOAD"]
OPTIONS: dict[str, Any] = {
    "compression": "lz4",
    "use_dictionary": False,
    "write_statistics": False,
    "write_page_checksum": True,
}
"""Of Parquet: quick to write and to read, and what is damaged is noticed."""

Int64 = npt.NDArray[np.int64]
UInt32 = npt.NDArray[np.uint32]


def write_part(work: Files, key: str, part: Part) -> Head:
    """Leave a part in the work place. Raises OSError."""
    import pyarrow as pa

    folder = work.child(FOLDER)
    hi, _lo, length, family = part.prefixes.columns()
    cell = cells_of(hi, length, family)
    ways = pa.table({"origin": part.ways.origin, "upstream": part.ways.upstream, "border": part.ways.border})
    folder.write(name_of(key, WAYS), ways, **OPTIONS)
    events, event_cells = _events(part, cell)
    folder.write(name_of(key, EVENTS), events, row_group_size=EVENT_ROWS, **OPTIONS)
    del events
    order, prefix_cells = _in_cells(cell)
    tables = _first_tables(part)
    table: dict[str, npt.NDArray[Any]] = {"hi": hi, "length": length, "country": part.country}
    with unpacked(load for _number, load in tables):
        _write_prefixes(folder, name_of(key, PREFIXES), table, order.astype(np.uint32), tables)
    said = _said(part) | {
        "prefixes": len(hi),
        "prefix_cells": prefix_cells,
        "event_cells": event_cells,
        "tables_of": [number for number, _load in tables],
        "loads": len(part.loads),
    }
    text = json.dumps(said).encode()
    folder.write_bytes(name_of(key, HEAD), hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
    return Head(key, said)


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
