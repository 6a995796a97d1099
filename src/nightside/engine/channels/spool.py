"""What waits for delivery: one journal on the disk for all channels, and in memory where the disk refuses.

Lines of JSON, each behind its CRC-32: a message with the channels that it waits for, a unit that a channel is about to
send, what a channel has done. A message is on the disk when `put` returns. That it was taken is with the system at
once, and on the disk with what comes next: what is lost of that is sent again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from nightside.engine.channels.journal_lines import JOURNAL, line_of, lines_of, newest_journal, said_in
from nightside.engine.channels.planning import Note
from nightside.model.errors import NightsideError
from nightside.store.folder_sync import sync_folder, written_whole

SPOOL = "outbox"
REFUSED = "refused.ndjson"
SMALL_BYTES = 1 << 20
"""A journal below this is not written anew."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A unit that was about to be sent: if nobody knows whether it was, it is sent again as it was."""

    key: str
    numbers: tuple[int, ...]
    body: str


class Spool:
    """Messages by their numbers; each waits for some channels. One process has the folder, any number of threads."""

    def __init__(self, folder: Path, warn: Callable[[str], None] = lambda _text: None) -> None:
        """Raises NightsideError where the folder cannot be used."""
        self.folder = folder
        self._lock = threading.RLock()
        self._syncing = threading.Lock()
        self._notes: dict[str, dict[int, Note]] = {}
        self._keys: set[tuple[str, str]] = set()
        """Channels with the keys of what waits for them."""
        self._needed: dict[int, set[str]] = {}
        self._places: dict[int, tuple[int, int]] = {}
        self._sealed: dict[str, dict[str, Sealed]] = {}
        self._unwritten: dict[int, bytes] = {}
        """Lines that the disk refused so far, by number; a negative one is no message."""
        self._last = self._aside = 0
        self._end = self._live_bytes = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            newest = newest_journal(folder)
            self._path = newest or folder / "journal-1"
            if newest is not None:
                self._read(newest, warn)
            self._file = self._path.open("r+b" if newest is not None else "w+b")
            os.ftruncate(self._file.fileno(), self._end)
            sync_folder(folder)
            for one in folder.iterdir():
                if one != self._path and (JOURNAL.fullmatch(one.name) or one.name.endswith(".part")):
                    one.unlink()
        except OSError as error:
            raise NightsideError(
                f"messages cannot wait here ({error.strerror})",
                where=str(folder),
                advice="It has to be a folder that this user can write.",
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    # -- what waits ---------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The channels for which anything waits."""
        with self._lock:
            return sorted(name for name, notes in self._notes.items() if notes)

    def count(self, name: str) -> int:
        """How many messages wait for a channel."""
        return len(self._notes.get(name, ()))

    def first(self, name: str, most: int | None = None) -> list[Note]:
        """The first that wait for a channel, in the order in which they came; all where there is no `most`."""
        with self._lock:
            return list(islice(self._notes.get(name, {}).values(), most))

    def record(self, number: int) -> Json:
        """A message as it was put. Raises OSError where it cannot be read, ValueError where it is damaged."""
        with self._lock:
            if number not in self._needed:
                raise ValueError(f"{self._path}: there is no message {number}")
            line = self._unwritten.get(number) or os.pread(
                self._file.fileno(), *reversed(self._places[number])
            )
        said = said_in(line)
        if said is None:
            raise ValueError(f"{self._path}: damaged at byte {self._places[number][0]}")
        record: Json = said["record"]
        return record

    def sealed(self, name: str) -> list[Sealed]:
        """What the channel was about to send."""
        with self._lock:
            return list(self._sealed.get(name, {}).values())

    # -- what changes -------------------------------------------------------------------------------

    def put(self, record: Json, to: Iterable[str], put_s: float | None = None) -> None:
        """Keep a record ({"told": nightside.message/1, …}) until these channels are done with it.

        Nothing where its key waits already. Raises OSError where the disk refuses: then it waits in memory.
        """
        at = time.time() if put_s is None else put_s
        with self._lock:
            key = record["told"]["key"]
            names = [name for name in to if (name, key) not in self._keys]
            if not names:
                return
            self._last += 1
            self._know(self._last, {"put_s": at, "to": names, "record": record})
            said = {"put": self._last, "put_s": at, "to": names, "record": record}
            self._unwritten[self._last] = line_of(said)
        self.write()
        self._sync()

    def seal(self, name: str, sealed: Sealed) -> None:
        """Keep what is about to be sent. Raises OSError where the disk refuses: then it is known in memory."""
        with self._lock:
            self._seal(name, sealed)
            self._note({"seal": sealed.key, "by": name, "of": sealed.numbers, "body": sealed.body})
        self.write()
        self._sync()

    def done(self, name: str, numbers: Sequence[int], *, is_refused: bool = False) -> None:
        """These wait no more for a channel. Raises OSError where that cannot be written: they may be sent again."""
        with self._lock:
            if is_refused:
                self._set_aside(name, numbers)
            self._forget(name, numbers)
            self._note({"done": list(numbers), "by": name, "refused": is_refused})
            self.write()
            if self._end > max(SMALL_BYTES, 2 * self._live_bytes):
                self._write_anew()

    def write(self) -> None:
        """Write what the disk refused so far, in order. Raises OSError where it still does."""
        with self._lock:
            if self._unwritten and not self._is_there():
                self._write_anew()
            for number, line in list(self._unwritten.items()):
                self._append(line)
                if number > 0:
                    self._place(number, self._end - len(line), len(line))
                del self._unwritten[number]

    # -- the journal --------------------------------------------------------------------------------

    def _note(self, said: Json) -> None:
        self._aside -= 1
        self._unwritten[self._aside] = line_of(said)

    def _append(self, line: bytes) -> None:
        at = self._end
        try:
            while at < self._end + len(line):
                at += os.pwrite(self._file.fileno(), line[at - self._end :], at)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file.fileno(), self._end)
            raise
        self._end = at

    def _sync(self) -> None:
        with self._syncing:
            os.fdatasync(self._file.fileno())

    def _is_there(self) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            return False

    def _write_anew(self) -> None:
        """Go on in a journal that has only what is still needed."""
        path = self.folder / f"journal-{int(self._path.name.partition('-')[2]) + 1}"
        self.folder.mkdir(parents=True, exist_ok=True)
        places, end = {}, 0
        with written_whole(path) as file:
            for number, (begin, length) in sorted(self._places.items()):
                line = os.pread(self._file.fileno(), length, begin)
                said = said_in(line)
                if said is not None:
                    # Whom it waits for may be fewer by now.
                    line = line_of(said | {"to": sorted(self._needed[number])})
                file.write(line)
                places[number] = (end, len(line))
                end += len(line)
            for name, several in self._sealed.items():
                for one in several.values():
                    line = line_of({"seal": one.key, "by": name, "of": one.numbers, "body": one.body})
                    file.write(line)
                    end += len(line)
        opened = path.open("r+b")
        with self._syncing:
            self._file.close()
            self._file = opened
        with suppress(OSError):
            self._path.unlink()
        self._path, self._places, self._end = path, places, end
        self._live_bytes = sum(length for _begin, length in places.values())

    def _set_aside(self, name: str, numbers: Sequence[int]) -> None:
        """For who looks for the fault."""
        with suppress(OSError), (self.folder / REFUSED).open("ab") as file:
            for number in numbers:
                with suppress(ValueError):
                    file.write(line_of({"by": name, "record": self.record(number)})[9:])

    # -- memory -------------------------------------------------------------------------------------

    def _read(self, path: Path, warn: Callable[[str], None]) -> None:
        for begin, length, said in lines_of(path):
            self._end = begin + length
            if said is None:
                warn(f"{path}: damaged at byte {begin}: what stood there is not sent")
            elif "put" in said:
                self._know(said["put"], said)
                self._place(said["put"], begin, length)
            elif "seal" in said:
                # Of a message whose line is damaged the number is not given to another.
                self._last = max((self._last, *said["of"]))
                self._seal(said["by"], Sealed(said["seal"], tuple(said["of"]), said["body"]))
            elif "done" in said:
                self._last = max((self._last, *said["done"]))
                self._forget(said["by"], said["done"])

    def _know(self, number: int, said: Json) -> None:
        self._last = max(self._last, number)
        note = Note.of(number, said["record"]["told"], said["put_s"])
        self._needed[number] = set(said["to"])
        for name in said["to"]:
            self._notes.setdefault(name, {})[number] = note
            self._keys.add((name, note.key))

    def _seal(self, name: str, sealed: Sealed) -> None:
        self._sealed.setdefault(name, {})[sealed.key] = sealed

    def _place(self, number: int, begin: int, length: int) -> None:
        if number in self._needed:
            self._places[number] = (begin, length)
            self._live_bytes += length

    def _forget(self, name: str, numbers: Sequence[int]) -> None:
        gone = set(numbers)
        sealed = self._sealed.get(name, {})
        for key in [one.key for one in sealed.values() if gone.intersection(one.numbers)]:
            del sealed[key]
        for number in numbers:
            note = self._notes.get(name, {}).pop(number, None)
            if note is not None:
                self._keys.discard((name, note.key))
            needed = self._needed.get(number)
            if needed is None:
                continue
            needed.discard(name)
            if not needed:
                del self._needed[number]
                self._live_bytes -= self._places.pop(number, (0, 0))[1]
                self._unwritten.pop(number, None)
