"""One file of an archive to one local file: taken up where it broke off, checked, and only then given its name."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import httpx2

from nightside.model.errors import DownloadError
from nightside.sources.polite_http import MISSING, PassingError, PoliteClient
from nightside.sources.wholeness import Wholeness

CHUNK_BYTES = 256 * 1024
SMALL_BYTES = 64 * 1024
"""What is unpacked faster than it is handed to another thread."""
WHILE_ANOTHER_S = 0.2
"""How often to look whether another program has finished the same file."""

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is here now."""

    path: Path
    damaged: str | None
    """Why it is not whole, though it came twice as it is: so it lies in the archive."""


def part_of(target: Path) -> Path:
    """Where what has come so far of a file is kept."""
    return target.with_name(f".{target.name}.part")


def note_of(target: Path) -> Path:
    """Where it is kept by which validator a download can be taken up again."""
    return target.with_name(f".{target.name}.part.json")


async def download(client: PoliteClient, url: str, target: Path, advance: Advance) -> Fetched | None:
    """Fetch `url` into `target`; None where the archive has no such file (404, 410).

    What came before a failure is kept beside `target` and taken up by the next call. `advance` is told the bytes
    that are there since its last call; it goes back where a file must be begun anew. A file that another program
    is fetching is waited for. Raises DownloadError.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        while True:
            with _alone(part_of(target)) as part:
                if part is not None:
                    if target.exists():
                        part_of(target).unlink(missing_ok=True)
                        return Fetched(target, None)
                    return await _Transfer(client, url, target, part, advance).run()
            await asyncio.sleep(WHILE_ANOTHER_S)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = (
            "Make room, or choose another folder with NIGHTSIDE_CACHE." if full else "Choose another folder."
        )
        raise DownloadError(
            f"cannot be written: {error.strerror}", where=str(target), advice=advice
        ) from error


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[FileIO | None]:
    """The unfinished file, opened for this program alone; None while another has it."""
    with path.open("ab+", buffering=0) as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        # Between opening and locking another may have finished it, so that this one has no name any more.
        same = path.exists() and path.stat().st_ino == os.fstat(part.fileno()).st_ino
        yield part if same else None


class _Transfer:
    """One file under way."""

    def __init__(self, client: PoliteClient, url: str, target: Path, part: FileIO, advance: Advance) -> None:
        self.client, self.url, self.target, self.part, self.advance = client, url, target, part, advance
        self.told = 0
        self.furthest = 0
        self.broken: bytes | None = None
        """Digest of a file that came whole by its size, and is not by its content."""

    async def run(self) -> Fetched | None:
        done = await self.client.persist(self.url, self._while_it_goes_on)
        if done is None:
            self._tell(0)
            part_of(self.target).unlink(missing_ok=True)
        note_of(self.target).unlink(missing_ok=True)
        return done

    async def _while_it_goes_on(self) -> Fetched | None:
        """One try after the other as long as each brings more than there ever was: only others count as tries."""
        while True:
            try:
                return await self._once()
            except PassingError:
                size = self._size()
                if size < self.furthest + CHUNK_BYTES:
                    raise
                self.furthest = size
                await asyncio.sleep(self.client.manners.first_pause_s)

    async def _once(self) -> Fetched | None:
        check = Wholeness(self.target.name)
        validator = self._validator()
        if validator is None:
            self._begin_anew()
        else:
            await self._feed_what_is_here(check)
        # Packed as it lies there: what is unpacked on the way could be neither taken up nor checked.
        headers = {"Accept-Encoding": "identity"}
        if self._size() and validator is not None:
            headers |= {"Range": f"bytes={self._size()}-", "If-Range": validator}
        async with self.client.answer(self.url, headers=headers) as response:
            if response.status_code in MISSING:
                return None
            if response.status_code == 416:
                # It came to its end the last time, and no further.
                total = _number(response.headers.get("Content-Range", "").removeprefix("bytes */"))
                if total is None or total != self._size():
                    self._begin_anew()
                    raise PassingError("does not go on from where it broke off")
                return await self._finish(check)
            if response.status_code == 206:
                total = self._total_of_rest(response)
            else:
                if self._size():
                    check = Wholeness(self.target.name)
                self._begin_anew()
                total = _number(response.headers.get("Content-Length"))
            self._note(response, total)
            await self._take(response, check)
        size = self._size()
        if total is not None and size != total:
            if size > total:
                self._begin_anew()
            raise PassingError(f"ends after {size} of {total} bytes")
        return await self._finish(check)

    async def _feed_what_is_here(self, check: Wholeness) -> None:
        self.part.seek(0)
        while data := self.part.read(CHUNK_BYTES):
            await asyncio.to_thread(check.feed, data)
        self._tell(self._size())

    async def _take(self, response: httpx2.Response, check: Wholeness) -> None:
        async for data in _not_too_slow(response, self.client):
            self.part.write(data)
            self._tell(self._size())
            if len(data) <= SMALL_BYTES:
                check.feed(data)
            else:
                await asyncio.to_thread(check.feed, data)

    async def _finish(self, check: Wholeness) -> Fetched:
        fault = check.fault()
        if fault is not None:
            digest = await asyncio.to_thread(self._digest)
            again, self.broken = self.broken == digest, digest
            if not again:
                self._begin_anew()
                raise PassingError(fault)
        # Without it a power failure may leave the name without the content.
        await asyncio.to_thread(os.fsync, self.part.fileno())
        part_of(self.target).replace(self.target)
        return Fetched(self.target, fault)

    def _digest(self) -> bytes:
        self.part.seek(0)
        return hashlib.file_digest(self.part, "sha256").digest()

    def _size(self) -> int:
        return os.fstat(self.part.fileno()).st_size

    def _begin_anew(self) -> None:
        self.part.truncate(0)
        self._tell(0)

    def _tell(self, size: int) -> None:
        if size != self.told:
            self.advance(size - self.told)
            self.told = size

    def _total_of_rest(self, response: httpx2.Response) -> int | None:
        """The size of the whole file, by the answer to a request for its rest (RFC 9110, section 14.4)."""
        stretch, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        if _number(stretch.partition("-")[0]) != self._size():
            self._begin_anew()
            raise PassingError("gives another part than it was asked for")
        return _number(total)

    def _validator(self) -> str | None:
        """What the unfinished file can be taken up by; None: it must be begun anew."""
        try:
            noted = json.loads(note_of(self.target).read_bytes())
        except (OSError, ValueError):
            return None
        usable = isinstance(noted, dict) and noted.get("url") == self.url
        return str(noted["validator"]) if usable and noted.get("validator") else None

    def _note(self, response: httpx2.Response, total: int | None) -> None:
        etag = response.headers.get("ETag", "")
        # A weak one does not promise the same bytes (RFC 9110, section 13.1.5).
        strong = etag if etag.startswith('"') else ""
        noted = {
            "url": self.url,
            "validator": strong or response.headers.get("Last-Modified"),
            "total": total,
        }
        note_of(self.target).write_text(json.dumps(noted))


async def _not_too_slow(response: httpx2.Response, client: PoliteClient) -> AsyncIterator[bytes]:
    """The bytes of an answer as they came, in pieces; PassingError where they come too slowly for too long."""
    clock = asyncio.get_running_loop().time
    manners = client.manners
    since, came = clock(), 0
    async for data in response.aiter_raw():
        for at in range(0, len(data), CHUNK_BYTES):
            yield data[at : at + CHUNK_BYTES]
        came += len(data)
        if clock() - since >= manners.slow_s:
            if came < manners.slow_bytes:
                raise PassingError(f"brought {came} bytes in {manners.slow_s:g} s")
            since, came = clock(), 0


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None
