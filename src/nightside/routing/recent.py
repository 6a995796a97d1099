"""Which (peer, prefix) the updates of late have named: what a table that is read later must not overrule."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

UInt32 = npt.NDArray[np.uint32]


class RecentUpdates:
    """Remembers the announcements and withdrawals of the last batches, batch by batch."""

    def __init__(self) -> None:
        self._batches: deque[tuple[int, UInt32, UInt32, UInt32]] = deque()
        """Each with its youngest second; twelve bytes for an update."""

    def add(self, youngest: int, seconds: UInt32, peers: UInt32, ids: UInt32) -> None:
        """Remember a batch's announcements and withdrawals, by their seconds, peers and prefixes."""
        self._batches.append((youngest, seconds, peers, ids))

    def forget(self, before_s: int) -> None:
        """Batches whose updates are all older may go; not one that came after one that has to stay."""
        while self._batches and self._batches[0][0] < before_s:
            self._batches.popleft()

    def fits(self, n_peers: int, n_prefixes: int) -> bool:
        """Whether all that is remembered is of so many peers and prefixes."""
        return all(
            len(seconds) == len(peers) == len(ids)
            and peers.dtype == ids.dtype == np.uint32
            and bool((peers < n_peers).all() and (ids < n_prefixes).all())
            for _youngest, seconds, peers, ids in self._batches
        )

    def since(self, begin_s: int) -> Iterator[tuple[UInt32, UInt32]]:
        """(peers, prefix numbers) named by updates from `begin_s` on."""
        for _youngest, seconds, peers, ids in self._batches:
            inside = seconds >= begin_s
            yield peers[inside], ids[inside]
