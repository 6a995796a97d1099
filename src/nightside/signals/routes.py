"""The routes of a few prefixes over time, read back from the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nightside.routing.log import EVENT_KINDS
from nightside.routing.timeline import Timeline
from nightside.routing.whole import unpacked

STALE = EVENT_KINDS["STALE"]
HEARD = EVENT_KINDS["HEARD"]
PLACE_BITS = 36
"""So many events (68 billion) and prefixes (134 million) fit one number together."""


@dataclass(frozen=True, slots=True)
class RouteSteps:
    """At `second` the way of `session` to the prefix in this `place` of those asked for became `way` (0: none).

    Of one session and place the later row counts where two are of the same second.
    """

    second: npt.NDArray[np.int64]
    session: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]
    way: npt.NDArray[np.int64]


class RouteHistory:
    """Answers questions about single prefixes, which the judge of visibility does not keep."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline

    @cached_property
    def _by_prefix(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        # Sorting numbers is four times as fast as sorting their places, and both fit one number.
        keys = self.timeline.prefix.astype(np.int64) << PLACE_BITS
        keys |= np.arange(len(keys))
        keys.sort()
        return keys & ((1 << PLACE_BITS) - 1), (keys >> PLACE_BITS).astype(np.uint32)

    def rows(self, prefixes: Sequence[int]) -> npt.NDArray[np.int64]:
        """Which events of the timeline are about these prefixes, in the order of time; whole tables apart."""
        order, ordered = self._by_prefix
        wanted = np.asarray(prefixes, np.uint32)
        lo = np.searchsorted(ordered, wanted, "left")
        hi = np.searchsorted(ordered, wanted, "right")
        return np.sort(np.concatenate([order[a:b] for a, b in zip(lo, hi, strict=True)] or [order[:0]]))

    def steps(self, prefixes: npt.NDArray[np.int64]) -> RouteSteps:
        """All that happened to these prefixes (ascending, each once), whole tables taken over too.

        What a session said in the second of a load came before the table was taken over, or is the same again: of
        the two the flip counts, so the loads come first.
        """
        line = self.timeline
        rows = self.rows(prefixes.tolist())
        rows = rows[(line.kind[rows] != STALE) & (line.kind[rows] != HEARD)]
        n = len(prefixes)
        places = np.arange(n)
        second, session = [], []
        held = np.zeros((len(line.loads), n), np.int64)
        with unpacked(load.ways for load in line.loads):
            for i, load in enumerate(line.loads):
                second.append(load.second)
                session.append(load.session)
                inside = prefixes < len(load.ways)
                held[i, inside] = load.ways[prefixes[inside]]
        return RouteSteps(
            np.concatenate([np.repeat(np.array(second, np.int64), n), line.second[rows]]),
            np.concatenate([np.repeat(np.array(session, np.int64), n), line.session[rows]]),
            np.concatenate(
                [np.tile(places, len(line.loads)), np.searchsorted(prefixes, line.prefix[rows])]
            ).astype(np.int64),
            np.concatenate([held.reshape(-1), line.way[rows]]),
        )
