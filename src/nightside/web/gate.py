"""Who writes shows a token here. Wrong ones cost readers and rightful bearers nothing.

Each request is held against the store as it stands when the request is there, so that a revoked token is refused and a
new one taken at once. All that wait are looked up together, by one thread of its own: a flood of requests costs one
reading of the store after the other, and no thread of those who read.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fastapi import Request

from nightside.model.token import Scope, Token
from nightside.store.protocol import Store
from nightside.store.token_form import known_as
from nightside.web.errors import ApiError, BusyError, TooManyError
from nightside.web.limits import Buckets, Limits, client_of

WRONG = Limits(requests_per_s=0.2, burst=20)
"""Wrong tokens of one address; there is nothing to guess, but somebody who tries should be told to stop."""
WAITING = 200
"""So many requests may wait until it is known whose they are."""
_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9._~+/=-]{1,200})")
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


class UnauthorizedError(ApiError):
    """There is no such token, or no more."""

    status = 401
    headers = _CHALLENGE


@dataclass(frozen=True, slots=True)
class _Asked:
    """Somebody who waits to be known."""

    text: str
    scope: Scope
    answer: asyncio.Future[Token | None]


class Gate:
    """Knows tokens, and bounds how many wrong ones an address may show."""

    def __init__(self, store: Store, *, now: Callable[[], float] = time.time) -> None:
        self._store, self._now = store, now
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nightside-gate")
        self._asked: list[_Asked] = []
        self._reading: asyncio.Task[None] | None = None
        self._wrong = Buckets(WRONG)

    async def bearer(self, request: Request, scope: Scope) -> Token:
        """The token of who asks. Raises UnauthorizedError, TooManyError after too many wrong ones, BusyError.

        A right one is taken whatever else comes from its address.
        """
        given = _BEARER.fullmatch(request.headers.get("authorization", ""))
        token = await self._known(given[1], scope) if given else None
        if token is not None:
            return token
        client, now = client_of(request.scope), time.monotonic()
        if not self._wrong.take(client, now):
            raise TooManyError(
                "too many wrong tokens from this address",
                where="Authorization",
                advice="Mend the token, and wait as long as Retry-After says.",
                wait_s=self._wrong.wait_s(client, now),
            )
        raise UnauthorizedError(
            f"no token for {scope} that is taken here",
            where="Authorization",
            advice=f"`nightside tokens --allow NAME --scope {scope}` on the server makes one; "
            "send it as: Bearer TOKEN.",
        )

    async def _known(self, text: str, scope: Scope) -> Token | None:
        if len(self._asked) >= WAITING:
            raise BusyError("too many requests are waiting", advice="Try again in a second.")
        asked = _Asked(text, scope, asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        return await asked.answer

    async def _read(self) -> None:
        """Answer all who wait, those who came while the store was read with the next reading."""
        loop = asyncio.get_running_loop()
        try:
            while self._asked:
                asked, self._asked = self._asked, []
                try:
                    found = await loop.run_in_executor(self._thread, self._look_up, asked)
                except Exception as error:
                    for each in asked:
                        if not each.answer.done():
                            each.answer.set_exception(error)
                    continue
                for each, token in zip(asked, found, strict=True):
                    # Who has gone meanwhile waits for nothing.
                    if not each.answer.done():
                        each.answer.set_result(token)
        finally:
            self._reading = None

    def _look_up(self, asked: Sequence[_Asked]) -> list[Token | None]:
        kept, now = self._store.tokens(), self._now()
        return [known_as(each.text, (t for t in kept if t.scope == each.scope), now) for each in asked]

    def close(self) -> None:
        """Wait for the one reading."""
        self._thread.shutdown(wait=True, cancel_futures=True)
