"""A bounded memory of what has come lately, so that what comes twice is noticed."""

from __future__ import annotations

MOST = 200_000
"""Remembered in one half: more than ten seconds of the whole world at its busiest."""
HALF_S = 60.0
"""How long one half is filled, where less comes."""


class Recent:
    """Names of messages, in two halves: when the younger is full or old enough, the older is forgotten.

    What is kept is a 64-bit hash of each name. Two that fall together would cost the later message; at the bound
    that is once in 10¹³ messages.
    """

    def __init__(self, most: int = MOST, half_s: float = HALF_S) -> None:
        self._most, self._half_s = most, half_s
        self._younger: set[int] = set()
        self._older: set[int] = set()
        self._begun_s = 0.0

    def turn(self, now_s: float) -> None:
        """Forget what is old by a clock that only goes forward; to be called now and then."""
        if len(self._younger) >= self._most or now_s - self._begun_s >= self._half_s:
            self._older, self._younger = self._younger, set()
            self._begun_s = now_s

    def is_new(self, name: str) -> bool:
        """Whether this name has not come lately; from now on it has."""
        mark = hash(name)
        if mark in self._younger or mark in self._older:
            return False
        self._younger.add(mark)
        return True
