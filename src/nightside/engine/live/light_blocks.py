"""The units of some countries as few blocks of addresses: what one asks a server's filters for."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import pairwise

UNIT_BITS = 24


@dataclass(slots=True)
class _Block:
    """One block, and its neighbours among those that are left."""

    first: int
    size: int
    before: _Block | None = None
    after: _Block | None = None
    is_left: bool = True

    @property
    def end(self) -> int:
        """The unit behind its last."""
        return self.first + self.size


def blocks(begins: Sequence[int], ends: Sequence[int], most: int) -> list[IPv4Network]:
    """At most so many blocks in which all units of these stretches lie, ascending.

    Stretches are [begin, end) in /24s, ascending. Neighbours are joined where that takes in the fewest units that
    are nobody's here, until the blocks are few enough: what is lost is nothing, what comes in vain is more.
    """
    left = [
        _Block(first, size)
        for begin, end in zip(begins, ends, strict=True)
        for first, size in _cut(begin, end)
    ]
    for one, other in pairwise(left):
        one.after, other.before = other, one
    queue: list[tuple[int, int, int]] = []
    by_first = {block.first: block for block in left}

    def offer(block: _Block | None) -> None:
        if block is not None and block.after is not None:
            joined = _above(block, block.after)[1]
            in_vain = joined - block.size - block.after.size
            heapq.heappush(queue, (in_vain, block.first, block.after.end))

    for block in left:
        offer(block)
    count = len(left)
    while count > most:
        _, first, end = heapq.heappop(queue)
        found = by_first.get(first)
        # What was offered may have been joined with others since.
        if found is None or not found.is_left or found.after is None or found.after.end != end:
            continue
        begin, size = _above(found, found.after)
        new = _Block(begin, size, found.before, found.after.after)
        found.is_left = found.after.is_left = False
        count -= 1
        while new.before is not None and new.before.first >= begin:
            new.before.is_left = False
            new.before = new.before.before
            count -= 1
        while new.after is not None and new.after.first < begin + size:
            new.after.is_left = False
            new.after = new.after.after
            count -= 1
        by_first[begin] = new
        if new.before is not None:
            new.before.after = new
        if new.after is not None:
            new.after.before = new
        offer(new.before)
        offer(new)
    kept = sorted((b.first, b.size) for b in by_first.values() if b.is_left)
    return [IPv4Network((first << 8, UNIT_BITS - (size.bit_length() - 1))) for first, size in kept]


def _cut(begin: int, end: int) -> list[tuple[int, int]]:
    """A stretch as the fewest blocks: (first unit, units)."""
    found = []
    while begin < end:
        aligned = begin & -begin or 1 << UNIT_BITS
        size = min(aligned, 1 << ((end - begin).bit_length() - 1))
        found.append((begin, size))
        begin += size
    return found


def _above(one: _Block, other: _Block) -> tuple[int, int]:
    """The smallest block that holds two: (first unit, units)."""
    bits = (one.first ^ (other.end - 1)).bit_length()
    return one.first >> bits << bits, 1 << bits
