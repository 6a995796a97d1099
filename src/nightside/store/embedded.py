"""The embedded store: one folder with an SQLite catalogue (`nightside.sqlite`) and its files beside it."""

from __future__ import annotations

from pathlib import Path

from nightside.store.catalogued import CataloguedStore
from nightside.store.folder_errors import make_folder
from nightside.store.local_files import LocalFiles
from nightside.store.sqlite_catalogue import SqliteCatalogue


class EmbeddedStore(CataloguedStore):
    """`Store` in one folder of one machine."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Open the store in `folder`, and make it where there is none; `read_only` makes and changes nothing.

        Raises NightsideError where the folder cannot be used, or the catalogue is damaged or too new.
        """
        self.folder = folder
        if not read_only:
            make_folder(folder)
        catalogue = SqliteCatalogue(folder / "nightside.sqlite", read_only=read_only)
        super().__init__(catalogue, LocalFiles(folder.absolute()), read_only=read_only)
