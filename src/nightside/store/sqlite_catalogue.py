"""The SQLite file of the embedded store: its version, its transactions, its errors in words.

WAL mode: readers see the last commit while one process writes; who is killed leaves the last commit.
"""

from __future__ import annotations

import fcntl
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nightside.model.errors import NightsideError, NoStoreError
from nightside.store.catalogue import Connection
from nightside.store.connections import Connections
from nightside.store.tables import ALL, VERSION, statements

BUSY_S = 30
"""How long one process waits for another that writes."""

_ELSEWHERE = "Name another folder with --store or NIGHTSIDE_STORE."


def open_catalogue(path: Path) -> sqlite3.Connection:
    """A connection to the catalogue at `path`, its tables made where the file is new or of an older program.

    Raises NightsideError where the file cannot be used, is damaged, or is of a newer program.
    """
    with explained(path):
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # An older program must not touch a newer file at all, so the version comes before anything that writes.
    _refuse_newer(connection, path)
    _switch_to_wal(connection)
    # FULL: a commit that was reported survives a power failure too. Writes here are few.
    connection.execute("PRAGMA synchronous = FULL")
    if _version(connection) != VERSION:
        with transaction(connection):
            # Another process may have made the tables while this one waited for the lock.
            _refuse_newer(connection, path)
            _make_tables(connection, path)
    connection.execute("PRAGMA foreign_keys = ON")


def _make_tables(connection: sqlite3.Connection, path: Path) -> None:
    found = _version(connection)
    if found == 0:
        for statement in statements(*ALL):
            connection.execute(statement)
    elif found < VERSION:
        from nightside.store.upgrade import from_1, from_2, from_3, from_4, from_5

        if found == 1:
            from_1(connection, path.parent)
        if found <= 2:
            from_2(connection)
        if found <= 3:
            from_3(connection)
        if found <= 4:
            from_4(connection)
        from_5(connection)
    connection.execute(f"PRAGMA user_version = {VERSION}")


class SqliteCatalogue:
    """`Catalogue` in an SQLite file. Its clock is the host's wall clock."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        """Open the file, and make it where there is none; `read_only` makes and changes nothing."""
        self.where = str(path)
        self._path = path
        connect = open_to_read if read_only else open_catalogue
        self._connections = Connections(
            lambda: connect(path), usable=lambda connection: not isinstance(connection, AsItStands)
        )

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """See `Catalogue.reading`."""
        with explained(self._path), self._connections.lent() as connection:
            yield connection

    @contextmanager
    def moment(self) -> Iterator[sqlite3.Connection]:
        """See `Catalogue.moment`."""
        with self.reading() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """See `Catalogue.writing`."""
        with self.reading() as connection, transaction(connection):
            yield connection

    @contextmanager
    def alone(self, what: str) -> Iterator[bool]:
        """See `Catalogue.alone`. A lock of a file beside the catalogue's."""
        path = self._path.with_name(f"{what}.lock")
        try:
            lock = path.open("w")
        except OSError as error:
            raise NightsideError(
                f"cannot be written: {error.strerror}", where=str(path), advice=_ELSEWHERE
            ) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def now_s(self, connection: Connection) -> float:
        """See `Catalogue.now_s`."""
        return time.time()

    def damage(self) -> str | None:
        """See `Catalogue.damage`."""
        with self.reading() as connection:
            try:
                (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            except sqlite3.DatabaseError as error:
                return str(error)
        return None if said == "ok" else str(said).splitlines()[-1]

    def close(self) -> None:
        """See `Catalogue.close`."""
        self._connections.close()


class AsItStands(sqlite3.Connection):
    """A connection that reads the file as it stands, and would not see that it changes: for one use."""


def open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, to a catalogue that is there; its folder may be one that cannot be written.

    Raises NightsideError where there is none, or it is damaged, or of another version of the program.
    """
    if not path.is_file():
        raise NoStoreError(str(path))
    with explained(path):
        try:
            return _opened(path, "mode=ro", sqlite3.Connection)
        except sqlite3.OperationalError:
            if path.with_name(f"{path.name}-wal").exists():
                raise
            # Nobody has it open, and the files that its users share cannot be made here.
            return _opened(path, "immutable=1", AsItStands)


def _opened(path: Path, how: str, kind: type[sqlite3.Connection]) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
        factory=kind,
    )
    try:
        _refuse_newer(connection, path)
        _refuse_older(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_older(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection) < VERSION:
        raise NightsideError(
            "the store is of an older Nightside, and opened to be read only",
            where=str(path),
            advice="Bring it up to date: `nightside incidents --store DIR` does, where DIR can be written.",
        )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    found = _version(connection)
    if found > VERSION:
        raise NightsideError(
            f"the store is of a newer Nightside (its tables are version {found}, this one knows {VERSION})",
            where=str(path),
            advice=f"Use the newer Nightside. {_ELSEWHERE}",
        )


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    # SQLite does not wait on a lock for this one statement, so two first openings at once would fail.
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; the only writer while it lasts."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says of its file into one NightsideError; our own mistakes pass through."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None or isinstance(error, sqlite3.IntegrityError) or code == sqlite3.SQLITE_ERROR:
            raise
        what, advice = _words(code & 0xFF, str(error))
        raise NightsideError(what, where=str(path), advice=advice) from error


def _words(code: int, said: str) -> tuple[str, str]:
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return "the store is damaged, or no store", f"Move the file away and replay again. {_ELSEWHERE}"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"another process has kept the store for {BUSY_S} s", "Wait until it is done, and try again."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return f"the store cannot be written ({said})", _ELSEWHERE
    return f"the store cannot be used ({said})", f"Look to the disk. {_ELSEWHERE}"
