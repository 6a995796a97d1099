"""How much stands in MRT files: the numbers of `nightside elements --summary`."""

from __future__ import annotations

from typing import Any

import numpy as np

from nightside.model.elements import Columns, Kind
from nightside.routing.prefixes import PrefixIndex


class ElementCounts:
    """Counts elements, and the distinct peers, prefixes and origins they name."""

    def __init__(self) -> None:
        self._kinds = np.zeros(max(Kind) + 1, np.int64)
        self._prefixes = PrefixIndex()
        self._peers: set[int] = set()
        self._origins: set[int] = set()

    def add(self, columns: Columns) -> None:
        """One batch of a decoder; all batches must come from one decoder."""
        n = columns.count
        kind = columns.kind[:n]
        self._kinds += np.bincount(kind, minlength=len(self._kinds))
        self._peers.update(np.unique(columns.peer[:n]).tolist())
        with_path = (kind == Kind.ANNOUNCE) | (kind == Kind.ROUTE)
        self._origins.update(np.unique(columns.origin[:n][with_path]).tolist())
        rows = np.flatnonzero(with_path | (kind == Kind.WITHDRAW))
        self._prefixes.intern_batch(
            columns.prefix_hi[rows],
            columns.prefix_lo[rows],
            columns.prefix_len[rows],
            columns.family[rows],
            len(rows),
            np.empty(len(rows), np.uint32),
        )

    def to_json(self) -> dict[str, Any]:
        """The numbers, by the words of the command."""
        return {
            "announcements": int(self._kinds[Kind.ANNOUNCE]),
            "withdrawals": int(self._kinds[Kind.WITHDRAW]),
            "states": int(self._kinds[Kind.STATE]),
            "routes": int(self._kinds[Kind.ROUTE]),
            "peers": len(self._peers),
            "prefixes": self._prefixes.count,
            "origins": len(self._origins),
        }
