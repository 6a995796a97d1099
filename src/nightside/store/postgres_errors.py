"""What PostgreSQL, or the way to it, says against something, in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nightside.model.errors import NightsideError, UsageError

if TYPE_CHECKING:
    import psycopg

BUSY_S = 30
"""How long one program waits for another that writes."""
STARTING = ("starting up", "not yet accepting", "recovery mode")
"""What a server says that will answer soon."""

_GONE = (
    "the connection to the server broke off",
    "Nothing was stored half. Look to the server, and do the same again: if it was stored, that does no harm.",
)
_OF_STATE = {
    "53100": ("the server's disk is full", "Nothing was stored. Free some there, and try again."),
    "53200": ("the server has no memory left", "Look to the server, and try again."),
    "53300": ("the server takes no more connections", "Raise max_connections there, or run fewer programs."),
    "42501": (
        "the server does not let this user do that",
        "Give the user what it needs: USAGE and CREATE on the schema `nightside`, and its tables.",
    ),
    "25006": ("the server can be read only", "Name the address of the server that is written to."),
    "55P03": (f"another program has kept the store for {BUSY_S} s", "Wait until it is done, and try again."),
    "57014": ("the server's operator has ended the request", "Try again."),
    "58030": ("the server cannot read or write its disk", "Look to the server's disk and log."),
    "XX001": ("the server's data are damaged", "Look to the server's disk and log."),
    "XX002": ("the server's data are damaged", "Look to the server's disk and log."),
}
_OF_CONNECTING = (
    ("connection refused", "no PostgreSQL answers there", "Start it, or look to the host and the port."),
    ("no such file", "no PostgreSQL answers there", "Start it, or look to the host and the port."),
    ("resolve", "there is no such host", "Look to the host in the address."),
    ("translate host name", "there is no such host", "Look to the host in the address."),
    ("timeout expired", "no answer from there", "Look to the host and the port, and to the network between."),
    (
        "password",
        "the password is wrong, or there is none",
        "Say it in PGPASSWORD, or in ~/.pgpass; in the address, others on this machine can see it.",
    ),
    (
        "pg_hba.conf",
        "the server lets this user in from nowhere here",
        "Ask its operator, who has pg_hba.conf.",
    ),
    ("role ", "there is no such user", "Name one of the server's: postgresql://USER@…"),
    ("database ", "there is no such database", "Make it (`createdb`), or name another."),
    ("too many clients", *_OF_STATE["53300"]),
    ("remaining connection slots", *_OF_STATE["53300"]),
)
"""By what libpq says in English: a refused connection has no code."""


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn what the server says into one NightsideError; our own mistakes pass through."""
    import psycopg

    try:
        yield
    except psycopg.DataError as error:
        # A text with a zero in it, or letters that the database's encoding has not.
        raise UsageError(
            f"the store cannot keep this: {_first_line(error)}", where=where, advice="Nothing was stored."
        ) from error
    except psycopg.OperationalError as error:
        what, advice = _words(error)
        raise NightsideError(what, where=where, advice=advice) from error
    except (psycopg.InternalError, psycopg.ProgrammingError) as error:
        if error.sqlstate not in _OF_STATE:
            raise
        what, advice = _OF_STATE[error.sqlstate]
        raise NightsideError(what, where=where, advice=advice) from error


@contextmanager
def explained_connecting(where: str) -> Iterator[None]:
    """Turn a refused connection into one NightsideError."""
    import psycopg

    try:
        yield
    except psycopg.OperationalError as error:
        said = str(error).lower()
        for word, what, advice in _OF_CONNECTING:
            if word in said:
                raise NightsideError(what, where=where, advice=advice) from error
        raise NightsideError(
            f"no connection to the server ({_first_line(error)})",
            where=where,
            advice="Look to the server and its log.",
        ) from error


def _words(error: psycopg.OperationalError) -> tuple[str, str]:
    if error.sqlstate in _OF_STATE:
        return _OF_STATE[error.sqlstate]
    if error.sqlstate is None or error.sqlstate[:2] == "08" or error.sqlstate[:3] == "57P":
        return _GONE
    return f"the server refused: {_first_line(error)}", "Look to the server and its log."


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
