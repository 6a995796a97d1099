"""Where people write: reports and acknowledgements come here, as often as their tokens may, and one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from nightside.model.errors import InputError, UsageError
from nightside.model.token import Token
from nightside.web.errors import ApiError
from nightside.web.limits import Buckets, Limits
from nightside.web.writing_queue import WritingQueue, spend

PER_TOKEN = Limits(requests_per_s=0.2, burst=20)
"""What comes here is written by people, or for them."""

Json = dict[str, Any]
Attach = Callable[[str, str, bytes, bytes], Json]
"""Attaches a document of reports to the incident of this id, by the token of this name and digest; the answer.

Raises InputError for what is no report, UsageError for what cannot be attached, or NightsideError, and has stored
nothing.
"""


class RefusedError(ApiError):
    """What came cannot be stored as it is."""

    status = 422


class Acknowledging(Protocol):
    """Keeps who has seen incidents. Raises as `Attach`, and has then stored nothing."""

    def acknowledge(self, incident_id: str, name: str, digest: bytes, body: bytes, /) -> Json:
        """Keep what a body says, by the token of this name and digest; the answer."""

    def withdraw(self, incident_id: str, id: str, name: str, digest: bytes, /) -> Json | None:
        """Take back what the token of this name gave; the answer, None where it gave none of this id."""


S = TypeVar("S")


class WritingDesk(WritingQueue, Generic[S]):
    """Where people write: as often as their tokens may. `what` is written (`reports`), `stores` is what stores it."""

    def __init__(self, what: str, stores: S) -> None:
        super().__init__(what, f"hand in {what}")
        self.stores = stores
        self._buckets = Buckets(PER_TOKEN)

    def admit(self, token: Token) -> None:
        """Raises TooManyError where the token has come too often."""
        spend(
            self._buckets,
            token,
            f"this token hands in {self._what} too often",
            advice="Wait as long as Retry-After says.",
        )

    async def write(self, token: Token, store: Callable[[], Json]) -> Json:
        """What `store` answers, in the thread that writes. Raises BusyError, RefusedError, CannotStoreError.

        `store` raises InputError or UsageError for what is refused, else NightsideError, and has then stored nothing.
        """

        def stored() -> Json:
            try:
                return store()
            except (InputError, UsageError) as error:
                raise RefusedError(error.what, where=error.where, advice=error.advice) from None

        return await self.queued(token, stored)
