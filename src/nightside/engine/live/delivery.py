"""Messages to a webhook: spooled on disk until the receiver has taken them, in order, signed, tried again.

Delivery is at least once; `Idempotency-Key` is the message's own key, the same however often it is sent.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import hmac
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nightside.model.errors import NightsideError, UsageError
from nightside.sources.stream import pauses
from nightside.store.folder_sync import sync_folder

if TYPE_CHECKING:
    import httpx2

TIMEOUT_S = 10.0
SPOOL = "outbox"
REFUSED = ".refused"
AGAIN = (408, 425, 429)
"""Answers of the 400s after which the same may yet be taken."""
_NAME = re.compile(r"([0-9]{12,})-([0-9a-f]{16})\.json")


@dataclass(frozen=True, slots=True)
class _Unwritten:
    """A message that the disk refused so far."""

    key: str
    body: bytes


class Spool:
    """Bodies that wait for delivery, one file each, by number; in memory where the disk refuses.

    One process has the folder. The methods may be called by several threads.
    """

    def __init__(self, folder: Path) -> None:
        """Raises NightsideError where the folder cannot be used."""
        self.folder = folder
        self._lock = threading.Lock()
        self._taken: list[Path] = []
        """Files that could not be removed."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            found = [(name, one) for one in folder.iterdir() if (name := _NAME.fullmatch(one.name))]
        except OSError as error:
            raise NightsideError(
                f"messages cannot wait here ({error.strerror})",
                where=str(folder),
                advice="It has to be a folder that this user can write.",
            ) from error
        found.sort(key=lambda one: int(one[0][1]))
        self._last = int(found[-1][0][1]) if found else 0
        self._waiting: dict[str, Path | _Unwritten] = {name[2]: one for name, one in found}
        """By the marks of their keys, the oldest first."""
        # Left by a program that was killed while it wrote: those messages are put again.
        for part in folder.glob(".*.json.part"):
            with suppress(OSError):
                part.unlink()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, key: str, body: bytes) -> None:
        """Keep a body for good until it is taken; nothing where its key waits already.

        Raises OSError where the disk refuses: then it waits in memory.
        """
        with self._lock:
            self._waiting.setdefault(_mark(key), _Unwritten(key, body))
        self.write()

    def write(self) -> None:
        """Write what the disk refused so far, in order. Raises OSError where it still does."""
        with self._lock:
            for mark, one in self._waiting.items():
                if isinstance(one, _Unwritten):
                    self._waiting[mark] = self._written(mark, one)

    def first(self) -> tuple[str, bytes] | None:
        """The oldest that waits: its key and its body.

        Raises OSError where it cannot be read; then it comes last from now on, or no more where it is gone.
        """
        with self._lock:
            for mark, one in self._waiting.items():
                if isinstance(one, _Unwritten):
                    return one.key, one.body
                try:
                    key, _, body = one.read_bytes().partition(b"\n")
                except OSError as error:
                    del self._waiting[mark]
                    if not isinstance(error, FileNotFoundError):
                        self._waiting[mark] = one
                    raise
                if _mark(key) != mark:
                    del self._waiting[mark]
                    self._set_aside(one)
                    raise OSError(errno.EILSEQ, "damaged, set aside", str(one))
                return key.decode(), body
        return None

    def done(self, key: str, *, is_refused: bool = False) -> None:
        """It waits no more. Raises OSError where its file stays: it would be sent again at the next start."""
        with self._lock:
            one = self._waiting.pop(_mark(key), None)
            if not isinstance(one, Path):
                return
            if is_refused:
                self._set_aside(one)
                return
            self._taken.append(one)
            self._remove_taken()

    def _remove_taken(self) -> None:
        taken, self._taken = self._taken, []
        refused = None
        for path in taken:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                refused = error
                self._taken.append(path)
        if refused is not None:
            raise refused

    def _set_aside(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            path.rename(path.with_name(path.name + REFUSED))

    def _written(self, mark: str, one: _Unwritten) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{self._last + 1:012d}-{mark}.json"
        part = self.folder / f".{path.name}.part"
        with part.open("wb") as file:
            file.write(one.key.encode() + b"\n" + one.body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(self.folder)
        self._last += 1
        return path


def _mark(key: str | bytes) -> str:
    return hashlib.sha256(key.encode() if isinstance(key, str) else key).hexdigest()[:16]


def signature(secret: bytes, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 of the time stamp, a dot and the body, as `sha256=` and hexadecimal digits."""
    return "sha256=" + hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


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
        if not _is_web_address(url):
            raise UsageError(
                f"not a web address: {url!r}", advice="Give one such as https://example.org/hook."
            )
        self.url, self.spool, self._warn, self._wait = url, spool, warn, wait
        self._secret = secret.encode() if secret else None
        self._news = asyncio.Event()
        self._failing: set[str] = set()
        """What was warned of, and goes wrong still."""

    async def put(self, key: str, body: bytes) -> None:
        """Spool one message and have it sent. Where the disk is full it waits in memory. Raises nothing."""
        await self._write(lambda: self.spool.put(key, body))
        self._news.set()

    async def _write(self, write: Callable[[], None]) -> None:
        await self._on_disk("messages wait in memory, and would be lost with it", write)

    async def _on_disk(self, else_: str, work: Callable[[], None]) -> None:
        """What the disk refuses is warned of once, until it does not."""
        try:
            await asyncio.to_thread(work)
        except OSError as error:
            self._warn_once(else_, f"{self.spool.folder}: {error.strerror}: {else_}")
        else:
            self._failing.discard(else_)

    def _warn_once(self, what: str, text: str) -> None:
        if what not in self._failing:
            self._failing.add(what)
            self._warn(text)

    @property
    def waiting(self) -> int:
        """Messages that were not taken yet."""
        return len(self.spool)

    async def run(self) -> None:
        """Deliver for ever, the oldest first."""
        import httpx2

        async with httpx2.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
            waits = self._wait()
            while True:
                self._news.clear()
                try:
                    first = await asyncio.to_thread(self.spool.first)
                except OSError as error:
                    self._warn_once(str(error.filename), f"{error}: this message cannot be sent")
                    await asyncio.sleep(next(waits))
                    continue
                if first is None:
                    await self._news.wait()
                    continue
                key, body = first
                why = await self._post(client, key, body)
                if why is None or why.startswith("4"):
                    if why is not None:
                        self._warn(f"{self.url}: refused for good, not sent again: {why}: {key}")
                    await self._done(key, is_refused=why is not None)
                    waits = self._wait()
                    self._failing.discard(self.url)
                else:
                    self._warn_once(self.url, f"{self.url}: {why}: messages wait in {self.spool.folder}")
                    await asyncio.sleep(next(waits))
                    await self._write(self.spool.write)

    async def _done(self, key: str, *, is_refused: bool) -> None:
        await self._on_disk(
            "what was taken stays there, and would be sent again at the next start",
            lambda: self.spool.done(key, is_refused=is_refused),
        )

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
            # Nothing is asked of the answer but its status: what else it has may be without end.
            async with (
                asyncio.timeout(TIMEOUT_S),
                client.stream("POST", self.url, content=body, headers=headers) as answer,
            ):
                status = answer.status_code
        except TimeoutError:
            return f"cannot be reached: no answer within {TIMEOUT_S:.0f} s"
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            return f"cannot be reached: {error or type(error).__name__}"
        if 200 <= status < 300:
            return None
        if 300 <= status < 400:
            return f"answers {status}: redirects are not followed"
        return f"{status}" if 400 <= status < 500 and status not in AGAIN else f"answers {status}"
