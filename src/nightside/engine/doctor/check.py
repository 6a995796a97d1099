"""What one look gives, and how looks are kept from taking for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from nightside.model.errors import NightsideError

SCHEMA = "nightside.doctor/1"
WITHIN_S = 15.0
"""No look takes longer."""

State = Literal["ok", "warning", "failed"]
Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Check:
    """One line."""

    name: str
    subject: str | None
    """What was looked at: a folder, an address, a collector."""
    state: State
    said: str
    advice: str | None = None
    """What to do; None where all is well."""

    def to_json(self) -> dict[str, Any]:
        """In the shape `nightside.doctor/1`."""
        return {
            "schema": SCHEMA,
            "check": self.name,
            "subject": self.subject,
            "state": self.state,
            "said": self.said,
            "advice": self.advice,
        }


@dataclass(frozen=True, slots=True)
class Look:
    """A check that is still to be made."""

    name: str
    subject: str | None
    take: Callable[[], Awaitable[Check]]


async def bounded(look: Look, within_s: float = WITHIN_S) -> Check:
    """Take a look; one that takes too long has failed."""
    try:
        async with asyncio.timeout(within_s):
            return await look.take()
    except TimeoutError:
        said, advice = f"no answer within {within_s:g} s", "Is the disk or the network stuck? Try again."
    except (NightsideError, OSError) as error:
        said = error.what if isinstance(error, NightsideError) else str(error)
        advice = (isinstance(error, NightsideError) and error.advice) or "Try again."
    return Check(look.name, look.subject, "failed", said, advice)


async def beside(work: Callable[[], Given]) -> Given:
    """What `work` gives, done in a thread that nobody waits for when it hangs."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Given] = loop.create_future()

    def give(set_it: Callable[[Any], None], value: Any) -> None:
        if not done.cancelled():
            set_it(value)

    def run() -> None:
        try:
            found = work()
        except Exception as error:
            answer: tuple[Callable[[Any], None], Any] = (done.set_exception, error)
        else:
            answer = (done.set_result, found)
        # A loop that has ended wants to know no more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(give, *answer)

    threading.Thread(target=run, daemon=True).start()
    return await done
