"""Where the store is: `--store`, else NIGHTSIDE_STORE, else the user's data folder."""

from __future__ import annotations

import os
from pathlib import Path

from nightside.store.protocol import Store


def default_folder() -> Path:
    """The folder in NIGHTSIDE_STORE, else the user's data folder for this program."""
    named = os.environ.get("NIGHTSIDE_STORE")
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("nightside", appauthor=False)


def open_store(folder: Path | None, *, read_only: bool = False) -> Store:
    """The store in `folder` (None: the default folder), made where there is none yet.

    `read_only` makes and changes nothing; the folder may be one that cannot be written.

    Raises NightsideError where the folder cannot be used.
    """
    from nightside.store.embedded import EmbeddedStore

    return EmbeddedStore(default_folder() if folder is None else folder, read_only=read_only)
