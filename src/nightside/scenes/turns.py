"""Turns: networks that change for all ASes, and the moves of each AS that come of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightside.scenes.chance import stream
from nightside.scenes.ground import GONE, LONGER, OTHER, USUAL, Ground
from nightside.scenes.ordering import stable_order

BACK = 255
"""To what each AS usually has."""
MOST_DELAY_S = 118
"""An AS has heard of a turn after so long, at the latest."""
_MEDIAN_DELAY_S, _DELAY_SIGMA = 20.0, 0.8
_JITTER_S = 9
_RETURNS_BY_OTHER = 0.2


@dataclass(frozen=True, eq=False, slots=True)
class Turn:
    """`prefixes` turn to `value`, `offsets` seconds after `at` each; the ASes hear of it over `within_s`."""

    at: int
    prefixes: NDArray[np.int64]
    value: int
    """One of the ways of `ground`, or BACK."""
    offsets: NDArray[np.int64] | None = None
    within_s: int = MOST_DELAY_S
    share: float = 1.0
    """Share of the ASes that take part; the same ones in all turns with this `key`."""
    hunting: float = 0.0
    """Share of the ASes that try longer paths before they withdraw."""
    key: int = 0


@dataclass(frozen=True, eq=False)
class Moves:
    """What the full-feed ASes' own routes do, in order of time; the columns are of one length."""

    second: NDArray[np.int64]
    who: NDArray[np.uint8]
    prefix: NDArray[np.int32]
    value: NDArray[np.uint8]

    def between(self, begin: int, end: int) -> Moves:
        """The moves of [begin, end)."""
        low, high = np.searchsorted(self.second, [begin, end])
        return self._take(slice(int(low), int(high)))

    def _take(self, which: slice) -> Moves:
        return Moves(self.second[which], self.who[which], self.prefix[which], self.value[which])

    @classmethod
    def joined(cls, parts: Sequence[Moves]) -> Moves:
        """All parts in order of time; what is of one second stays in the order given."""
        second = np.concatenate([np.empty(0, np.int64), *(p.second for p in parts)])
        order = stable_order(second)
        return cls(
            second[order],
            np.concatenate([np.empty(0, np.uint8), *(p.who for p in parts)])[order],
            np.concatenate([np.empty(0, np.int32), *(p.prefix for p in parts)])[order],
            np.concatenate([np.empty(0, np.uint8), *(p.value for p in parts)])[order],
        )


def moves_of(turn: Turn, ground: Ground, seed: int, number: int) -> Moves:
    """What each AS does in a turn: how fast each hears of it is drawn with the turn's `number`."""
    rng = stream(seed, "turn", number)
    n_as, n = len(ground.audience.asns), len(turn.prefixes)
    delays = rng.lognormal(np.log(_MEDIAN_DELAY_S), _DELAY_SIGMA, n_as)
    room = max(turn.within_s - _JITTER_S, 0)
    scaled = np.minimum(np.round(delays * min(1.0, turn.within_s / MOST_DELAY_S)), room)
    heard: NDArray[np.int64] = scaled.astype(np.int64)
    due = turn.at + (np.zeros(n, np.int64) if turn.offsets is None else turn.offsets)
    jitter = rng.integers(0, min(_JITTER_S, turn.within_s) + 1, (n_as, n), dtype=np.int16)
    second: NDArray[np.int64] = due + heard[:, None] + jitter
    usual = ground.usual[:, turn.prefixes]
    if turn.value == BACK:
        value = usual
    else:
        # Whoever never had the network hears nothing of it, but everybody hears of what is new.
        new = turn.prefixes >= len(ground.routes)
        value = np.where((usual == GONE) & ~new, np.uint8(GONE), np.uint8(turn.value))
    says = (usual > GONE) | (value > GONE) | (turn.prefixes >= len(ground.routes))
    if turn.share < 1:
        ranks = np.argsort(stream(seed, "share", turn.key).random(n_as))
        says &= (ranks < round(turn.share * n_as))[:, None]
    main = _moves(second, value, turn.prefixes, says)
    if turn.value == GONE and turn.hunting > 0:
        return Moves.joined([*_hunt(turn, second, heard, usual, says, rng), main])
    if turn.value == BACK and n_as > 1 and turn.within_s == MOST_DELAY_S:
        by_other = says & (usual == USUAL) & (rng.random(n_as) < _RETURNS_BY_OTHER)[:, None]
        early: NDArray[np.int64] = np.maximum(second - rng.integers(1, 20, (n_as, 1)), due)
        first = _moves(early, np.full_like(usual, OTHER), turn.prefixes, by_other & (early < second))
        return Moves.joined([first, main])
    return main


def _hunt(
    turn: Turn,
    second: NDArray[np.int64],
    heard: NDArray[np.int64],
    usual: NDArray[np.uint8],
    says: NDArray[np.bool_],
    rng: np.random.Generator,
) -> list[Moves]:
    """Longer paths that some ASes try between the turn and their withdrawal."""
    hunts = rng.random(len(heard)) < turn.hunting
    found = []
    for value, ratio in ((OTHER, 0.4), (LONGER, 0.75)):
        ahead = np.round(heard * (1 - ratio)).astype(np.int64)
        tries = hunts & (ahead > 0) & (rng.random(len(heard)) < 0.7)
        says_so = says & tries[:, None] & (usual > GONE)
        found.append(_moves(second - ahead[:, None], np.full_like(usual, value), turn.prefixes, says_so))
    return found


def _moves(
    second: NDArray[np.int64],
    value: NDArray[np.uint8],
    prefixes: NDArray[np.int64],
    says: NDArray[np.bool_],
) -> Moves:
    who, which = np.nonzero(says)
    return Moves(
        second[who, which], who.astype(np.uint8), prefixes[which].astype(np.int32), value[who, which]
    )
