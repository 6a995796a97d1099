"""The folder in which a watch keeps what it knows, so that it goes on where it was after any end.

`state-N` is what was known before the first entry of `journal-N`. What was known at the end is the newest state that
is whole, and all journals since. A new journal begins with every state; the old files go when the new state is whole.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nightside.engine.live.checkpoint import PART, Checkpoint, Names, finish, pack, read
from nightside.engine.live.journal import Ended, Entered, Journal, Told, entries
from nightside.engine.live.ownership import why_not_ours
from nightside.model.errors import NightsideError, UsageError

FOLDER = "live"
"""Inside the store's."""
_STATE, _JOURNAL = "state-", "journal-"
ASIDE = ".aside"


@dataclass(frozen=True)
class Recovered:
    """What a watch before this one knew."""

    state: Checkpoint
    since: Iterator[Entered | Told]
    """What came after; to be read to its end before the next state is begun."""


class Keeping(Protocol):
    """Where a daemon has what it knows kept; the methods are described in `KeptState`."""

    @property
    def journal_bytes(self) -> int:
        """How much has come since the last state."""

    @property
    def state_bytes(self) -> int:
        """How large the last state is."""

    @property
    def is_kept(self) -> bool:
        """Whether what comes is kept."""

    def begin(self, state: Checkpoint) -> Callable[[], None]:
        """Keep all that is known; what is returned finishes it."""

    def append(self, entry: Entered | Told) -> None:
        """Keep what comes."""

    def sync(self) -> None:
        """Have what came outlive this machine."""


class KeptState:
    """One folder, of one running watch at a time."""

    def __init__(self, folder: Path, key: str, names: Names, warn: Callable[[str], None]) -> None:
        """`key` tells whose state it is, `names` are what `checkpoint.names_of` gives.

        Raises UsageError where another watch has the folder, NightsideError where it cannot be written.
        """
        self.folder, self._key, self._names, self._warn = folder, key, names, warn
        try:
            folder.mkdir(0o700, parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise NightsideError(
                f"cannot keep what a watch knows: {error.strerror}", where=str(folder)
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise UsageError(
                "another watch keeps its state here",
                where=str(folder),
                advice="Give this one a store of its own with --store, or end the other.",
            ) from error
        # What a kill in the midst of a writing left.
        for part in folder.glob(f"{_STATE}*{PART}"):
            with suppress(OSError):
                part.unlink()
        self._number = max((n for _path, n in self._numbered()), default=0)
        self._journal: Journal | None = None
        self._lacks: Path | None = None
        """A journal that is of no use until a state is whole: nothing leads to it from the state before."""
        self.state_bytes = 0

    @property
    def journal_bytes(self) -> int:
        """How much has come since the last state; 0 too where no journal can be written."""
        return 0 if self._journal is None else self._journal.size_bytes

    @property
    def is_kept(self) -> bool:
        """Whether what comes is written down, behind something that is whole."""
        return self._journal is not None and self._lacks is None

    def recover(self) -> Recovered | None:
        """What the newest whole state and the journals since say; None where there is no state of ours.

        Where others may write, nothing is believed: whoever can write a state can run what he likes as us.
        """
        why = why_not_ours(self.folder.stat())
        if why is not None:
            self._warn(
                f"{self.folder}: what a watch knew is not used: {why}: make it yours alone (chmod go-w)"
            )
            return None
        for path, number in sorted(self._numbered(_STATE), key=lambda found: -found[1]):
            try:
                state = read(path, self._key, self._names)
            except OSError as error:
                state = str(error.strerror)
            if isinstance(state, Checkpoint):
                return Recovered(state, self._since(number))
            self._warn(f"{path}: not used: {state}")
        return None

    def set_aside(self) -> None:
        """What is here is of no use to anybody but who looks for a fault: it is kept once, and not read again."""
        for path in self.folder.glob(f"*{ASIDE}"):
            path.unlink()
        for path, _number in self._numbered():
            path.rename(path.with_name(path.name + ASIDE))

    def begin(self, state: Checkpoint) -> Callable[[], None]:
        """Begin a new journal behind this state; returns what writes the rest of the state, in whatever thread.

        Raises OSError, as what is returned does; then nothing is lost that was kept before, and what comes is kept
        (`is_kept`) only when a state is whole. The first state of a run has to be written before anything is
        appended.
        """
        number = self._number + 1
        journal = Journal(self.folder / f"{_JOURNAL}{number:09d}")
        before, self._journal, self._number = self._journal, journal, number
        if self._lacks is not None:
            # Nothing leads to it, so nothing may lead on from it.
            self._lacks.unlink(missing_ok=True)
            if before is not None:
                before.close()
                before = None
        self._lacks = journal.path
        if before is not None:
            try:
                before.append(Ended())
                before.sync()
            finally:
                with suppress(OSError):
                    before.close()
            self._lacks = None
        # Behind the journal's end, which would wait for all that is on its way to the disk.
        path = self.folder / f"{_STATE}{number:09d}"
        pack(path, self._key, state, self._names)

        def rest() -> None:
            self.state_bytes = finish(path)
            if self._number == number:
                self._lacks = None
            for other, its_number in self._numbered():
                if its_number < number:
                    other.unlink(missing_ok=True)

        return rest

    def append(self, entry: Entered | Told) -> None:
        """Write down what comes; nothing where that is not possible at present. Raises OSError once."""
        if self._journal is None:
            return
        try:
            self._journal.append(entry)
        except OSError:
            journal, self._journal = self._journal, None
            with suppress(OSError):
                # What is left in its buffer cannot be written either.
                journal.close()
            raise

    def sync(self) -> None:
        """Have what was written down on the disk. Raises OSError."""
        if self._journal is not None:
            self._journal.sync()

    def close(self) -> None:
        """Let go of the folder."""
        if self._journal is not None:
            self._journal.close()
        os.close(self._lock)

    def _numbered(self, *kinds: str) -> list[tuple[Path, int]]:
        found = []
        for path in self.folder.iterdir():
            for kind in kinds or (_STATE, _JOURNAL):
                rest = path.name.removeprefix(kind)
                if rest != path.name and rest.isdigit():
                    found.append((path, int(rest)))
        return found

    def _since(self, number: int) -> Iterator[Entered | Told]:
        ended = True
        while ended:
            ended = False
            journal = self.folder / f"{_JOURNAL}{number:09d}"
            if not self._is_ours(journal):
                return
            for entry in entries(journal):
                if isinstance(entry, Ended):
                    ended = True
                    break
                yield entry
            number += 1

    def _is_ours(self, journal: Path) -> bool:
        why = why_not_ours(journal.stat()) if journal.exists() else None
        if why is not None:
            self._warn(f"{journal}: not used: {why}")
        return why is None
