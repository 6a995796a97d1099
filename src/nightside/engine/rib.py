"""The table at one instant: who reached what by which way, as Arrow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nightside.engine.elements import Instant, Match, Place, Warn, places, second_of
from nightside.engine.units import Part, read_unit, units_of
from nightside.engine.world_of_day import world_of_input
from nightside.model.elements import Columns, Peer
from nightside.model.errors import InputError, UsageError
from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.routing.held_paths import NO_PATH, PathBook
from nightside.routing.last_paths import LastPaths
from nightside.routing.timeline import START_MARGIN_S
from nightside.routing.ways import NO_ASN
from nightside.sources.element_filter import ElementFilter
from nightside.sources.layout import Found, find_inputs
from nightside.wire.prefix_text import prefix_text

ROUTES = pa.schema(
    [
        ("collector", pa.string()),
        ("peer_address", pa.string()),
        ("peer_asn", pa.uint32()),
        ("full_feed", pa.bool_()),
        ("family", pa.uint8()),
        ("prefix", pa.string()),
        ("origin", pa.uint32()),
        ("upstream", pa.uint32()),
        ("path", pa.list_(pa.uint32())),
    ]
)
PEERS = pa.schema(
    [
        ("collector", pa.string()),
        ("peer_address", pa.string()),
        ("peer_asn", pa.uint32()),
        ("family", pa.uint8()),
        ("standing", pa.string()),
        ("routes", pa.int64()),
        ("full_feed", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Rib:
    """What sessions held at the end of the second `at`."""

    at: int
    """Seconds since 1970-01-01T00:00:00Z; that which was asked for, or the last that the input tells of."""
    routes: pa.Table
    """A row for each session and prefix, by collector, session, family and address. `upstream` is null where no AS
    stands beside the origin, `path` where the last one heard is not the one that is held."""
    peers: pa.Table
    """Every session, for each family: `standing` is `known`, `transfer` (its table is coming in: not all of it is
    there) or `unknown` (it is down, was not heard of, or its files are missing; `routes` and `full_feed` are null
    then, and it has no rows). Full feed has, of the family, half of the routes of the fullest session, or more."""


@dataclass(frozen=True)
class _Feed:
    """One session's routes of one family."""

    peer: int
    family: int
    standing: str
    held: int


@dataclass(frozen=True)
class _Told:
    """What is kept of one collector."""

    collector: str
    end: int
    """The second before which its files tell what happened; at most the one behind the instant."""
    peers: list[Peer]
    feeds: list[_Feed]
    routes: pa.Table
    """`feed` (its place among `feeds`), prefix, origin, upstream, path."""

    def unheard(self) -> _Told:
        """The same, with nobody known."""
        feeds = [replace(feed, standing="unknown") for feed in self.feeds]
        return replace(self, feeds=feeds, routes=self.routes.slice(0, 0))


def rib(
    inputs: Sequence[Place],
    *,
    at: Instant,
    prefixes: Sequence[str] = (),
    match: Match = "exact",
    peer_asns: Collection[int] = (),
    origins: Collection[int] = (),
    collectors: Collection[str] = (),
    paths: bool = True,
    settings: Settings | None = None,
    warn: Warn = lambda _text: None,
) -> Rib:
    """The table at the end of the second `at`: the newest table before it, and all that was said since.

    The words that narrow it are those of `elements`. Without `paths` it is faster, and `path` is null.
    Raises UsageError, and InputError where nothing is usable, or nobody's routes are known then.
    """
    settings = settings or Settings()
    at_s = second_of(at)
    if at_s is None:
        raise UsageError("no instant was given", advice="Say at='2014-12-22T16:15Z'.")
    wanted = ElementFilter.of(
        prefixes=prefixes, match=match, peer_asns=peer_asns, origins=origins, collectors=collectors
    )
    found = find_inputs(places(inputs))
    found = replace(found, files=[file for file in found.files if wanted.takes(file)])
    snapshot = world_of_input(found, at_s, at_s + 1, settings.table_margin_s)
    book = PathBook()
    asked = wanted.prefix_rows if wanted.prefixes else None
    told: list[_Told] = []
    used = 0
    for unit in units_of(found, settings, begin=at_s, end=at_s + 1, keeps_table=True):
        last = LastPaths(book, settings.table_margin_s, asked) if paths else None
        part = read_unit(unit, snapshot, lambda _bytes: None, last.hear if last else None)
        for text in part.warnings:
            warn(text)
        used += part.used
        feeds = _feeds(part)
        routes = _routes(part, feeds, wanted, last, book)
        told.append(_Told(unit.collector, part.end, part.peers, feeds, routes))
    if not used:
        raise InputError(
            f"nothing in the input can be used up to {iso(at_s)}",
            advice="Choose a later time, or other files.",
        )
    at_s, told = _as_far_as_told(at_s, told, found, warn)
    if all(feed.standing == "unknown" for one in told for feed in one.feeds):
        raise InputError(
            f"no table and no table transfer before {iso(at_s)}: nobody's routes are known",
            advice="Give a table too (bview.… or rib.…) from before the updates.",
        )
    return _joined(at_s, told, settings, frozenset(peer_asns))


def _as_far_as_told(at_s: int, told: Sequence[_Told], found: Found, warn: Warn) -> tuple[int, list[_Told]]:
    """The instant, or the end of the input where that is earlier; who is not heard of until then is unknown."""
    reach = max(one.end for one in told)
    if reach <= at_s:
        warn(f"the input ends at {iso(reach)}: the table is of then")
    # Where tables alone tell, their seconds differ.
    since = reach if reach > at_s else reach - START_MARGIN_S
    kept = []
    for one in told:
        missing = any(begin <= at_s < end for begin, end in found.gaps(one.collector))
        if one.end < since or missing:
            warn(f"{one.collector}: nothing is there from {iso(one.end)} on: its peers are unknown")
            kept.append(one.unheard())
        else:
            kept.append(one)
    return min(at_s, reach - 1), kept


def _feeds(part: Part) -> list[_Feed]:
    """Who holds how many routes; who is unknown, for the family of the session's own addresses alone."""
    table, found = part.table, []
    if table is None:
        raise ValueError("what sessions hold at the end was not kept")
    for peer, who in enumerate(part.peers):
        for family in (4, 6):
            standing = "unknown" if peer >= table.n_peers else table.standing(peer, family)
            if standing != "unknown":
                found.append(_Feed(peer, family, standing, table.held_routes(peer, family)))
            elif family == (6 if ":" in who.address else 4):
                found.append(_Feed(peer, family, standing, 0))
    return found


def _routes(
    part: Part, feeds: Sequence[_Feed], wanted: ElementFilter, last: LastPaths | None, book: PathBook
) -> pa.Table:
    """The routes of one collector, as `_Told` has them."""
    high, low, length, family = part.prefixes.columns()
    keep = wanted.prefix_rows(high, low, length, family) if wanted.prefixes else np.ones(len(high), bool)
    ids = np.flatnonzero(keep)
    ids = ids[np.lexsort((length[ids], low[ids], high[ids], family[ids]))].astype(np.uint32)
    of_origin = np.isin(part.ways.origin, np.array(sorted(wanted.origins), np.uint32))
    pieces: list[tuple[Any, ...]] = []
    for number, feed in enumerate(feeds):
        asked = not wanted.peer_asns or part.peers[feed.peer].asn in wanted.peer_asns
        if feed.standing == "unknown" or not asked:
            continue
        mine = ids[family[ids] == feed.family]
        assert part.table is not None
        way = part.table.routes(feed.peer, mine)
        has = way > 0
        if wanted.origins:
            has &= of_origin[way]
        mine, way = mine[has], way[has]
        columns = (high[mine], low[mine], length[mine], family[mine])
        path = np.full(len(way), NO_PATH, np.int32)
        if last is not None:
            path = last.paths(feed.peer, columns, way, part.ways)
        pieces.append((np.full(len(way), number, np.int32), mine, way, path))
    none = (np.empty(0, np.int32), np.empty(0, np.uint32), np.empty(0, np.uint32), np.empty(0, np.int32))
    place, prefix, way, path = (np.concatenate(column) for column in zip(none, *pieces, strict=True))
    upstream = part.ways.upstream[way]
    return pa.table(
        {
            "feed": place,
            "prefix": _texts(part, prefix),
            "origin": part.ways.origin[way],
            "upstream": pa.array(upstream, mask=upstream == NO_ASN),
            "path": _lists(path, book),
        }
    )


def _texts(part: Part, prefix: npt.NDArray[np.uint32]) -> pa.Array:
    each, where = np.unique(prefix, return_inverse=True)
    high, low, length, family = (column[each] for column in part.prefixes.columns())
    said = SimpleNamespace(prefix_hi=high, prefix_lo=low, prefix_len=length, family=family, count=len(each))
    ends, utf8 = prefix_text(cast(Columns, said))
    texts = pa.StringArray.from_buffers(len(each), pa.py_buffer(ends), pa.py_buffer(utf8))
    return texts.take(pa.array(where.reshape(-1)))


def _lists(path: npt.NDArray[np.int32], book: PathBook) -> pa.ListArray:
    """Paths by number as lists, each made once."""
    each, where = np.unique(path, return_inverse=True)
    paths = [book.ases(number) for number in each.tolist() if number != NO_PATH]
    ends = np.zeros(len(paths) + 1, np.int32)
    np.cumsum([len(p) for p in paths], out=ends[1:])
    flat = np.concatenate(paths) if paths else np.empty(0, np.uint32)
    lists = pa.ListArray.from_arrays(pa.array(ends), pa.array(flat, pa.uint32()))
    # NO_PATH is the lowest number, where it is among them.
    shift = int(len(each) > 0 and each[0] == NO_PATH)
    return lists.take(pa.array(np.maximum(where.reshape(-1) - shift, 0), mask=path == NO_PATH))


def _joined(at_s: int, told: Sequence[_Told], settings: Settings, peer_asns: Collection[int]) -> Rib:
    """All collectors together; who is full feed only shows now."""
    fullest = {
        family: max((f.held for one in told for f in one.feeds if f.family == family), default=0)
        for family in (4, 6)
    }
    routes, rows = [], []
    for one in told:
        full = [0 < settings.full_feed_share * fullest[f.family] <= f.held for f in one.feeds]
        feed = one.routes["feed"].combine_chunks()
        who = [one.peers[f.peer] for f in one.feeds]
        by_feed = {
            "peer_address": pa.array([w.address for w in who], pa.string()),
            "peer_asn": pa.array([w.asn for w in who], pa.uint32()),
            "full_feed": pa.array(full, pa.bool_()),
            "family": pa.array([f.family for f in one.feeds], pa.uint8()),
        }
        columns = {"collector": pa.repeat(one.collector, len(feed))}
        columns |= {name: values.take(feed) for name, values in by_feed.items()}
        columns |= {name: one.routes[name] for name in ("prefix", "origin", "upstream", "path")}
        routes.append(pa.table(columns, schema=ROUTES))
        rows += [
            {
                "collector": one.collector,
                "peer_address": w.address,
                "peer_asn": w.asn,
                "family": f.family,
                "standing": f.standing,
                "routes": None if f.standing == "unknown" else f.held,
                "full_feed": None if f.standing == "unknown" else is_full,
            }
            for w, f, is_full in zip(who, one.feeds, full, strict=True)
            if not peer_asns or w.asn in peer_asns
        ]
    return Rib(at_s, pa.concat_tables(routes), pa.Table.from_pylist(rows, schema=PEERS))
