"""What every store of a catalogue and files begins with: who reads, who writes, and under which leases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from types import TracebackType
from typing import Self

from nightside.model.errors import NightsideError
from nightside.model.lease import Lease
from nightside.store import leases
from nightside.store.catalogue import Catalogue, Connection
from nightside.store.files import Files


class Keeping:
    """A catalogue, and a place for files that are written whole and never changed."""

    def __init__(self, catalogue: Catalogue, files: Files, *, read_only: bool) -> None:
        self.files = files
        """Where samples, results of checks and flips lie, each in a place of its own; others may have one beside."""
        self._catalogue = catalogue
        self._read_only = read_only
        self._leases: tuple[Lease, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all files. One that is `under` a lease has none of its own."""
        if not self._leases:
            self._catalogue.close()

    def under(self, lease: Lease) -> Self:
        """See `Store.under`."""
        held = copy(self)
        held._leases = (*self._leases, lease)
        return held

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._catalogue.reading() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        self._refuse_read_only()
        with self._catalogue.writing() as connection:
            self._hold(connection)
            yield connection

    def _before_writing(self) -> None:
        """For what is written before a transaction: raises what the transaction would raise, as things are now."""
        self._refuse_read_only()
        if self._leases:
            with self._reading() as connection:
                self._hold(connection)

    def _refuse_read_only(self) -> None:
        if self._read_only:
            raise NightsideError(
                "the store cannot be written: it was opened to be read only", where=self._catalogue.where
            )

    def _hold(self, connection: Connection) -> None:
        """Raises LeaseLostError where another has a lease that this one is under; sure within a transaction alone."""
        for lease in self._leases:
            leases.hold_to(connection, lease)
