"""Frames between who reads them from the network and who works on them: bounded, so that the reader waits."""

from __future__ import annotations

import asyncio

MOST_FRAMES = 8192
MOST_BYTES = 16 * 1024 * 1024
LONGEST_FRAME = 1024 * 1024
"""Bytes. An UPDATE of 64 KiB (RFC 8654), in hexadecimal and in words, stays below half of it."""


class Ended(Exception):  # noqa: N818 - an end is no error: it becomes a Status
    """The connection is over; the text says why."""


class Intake:
    """Frames in the order in which they came.

    While it is full, `put` waits: nothing more is read, and who sends is held back by TCP.
    """

    def __init__(self, most_frames: int = MOST_FRAMES, most_bytes: int = MOST_BYTES) -> None:
        self._most_frames, self._most_bytes = most_frames, most_bytes
        self._frames: list[bytes] = []
        self._bytes = 0
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._why: str | None = None

    @property
    def is_full(self) -> bool:
        """Whether nothing more is taken."""
        return len(self._frames) >= self._most_frames or self._bytes >= self._most_bytes

    async def put(self, frame: bytes) -> None:
        """One more frame, as soon as there is room."""
        while self.is_full:
            self._emptied.clear()
            await self._emptied.wait()
        self._frames.append(frame)
        self._bytes += len(frame)
        self._filled.set()

    def end(self, why: str) -> None:
        """Nothing more comes; the first reason counts."""
        self._why = self._why or why
        self._filled.set()

    async def take(self, within_s: float, gather_s: float) -> list[bytes]:
        """All that is there.

        It waits up to `within_s` for the first frame, then `gather_s` for more of them. Nothing, where none
        came; raises Ended where none will.
        """
        if not self._frames and self._why is None:
            try:
                async with asyncio.timeout(within_s):
                    await self._filled.wait()
            except TimeoutError:
                return []
        if self._why is None and len(self._frames) < self._most_frames // 2:
            await asyncio.sleep(gather_s)
        if not self._frames and self._why is not None:
            raise Ended(self._why)
        frames, self._frames, self._bytes = self._frames, [], 0
        if self._why is None:
            self._filled.clear()
        self._emptied.set()
        return frames
