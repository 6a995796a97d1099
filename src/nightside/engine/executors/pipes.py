"""Two processes talk through a pipe: a word, and what belongs to it; columns go as they lie in memory."""

from __future__ import annotations

import pickle
from multiprocessing.connection import Connection
from typing import Any


def send(connection: Connection, word: str, what: Any) -> None:
    """Raises BrokenPipeError where nobody hears, and what pickle raises, before anything is sent."""
    columns: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(what, protocol=5, buffer_callback=columns.append)
    raw = [column.raw() for column in columns]
    connection.send((word, [view.nbytes for view in raw]))
    connection.send_bytes(pickled)
    for view in raw:
        if view.nbytes:
            connection.send_bytes(view)


def receive(connection: Connection) -> tuple[str, Any]:
    """The next word; raises EOFError or OSError where nobody is there any more, and what pickle raises."""
    word, sizes = connection.recv()
    pickled = connection.recv_bytes()
    columns = [bytearray(size) for size in sizes]
    for column in columns:
        if column:
            connection.recv_bytes_into(column)
    return word, pickle.loads(pickled, buffers=columns)
