"""A session's whole table, packed: of many sessions these are the largest part of what a replay has in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from nightside.routing.steps import chosen, from_steps, to_steps

UInt8 = npt.NDArray[np.uint8]
UInt32 = npt.NDArray[np.uint32]
BLOCK = 1 << 14
"""Ways that are packed together: who asks for a few unpacks what is near them."""
SMALL = 1 << 15
"""What is not longer is kept as it is."""


class Whole:
    """Ways by prefix number, read as an array is: `len`, indices, `np.asarray`. It does not change."""

    lists: WayLists | None = None
    """What it shares with the tables of other sessions."""
    in_blocks = True
    """`block` costs no more than its part of the whole."""

    def __init__(self, ways: UInt32) -> None:
        self._count = len(ways)
        self._plain: UInt32 | None = ways if len(ways) <= SMALL else None
        self._packed: list[bytes] = []
        if self._plain is None:
            for begin in range(0, len(ways), BLOCK):
                self._packed.append(_packed(ways[begin : begin + BLOCK]))

    def __len__(self) -> int:
        return self._count

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> UInt32:
        if self._plain is not None:
            return np.array(self._plain, dtype=dtype, copy=bool(copy))
        ways = np.empty(self._count, np.uint32)
        for number, begin in enumerate(range(0, self._count, BLOCK)):
            self._unpack(number, ways[begin : begin + BLOCK])
        return ways if dtype is None else ways.astype(dtype, copy=False)

    def __getitem__(self, which: Any) -> Any:
        if self._plain is not None:
            return self._plain[which]
        if not isinstance(which, np.ndarray) or which.dtype == bool:
            return np.asarray(self)[which]
        blocks = which // BLOCK
        if len(which) and not 0 <= int(blocks.min()) <= int(blocks.max()) < len(self._packed):
            raise IndexError(f"a prefix that is not among {self._count}")
        found = np.empty(len(which), np.uint32)
        for number in np.unique(blocks).tolist():
            mine = blocks == number
            found[mine] = self.block(number)[which[mine] - number * BLOCK]
        return found

    def tolist(self) -> list[int]:
        """As Python's integers."""
        whole: list[int] = np.asarray(self).tolist()
        return whole

    def block(self, number: int) -> UInt32:
        """The ways from number * BLOCK on, at most BLOCK."""
        begin = number * BLOCK
        if self._plain is not None:
            return self._plain[begin : begin + BLOCK]
        ways = np.empty(max(min(BLOCK, self._count - begin), 0), np.uint32)
        if len(ways):
            self._unpack(number, ways)
        return ways

    def _unpack(self, number: int, ways: UInt32) -> None:
        from_steps(isal_zlib.decompress(self._packed[number]), ways)


class WayLists:
    """The ways of each prefix that the sessions of one table have, in lists, packed. It does not change."""

    def __init__(self, blocks: Iterable[tuple[UInt8, UInt32]]) -> None:
        """`blocks`: for BLOCK prefixes each how many ways the prefixes have, and these, prefix by prefix."""
        self._packed = [(isal_zlib.compress(counts, 1), len(ways), _packed(ways)) for counts, ways in blocks]
        self._unpacked: dict[int, tuple[UInt8, UInt32]] = {}
        self._keeps = False

    def __getstate__(self) -> Any:
        return self._packed

    def __setstate__(self, state: Any) -> None:
        self._packed, self._unpacked, self._keeps = state, {}, False

    def block(self, number: int) -> tuple[UInt8, UInt32]:
        """As it was given. The last one asked for is kept unpacked."""
        found = self._unpacked.get(number)
        if found is None:
            counts, many, ways = self._packed[number]
            found = np.frombuffer(isal_zlib.decompress(counts), np.uint8), np.empty(many, np.uint32)
            from_steps(isal_zlib.decompress(ways), found[1])
            if not self._keeps:
                self._unpacked.clear()
            self._unpacked[number] = found
        return found

    @contextmanager
    def unpacked(self) -> Iterator[None]:
        """Whatever is asked for stays unpacked until the end."""
        self._keeps = True
        try:
            yield
        finally:
            self._keeps = False
            self._unpacked.clear()


class ListedWhole(Whole):
    """The same as small numbers into lists that all sessions of a table share (`routing.rows`): of most sessions they
    are alike all over."""

    def __init__(self, small: UInt8, lists: WayLists, apart: dict[int, int]) -> None:
        """`apart`: the ways of prefixes of which the small number is 0 because they have none."""
        self._count = len(small)
        self._plain = None
        self._packed = [
            isal_zlib.compress(small[begin : begin + BLOCK], 1) for begin in range(0, len(small), BLOCK)
        ]
        self.lists: WayLists = lists
        self._apart = apart

    def _unpack(self, number: int, ways: UInt32) -> None:
        small = np.frombuffer(isal_zlib.decompress(self._packed[number]), np.uint8)
        chosen(small, *self.lists.block(number), ways)
        for prefix, way in self._apart.items():
            if prefix // BLOCK == number:
                ways[prefix % BLOCK] = way


@contextmanager
def unpacked(tables: Iterable[object]) -> Iterator[None]:
    """What tables share stays unpacked until the end, as far as it is asked for: for who reads many of them."""
    with ExitStack() as stack:
        shared = {id(t.lists): t.lists for t in tables if isinstance(t, Whole) and t.lists is not None}
        for lists in shared.values():
            stack.enter_context(lists.unpacked())
        yield


def _packed(ways: UInt32) -> bytes:
    packed: bytes = isal_zlib.compress(to_steps(ways), 1)
    return packed
