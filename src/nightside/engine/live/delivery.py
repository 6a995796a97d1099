"""Messages to a webhook: spooled on disk until the receiver has taken them, in order, signed, tried again.

Delivery is at least once; `Idempotency-Key` is the message's own key, the same however often it is sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightside.model.errors import UsageError
from nightside.sources.stream import pauses

if TYPE_CHECKING:
    import httpx2

TIMEOUT_S = 10.0
SPOOL = "outbox"
REFUSED = ".refused"
AGAIN = (408, 425, 429)
"""Answers of the 400s after which the same may yet be taken."""


class Spool:
    """Bodies that wait for delivery, one file each, by number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        numbers = [int(p.name.split("-")[0]) for p in folder.iterdir() if p.name[:1].isdigit()]
        self._last = max(numbers, default=0)

    def put(self, key: str, body: bytes) -> None:
        """Keep a body for good until it is taken; nothing where its key waits already."""
        mark = hashlib.sha256(key.encode()).hexdigest()[:16]
        if any(self.folder.glob(f"*-{mark}.json")):
            return
        self._last += 1
        path = self.folder / f"{self._last:012d}-{mark}.json"
        part = self.folder / f".{path.name}.part"
        with part.open("wb") as file:
            file.write(key.encode() + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def first(self) -> tuple[Path, str, bytes] | None:
        """The oldest that waits: its file, its key and its body."""
        waiting = sorted(p for p in self.folder.iterdir() if p.suffix == ".json" and p.name[0].isdigit())
        if not waiting:
            return None
        key, _, body = waiting[0].read_bytes().partition(b"\n")
        return waiting[0], key.decode(), body

    def __len__(self) -> int:
        return sum(p.suffix == ".json" and p.name[0].isdigit() for p in self.folder.iterdir())


def signature(secret: bytes, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 of the time stamp, a dot and the body, as `sha256=` and hexadecimal digits."""
    return "sha256=" + hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class Webhook:
    """Posts what the spool holds to one address, which is never left for another: redirects are not followed."""

    def __init__(
        self,
        url: str,
        spool: Spool,
        *,
        secret: str | None = None,
        warn: Callable[[str], None] = lambda _text: None,
        wait: Callable[[], Iterator[float]] = pauses,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise UsageError(
                f"not a web address: {url!r}", advice="Give one such as https://example.org/hook."
            )
        self.url, self.spool, self._warn, self._wait = url, spool, warn, wait
        self._secret = secret.encode() if secret else None
        self._news = asyncio.Event()
        self._unspooled: deque[tuple[str, bytes]] = deque()

    async def put(self, key: str, body: bytes) -> None:
        """Spool one message and have it sent. Where the disk is full it waits in memory."""
        if self._unspooled or not await self._is_spooled(key, body):
            self._unspooled.append((key, body))
        self._news.set()

    async def _is_spooled(self, key: str, body: bytes) -> bool:
        try:
            await asyncio.to_thread(self.spool.put, key, body)
        except OSError as error:
            self._warn(f"{self.spool.folder}: {error}: messages wait in memory, and would be lost with it")
            return False
        return True

    @property
    def waiting(self) -> int:
        """Messages that were not taken yet."""
        return len(self.spool) + len(self._unspooled)

    async def run(self) -> None:
        """Deliver for ever, the oldest first."""
        import httpx2

        async with httpx2.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
            waits = self._wait()
            failing = False
            while True:
                path, key, body = self.spool.first() or (None, *self._first_unspooled())
                if not key:
                    self._news.clear()
                    await self._news.wait()
                    continue
                why = await self._post(client, key, body)
                if why is None:
                    self._done(path)
                    waits, failing = self._wait(), False
                elif why.startswith("4"):
                    self._done(path, is_refused=True)
                    self._warn(f"{self.url}: refused for good, not sent again: {why}: {key}")
                else:
                    if not failing:
                        self._warn(f"{self.url}: {why}: messages wait in {self.spool.folder}")
                    failing = True
                    await asyncio.sleep(next(waits))

    def _first_unspooled(self) -> tuple[str, bytes]:
        return self._unspooled[0] if self._unspooled else ("", b"")

    def _done(self, path: Path | None, *, is_refused: bool = False) -> None:
        if path is None:
            self._unspooled.popleft()
        elif is_refused:
            path.rename(path.with_name(path.name + REFUSED))
        else:
            path.unlink()

    async def _post(self, client: httpx2.AsyncClient, key: str, body: bytes) -> str | None:
        """None where it was taken; else why not, beginning with 4 where it never will be."""
        import httpx2

        stamp = str(int(time.time()))
        headers: dict[str, Any] = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "Nightside-Timestamp": stamp,
        }
        if self._secret is not None:
            headers["Nightside-Signature"] = signature(self._secret, stamp, body)
        try:
            answer = await client.post(self.url, content=body, headers=headers)
        except httpx2.HTTPError as error:
            return f"cannot be reached: {error or type(error).__name__}"
        status = answer.status_code
        if answer.is_success:
            return None
        if 300 <= status < 400:
            return f"answers {status}: redirects are not followed"
        return f"{status}" if 400 <= status < 500 and status not in AGAIN else f"answers {status}"
