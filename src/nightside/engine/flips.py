"""The flips of incidents: which peer lost, gained or re-routed which prefix by which path, and where that stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nightside.engine.collect import Collected
from nightside.engine.flip_reading import NOWHERE, FlipReader
from nightside.engine.replay import Replay
from nightside.engine.subjects import Subjects
from nightside.engine.unit_stretches import Units
from nightside.model.elements import Peer
from nightside.model.entity import Entity
from nightside.model.flips import KINDS, SOURCES
from nightside.model.incident import Incident
from nightside.model.ndjson import dumps
from nightside.model.settings import Settings
from nightside.routing.flip_rows import FlipRows, flip_rows
from nightside.routing.held_paths import NO_PATH, PathBook

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Wish:
    """The flips of one incident: of prefixes that cover these units, from `begin` to `end`, both inclusive."""

    units: Units
    begin: int
    end: int


def wish(incident: Incident, units: Units, until: int, settings: Settings) -> Wish:
    """The flips of an incident whose entity has these units; `until`: as far as anybody looked.

    From `loss_window_s` before the incident began to as long after it ended: an incident begins when half of the
    peers have lost their way, so those that lost it first did so before.
    """
    end = until if incident.ended is None else incident.ended
    return Wish(units, incident.began - settings.loss_window_s, end + settings.loss_window_s)


def units_of(subjects: Sequence[Subjects], entity: Entity) -> Units:
    """The units of an entity that was asked about."""
    return next(
        Units.of(np.flatnonzero(s.entity_of_unit == number))
        for s in subjects
        for number, each in s.entities.items()
        if each == entity
    )


def incident_flips(found: Replay, settings: Settings, warn: Callable[[str], None]) -> Iterator[pa.Table]:
    """For each incident of a replay, in their order, its flips in the shape of `Store.put_flips`."""
    collected = found.collected
    if not collected.readings or not found.incidents:
        return
    units: dict[Entity, Units] = {}
    wishes = []
    for incident, _series in found.incidents:
        if incident.entity not in units:
            units[incident.entity] = units_of(found.subjects, incident.entity)
        wishes.append(wish(incident, units[incident.entity], found.observation.end, settings))
    read = [
        collector_flips(collected, number, wishes, settings, warn) for number in range(len(collected.logs))
    ]
    sessions = sessions_told([(log.collector, log.peers) for log in collected.logs])
    for one in wishes:
        yield flips_of(read, one, sessions, settings)


def sessions_told(peers: Sequence[tuple[str, Sequence[Peer]]]) -> str:
    """All sessions of an input, by collector, as the metadata of flips has them."""
    return dumps([[collector, peer.address, peer.asn] for collector, each in peers for peer in each])


def collector_flips(
    collected: Collected, number: int, wishes: Sequence[Wish], settings: Settings, warn: Callable[[str], None]
) -> pa.Table:
    """All flips of one collector that somebody wishes, read from its files: for `flips_of`."""
    table, log, reading = collected.prefix_table, collected.logs[number], collected.readings[number]
    covered = {
        id(one.units): one.units.below(table.hi, table.length, table.family, settings.shortest_cover_ipv4)
        for one in wishes
    }
    wanted = np.zeros(len(table.hi), bool)
    for prefixes in covered.values():
        wanted |= prefixes
    flips = flip_rows(log, reading.placed, wanted.view(np.uint8), table.family)
    asked = np.zeros(len(flips.second), bool)
    for one in wishes:
        inside = (flips.second >= one.begin) & (flips.second <= one.end)
        asked |= inside & covered[id(one.units)][flips.prefix]
    flips = flips.only(asked)
    book = PathBook()
    reader = FlipReader(collected, number, flips, np.flatnonzero(wanted), book, settings.table_margin_s, warn)
    records = reader.read()
    columns, order = flip_columns(replace(collected, logs=[log]), [flips])
    files = [file.name for file in reading.files]
    offset = records.offset[order]
    columns |= {
        "path": _texts(records.path[order], book.text, absent=NO_PATH),
        "file": _words(files, records.file[order]),
        "offset": pa.array(offset, mask=offset == NOWHERE),
        # Parquet has no timestamps of whole seconds.
        "time": pa.array(flips.second[order]),
        "hi": pa.array(table.hi[flips.prefix[order]]),
        "length": pa.array(table.length[flips.prefix[order]]),
    }
    return pa.table(columns)


def flips_of(read: Sequence[pa.Table], one: Wish, sessions: str, settings: Settings) -> pa.Table:
    """The flips of one incident in the order of time, then collector, then as they were read.

    `read` has a table of `collector_flips` for each collector, in their order.
    """
    mine = []
    for table in read:
        second = table["time"].to_numpy()
        hi, length = table["hi"].to_numpy(), table["length"].to_numpy()
        inside = (second >= one.begin) & (second <= one.end)
        family = np.full(len(hi), 4, np.uint8)
        inside &= one.units.below(hi, length, family, settings.shortest_cover_ipv4)
        mine.append(table.drop_columns(["hi", "length"]).filter(pa.array(inside)))
    joined = pa.concat_tables(mine).unify_dictionaries()
    joined = joined.take(np.argsort(joined["time"].to_numpy(), kind="stable"))
    columns = {name: _plainly(joined[name]) for name in joined.column_names}
    columns["time"] = columns["time"].cast(pa.int64()).cast(pa.timestamp("s", "UTC"))
    return pa.table(columns, metadata={"peers": sessions})


def _plainly(column: pa.ChunkedArray) -> pa.Array:
    """In one piece, and with no word that nobody needs: the same from however many collectors' tables."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    return column.combine_chunks()


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
