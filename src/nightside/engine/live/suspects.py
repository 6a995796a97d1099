"""Who may be in instability, found cheaply: of all that come, only withdrawals are counted.

A unit is lost only where a prefix over it has, within a loss window, as many withdrawals as one loss takes
(`signals.losses`). Such prefixes are rare. An entity is suspect while they cover as many of its units as an instability
takes, and is looked at closely only when something happened to them since.
"""

from __future__ import annotations

from collections import defaultdict
from math import ceil

import numpy as np
import numpy.typing as npt

from nightside.model.settings import Settings
from nightside.routing.log import EVENT_KINDS
from nightside.routing.news import Rows
from nightside.routing.numbered import Numbered

FLIP = EVENT_KINDS["FLIP"]
UNIT = 24
"""Longer prefixes cover no unit."""
REMEMBERED_S = 86400
"""A loss whose return was not seen counts for this long."""


class Suspects:
    """Counts withdrawals by prefix in loss windows; knows which entities lost how much lately."""

    def __init__(self, entity_of_unit: npt.NDArray[np.uint16], settings: Settings) -> None:
        self._entity_of_unit, self._settings = entity_of_unit, settings
        self._window = 0
        # In this window and the one before: what lies within one window's time lies in two of these.
        self._now = np.zeros(0, np.uint16)
        self._before = np.zeros(0, np.uint16)
        self._is_lossy = np.zeros(0, np.bool_)
        self._lossy: dict[int, int] = {}
        """Prefixes with so many withdrawals, and the end of the window in which they last had."""
        self._owners: dict[int, list[tuple[int, int]]] = {}
        """Of these the entities whose units they cover, and how many."""
        self.units: dict[int, int] = defaultdict(int)
        """By entity, the units below them; those below several count several times."""
        self.stirred: set[int] = set()
        """Entities to whose lossy prefixes something happened since somebody looked."""

    def add(self, rows: Rows, numbered: Numbered, known: int) -> None:
        """Take what flipped; `known` is the least number of known ASes of late."""
        fewest = max(1, ceil(self._settings.loss_as_share * known))
        mine = (
            (rows.kind == FLIP) & (numbered.subject[rows.prefix] > 0) & (numbered.length[rows.prefix] <= UNIT)
        )
        flips = np.flatnonzero(mine)
        if not len(flips):
            return
        prefix, second, gone = rows.prefix[flips], rows.second[flips], rows.way[flips] == 0
        windows = second // self._settings.loss_window_s
        for window in np.unique(windows).tolist():
            self._turn(window, numbered.n_prefixes)
            which, counts = np.unique(prefix[gone & (windows == window)], return_counts=True)
            self._now[which] = np.minimum(self._now[which] + counts, np.iinfo(np.uint16).max)
            full = which[self._now[which].astype(np.int64) + self._before[which] >= fewest]
            for one in full.tolist():
                self._note(one, (window + 1) * self._settings.loss_window_s, numbered)
        for one in np.unique(prefix[self._is_lossy[prefix]]).tolist():
            self.stirred.update(entity for entity, _units in self._owners[one])

    def may_be_unstable(self, number: int, baseline: int) -> bool:
        """Whether enough of an entity's units may have been lost again and again."""
        units = self.units.get(number, 0)
        return units > 0 and (baseline <= 0 or units / baseline >= self._settings.instability_share)

    def _turn(self, window: int, prefixes: int) -> None:
        """Go on to this window."""
        if prefixes > len(self._now):
            more = np.zeros(prefixes + prefixes // 8 - len(self._now), np.uint16)
            self._now, self._before = np.concatenate([self._now, more]), np.concatenate([self._before, more])
            self._is_lossy = np.concatenate([self._is_lossy, more > 0])
        if window <= self._window:
            return
        follows = window == self._window + 1
        self._before, self._now = self._now, self._before
        self._now[:] = 0
        if not follows:
            self._before[:] = 0
        self._window = window
        old = window * self._settings.loss_window_s - REMEMBERED_S
        for prefix in [p for p, until in self._lossy.items() if until < old]:
            del self._lossy[prefix]
            self._is_lossy[prefix] = False
            for entity, units in self._owners.pop(prefix):
                self.units[entity] -= units
                if not self.units[entity]:
                    del self.units[entity]

    def _note(self, prefix: int, until: int, numbered: Numbered) -> None:
        if prefix not in self._lossy:
            length = int(numbered.length[prefix])
            first = int(numbered.hi[prefix]) >> 40
            below = self._entity_of_unit[first : first + (1 << (UNIT - length))]
            entity, units = np.unique(below[below > 0], return_counts=True)
            self._owners[prefix] = list(zip(entity.tolist(), units.tolist(), strict=True))
            for number, count in self._owners[prefix]:
                self.units[number] += count
        self._lossy[prefix] = until
        self._is_lossy[prefix] = True
