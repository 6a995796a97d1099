"""What a judge has on its desk, where the next one finds it: what waits for channels, and in the midst of what it is.

These are files that are written over. They lie in a folder of the judge's own, and are copied as a whole to the shared
place whenever they have changed: each second, and before the store says that a message was told.
"""

from __future__ import annotations

import asyncio
import stat
import zipfile
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

from nightside.engine.channels.outbox import Outbox
from nightside.store.files import Files

COPY_EVERY_S = 1.0

Json = dict[str, Any]


class Desk:
    """The folder of one judge, and its copies."""

    def __init__(self, files: Files, folder: Path, generation: int, warn: Callable[[str], None]) -> None:
        """`generation` is the number of the judge's lease."""
        self.folder = folder
        self._files, self._generation, self._warn = files, generation, warn
        self._copies = 0
        self._copied: dict[Path, tuple[int, int]] = {}
        self._failing = False
        self._turn = asyncio.Lock()

    def take_over(self) -> None:
        """Have on it what the last judge left. Raises OSError."""
        before = [name for name in self._files.names() if name < _name(self._generation, 0)]
        if before:
            with zipfile.ZipFile(BytesIO(self._files.read_bytes(before[-1]))) as kept:
                kept.extractall(self.folder)

    async def copy(self) -> None:
        """Copy it, where anything has changed."""
        async with self._turn:
            try:
                await asyncio.to_thread(self._copy)
            except OSError as error:
                if not self._failing:
                    self._warn(f"messages that wait would be lost with this machine: {error}")
                self._failing = True
            else:
                self._failing = False

    async def copy_for_ever(self) -> None:
        """Each second."""
        while True:
            await asyncio.sleep(COPY_EVERY_S)
            await self.copy()

    def _copy(self) -> None:
        looks = {path: look for path in sorted(self.folder.rglob("*")) if (look := _look(path))}
        if looks == self._copied:
            return
        kept = BytesIO()
        with zipfile.ZipFile(kept, "w") as copy:
            for path in looks:
                # One that is gone by now made room for another: that is a change, to be seen the next time.
                with suppress(FileNotFoundError):
                    copy.writestr(str(path.relative_to(self.folder)), path.read_bytes())
        self._copies += 1
        self._files.write_bytes(_name(self._generation, self._copies), kept.getvalue())
        self._copied = looks
        # Its own alone, so that who was only asleep deletes nothing of those after it; what was before goes too.
        for name in self._files.names():
            if name < _name(self._generation, self._copies):
                self._files.delete(name)


class CopiedOutbox(Outbox):
    """Channels whose messages outlive this machine."""

    def __init__(self, desk: Desk, *given: Any, **named: Any) -> None:
        """As `Outbox`; `desk` is where its folder lies."""
        super().__init__(*given, **named)
        self._desk = desk

    async def put(self, told: Json, incident: Json) -> None:
        """As `Outbox.put`; then it is copied."""
        await super().put(told, incident)
        await self._desk.copy()


def _look(path: Path) -> tuple[int, int] | None:
    with suppress(FileNotFoundError):
        found = path.stat()
        if stat.S_ISREG(found.st_mode):
            return found.st_size, found.st_mtime_ns
    return None


def _name(generation: int, number: int) -> str:
    return f"{generation:09d}-{number:09d}"
