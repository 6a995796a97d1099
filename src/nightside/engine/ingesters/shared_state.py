"""What a judge knows, where the next one finds it: states, and behind each a journal in pieces.

It does what `live.kept_state` does, in a place where nothing can be appended to. A judge has a generation, which is the
number of its lease: it reads those before, and writes its own. So one that was only asleep, and writes on, writes where
nobody looks any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pyarrow as pa

from nightside.engine.live.checkpoint import Checkpoint, Names, finish, pack, read
from nightside.engine.live.journal import FIRST_LINE, Ended, Entered, Entry, Told, framed, framed_in
from nightside.engine.live.kept_state import Recovered
from nightside.store.files import Files

AT_ONCE = 16
"""So many pieces are read, or deleted: there are some hundreds, and each takes its time over a network."""
_STATE = "state"
_ENDED = framed(Ended())
"""A journal goes on in that of the next state."""


class SharedState:
    """Of one judge."""

    def __init__(
        self,
        files: Files,
        folder: Path,
        generation: int,
        key: str,
        names: Names,
        warn: Callable[[str], None],
        *,
        is_mine: Callable[[], bool],
    ) -> None:
        """`folder` is for what is written and read on the way. `key` and `names` are as in `KeptState`. `is_mine` asks
        the store whether we still judge.
        """
        self._files, self._folder, self._generation = files, folder, generation
        self._key, self._names = key, names
        self._warn, self._is_mine = warn, is_mine
        self._number = self._piece = 0
        self._lock, self._syncing = threading.Lock(), threading.Lock()
        self._entries: list[bytes] = []
        self._to_write: list[tuple[str, bytes]] = []
        self._whole = False
        self._failing = False
        self._state_bytes = self._journal_bytes = 0

    # -- what `Keeping` asks for --------------------------------------------------------------------

    @property
    def journal_bytes(self) -> int:
        """How much has come since the last state."""
        return self._journal_bytes

    @property
    def state_bytes(self) -> int:
        """How large the last state is."""
        return self._state_bytes

    @property
    def is_kept(self) -> bool:
        """Whether what comes is written down, behind something that is whole."""
        return self._whole and not self._failing

    def begin(self, state: Checkpoint) -> Callable[[], None]:
        """As `KeptState.begin`."""
        with self._lock:
            if self._number:
                # The journal so far leads on to the next, should the state that is begun never be whole.
                self._entries.append(_ENDED)
                self._cut()
            self._number, self._piece, self._journal_bytes = self._number + 1, 0, 0
            number = self._number
        path = self._folder / str(number)
        pack(path, self._key, state, self._names)

        def rest() -> None:
            size = finish(path)
            try:
                with pa.memory_map(str(path)) as whole:
                    self._files.write_bytes(self._name(number, _STATE), whole.read_buffer())
            finally:
                path.unlink()
            self._state_bytes, self._whole = size, True
            with self._syncing, self._lock:
                # What led here is of no use any more.
                self._to_write = [one for one in self._to_write if one[0] > self._name(number, "")]
            if self._is_mine():
                self._forget(self._name(number, ""))

        return rest

    def append(self, entry: Entered | Told) -> None:
        """Write it down with the next `sync`; until then it can be had from the relays again.

        So can what comes before the first state.
        """
        if not self._number:
            return
        frame = framed(entry)
        with self._lock:
            self._entries.append(frame)
            self._journal_bytes += len(frame)

    def sync(self) -> None:
        """Write down what came. Raises OSError."""
        with self._syncing:
            with self._lock:
                self._cut()
            while self._to_write:
                try:
                    self._files.write_bytes(*self._to_write[0])
                except OSError:
                    self._failing = True
                    raise
                self._to_write.pop(0)
            self._failing = False

    def _cut(self) -> None:
        if self._entries:
            self._piece += 1
            name = self._name(self._number, f"{self._piece:09d}")
            self._to_write.append((name, FIRST_LINE + framed(b"".join(self._entries))))
            self._entries = []

    # -- what was before ----------------------------------------------------------------------------

    def recover(self) -> Recovered | None:
        """What the last judge wrote down; None where that is of no use. Raises OSError."""
        names = set(self._files.names())
        mine = self._name(0, "")
        for name in sorted((n for n in names if n.endswith(f"-{_STATE}") and n < mine), reverse=True):
            path = self._folder / "read"
            with path.open("wb") as file:
                file.write(self._files.read_bytes(name))
            path.chmod(0o600)
            state = read(path, self._key, self._names)
            path.unlink()
            if isinstance(state, Checkpoint):
                generation, number, _ = name.split("-")
                return Recovered(state, _entries(self._since(names, int(generation), int(number))))
            self._warn(f"{name}: not used: {state}")
        return None

    def set_aside(self) -> None:
        """What was before is of no use."""
        self._forget(self._name(0, ""))

    def _since(self, names: set[str], generation: int, number: int) -> list[bytes]:
        """The pieces of the journal behind a state; all at once, so that none is missed half-way.

        Up to the first that is damaged: what stands behind it was entered later.
        """
        first, after = _name(generation, number, ""), _name(generation + 1, 0, "")
        wanted = sorted(n for n in names if first <= n < after and not n.endswith(f"-{_STATE}"))
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="journal") as pool:
            read = dict(zip(wanted, pool.map(self._files.read_bytes, wanted), strict=True))
        found: list[bytes] = []
        piece = 1
        while (name := _name(generation, number, f"{piece:09d}")) in read:
            entries = next(framed_in(BytesIO(read.pop(name))), None)
            if not isinstance(entries, bytes):
                self._warn(f"{name}: damaged: what came from there on is read again, as far as it is left")
                break
            found.append(entries)
            piece += 1
            if entries.endswith(_ENDED):
                number, piece = number + 1, 1
        return found

    def _forget(self, before: str) -> None:
        """Delete what stands before this name."""
        gone = [name for name in self._files.names() if name < before]
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="state") as pool:
            for _ in pool.map(self._files.delete, gone):
                """Whatever is wrong with one is raised here."""

    def _name(self, number: int, what: str) -> str:
        return _name(self._generation, number, what)


def _name(generation: int, number: int, what: str) -> str:
    return f"{generation:09d}-{number:09d}-{what}"


def _entries(pieces: list[bytes]) -> Iterator[Entered | Told]:
    for piece in pieces:
        entry: Entry
        for entry in framed_in(BytesIO(FIRST_LINE + piece)):
            if not isinstance(entry, Ended):
                yield entry
