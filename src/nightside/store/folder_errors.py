"""What the disk says of a store's folders, in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nightside.model.errors import NightsideError


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Turn what the disk says of a folder's segments into one NightsideError."""
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise NightsideError(
            f"{_KEPT[folder.name]} cannot be read: {str(error).splitlines()[0]}",
            where=str(folder),
            advice=_DAMAGED[folder.name],
        ) from error


@contextmanager
def written(folder: Path) -> Iterator[None]:
    """Turn a refusal of the disk into one NightsideError."""
    try:
        yield
    except OSError as error:
        raise NightsideError(
            f"{_KEPT[folder.name]} cannot be written ({error.strerror})", where=str(folder)
        ) from error


_KEPT = {"segments": "samples", "checks": "results of checks"}
_DAMAGED = {
    "segments": "A segment is missing or damaged: replay its input again into a new store.",
    "checks": "A segment is missing or damaged: bring it back from a copy, or name another store.",
}


def make_folder(folder: Path) -> None:
    """Make the folder of a store. Raises NightsideError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NightsideError(
            "a store is a folder, and this is a file",
            where=str(error.filename),
            advice="Name a folder.",
        ) from error
    except OSError as error:
        raise NightsideError(
            f"the store's folder cannot be made ({error.strerror})",
            where=str(folder),
            advice="Name another folder with --store or NIGHTSIDE_STORE.",
        ) from error
