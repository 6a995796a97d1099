"""Finished answers that cost much to make, kept within a bound of bytes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

from nightside.web.answers import Body

MOST_BYTES = 48 << 20


class Kept:
    """The answers used last, by key. A key names all that the answer depends on, so nothing in it goes stale."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._bodies: OrderedDict[Hashable, Body] = OrderedDict()
        self._under_way: dict[Hashable, asyncio.Future[Body]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[Body]]) -> Body:
        """The answer, made once though many ask for it at the same time."""
        body = self._bodies.get(key)
        if body is not None:
            self._bodies.move_to_end(key)
            return body
        making = self._under_way.get(key)
        if making is None:
            making = asyncio.ensure_future(make())
            self._under_way[key] = making
            making.add_done_callback(lambda done: self._put(key, done))
        # One client that goes away does not spoil it for the others.
        return await asyncio.shield(making)

    def _put(self, key: Hashable, done: asyncio.Future[Body]) -> None:
        self._under_way.pop(key, None)
        if done.cancelled() or done.exception() is not None:
            return
        body = done.result()
        if body.size > self._most_bytes:
            return
        self._bodies[key] = body
        self._bytes += body.size
        while self._bytes > self._most_bytes:
            _, dropped = self._bodies.popitem(last=False)
            self._bytes -= dropped.size
