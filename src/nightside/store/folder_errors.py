"""What a disk, or a storage, says of a store's files, in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nightside.model.errors import NightsideError
from nightside.store.files import Files
from nightside.store.local_files import LocalFiles


@contextmanager
def readable(files: Files, name: str | None = None) -> Iterator[None]:
    """Turn what the place says of its files, or of this one, into one NightsideError."""
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException) as error:
        what = f"{_KEPT.get(files.name, 'files')} cannot be read"
        said, advice = _words(_asked(files, error))
        raise NightsideError(
            f"{what}: {said}",
            where=f"{files.place}/{name}" if name else files.place,
            advice=advice or _DAMAGED.get(files.name, _ELSE),
        ) from error


@contextmanager
def written(files: Files, name: str | None = None) -> Iterator[None]:
    """Turn a refusal of the place into one NightsideError."""
    try:
        yield
    except OSError as error:
        said, advice = _words(error)
        raise NightsideError(
            f"{_KEPT.get(files.name, 'files')} cannot be written ({said})",
            where=f"{files.place}/{name}" if name else files.place,
            advice=advice,
        ) from error


def require_new(place: Files) -> None:
    """Raise NightsideError where the files of a new store cannot lie here, or those of another do.

    Each store deletes what its own catalogue does not name, so no two may share a place.
    """
    with readable(place):
        place.ask()
        taken = [name for name in _KEPT if place.child(name).listing()]
    if taken:
        raise NightsideError(
            f"the files of another store lie here ({', '.join(taken)})",
            where=place.place,
            advice="Name a place of its own with NIGHTSIDE_SEGMENTS; what was stored here belongs to its database.",
        )


def require_there(files: Files, known: int) -> None:
    """Raise NightsideError where a folder that has so many files is gone as a whole, as one is that is not mounted.

    What is missing there is not lost, and who takes it out of the catalogue loses it.
    """
    if known and isinstance(files, LocalFiles) and not files.folder.exists():
        some = f"{known:,} file{'' if known == 1 else 's'}"
        raise NightsideError(
            f"the folder of {_KEPT.get(files.name, 'files')} is not there, and {some} should be in it",
            where=files.place,
            advice="If it is of another machine, mount it. If it is lost, make it: then each file in it is missing.",
        )


_KEPT = {"segments": "samples", "checks": "results of checks", "flips": "flips"}
_ELSE = "A file is missing or damaged: bring it back from a copy, or name another store."
_DAMAGED = {
    "segments": "A segment is missing or damaged: `nightside store check` says which, and what it held.",
    "flips": "The file is damaged: replay the incident's input again.",
    "checks": "A segment is missing or damaged: `nightside store check` says which, and what it held.",
}


def _asked(files: Files, error: Exception) -> Exception:
    """Of a file that is missing: what else is, where it is more than the file."""
    if isinstance(error, FileNotFoundError):
        try:
            files.ask()
        except OSError as more:
            return more
    return error


def _words(error: Exception) -> tuple[str, str]:
    """What a place says, shortly, and what to do about it; empty where that hangs on what it says it of."""
    said = str(error)
    for marks, words, advice in _REMOTE:
        if any(mark in said for mark in marks):
            return words, advice
    short = error.strerror if isinstance(error, OSError) and error.strerror else said.splitlines()[0]
    return short, ""


_REMOTE = (
    (("NO_SUCH_BUCKET",), "there is no such bucket", "Make it, or name another with NIGHTSIDE_SEGMENTS."),
    (
        (
            *("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "INVALID_CLIENT_TOKEN_ID", "HTTP status 403"),
            *("SIGNATURE_DOES_NOT_MATCH", "MISSING_AUTHENTICATION_TOKEN"),
        ),
        "the storage refuses us",
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to those of somebody who may read and write there.",
    ),
    (
        ("PERMANENT_REDIRECT", "HTTP status 301", "AUTHORIZATION_HEADER_MALFORMED"),
        "the bucket is in another region",
        "Set AWS_REGION to the bucket's.",
    ),
    (
        ("NETWORK_CONNECTION", "REQUEST_TIMEOUT", "SERVICE_UNAVAILABLE", "SLOW_DOWN"),
        "the storage does not answer",
        "See that it runs, and that AWS_ENDPOINT_URL names it (unset, it is Amazon's); then try again.",
    ),
)
"""What Amazon's library calls what an S3 storage says."""


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
