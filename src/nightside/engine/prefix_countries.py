"""The country of each prefix while it is read: which ASes on a way to it are abroad follows from it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nightside.model.elements import FLAG_LOCAL, Columns, Kind
from nightside.model.settings import CountryBy
from nightside.routing.prefixes import PrefixIndex
from nightside.world.by_origin import is_overridden
from nightside.world.snapshot import Snapshot
from nightside.world.units import asn_country, prefix_country


class PrefixCountries:
    """By prefix number, as far as prefixes have been named.

    The registry's word. By `origin`, of IPv4: the country of the first origin that is seen, since paths are not kept
    until it is known what most peers see.
    """

    def __init__(self, snapshot: Snapshot, basis: CountryBy) -> None:
        self.snapshot, self.basis = snapshot, basis
        self.column = np.zeros(1 << 16, np.uint16)
        self._seen = np.zeros(1 << 16, bool)
        self._known = 0

    def learn(self, prefixes: PrefixIndex, columns: Columns, ids: npt.NDArray[np.uint32]) -> None:
        """What is new in a batch; `ids` are its elements' prefixes by number."""
        count = prefixes.count
        if count > self._known:
            hi, _lo, length, family = prefixes.columns(self._known)
            if count > len(self.column):
                more = max(count, 2 * len(self.column)) - len(self.column)
                self.column = np.append(self.column, np.zeros(more, np.uint16))
                self._seen = np.append(self._seen, np.zeros(more, bool))
            self.column[self._known : count] = prefix_country(self.snapshot, hi, length, family)
            self._known = count
        if self.basis == "origin":
            self._learn_origins(columns, ids[: columns.count])

    def _learn_origins(self, columns: Columns, ids: npt.NDArray[np.uint32]) -> None:
        n = columns.count
        kind, family = columns.kind[:n], columns.family[:n]
        theirs = (columns.flags[:n] & FLAG_LOCAL) == 0
        named = np.flatnonzero(((kind == Kind.ANNOUNCE) | (kind == Kind.ROUTE)) & (family == 4) & theirs)
        named = named[~self._seen[ids[named]]]
        if not len(named):
            return
        of, first = np.unique(ids[named], return_index=True)
        row = named[first]
        mine = ~is_overridden(self.snapshot, columns.prefix_hi[row], columns.prefix_len[row])
        self.column[of[mine]] = asn_country(self.snapshot, columns.origin[row[mine]])
        self._seen[of] = True
