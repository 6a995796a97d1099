"""What a catalogue is to the rest of the store: statements in the SQL that SQLite and PostgreSQL have in common.

Values stand as `?` in a statement. Rows come as tuples. Words are in the order of their code points, whole numbers
have 64 bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


AT_ONCE = 500
"""So many values are asked for in one statement."""


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values, as many at a time as one statement may ask for."""
    return (values[first : first + AT_ONCE] for first in range(0, len(values), AT_ONCE))


def marks(values: Sequence[Any]) -> str:
    """The places of these values in a statement."""
    return ", ".join("?" * len(values))


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it has put, changed or deleted."""

    def fetchone(self) -> Any:
        """The next row; None where there is none."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """One user's way to the catalogue."""

    def execute(self, statement: str, values: Sequence[Any] = ..., /) -> Rows:
        """Run a statement."""

    def executemany(self, statement: str, values: Iterable[Sequence[Any]], /) -> Rows:
        """Run a statement that gives no rows for each of these; `rowcount` is of all together."""


class Catalogue(Protocol):
    """The small things of a store that change, behind connections that are lent. For any number of threads."""

    where: str
    """Its file or address, for people; without a password."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection to read with: each statement sees what is committed. Waits for nobody who writes."""

    def moment(self) -> AbstractContextManager[Connection]:
        """A connection to read with: all that is read within is of one commit. Waits for nobody who writes."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction: all or nothing, and whoever writes besides waits for its end."""

    def alone(self, what: str) -> AbstractContextManager[bool]:
        """Whether this program alone does it for as long as the block lasts; it does not wait for who does.

        It ends with the process that has it, however that ends, so it needs no time as a lease does.
        """

    def now_s(self, connection: Connection) -> float:
        """What the catalogue's clock says, in seconds since the epoch."""

    def damage(self) -> str | None:
        """What is wrong with its own files; None where nothing is, or where only its own server can tell."""

    def close(self) -> None:
        """Let go of it."""
