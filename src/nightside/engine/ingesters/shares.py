"""Who of several programs reads which collectors: evenly, and with as little moving as that allows.

Of C collectors and n programs that live each has C // n, and C % n of them have one more. Every program works its part
out by itself, from who lives and who reads what by now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence


def to_give(
    holder: str, holders: Collection[str], held: Mapping[str, str], collectors: Sequence[str]
) -> list[str]:
    """Those of its collectors that a program gives back, since others that live have too few.

    `held` says by collector who reads it; nobody reads one that is not in it.
    """
    mine = [name for name in collectors if held.get(name) == holder]
    return mine[_part_of(holder, holders, held, collectors) :]


def to_take(
    holder: str, holders: Collection[str], held: Mapping[str, str], collectors: Sequence[str]
) -> list[str]:
    """Those of the collectors that nobody reads that a program may take."""
    free = [name for name in collectors if name not in held]
    has = sum(held.get(name) == holder for name in collectors)
    return free[: max(_part_of(holder, holders, held, collectors) - has, 0)]


def _part_of(
    holder: str, holders: Collection[str], held: Mapping[str, str], collectors: Sequence[str]
) -> int:
    """How many a program may have. Who has one more than others already keeps it before others get one more."""
    least, further = divmod(len(collectors), max(len(holders), 1))
    has = Counter(held[name] for name in collectors if name in held)
    first = sorted(holders, key=lambda one: (-has[one], one))
    return least + (holder in first[:further])
