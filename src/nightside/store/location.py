"""Where the store is: `--store`, else NIGHTSIDE_STORE, else the user's data folder."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from nightside.store.postgres_address import PostgresAddress, postgres_address

if TYPE_CHECKING:
    from nightside.store.protocol import Store

StoreLocation = Path | PostgresAddress
"""A folder, or a database. As text it names it to people."""


def location_of(text: str) -> StoreLocation:
    """What somebody means by a folder's name or by `postgresql://…`."""
    return postgres_address(text) or Path(text)


def default_store() -> StoreLocation:
    """What NIGHTSIDE_STORE says, else the user's data folder for this program."""
    named = os.environ.get("NIGHTSIDE_STORE")
    return location_of(named) if named else _data_folder()


def state_folder(location: StoreLocation | None) -> Path:
    """The folder of this machine for what a program keeps beside a store: what a watch knows, what waits to be sent.

    Of a store in a folder it is that folder; of a database one of the user's data folder, which may not be there yet.
    """
    where = default_store() if location is None else location
    if isinstance(where, Path):
        return where
    return _data_folder() / "stores" / re.sub(r"[^A-Za-z0-9.]+", "-", str(where)).strip("-")


def open_store(location: StoreLocation | None, *, read_only: bool = False) -> Store:
    """The store there (None: the default one), made where there is none yet.

    `read_only` makes and changes nothing; a folder may be one that cannot be written. Where the files of a new store in
    a database lie is said by NIGHTSIDE_SEGMENTS.

    Raises NightsideError where it cannot be used.
    """
    where = default_store() if location is None else location
    if isinstance(where, PostgresAddress):
        from nightside.store.postgres import PostgresStore

        return PostgresStore(where, os.environ.get("NIGHTSIDE_SEGMENTS") or None, read_only=read_only)
    from nightside.store.embedded import EmbeddedStore

    return EmbeddedStore(where, read_only=read_only)


def _data_folder() -> Path:
    from platformdirs import user_data_path

    return user_data_path("nightside", appauthor=False)
