"""How much of an entity was seen, hour by hour, and how much of it could be reached then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

HOUR_S = 3600
DAY_S = 86_400

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stretch:
    """[begin, end) in seconds, and how many seconds of it are known."""

    begin: int
    end: int
    known_s: int

    @property
    def coverage(self) -> float:
        """The share of it that is known; 0 of nothing."""
        return self.known_s / (self.end - self.begin) if self.end > self.begin else 0.0


@dataclass(frozen=True, slots=True)
class Observed:
    """Hours of one entity in the order of time: their begins, and what is known of each.

    `known_s` are the seconds in which both its units and its baseline are known; `share` is the mean of units by
    baseline in these, at most 1 (0 where nothing is known). Hours that are not there are unknown.
    """

    hour_s: Int64
    known_s: Int64
    share: Float64

    @classmethod
    def of(cls, table: pa.Table) -> Observed:
        """Out of the hours that `Store.rollup` gives."""
        hours = table["time"].cast("int64").to_numpy()
        baseline = table["baseline"].fill_null(0).to_numpy().astype(np.float64)
        mean = table["mean"].fill_null(0).to_numpy()
        known = np.where(baseline > 0, HOUR_S - table["unknown_s"].to_numpy(), 0)
        share = np.minimum(np.divide(mean, baseline, out=np.zeros(len(mean)), where=baseline > 0), 1.0)
        return cls(hours.astype(np.int64), known.astype(np.int64), share)

    def stretch(self, begin: int, end: int) -> Stretch:
        """The whole hours that touch [begin, end)."""
        first, last = begin // HOUR_S * HOUR_S, -(-end // HOUR_S) * HOUR_S
        return Stretch(first, last, int(self.known_s[self._inside(first, last)].sum()))

    def latest(self, until: int, wanted_s: int) -> Stretch | None:
        """The shortest stretch of whole hours before `until` in which `wanted_s` are known.

        It goes back no further than twice as long: what lies beyond a hole as long as all that is known is another
        time. Where less is known within that, it is what there is; None where that is nothing.
        """
        last = until // HOUR_S * HOUR_S
        inside = self._inside(last - 2 * wanted_s, last)
        hours, known = self.hour_s[inside][::-1], self.known_s[inside][::-1]
        seen = np.flatnonzero(known)
        if not len(seen):
            return None
        summed = np.cumsum(known)
        enough = int(np.searchsorted(summed, wanted_s))
        at = min(enough, int(seen[-1]))
        return Stretch(int(hours[at]), last, int(summed[at]))

    def availability(self, stretch: Stretch) -> float | None:
        """The mean share of the known time; None where none is known."""
        inside = self._inside(stretch.begin, stretch.end)
        known = self.known_s[inside]
        total = int(known.sum())
        return float((known * self.share[inside]).sum() / total) if total else None

    def _inside(self, begin: int, end: int) -> slice:
        first, last = np.searchsorted(self.hour_s, [begin, end])
        return slice(int(first), int(max(first, last)))
