"""The catalogue of a store on PostgreSQL: its version, its transactions, who waits for whom.

Who reads sees what is committed, and waits for nobody. Who writes waits for whoever else writes to this database, by
one lock of the server that a transaction holds to its end: see decision 20.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nightside.model.errors import NightsideError, NoStoreError
from nightside.store import postgres_tables
from nightside.store.catalogue import Connection
from nightside.store.connections import Connections
from nightside.store.files import files_at
from nightside.store.folder_errors import require_new
from nightside.store.postgres_address import PostgresAddress
from nightside.store.postgres_connection import PostgresConnection, connect
from nightside.store.postgres_errors import explained
from nightside.store.postgres_tables import SCHEMA
from nightside.store.tables import VERSION

MOST_CONNECTIONS = 16
"""Of one program; a server has a hundred for all, unless it is told otherwise."""

_LOCK = 0x6E69676874736964
"""Any number that no other program takes: "nightsid"."""
_ALONE = 0x6E696768
"""The same for locks of two numbers, which are others than those of one."""


class PostgresCatalogue:
    """`Catalogue` on PostgreSQL. Its clock is the server's."""

    def __init__(self, address: PostgresAddress, segments: str | None, *, read_only: bool) -> None:
        """Open it, and make its tables where there are none; `read_only` makes and changes nothing.

        `segments` is where the files are to lie, where somebody has said so; in a new catalogue it is needed.
        Raises NightsideError where the server cannot be used, or its tables are too new.
        """
        self.where = str(address)
        self._connections = Connections(
            lambda: connect(address, read_only=read_only),
            usable=PostgresConnection.usable,
            most=MOST_CONNECTIONS,
        )
        try:
            self.segments = self._prepare(segments, read_only=read_only)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[PostgresConnection]:
        """See `Catalogue.reading`."""
        with explained(self.where), self._connections.lent() as connection:
            yield connection

    @contextmanager
    def moment(self) -> Iterator[PostgresConnection]:
        """See `Catalogue.moment`."""
        with self._within("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[PostgresConnection]:
        """See `Catalogue.writing`."""
        # Each statement sees what was committed before it, and so all that was before the lock was had.
        with self._within(f"BEGIN; SELECT pg_advisory_xact_lock({_LOCK})") as connection:
            yield connection

    @contextmanager
    def _within(self, begin: str) -> Iterator[PostgresConnection]:
        with self.reading() as connection:
            try:
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.roll_back()
                raise

    @contextmanager
    def alone(self, what: str) -> Iterator[bool]:
        """See `Catalogue.alone`. A lock of the server that ends with the connection."""
        with self.reading() as connection:
            (mine,) = connection.execute(
                f"SELECT pg_try_advisory_lock({_ALONE}, hashtext(?))", (what,)
            ).fetchone()
            try:
                yield bool(mine)
            finally:
                if mine:
                    connection.execute(f"SELECT pg_advisory_unlock({_ALONE}, hashtext(?))", (what,))

    def now_s(self, connection: Connection) -> float:
        """See `Catalogue.now_s`."""
        (now,) = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        return float(now)

    def damage(self) -> str | None:
        """See `Catalogue.damage`. PostgreSQL looks after its own files."""
        return None

    def close(self) -> None:
        """See `Catalogue.close`."""
        self._connections.close()

    def _prepare(self, segments: str | None, *, read_only: bool) -> str:
        """Where the files lie; the tables are there then."""
        with self.reading() as connection:
            found = _found(connection)
        if found is None and read_only:
            raise NoStoreError(self.where)
        if found is None or (found[0] < VERSION and not read_only):
            with self.writing() as connection:
                # Another program may have done it while this one waited.
                found = self._made(connection, _found(connection), segments)
        self._refuse_others(*found, segments)
        return found[1]

    def _made(
        self, connection: Connection, found: tuple[int, str] | None, segments: str | None
    ) -> tuple[int, str]:
        if found is None:
            if segments is None:
                raise NightsideError(
                    "nobody has said where the files of this new store are to lie",
                    where=self.where,
                    advice="Set NIGHTSIDE_SEGMENTS to a folder, or to s3://BUCKET/PREFIX, that all its programs reach.",
                )
            require_new(files_at(segments))
            schema = connection.execute("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = ?", (SCHEMA,))
            if schema.fetchone() is None:
                connection.execute(f"CREATE SCHEMA {SCHEMA}")
            for statement in postgres_tables.statements():
                connection.execute(statement)
            connection.execute("INSERT INTO catalogue (version, segments) VALUES (?, ?)", (VERSION, segments))
            return VERSION, segments
        version, kept = found
        for number in range(version + 1, VERSION + 1):
            for statement in postgres_tables.UPGRADES[number]:
                connection.execute(statement)
            connection.execute("UPDATE catalogue SET version = ?", (number,))
        return max(version, VERSION), kept

    def _refuse_others(self, version: int, kept: str, segments: str | None) -> None:
        if version > VERSION:
            raise NightsideError(
                f"the store is of a newer Nightside (its tables are version {version}, this one knows {VERSION})",
                where=self.where,
                advice="Use the newer Nightside, or name another database.",
            )
        if version < VERSION:
            raise NightsideError(
                "the store is of an older Nightside, and opened to be read only",
                where=self.where,
                advice="Bring it up to date: `nightside incidents` does, for a user that may write to it.",
            )
        if segments not in (None, kept):
            raise NightsideError(
                f"the files of this store lie in {kept}, and NIGHTSIDE_SEGMENTS says {segments}",
                where=self.where,
                advice="Leave NIGHTSIDE_SEGMENTS out: the store knows where they are.",
            )


def _found(connection: Connection) -> tuple[int, str] | None:
    """The version of the tables and where the files lie; None in a database without."""
    # Not by to_regclass: what that remembers may be from before this transaction had its lock.
    there = connection.execute(
        "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = ? AND tablename = 'catalogue'", (SCHEMA,)
    )
    if there.fetchone() is None:
        return None
    row = connection.execute(f"SELECT version, segments FROM {SCHEMA}.catalogue").fetchone()
    return int(row[0]), str(row[1])
