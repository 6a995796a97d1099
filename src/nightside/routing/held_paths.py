"""AS paths by number, and by which one each session last reached each of a few prefixes: columns in, no objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.model.elements import FLAG_NO_UPSTREAM, FLAG_ORIGIN_SET
from nightside.routing.collector_log import UInt32
from nightside.routing.ways import NO_ASN

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

NO_PATH = -1
"""The number of a path that is not known."""
ROOM_IN_BATCH = 18
"""Bits that number an element within its batch; a batch has at most 2 ** 17."""


class PathBook:
    """Numbers for AS paths, each kept once."""

    def __init__(self) -> None:
        self._number: dict[bytes, int] = {}
        self._said: list[bytes] = []

    def numbers(self, columns: Any, rows: Int64) -> Int32:
        """The numbers of the paths of these elements (announcements and table entries) of one batch."""
        if not len(rows):
            return np.empty(0, np.int32)
        # Elements of one attribute block share their stretch, so most are looked up once for many.
        start, count = columns.path_start[rows].astype(np.int64), columns.path_count[rows]
        alike = (start << 32) | (columns.origin[rows].astype(np.int64) & 0xFFFFFFFF)
        _each, first, where = np.unique(alike, return_index=True, return_inverse=True)
        some = rows[first]
        flags = columns.flags[some]
        upstream = np.where(flags & FLAG_NO_UPSTREAM, NO_ASN, columns.upstream[some])
        heads = np.stack([columns.origin[some], upstream, flags & FLAG_ORIGIN_SET], axis=1).astype(np.uint32)
        begins, ends = start[first].tolist(), (start[first] + count[first]).tolist()
        found = np.array(
            [
                self._of(head.tobytes() + columns.paths[begin:end].tobytes())
                for head, begin, end in zip(heads, begins, ends, strict=True)
            ],
            np.int32,
        )
        return found[where.reshape(-1)]

    def _of(self, said: bytes) -> int:
        number = self._number.get(said)
        if number is None:
            number = self._number[said] = len(self._said)
            self._said.append(said)
        return number

    def ends(self) -> tuple[UInt32, UInt32]:
        """By path number the origin, and the AS beside it (NO_ASN: none)."""
        heads = np.frombuffer(b"".join(said[:8] for said in self._said), np.uint32).reshape(-1, 2)
        return heads[:, 0], heads[:, 1]

    def ases(self, number: int) -> UInt32:
        """The ASes of the path, from the peer's to the origin's; AS_SETs lie flat in it."""
        return np.frombuffer(self._said[number], np.uint32)[3:]

    def text(self, number: int) -> str:
        """The path in words: its ASes from the peer's to the origin's; an AS_SET that it ends in, in braces."""
        _origin, _upstream, is_set, *path = np.frombuffer(self._said[number], np.uint32).tolist()
        if not is_set:
            return " ".join(map(str, path))
        # A set's members differ, so the last place of the origin, which is its first, is where it begins.
        at = len(path) - 1 - path[::-1].index(_origin)
        return " ".join([*map(str, path[:at]), "{" + ",".join(map(str, path[at:])) + "}"])


class HeldPaths:
    """The last path of each slot, a slot being one (session, prefix), as batch after batch comes."""

    def __init__(self, slots: int) -> None:
        self._path = np.full(slots, NO_PATH, np.int32)
        self._second = np.zeros(slots, np.uint32)
        self._keys = np.empty(0, np.int64)
        self._paths = np.empty(0, np.int32)
        self._seconds = np.empty(0, np.uint32)

    def take(self, slot: Int64, element: Int64, path: Int32, second: UInt32) -> None:
        """A batch's announcements in its order; `element` is the number within the batch."""
        self.settle()
        keys = (slot << ROOM_IN_BATCH) | element
        order = np.argsort(keys, kind="stable")
        self._keys, self._paths, self._seconds = keys[order], path[order], second[order]

    def before(self, slot: Int64, element: Int64) -> tuple[Int32, UInt32]:
        """By which path each slot was reached just before this element of the batch, and since when it was told."""
        at = np.searchsorted(self._keys, (slot << ROOM_IN_BATCH) | element) - 1
        if not len(self._keys):
            return self._path[slot], self._second[slot]
        here = (at >= 0) & (self._keys[at] >> ROOM_IN_BATCH == slot)
        return (
            np.where(here, self._paths[at], self._path[slot]),
            np.where(here, self._seconds[at], self._second[slot]),
        )

    def set(self, slot: Int64, path: Int32, second: UInt32) -> None:
        """These slots are reached so from now on; between batches."""
        self.settle()
        self._path[slot], self._second[slot] = path, second

    def settle(self) -> None:
        """The batch at hand is over."""
        if len(self._keys):
            slots = self._keys >> ROOM_IN_BATCH
            last = np.append(slots[1:] != slots[:-1], True)
            self._path[slots[last]], self._second[slots[last]] = self._paths[last], self._seconds[last]
            self._keys, self._paths, self._seconds = self._keys[:0], self._paths[:0], self._seconds[:0]
