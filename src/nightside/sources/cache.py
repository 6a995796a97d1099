"""Files of archives that were fetched: kept up to a size, those used longest ago go first, those in use never.

    CACHE/lock                    held while room is made, and while files are taken into use
    CACHE/in-use/ID               one for each run: what it uses (see below); locked as long as it lives
    CACHE/ARCHIVE/…               the files, in the layout of their archive

When a file was used last is its time of modification. The locks (flock) end with the process that holds them.

A line of what a run uses is the path of a file; or, behind a tab, how many bytes its files are once all of them have
come (the last such line counts), or the path of a file that goes with the last of those who use it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from nightside.model.errors import NightsideError
from nightside.sources.download import note_of, part_of

LOCK = "lock"
IN_USE = "in-use"
COMING, ONCE = "\tto come: ", "\tonce: "


def archive_folder(project: str, url: str, *, public: bool) -> str:
    """The name of the folder that holds an archive's files; another archive in the place of one has another."""
    host = urlsplit(url).hostname or ""
    # No collector is called so: what stands in the folders below says whose the files are.
    return (
        f"{project}@{host}" if public else f"{project}@{host}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
    )


@dataclass
class Lease:
    """What one run uses of the cache; nobody deletes it before the run has ended."""

    folder: Path
    limit_bytes: int
    _holder: Path
    _once: list[Path] = field(default_factory=list)

    def hold(self, paths: Iterable[Path]) -> None:
        """Take these files (below the cache's folder) into use, whether they are there already or not.

        It may wait for another program, as `make_room` may. Both raise NightsideError where the cache cannot be used.
        """
        wanted = list(paths)
        with _usable(self.folder), _locked(self.folder), self._holder.open("a", encoding="utf-8") as holder:
            for path in wanted:
                holder.write(f"{path.relative_to(self.folder)}\n")
                with contextlib.suppress(FileNotFoundError):
                    os.utime(path)

    def make_room(self, needed_bytes: int) -> int:
        """Delete what was used longest ago until so much more fits; returns the bytes that are still too many.

        What others have made room for, and has not come yet, counts as if it were there.
        """
        with _usable(self.folder), _locked(self.folder):
            users = _users(self.folder)
            held = {name for user in users for name in user.names}
            files = sorted(_files(self.folder))
            here = {str(path.relative_to(self.folder)): size for _used, size, path in files}
            coming = sum(user.coming(here) for user in users if user.holder != self._holder)
            surplus = sum(here.values()) + coming + needed_bytes - self.limit_bytes
            for _used, size, path in files:
                if surplus <= 0:
                    break
                if str(path.relative_to(self.folder)) not in held:
                    with contextlib.suppress(FileNotFoundError):
                        path.unlink()
                    surplus -= size
            if surplus <= 0:
                mine = next((user for user in users if user.holder == self._holder), None)
                in_all = needed_bytes + (mine.here(here) if mine else 0)
                with self._holder.open("a", encoding="utf-8") as holder:
                    holder.write(f"{COMING}{in_all}\n")
        return max(0, surplus)

    def is_shared(self) -> bool:
        """Whether others use the cache now, too."""
        with _usable(self.folder), _locked(self.folder):
            return any(user.holder != self._holder for user in _users(self.folder))

    def use_once(self, path: Path) -> None:
        """Delete this file when nobody uses it any more: it was not as it should be, and may be mended by then."""
        self._once.append(path)

    def _leave(self) -> None:
        with contextlib.suppress(OSError), _locked(self.folder):
            users = _users(self.folder)
            mine = next((user for user in users if user.holder == self._holder), None)
            names = {str(path.relative_to(self.folder)) for path in self._once} | (
                mine.once if mine else set()
            )
            for name in sorted(names):
                heir = next((u for u in users if u.holder != self._holder and name in u.names), None)
                if heir is None:
                    _let_go(self.folder / name)
                else:
                    with heir.holder.open("a", encoding="utf-8") as holder:
                        holder.write(f"{ONCE}{name}\n")


@contextlib.contextmanager
def lease(folder: Path, limit_bytes: int) -> Iterator[Lease]:
    """Use the cache in a folder, which is made. Raises NightsideError where it cannot be used."""
    holder = folder / IN_USE / f"{os.getpid()}-{secrets.token_hex(4)}"
    with contextlib.ExitStack() as stack:
        with _usable(folder):
            holder.parent.mkdir(parents=True, exist_ok=True)
            with _locked(folder):
                stack.callback(_let_go, holder)
                fcntl.flock(stack.enter_context(holder.open("w")), fcntl.LOCK_EX)
        run = Lease(folder, limit_bytes, holder)
        stack.callback(run._leave)
        yield run


@contextlib.asynccontextmanager
async def lease_aside(folder: Path, limit_bytes: int) -> AsyncIterator[Lease]:
    """The same for who must not stand still while another program has the cache: it is waited for in a thread."""
    with contextlib.ExitStack() as stack:
        yield await asyncio.to_thread(lambda: stack.enter_context(lease(folder, limit_bytes)))


def _let_go(path: Path) -> None:
    # What cannot be deleted is in nobody's way: it is looked at again by who makes room.
    with contextlib.suppress(OSError):
        path.unlink()


@contextlib.contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NightsideError(
            f"cannot be used as the cache: {error.strerror or error}",
            where=str(folder),
            advice="Make room where the disk is full, or name another folder with NIGHTSIDE_CACHE.",
        ) from error


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass
class _User:
    """What a living run says that it uses."""

    holder: Path
    names: set[str] = field(default_factory=set)
    """Its files, unfinished ones too, below the cache's folder."""
    once: set[str] = field(default_factory=set)
    bytes: int = 0
    """Of its files, once all have come."""

    def here(self, sizes: Mapping[str, int]) -> int:
        """The bytes of its files that are here."""
        return sum(sizes.get(name, 0) for name in self.names)

    def coming(self, sizes: Mapping[str, int]) -> int:
        """The bytes that it has room for, and that have not come yet."""
        return max(0, self.bytes - self.here(sizes))


def _users(folder: Path) -> list[_User]:
    """Whoever lives. What a dead one left behind is cleared away."""
    found = []
    for holder in (folder / IN_USE).iterdir():
        with contextlib.suppress(FileNotFoundError), holder.open(encoding="utf-8") as lines:
            try:
                fcntl.flock(lines, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                found.append(_user(holder, lines))
            else:
                holder.unlink(missing_ok=True)
    return found


def _user(holder: Path, lines: Iterable[str]) -> _User:
    user = _User(holder)
    for line in lines:
        said = line.rstrip("\n")
        if said.startswith(COMING):
            user.bytes = int(said.removeprefix(COMING))
        elif said.startswith(ONCE):
            user.once.add(said.removeprefix(ONCE))
        else:
            path = Path(said)
            user.names |= {str(path), str(part_of(path)), str(note_of(path))}
    return user


def _files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """(when it was used last, bytes, path) of each file of an archive."""
    for archive in folder.iterdir():
        if archive.name == IN_USE or not archive.is_dir():
            continue
        for at, _folders, names in os.walk(archive):
            for name in names:
                path = Path(at, name)
                with contextlib.suppress(FileNotFoundError):
                    found = path.stat()
                    yield found.st_mtime, found.st_size, path
