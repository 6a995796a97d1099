"""What was computed of the store, kept until something new is stored, and within a bound of entries."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class UntilNews(Generic[T]):
    """The answers used last, by key; for any number of threads."""

    def __init__(self, most_kept: int) -> None:
        self._most_kept = most_kept
        self._number = -1
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def once(self, number: int, key: Hashable, ask: Callable[[], T]) -> T:
        """What `ask` says, asked once for as long as nothing new is stored.

        `number` is that of the newest change that is known of; a later one makes all old.
        """
        with self._lock:
            if number > self._number:
                self._number = number
                self._kept.clear()
            if number == self._number and key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = ask()
        with self._lock:
            if number == self._number:
                self._kept[key] = found
                while len(self._kept) > self._most_kept:
                    self._kept.popitem(last=False)
        return found
