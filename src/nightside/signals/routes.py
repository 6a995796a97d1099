"""The routes of a few prefixes over time, read back from the timeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nightside.routing.timeline import Timeline


@dataclass(frozen=True, slots=True)
class RouteEvent:
    """At `second` the way of `session` to `prefix` became `way` (0: none); `kind` as in `routing.log`."""

    second: int
    kind: int
    session: int
    prefix: int
    way: int


class RouteHistory:
    """Answers questions about single prefixes, which the judge of visibility does not keep."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline

    @cached_property
    def _by_prefix(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        order = np.argsort(self.timeline.prefix, kind="stable")
        return order, self.timeline.prefix[order]

    def rows(self, prefixes: Sequence[int]) -> npt.NDArray[np.int64]:
        """Which events of the timeline are about these prefixes, in the order of time; whole tables apart."""
        order, ordered = self._by_prefix
        wanted = np.asarray(prefixes, np.uint32)
        lo = np.searchsorted(ordered, wanted, "left")
        hi = np.searchsorted(ordered, wanted, "right")
        return np.sort(np.concatenate([order[a:b] for a, b in zip(lo, hi, strict=True)] or [order[:0]]))

    def events(self, prefixes: Sequence[int]) -> Iterator[RouteEvent]:
        """All that happened to these prefixes in the order of time; whole tables taken over come as events too."""
        line = self.timeline
        wanted, rows = np.asarray(prefixes, np.uint32), self.rows(prefixes)
        loaded = list(self._loaded(wanted, rows))
        columns = (line.second[rows], line.kind[rows], line.session[rows], line.prefix[rows], line.way[rows])
        flips = (RouteEvent(*(int(v) for v in row)) for row in zip(*columns, strict=True))
        pending = iter(loaded)
        load = next(pending, None)
        for flip in flips:
            # What a session said in the second of a load came before the table was taken over, or is the
            # same again: the later of the two is the flip.
            while load is not None and load.second <= flip.second:
                yield load
                load = next(pending, None)
            yield flip
        while load is not None:
            yield load
            load = next(pending, None)

    def _loaded(self, wanted: npt.NDArray[np.uint32], rows: npt.NDArray[np.int64]) -> Iterator[RouteEvent]:
        """The loads as events: every route, and no route where the session had spoken of one before."""
        line = self.timeline
        spoken: dict[int, set[int]] = defaultdict(set)
        for session, prefix in zip(line.session[rows].tolist(), line.prefix[rows].tolist(), strict=True):
            spoken[session].add(prefix)
        for load in line.loads:
            inside = wanted[wanted < len(load.ways)]
            held = dict(zip(inside.tolist(), load.ways[inside].tolist(), strict=True))
            told = spoken[load.session]
            for prefix in wanted.tolist():
                way = held.get(prefix, 0)
                if way or prefix in told:
                    yield RouteEvent(load.second, -1, load.session, prefix, way)
            told.update(held)

    def votes_at(self, session: int, second: int) -> bool:
        """Whether a session's vote counts in this second."""
        return any(
            a <= second and (b is None or second < b) for a, b, _ in self.timeline.votes.get(session, ())
        )
