"""Results on disk until they are handed in: lines appended to numbered files, read in order, bounded in size and age.

Who is killed loses at most the line that was being written: half of it is there, and is cut off at the next start. What
was handed in just before may be read once more: whoever takes it knows it already.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from nightside.model.check import CheckResult
from nightside.model.check_reading import FACTS_BYTES
from nightside.model.errors import NightsideError, UsageError
from nightside.model.ndjson import dumps
from nightside.store.folder_sync import sync_folder

MOST_BYTES = 512 << 20
"""Some million results: a day of 2,000 targets once a minute is about 1.5 GiB, one of 100 targets 80 MiB."""
SEGMENT_BYTES = 4 << 20
OLDEST_S = 7 * 86_400
"""Nobody takes what is older."""
DETAIL_CHARS = 200
_POSITION = "handed-in"
_NAME = re.compile(r"([0-9]{12})\.ndjson")


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines that wait, the oldest."""

    body: bytes
    """Whole lines, each with its end."""
    count: int
    number: int
    end: int
    """Where they end: a segment, and the byte behind them."""


def _line(result: CheckResult) -> bytes:
    told = result.to_json()
    try:
        facts_bytes = len(json.dumps(told["facts"], allow_nan=False).encode())
        if facts_bytes > FACTS_BYTES:
            told["facts"] = {"left_out_bytes": facts_bytes}
        if told["detail"] is not None:
            told["detail"] = told["detail"][:DETAIL_CHARS]
        return dumps(told).encode("utf-8", "replace") + b"\n"
    except (TypeError, ValueError, RecursionError):
        raise UsageError("no result of a check: it holds what is no plain JSON") from None


class Spool:
    """One folder of one process; the methods may be called by several threads."""

    def __init__(
        self,
        folder: Path,
        *,
        warn: Callable[[str], None],
        most_bytes: int = MOST_BYTES,
        segment_bytes: int = SEGMENT_BYTES,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Raises NightsideError where the folder cannot be used, UsageError where another process uses it."""
        self.folder = folder
        self._warn, self._most, self._segment_bytes, self._now = warn, most_bytes, segment_bytes, now
        self._lock = threading.Lock()
        self._file: int | None = None
        """The segment that is written: the last, where there is one."""
        with self._explained():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._held = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._held)
                raise UsageError(
                    "another agent keeps its results here",
                    where=str(folder),
                    advice="End it, or name another --store.",
                ) from None
            found = sorted(int(name[1]) for one in folder.iterdir() if (name := _NAME.fullmatch(one.name)))
            self._sizes = {number: self._path(number).stat().st_size for number in found}
            """Bytes of each segment, the oldest first."""
            self._last = found[-1] if found else 0
            self._position = self._read_position()
            self._mend()

    def close(self) -> None:
        """Let go of the folder."""
        with self._lock:
            self._finish_segment()
            os.close(self._held)

    def keep(self, results: Sequence[CheckResult]) -> None:
        """Write them; they are on the disk then. Raises NightsideError where it refuses: give them again.

        As in a store, a detail is cut and facts that are too long are left out, which they say; UsageError is raised
        for what is no JSON, and nothing of these results is written.
        """
        lines = [_line(result) for result in results]
        with self._lock, self._explained():
            if lines:
                self._append(lines)

    def batch(self, most_lines: int, most_bytes: int) -> Batch | None:
        """The oldest lines that wait, at least one; None where none does. Raises NightsideError."""
        with self._lock, self._explained():
            self._drop_old()
            while self._sizes:
                number = next(iter(self._sizes))
                found = self._lines(number, most_lines, most_bytes)
                if found is not None:
                    return found
                if self._file is not None and number == self._last:
                    return None
                self._remove(number)
            return None

    def done(self, batch: Batch) -> None:
        """These wait no more. Raises NightsideError where the disk refuses to keep that: they come once more then."""
        with self._lock, self._explained():
            if batch.number not in self._sizes:
                return
            self._position = (batch.number, batch.end)
            part = self.folder / f".{_POSITION}.part"
            part.write_text(f"{batch.number} {batch.end}\n", encoding="ascii")
            part.replace(self.folder / _POSITION)

    def waiting(self) -> int:
        """How many results wait. Reads them all: for the end."""
        with self._lock, self._explained():
            return sum(self._count(number) for number in self._sizes)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise NightsideError(
                f"results cannot be kept here ({error.strerror})",
                where=str(self.folder),
                advice="It has to be a folder that this user can write, on a disk with room.",
            ) from error

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:012d}.ndjson"

    def _begin_of(self, number: int) -> int:
        """The byte from which on a segment's lines were not handed in."""
        return self._position[1] if self._position[0] == number else 0

    def _read_position(self) -> tuple[int, int]:
        with suppress(OSError, ValueError):
            number, offset = map(int, (self.folder / _POSITION).read_text(encoding="ascii").split())
            if 0 <= offset <= self._sizes.get(number, 0):
                return number, offset
        return 0, 0

    def _mend(self) -> None:
        """Cut off what was half written, and remove what was handed in whole."""
        for number in [number for number in self._sizes if number < self._position[0]]:
            self._remove(number)
        for number in self._sizes:
            data = self._path(number).read_bytes()
            whole = data.rfind(b"\n") + 1
            if whole < len(data):
                os.truncate(self._path(number), whole)
                self._sizes[number] = whole
                self._warn(f"{self.folder}: one result was half written when its program ended, and is lost")

    def _append(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            if self._file is not None and self._sizes[self._last] + len(line) > self._segment_bytes:
                self._finish_segment()
            if self._file is None:
                self._begin_segment()
            self._write(line)
        assert self._file is not None
        os.fdatasync(self._file)

    def _write(self, line: bytes) -> None:
        assert self._file is not None
        size = self._sizes[self._last]
        try:
            written = os.write(self._file, line)
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, size)
            raise
        self._sizes[self._last] = size + len(line)

    def _begin_segment(self) -> None:
        while self._sizes and sum(self._sizes.values()) + self._segment_bytes > self._most:
            self._lose(next(iter(self._sizes)), f"more than {self._most >> 20} MiB wait to be handed in")
        number = self._last + 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(self._path(number), flags, 0o600)
        self._last = number
        self._sizes[number] = 0
        sync_folder(self.folder)

    def _finish_segment(self) -> None:
        if self._file is not None:
            os.fdatasync(self._file)
            os.close(self._file)
            self._file = None

    def _lines(self, number: int, most_lines: int, most_bytes: int) -> Batch | None:
        begin = self._begin_of(number)
        with self._path(number).open("rb") as file:
            file.seek(begin)
            data = file.read(self._sizes[number] - begin)
        end = count = 0
        while count < most_lines and (after := data.find(b"\n", end) + 1):
            if count and after > most_bytes:
                break
            end, count = after, count + 1
        return Batch(data[:end], count, number, begin + end) if count else None

    def _count(self, number: int) -> int:
        with self._path(number).open("rb") as file:
            file.seek(self._begin_of(number))
            return file.read().count(b"\n")

    def _drop_old(self) -> None:
        for number in list(self._sizes):
            if self._path(number).stat().st_mtime >= self._now() - OLDEST_S:
                return
            self._lose(number, f"they wait for more than {OLDEST_S // 86_400} days")

    def _lose(self, number: int, why: str) -> None:
        count = self._count(number)
        self._remove(number)
        if count:
            self._warn(f"{self.folder}: the oldest {count:,} results are lost: {why}")

    def _remove(self, number: int) -> None:
        if self._file is not None and number == self._last:
            self._finish_segment()
        self._path(number).unlink(missing_ok=True)
        del self._sizes[number]
