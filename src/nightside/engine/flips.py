"""The flips of incidents: which peer lost, gained or re-routed which prefix by which path, and where that stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nightside.engine.collect import Collected
from nightside.engine.flip_reading import NOWHERE, FlipReader, Records
from nightside.engine.replay import Replay
from nightside.engine.subjects import Subjects
from nightside.model.flips import KINDS, SOURCES
from nightside.model.incident import Incident
from nightside.model.ndjson import dumps
from nightside.model.settings import Settings
from nightside.routing.collector_log import UInt8
from nightside.routing.flip_rows import FlipRows, flip_rows
from nightside.routing.held_paths import NO_PATH, PathBook

Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Wish:
    """The flips of one incident: of these prefixes (by number), from `begin` to `end`, both inclusive."""

    prefixes: UInt8
    begin: int
    end: int

    def of(self, flips: FlipRows) -> Bool:
        inside: Bool = (flips.second >= self.begin) & (flips.second <= self.end)
        inside &= self.prefixes[flips.prefix] != 0
        return inside


def incident_flips(found: Replay, settings: Settings, warn: Callable[[str], None]) -> Iterator[pa.Table]:
    """For each incident of a replay, in their order, its flips in the shape of `Store.put_flips`.

    From `loss_window_s` before the incident began to as long after it ended (or as far as anybody looked): an
    incident begins when half of the peers have lost their way, so those that lost it first did so before.
    """
    collected = found.collected
    if not collected.readings or not found.incidents:
        return
    wishes = _wishes(found, settings)
    wanted = np.bitwise_or.reduce([wish.prefixes for wish in wishes])
    prefixes = np.flatnonzero(wanted)
    book = PathBook()
    read: list[tuple[FlipRows, Records]] = []
    for number, (log, reading) in enumerate(zip(collected.logs, collected.readings, strict=True)):
        flips = flip_rows(log, reading.placed, wanted, collected.prefix_table.family)
        asked = np.zeros(len(flips.second), bool)
        for wish in wishes:
            asked |= wish.of(flips)
        flips = flips.only(asked)
        reader = FlipReader(collected, number, flips, prefixes, book, settings.table_margin_s, warn)
        read.append((flips, reader.read()))
    for wish in wishes:
        yield _table_of(collected, read, wish, book)


def _wishes(found: Replay, settings: Settings) -> list[_Wish]:
    covering: dict[str, UInt8] = {}
    wishes = []
    for incident, _series in found.incidents:
        whom = f"{incident.entity.type} {incident.entity.code}"
        if whom not in covering:
            covering[whom] = _covering(
                found.subjects, incident, found.collected, settings.shortest_cover_ipv4
            )
        end = found.observation.end if incident.ended is None else incident.ended
        wishes.append(
            _Wish(covering[whom], incident.began - settings.loss_window_s, end + settings.loss_window_s)
        )
    return wishes


def _covering(subjects: Sequence[Subjects], incident: Incident, collected: Collected, shortest: int) -> UInt8:
    """1 for each prefix that covers a unit of the incident's entity."""
    units = next(
        np.flatnonzero(s.entity_of_unit == number)
        for s in subjects
        for number, entity in s.entities.items()
        if entity == incident.entity
    )
    table = collected.prefix_table
    fits = (table.family == 4) & (table.length >= shortest) & (table.length <= 24)
    first = (table.hi >> np.uint64(40)).astype(np.int64)
    behind = first + (np.int64(1) << (24 - np.minimum(table.length, 24).astype(np.int64)))
    covers: Bool = fits & (np.searchsorted(units, behind) > np.searchsorted(units, first))
    return covers.astype(np.uint8)


def _table_of(
    collected: Collected, read: Sequence[tuple[FlipRows, Records]], wish: _Wish, book: PathBook
) -> pa.Table:
    """The flips of one incident in the order of time, then collector, then as they were read."""
    mine = [np.flatnonzero(wish.of(flips)) for flips, _records in read]
    columns, order = flip_columns(collected, [f.only(rows) for (f, _), rows in zip(read, mine, strict=True)])

    def recorded(name: str) -> npt.NDArray[np.generic]:
        return np.concatenate([getattr(r, name)[rows] for (_, r), rows in zip(read, mine, strict=True)])

    collector = np.repeat(np.arange(len(mine)), [len(rows) for rows in mine])
    # Files of all collectors as one list.
    first_file = np.concatenate([[0], np.cumsum([len(reading.files) for reading in collected.readings])])
    file = recorded("file")
    files = [f.name for reading in collected.readings for f in reading.files]
    offset = recorded("offset")
    columns |= {
        "path": _texts(recorded("path")[order], book.text, absent=NO_PATH),
        "file": _words(files, np.where(file == NOWHERE, NOWHERE, first_file[collector] + file)[order]),
        "offset": pa.array(offset[order], mask=offset[order] == NOWHERE),
    }
    sessions = [[log.collector, peer.address, peer.asn] for log in collected.logs for peer in log.peers]
    return pa.table(columns, metadata={"peers": dumps(sessions)})


def flip_columns(
    collected: Collected, flips: Sequence[FlipRows]
) -> tuple[dict[str, pa.Array], npt.NDArray[np.int64]]:
    """Flips of all collectors (each its own, in their order) in words, and in which order of them the rows are:
    of time, then collector, then as they were read. A loss has the origin that was lost.
    """

    def gathered(name: str) -> npt.NDArray[np.generic]:
        return np.concatenate([getattr(some, name) for some in flips])

    second = gathered("second")
    order = np.argsort(second, kind="stable")
    collector = np.repeat(np.arange(len(flips)), [len(some.second) for some in flips])
    before, after = gathered("before"), gathered("after")
    kind = np.where(after == 0, 0, np.where(before == 0, 1, 2))
    # Sessions of all collectors as one list.
    first_peer = np.concatenate([[0], np.cumsum([len(log.peers) for log in collected.logs])])
    peers = [peer for log in collected.logs for peer in log.peers]
    session = first_peer[collector] + gathered("session")
    columns = {
        "time": pa.array(second[order].astype(np.int64)).cast(pa.timestamp("s", "UTC")),
        "collector": _words([log.collector for log in collected.logs], collector[order]),
        "peer_address": _words([peer.address for peer in peers], session[order]),
        "peer_asn": pa.array(np.array([peer.asn for peer in peers], np.uint32)[session[order]]),
        "prefix": _texts(gathered("prefix")[order], collected.prefixes.text),
        "kind": _words(KINDS, kind[order]),
        "source": _words(SOURCES, gathered("kind")[order]),
        "origin": pa.array(collected.ways.origin[np.where(after == 0, before, after)[order]]),
    }
    return columns, order


def _words(words: Sequence[str], numbers: npt.NDArray[np.generic]) -> pa.DictionaryArray:
    """A column of a few words by number; a number below 0 is null."""
    indices = pa.array(numbers.astype(np.int32), mask=numbers.astype(np.int64) < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(words, pa.string()))


def _texts(
    numbers: npt.NDArray[np.generic], text: Callable[[int], str], *, absent: int | None = None
) -> pa.DictionaryArray:
    """A column of texts by number, each made once."""
    each, where = np.unique(numbers, return_inverse=True)
    where = where.reshape(-1).astype(np.int32)
    texts = [None if absent is not None and number == absent else text(number) for number in each.tolist()]
    shift = int(bool(texts) and texts[0] is None)
    return _words([t for t in texts if t is not None], where - shift)
