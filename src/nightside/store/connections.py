"""Connections to the catalogue, lent to one user at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Generic, Protocol, TypeVar

from nightside.model.errors import NightsideError

WAIT_S = 30
"""How long one user waits for another of the same program, where there may be no more connections."""


class Closed(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Let go of it."""


C = TypeVar("C", bound=Closed)


class Connections(Generic[C]):
    """As many connections as there are users at once, or `most`; what is given back is lent again."""

    def __init__(
        self, connect: Callable[[], C], *, usable: Callable[[C], bool], most: int | None = None
    ) -> None:
        """`usable` says of one that is given back, or about to be lent again, whether it can be."""
        self._connect = connect
        self._usable = usable
        self._free = most
        self._changed = Condition()
        self._closed = False
        # One is opened at once, so that what cannot be used is found out here.
        self._idle = [connect()]

    @contextmanager
    def lent(self) -> Iterator[C]:
        """A connection for the block. Raises ValueError after `close`."""
        connection = self._taken() or self._new()
        try:
            yield connection
        finally:
            self._given_back(connection)

    def _taken(self) -> C | None:
        """The right to one of them, and one that is idle, where there is any."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._closed or self._free is None or self._free, WAIT_S):
                raise NightsideError(
                    f"all connections of this program to its store have been busy for {WAIT_S} s",
                    advice="Try again; where that goes on, the store's server is too slow for what is asked of it.",
                )
            if self._closed:
                raise ValueError("the store is closed")
            if self._free is not None:
                self._free -= 1
            while self._idle:
                connection = self._idle.pop()
                if self._usable(connection):
                    return connection
                connection.close()
        return None

    def _new(self) -> C:
        try:
            return self._connect()
        except BaseException:
            self._freed()
            raise

    def _given_back(self, connection: C) -> None:
        with self._changed:
            keep = not self._closed and self._usable(connection)
            if keep:
                self._idle.append(connection)
        self._freed()
        if not keep:
            connection.close()

    def _freed(self) -> None:
        if self._free is not None:
            with self._changed:
                self._free += 1
                self._changed.notify()

    def close(self) -> None:
        """Close those that are not lent now at once, the others when they are given back."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for connection in idle:
            connection.close()
