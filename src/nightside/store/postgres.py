"""The store on PostgreSQL: its catalogue there, its files where all of its programs reach them."""

from __future__ import annotations

from pathlib import Path

from nightside.store.catalogued import CataloguedStore
from nightside.store.files import files_at
from nightside.store.folder_errors import require_there
from nightside.store.postgres_address import PostgresAddress
from nightside.store.postgres_catalogue import PostgresCatalogue


class PostgresStore(CataloguedStore):
    """`Store` of many programs on many machines."""

    def __init__(
        self, address: PostgresAddress, segments: str | None = None, *, read_only: bool = False
    ) -> None:
        """Open the store at this address, and make it where there is none; `read_only` makes and changes nothing.

        `segments` says where its files lie, as a folder or an address. A new store needs it and keeps it.

        Raises NightsideError where the server or the place cannot be used, or the tables are too new.
        """
        if segments is not None:
            # The name of a folder means the same to whoever reads it, wherever that one stands.
            segments = segments if "://" in segments else str(Path(segments).absolute())
            files_at(segments)
        catalogue = PostgresCatalogue(address, segments, read_only=read_only)
        super().__init__(catalogue, files_at(catalogue.segments), read_only=read_only)
        if not read_only:
            try:
                self._require_files()
            except BaseException:
                self.close()
                raise

    def _require_files(self) -> None:
        """A folder that is not mounted here would be made, and what is written into it seen by nobody else."""
        with self._reading() as connection:
            (count,) = connection.execute("SELECT count(*) FROM segment").fetchone()
        require_there(self._segments, count)
