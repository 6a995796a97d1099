"""Some prefixes of a part, read from its segments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nightside.engine.shards.part_segments import (
    EVENT_ROWS,
    EVENTS,
    FOLDER,
    KNOWN,
    PREFIX_ROWS,
    PREFIXES,
    WAYS,
    Head,
    SpoiltError,
    name_of,
)
from nightside.engine.units import Part, Unit
from nightside.routing.collector_log import TableSummary, TransferEnd
from nightside.routing.log import EventLog
from nightside.routing.observation import WayTable
from nightside.routing.places import Places
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.whole import Whole
from nightside.store.files import Files

if TYPE_CHECKING:
    import pyarrow.parquet as pq

NONE = 0xFFFFFFFF

Within = Callable[[npt.NDArray[np.uint64], npt.NDArray[np.uint8]], npt.NDArray[np.bool_]]
"""Which of these IPv4 prefixes (address, length) are wanted."""
Int64 = npt.NDArray[np.int64]
UInt32 = npt.NDArray[np.uint32]


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

    Numbers keep their order. `unit` is the part's, with its files where they lie now. Without `places` nobody asks
    which element said what. Raises SpoiltError.
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
        # They were told when it was made.
        warnings=[],
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
        self.key, self.name = head.key, name_of(head.key, what)
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
