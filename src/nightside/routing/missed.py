"""What a stream missed, until an archive tells it: when, and what was heard since, which is newer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.model.elements import FLAG_LOCAL, FLAG_PATH_ID, Columns, Kind
from nightside.routing.collector_log import UInt8, UInt32

MOST_PARTS = 256
MOST_HEARD = 1 << 22
"""What is heard after a gap is remembered until the gap is filled; a gap with more behind it is not filled."""
ESTABLISHED = 6
"""RFC 4271, section 8.2.2."""
UInt64 = npt.NDArray[np.uint64]
Which = npt.NDArray[np.intp]


@dataclass
class Missed:
    """A gap of a stream, until it is filled (`Stepwise.fill`)."""

    begin: int
    end: int | None = None
    """None while nothing is heard yet."""
    _heard: list[UInt64] = field(default_factory=list)

    def note(self, heard: UInt64) -> bool:
        """These (peer * 2**32 + prefix) were heard since its end; whether there is room to remember more."""
        self._heard.append(heard)
        if len(self._heard) >= MOST_PARTS:
            self._heard = [self.heard()]
        return len(self._heard[0]) < MOST_HEARD

    def heard(self) -> UInt64:
        """All of them, each once, sorted."""
        return np.unique(np.concatenate(self._heard)) if self._heard else np.zeros(0, np.uint64)


class Part:
    """Some elements of a batch: as columns, and which they are."""

    def __init__(self, columns: Columns, rows: Which) -> None:
        self._columns, self.rows, self.count = columns, rows, len(rows)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._columns, name)
        return value if name == "paths" else value[self.rows]


def pairs(columns: Columns, ids: UInt32, rows: Which) -> UInt64:
    """Of these elements peer * 2**32 + prefix, each once, sorted."""
    return np.unique(_pairs(columns, ids, rows))


def as_it_stood(columns: Columns, ids: UInt32, heard: UInt64, n_peers: int) -> tuple[Part, UInt8, Part]:
    """What elements in the order of time come to in the end, but for the pairs in `heard`.

    (the last announcement or withdrawal of each (peer, prefix), of those with path identifiers all, in their order;
    by peer, 1 where its session came up, so that only what it announced then is there; the last state of each session
    that is not up). `ids`: the prefixes' numbers. What the collector itself sent is nobody's.
    """
    n = columns.count
    kind, peer = columns.kind[:n], columns.peer[:n].astype(np.int64)
    flags = columns.flags[:n]
    theirs = (flags & FLAG_LOCAL) == 0
    anew = np.zeros(n_peers, np.uint8)
    since = np.full(n_peers, -1, np.int64)
    gone = []
    last_state = {int(peer[at]): int(at) for at in np.flatnonzero((kind == Kind.STATE) & theirs)}
    for number, at in sorted(last_state.items()):
        anew[number] = columns.new_state[at] == ESTABLISHED
        since[number] = at
        if not anew[number]:
            since[number] = n
            gone.append(at)
    rows = np.flatnonzero((kind <= Kind.WITHDRAW) & theirs & (np.arange(n) > since[peer]))
    pair = _pairs(columns, ids, rows)
    each, last = np.unique(pair[::-1], return_index=True)
    with_ids = np.unique(pair[(flags[rows] & FLAG_PATH_ID) > 0])
    several = np.isin(pair, with_ids) & ~np.isin(pair, heard)
    last = (rows[::-1][last])[~np.isin(each, heard) & ~np.isin(each, with_ids)]
    rows = np.sort(np.concatenate([last, rows[several]])) if several.any() else last
    return Part(columns, rows), anew, Part(columns, np.array(gone, np.intp))


def _pairs(columns: Columns, ids: UInt32, rows: Which) -> UInt64:
    found: UInt64 = columns.peer[: columns.count][rows].astype(np.uint64) << np.uint64(32)
    return found | ids[: columns.count][rows]
