"""A stepwise view of few subjects: what is of no use to them is left out before it takes memory.

Of a whole table only the routes stay that cover a subject's unit, or lead to a beacon: beacons show that a session
has come back, though the subjects have not. How many routes a session has in all still decides whether it is full
feed, and that a session is known which has no route to any subject still counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import numpy as np
import numpy.typing as npt

from nightside.engine.live.ground import covers_any, stretches
from nightside.engine.subjects import Subjects
from nightside.model.elements import Columns, Kind, Peer
from nightside.model.settings import Settings
from nightside.routing.numbered import Ground
from nightside.routing.standing import Heard, SoFar
from nightside.routing.stepwise import END_OF_TIME_S, FAMILY, Collector, Stepwise
from nightside.routing.ways import WayIndex
from nightside.sources.beacons import of_beacons
from nightside.sources.stream import KeptColumns, taken

Which = npt.NDArray[np.intp]
WholeTables = dict[str, list[dict[tuple[int, int], int]]]
"""By collector, for each of its tables: (peer, family) to number of routes."""


@dataclass
class _Table:
    """What a table has so far, of which most is left out."""

    routes: dict[tuple[Peer, int], int] = field(default_factory=dict)
    """(peer, family) to number of routes, all of them."""
    first: dict[Peer, KeptColumns] = field(default_factory=dict)
    """The first route of each peer (IPv4)."""
    taken: set[Peer] = field(default_factory=set)
    """Peers of whose routes some are of use."""


class NearStepwise(Stepwise):
    """As `Stepwise`, for few subjects."""

    def __init__(
        self,
        ground: Ground,
        settings: Settings,
        ways: WayIndex,
        subjects: Subjects,
        *,
        start: int | None = None,
    ) -> None:
        whole: WholeTables = {}
        standing = ByWholeTables(FAMILY, settings.full_feed_share, whole)
        super().__init__(ground, settings, ways, start=start, standing=standing)
        self._begins, self._ends = stretches(subjects)
        self._whole = whole
        self._tables: dict[str, _Table] = {}

    def apply(
        self,
        name: str,
        peers: Sequence[Peer],
        columns: Columns,
        earliest_s: int = 0,
        latest_s: int = END_OF_TIME_S,
    ) -> None:
        """A batch of elements, of which what is of use is taken."""
        which = self._of_use(columns)
        self._count(name, peers, columns, which)
        super().apply(name, peers, taken(columns, which), earliest_s, latest_s)

    def fill(self, name: str, peers: Sequence[Peer], columns: Columns, at: int) -> bool:
        """What a collector told in its gap, of which what is of use is taken."""
        return super().fill(name, peers, taken(columns, self._of_use(columns)), at)

    def table_done(self, name: str, truncated: bool = False) -> None:
        """A collector's table has been read to its end (or to where it is cut off)."""
        table = self._tables.pop(name, None)
        if table is not None and table.first:
            for peer, route in table.first.items():
                if peer not in table.taken:
                    # It is known, and has none: a route that nobody asks about stands for that.
                    super().apply(name, [peer], route)
            numbers = self.collector(name).peers
            whole = {(numbers[peer], family): routes for (peer, family), routes in table.routes.items()}
            self._whole.setdefault(name, []).append(whole)
        super().table_done(name, truncated)

    def _of_use(self, columns: Columns) -> Which:
        n = columns.count
        kind, family = columns.kind[:n], columns.family[:n]
        covers = covers_any(
            self._begins,
            self._ends,
            columns.prefix_hi[:n],
            columns.prefix_len[:n],
            family,
            self.settings.shortest_cover_ipv4,
        )
        routes = (family == FAMILY) & ((covers > 0) | of_beacons(columns))
        return np.flatnonzero(routes | (kind == Kind.STATE) | (kind == Kind.END_OF_RIB))

    def _count(self, name: str, peers: Sequence[Peer], columns: Columns, which: Which) -> None:
        at = np.flatnonzero(columns.kind[: columns.count] == Kind.ROUTE)
        if not len(at):
            return
        table = self._tables.setdefault(name, _Table())
        feed = columns.peer[at].astype(np.int64) * 2 + (columns.family[at] == 6)
        of_feed, first, count = np.unique(feed, return_index=True, return_counts=True)
        for number, place, routes in zip(of_feed.tolist(), at[first].tolist(), count.tolist(), strict=True):
            peer, family = peers[number // 2], 6 if number % 2 else 4
            table.routes[peer, family] = table.routes.get((peer, family), 0) + routes
            if family == FAMILY and peer not in table.first:
                table.first[peer] = alone(columns, place)
        used = which[columns.kind[which] == Kind.ROUTE]
        table.taken.update(peers[number] for number in np.unique(columns.peer[used]).tolist())


class ByWholeTables(SoFar):
    """Who is full feed, by the whole of their tables. Transfers are seen in part, and say nothing of that."""

    def __init__(self, family: int, share: float, whole: WholeTables) -> None:
        super().__init__(family, share)
        self._whole = whole

    def renew(self, collectors: Sequence[Heard]) -> bool:
        """Learn from tables; whether there was anything new."""
        return super().renew([cast(Heard, self._as_whole(cast(Collector, one))) for one in collectors])

    def _as_whole(self, heard: Collector) -> SimpleNamespace:
        # More tables than are taken over may have been read, never fewer.
        whole = self._whole.get(heard.name, [])
        tables = [
            (begin, end, truncated, routes)
            for (begin, end, truncated, _part), routes in zip(heard.table.tables, whole, strict=False)
        ]
        # What was told is not told again.
        del whole[: len(tables)]
        heard.table.tables.clear()
        heard.table.transfer_ends.clear()
        return SimpleNamespace(table=SimpleNamespace(tables=tables, transfer_ends=[]), numbers=heard.numbers)


def alone(columns: Columns, place: int) -> KeptColumns:
    """One element of a batch, in memory of its own, of the first of a list of one peer."""
    one = taken(columns, np.array([place], np.intp))
    begin = int(one.path_start[0])
    one.paths = columns.paths[begin : begin + int(one.path_count[0])].copy()
    one.path_start[0] = one.peer[0] = 0
    return one
