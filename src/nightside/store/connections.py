"""Connections to the catalogue, lent to one user at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from nightside.store.sqlite_catalogue import AsItStands


class Connections:
    """As many connections as there are users at once; what is given back is lent again."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._lock = Lock()
        self._closed = False
        # One is opened at once, so that an unusable file is found out here.
        self._idle = [connect()]

    @contextmanager
    def lent(self) -> Iterator[sqlite3.Connection]:
        """A connection for the block. Raises ValueError after `close`."""
        with self._lock:
            if self._closed:
                raise ValueError("the store is closed")
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
        try:
            yield connection
        finally:
            with self._lock:
                if not self._closed and not isinstance(connection, AsItStands):
                    self._idle.append(connection)
                    connection = None
            if connection is not None:
                connection.close()

    def close(self) -> None:
        """Close those that are not lent now at once, the others when they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
