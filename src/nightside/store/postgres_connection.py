"""Connections to PostgreSQL that speak the store's SQL."""

from __future__ import annotations

import select
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nightside.model.errors import NightsideError, UsageError
from nightside.store.postgres_address import PostgresAddress
from nightside.store.postgres_errors import BUSY_S, STARTING, explained_connecting
from nightside.store.postgres_tables import SCHEMA

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from nightside.store.catalogue import Rows

OLDEST = 13
"""The oldest server that is spoken to: the first that keeps all of the tables' rules."""
CONNECT_S = 10
STUCK_S = 600
"""A transaction in which nobody has said anything for so long is over: its program hangs, or its host is gone."""

# A host that is gone must not keep others waiting for two hours, which is what TCP does unasked.
_IDLE_S, _AGAIN_S, _TIMES = 20, 5, 3

_SETTINGS = {
    "search_path": SCHEMA,
    "lock_timeout": f"{BUSY_S}s",
    "idle_in_transaction_session_timeout": f"{STUCK_S}s",
    "tcp_keepalives_idle": str(_IDLE_S),
    "tcp_keepalives_interval": str(_AGAIN_S),
    "tcp_keepalives_count": str(_TIMES),
}
"""Of the server, which so looks whether we are there."""
_OURS = {
    "keepalives_idle": _IDLE_S,
    "keepalives_interval": _AGAIN_S,
    "keepalives_count": _TIMES,
    "tcp_user_timeout": (_IDLE_S + _AGAIN_S * _TIMES) * 1000,
}
"""By which we look whether the server is there."""


class PostgresConnection:
    """`Connection` to one server. Outside of `begin` and its end each statement is a transaction of its own."""

    def __init__(self, real: psycopg.Connection[TupleRow]) -> None:
        self._real = real

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Rows:
        """See `Connection.execute`."""
        return self._real.execute(_in_its_words(statement), [_text(value) for value in values] or None)

    def executemany(self, statement: str, values: Iterable[Sequence[Any]], /) -> Rows:
        """See `Connection.executemany`. They go to the server without waiting for one another."""
        cursor = self._real.cursor()
        cursor.executemany(_in_its_words(statement), values)
        return cursor

    def roll_back(self) -> None:
        """End a transaction as if it had not been; what cannot be reached any more does so by itself."""
        import psycopg

        try:
            self._real.execute(b"ROLLBACK")
        except psycopg.Error:
            self._real.close()

    def usable(self) -> bool:
        """Whether it is idle, and the server has not ended it; nothing is asked over the network."""
        import psycopg.pq

        real = self._real
        if real.closed or real.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            return False
        # Who is asked nothing says nothing, but that it goes.
        waiting = select.poll()
        waiting.register(real.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return not waiting.poll(0)

    def close(self) -> None:
        """Let go of it."""
        self._real.close()


def connect(address: PostgresAddress, *, read_only: bool) -> PostgresConnection:
    """A connection to the server; one that is just starting is waited for.

    Raises NightsideError where that cannot be, or the extra `postgres` is not installed.
    """
    try:
        import psycopg
    except ImportError as error:
        raise NightsideError(
            "for a store on PostgreSQL psycopg is needed, which is not installed",
            advice="Install it: pip install 'nightside[postgres]'",
        ) from error
    words = _words(address, read_only=read_only)
    deadline = time.monotonic() + BUSY_S
    with explained_connecting(str(address)):
        while True:
            try:
                real = psycopg.connect(**words, autocommit=True)
                break
            except psycopg.OperationalError as error:
                if not any(word in str(error) for word in STARTING) or time.monotonic() > deadline:
                    raise
            time.sleep(0.1)
    if real.info.server_version < OLDEST * 10_000:
        real.close()
        raise NightsideError(
            f"this PostgreSQL is of version {real.info.server_version // 10_000}",
            where=str(address),
            advice=f"Use version {OLDEST} or newer.",
        )
    return PostgresConnection(real)


def _words(address: PostgresAddress, *, read_only: bool) -> dict[str, Any]:
    """What psycopg is told: the address, and beside it what it does not say itself."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        said = conninfo_to_dict(address.url)
    except psycopg.ProgrammingError:
        # What libpq says of it may hold the password.
        raise UsageError(
            "this is no address of a database",
            where=str(address),
            advice="Name one as postgresql://USER@HOST:PORT/DATABASE; write @ : / ? # % in a word as %40 %3A %2F …",
        ) from None
    settings = {**_SETTINGS, **({"default_transaction_read_only": "on"} if read_only else {})}
    ours = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return {
        "application_name": "nightside",
        "connect_timeout": CONNECT_S,
        **_OURS,
        **said,
        "client_encoding": "utf8",
        "options": f"{said.get('options') or ''} {ours}".strip(),
    }


def _text(value: Any) -> Any:
    """Text has no zeros there: who asks for an id with one finds nothing, as everywhere."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) and "\0" in value else value


@lru_cache(1024)
def _in_its_words(statement: str) -> bytes:
    return statement.replace("%", "%%").replace("?", "%s").encode()
