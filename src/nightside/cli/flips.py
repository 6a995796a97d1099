"""The flips of an incident as lines: of words, or of JSON. They are read, and written, in parts of some thousand."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from nightside.cli.terminal import on_terminal
from nightside.cli.zone import told_time
from nightside.model.errors import InputError, UsageError
from nightside.model.flips import peer_words

if TYPE_CHECKING:
    import pyarrow as pa

    from nightside.store.protocol import Store

HEADER = ("Time", "Collector", "Peer", "AS", "Prefix", "What", "By", "File:offset", "Path")
WHAT, PATH = HEADER.index("What"), HEADER.index("Path")
COLOURS = {"lost": "31", "gained": "32", "rerouted": "33"}
"""ANSI (ECMA-48) foregrounds; the word says the same."""
ROWS_AT_ONCE = 4096


def print_flips(
    store: Store, id: str, peer: int | str | None, *, json: bool, zone: str | None = None
) -> None:
    """Print the flips of an incident that the store has, of one peer (AS number or address) or of all.

    Lines have their times in the zone, or UTC.

    Raises InputError where no flips are stored for it, UsageError where the input had no such peer.
    """
    found = store.flips(id, peer=peer)
    if found is None:
        raise InputError(
            f"no flips are stored for {id}",
            advice="They were let go of for their age, or never stored: replay its input again into the same store.",
        )
    if peer is not None:
        _require(peer, found.schema)
    told = _print_json(found, id) if json else _print_lines(found, zone)
    if not told:
        whose = "" if peer is None else f" of {peer_words(peer)}"
        print(f"nightside: no flips{whose} from shortly before to shortly after {id}", file=sys.stderr)


def _require(peer: int | str, schema: pa.Schema) -> None:
    from nightside.store.flips import sessions_of

    sessions = sessions_of(schema)
    if not any(peer in (address, asn) for _collector, address, asn in sessions):
        raise UsageError(
            f"{peer_words(peer)} is no peer in the input of this incident ({len(sessions)} sessions)",
            advice="Without --peer the peers with flips are listed; a peer is whom a collector talks to.",
        )


def _parts(found: pa.RecordBatchReader) -> Iterator[list[dict[str, Any]]]:
    """The flips as dicts, some thousand at a time."""
    for batch in found:
        for first in range(0, batch.num_rows, ROWS_AT_ONCE):
            yield batch.slice(first, ROWS_AT_ONCE).to_pylist()


def _print_json(found: pa.RecordBatchReader, id: str) -> bool:
    from nightside.model.flips import SCHEMA, flip_json
    from nightside.model.ndjson import dumps

    told = False
    for part in _parts(found):
        head = {"schema": SCHEMA, "incident": id}
        sys.stdout.write("".join(f"{dumps(head | flip_json(row))}\n" for row in part))
        told = told or bool(part)
    return told


def _print_lines(found: pa.RecordBatchReader, zone: str | None) -> bool:
    """The columns are as wide as the first part needs; a longer word later pushes its own line."""
    parts = (rows for part in _parts(found) if (rows := [_cells(row, zone) for row in part]))
    first = next(parts, None)
    if first is None:
        return False
    colourful = on_terminal()
    titles = HEADER if colourful else tuple(title.upper() for title in HEADER)
    header = (f"{titles[0]} ({zone or 'UTC'})", *titles[1:])
    widths = [max(map(len, column)) for column in zip(header, *first, strict=True)][:PATH]
    print(_line(header, widths))
    for rows in chain([first], parts):
        lines = (_line(row, widths, COLOURS[row[WHAT]] if colourful else None) for row in rows)
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    return True


def _cells(row: dict[str, Any], zone: str | None) -> tuple[str, ...]:
    """One flip as the cells under HEADER; what is not known is a dash."""
    where = row["file"] or "-"
    return (
        told_time(row["time"].strftime("%Y-%m-%dT%H:%M:%SZ"), zone),
        row["collector"],
        row["peer_address"],
        str(row["peer_asn"]),
        row["prefix"],
        row["kind"],
        row["source"],
        where if row["offset"] is None else f"{where}:{row['offset']}",
        "-" if row["path"] is None else row["path"],
    )


def _line(cells: Sequence[str], widths: Sequence[int], colour: str | None = None) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    if colour:
        padded[WHAT] = f"\033[{colour}m{padded[WHAT]}\033[0m"
    return "  ".join([*padded, *cells[len(widths) :]]).rstrip()
