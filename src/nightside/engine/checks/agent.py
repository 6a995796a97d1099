"""An agent: what its place finds waits on its disk, and is handed in by HTTPS, oldest first, until it is taken."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nightside import __version__
from nightside.engine.checks.agent_answer import Verdict, address_of, verdict
from nightside.engine.checks.runner import Rounds
from nightside.engine.checks.runner import run as run_rounds
from nightside.engine.checks.spool import Batch, Spool
from nightside.model.check import CheckResult
from nightside.model.errors import NightsideError, UsageError
from nightside.sources.stream import pauses
from nightside.store.token_form import name_in

if TYPE_CHECKING:
    import httpx2

TOKEN_VARIABLE = "NIGHTSIDE_AGENT_TOKEN"
TIMEOUT_S = 60.0
"""Of one batch, its answer included."""
MOST_LINES = 2_000
MOST_BYTES = 2 << 20
"""Of one batch, unpacked: a quarter of what a server takes, and less."""
ANSWER_BYTES = 65_536
CLOCK_S = 60.0
"""A clock that is so much off is told; results five minutes ahead are refused."""
LAST_WORDS_S = 5.0
ONCE_S = 30.0
"""What waits after the one round of a call may take so long."""
FLUSH_S = 1.0
"""What was found is on the disk within this time: an agent may lose its power at any moment."""
USUAL_ATTEMPTS = 10
SPOOL = "spool"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class AskedAgent:
    """Checked: an address that results may go to, and a token that is one in form."""

    address: str
    token: str = field(repr=False)
    place: str
    """Whose token it is."""


def asked_agent(url: str) -> AskedAgent:
    """Of this server and the token in the environment: on a command line everybody could read it.

    Raises UsageError, without the token, where either is none.
    """
    address = address_of(url)
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    place = name_in(token)
    if place is None:
        raise UsageError(
            f"{TOKEN_VARIABLE} holds no token",
            advice="`nightside tokens --allow NAME --scope checks`, where the server's store is, prints one.",
        )
    return AskedAgent(address, token, place)


class Agent:
    """Keeps results of one place, and hands them in to one server. Redirects and proxies are not followed."""

    def __init__(
        self,
        asked: AskedAgent,
        store_folder: Path,
        *,
        warn: Say,
        wait: Callable[[], Iterator[float]] = pauses,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Raises NightsideError where nothing can be kept, UsageError where another agent of this place is at work."""
        self.place, self._address, self._token = asked.place, asked.address, asked.token
        self._warn, self._wait, self._now = warn, wait, now
        self.spool = Spool(store_folder / SPOOL / self.place, warn=warn)
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failing = ""
        """What goes wrong, and was told."""
        self._clock_told = False
        self._most_lines = MOST_LINES

    def keep(self, results: Sequence[CheckResult]) -> None:
        """Keep them for good until they are taken; from any thread. Raises NightsideError: give them again then."""
        self.spool.keep(results)
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._news.set)

    async def run_with(self, rounds: Rounds) -> None:
        """Run rounds of checks that keep what comes by `keep`, and hand it in meanwhile."""
        last_words_s = LAST_WORDS_S if rounds.every_s else ONCE_S
        async with self.at_work(last_words_s):
            await run_rounds(replace(rounds, flush_s=FLUSH_S))

    @asynccontextmanager
    async def at_work(self, last_words_s: float = LAST_WORDS_S) -> AsyncIterator[Agent]:
        """Hand in what is kept during the block; what came last is given a few seconds at its end."""
        self._loop = asyncio.get_running_loop()
        task = asyncio.create_task(self.run())
        task.add_done_callback(self._tell_of_end)
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait([task])
            await self.finish(last_words_s)
            self.spool.close()

    def _tell_of_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._warn(f"results are kept, and handed in no more: {type(error).__name__}: {error}")

    async def finish(self, within_s: float) -> None:
        """Hand in what waits, for so long at most; what is left waits for the next start, and is told."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.run(until_empty=True)
        try:
            left = await asyncio.to_thread(self.spool.waiting)
        except NightsideError as error:
            self._warn(str(error))
        else:
            if left:
                self._warn(f"{left:,} results wait in {self.spool.folder} for the next start")

    async def run(self, *, until_empty: bool = False) -> None:
        """Hand in for ever, or until nothing waits."""
        import httpx2

        # The certificates of this machine, and of SSL_CERT_FILE; nothing else of the environment.
        trusted = ssl.create_default_context()
        async with httpx2.AsyncClient(
            verify=trusted, timeout=TIMEOUT_S, follow_redirects=False, trust_env=False
        ) as client:
            waits, attempts = self._wait(), 0
            while True:
                self._news.clear()
                try:
                    batch = await asyncio.to_thread(self.spool.batch, self._most_lines, MOST_BYTES)
                    if batch is None:
                        if until_empty:
                            return
                        await self._news.wait()
                        continue
                    found = await self._post(client, batch)
                    if found.then == "smaller":
                        found = self._smaller(batch, found)
                    if found.then in ("taken", "refused"):
                        await asyncio.to_thread(self.spool.done, batch)
                        self._tell_of(batch, found)
                except NightsideError as error:
                    found = Verdict("again", str(error))
                if found.then == "again":
                    attempts += 1
                    if not found.is_usual or attempts > USUAL_ATTEMPTS:
                        self._tell_once(found.why)
                    await asyncio.sleep(max(next(waits), found.wait_s))
                else:
                    waits, attempts = self._wait(), 0

    def _smaller(self, batch: Batch, found: Verdict) -> Verdict:
        """Half as many from now on; one line alone that is too much is refused for good."""
        self._most_lines = max(batch.count // 2, 1)
        return found if batch.count > 1 else Verdict("refused", found.why)

    def _tell_of(self, batch: Batch, found: Verdict) -> None:
        if self._failing:
            self._warn(f"{self._address}: results are taken again")
        self._failing = ""
        if found.then == "refused":
            self._warn(f"{self._address}: {batch.count:,} results refused for good: {found.why}")
            return
        self._most_lines = min(2 * self._most_lines, MOST_LINES)
        if found.why:
            self._warn(f"{self._address}: {found.why}")
        self._look_at_clock(found.at_s)

    def _tell_once(self, why: str) -> None:
        """What goes wrong is told when it begins, and when it becomes something else."""
        if self._failing != why:
            self._warn(f"{self._address}: {why}")
        self._failing = why

    def _look_at_clock(self, at_s: float | None) -> None:
        if at_s is None:
            return
        ahead_s = self._now() - at_s
        if abs(ahead_s) <= CLOCK_S:
            self._clock_told = False
        elif not self._clock_told:
            self._clock_told = True
            direction = "ahead of" if ahead_s > 0 else "behind"
            self._warn(
                f"the clock here is {abs(ahead_s):,.0f} s {direction} the server's: times of results are as wrong, "
                "and what is five minutes ahead is refused"
            )

    async def _post(self, client: httpx2.AsyncClient, batch: Batch) -> Verdict:
        import httpx2
        from isal import igzip

        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/x-ndjson",
            "Content-Encoding": "gzip",
            "Accept-Encoding": "identity",
            "User-Agent": f"nightside/{__version__}",
        }
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                client.stream(
                    "POST", self._address, content=igzip.compress(batch.body), headers=headers
                ) as answer,
            ):
                content = b""
                async for piece in answer.aiter_bytes():
                    content += piece
                    if len(content) > ANSWER_BYTES:
                        return Verdict(
                            "again", f"answers {answer.status_code} with more than anybody asked for"
                        )
                return verdict(answer.status_code, answer.headers, content, batch.count)
        except TimeoutError:
            return Verdict("again", f"cannot be reached: no answer within {TIMEOUT_S:.0f} s")
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            return Verdict(
                "again", f"cannot be reached: {error or type(error).__name__}; results are kept here"
            )
