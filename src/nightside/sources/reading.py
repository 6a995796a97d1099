"""Local files through a reader of the wire room, and what could not be used of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from nightside.model.elements import Skip
from nightside.model.errors import InputError
from nightside.sources.layout import InputFile
from nightside.sources.local import open_pieces

Batch = TypeVar("Batch", covariant=True)


class Reader(Protocol[Batch]):
    """What the Decoder and the Lines of the wire room have in common."""

    def start(self, name: str = "") -> None:
        """A new file begins."""

    def feed(self, piece: bytes) -> Iterator[Batch]:
        """Its next bytes."""

    def finish(self) -> Iterator[Batch]:
        """It ends."""

    @property
    def skipped(self) -> list[Skip]:
        """What could not be used."""

    @property
    def records(self) -> int:
        """How many records it has."""

    @property
    def truncated(self) -> bool:
        """Whether it ended inside a record."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told what, while files are read."""

    skip: Callable[[InputFile, Skip], None] = lambda _file, _skip: None
    """At the end of each file, for each reason why something in it could not be used."""
    refuse: Callable[[InputFile, InputError], None] = lambda _file, _error: None
    """A whole file cannot be used."""
    end: Callable[[InputFile, int], None] = lambda _file, _records: None
    """A file has been read; so many records stand in it, the skipped ones too."""
    advance: Callable[[int], None] = lambda _done: None
    """So many more bytes of the files, packed as they are, have been read."""


def read_files(
    reader: Reader[Batch], files: Sequence[InputFile], listener: Listener
) -> Iterator[tuple[InputFile, Batch]]:
    """The batches of one file after the other.

    A file that cannot be read, or does not begin with an MRT record, is refused. Where it is the only one, its
    error is raised; InputError where none of several can be used.
    """
    used = 0
    for file in files:
        try:
            for batch in _read_file(reader, file, listener):
                yield file, batch
            used += 1
        except InputError as error:
            if len(files) == 1:
                raise
            listener.refuse(file, error)
    if not used:
        raise InputError(f"none of the {len(files)} files can be used", advice="Give files of MRT records.")


def _read_file(reader: Reader[Batch], file: InputFile, listener: Listener) -> Iterator[Batch]:
    pieces = open_pieces(file.path)
    reader.start(str(file.path))
    done = unpacked = 0
    for piece in pieces:
        yield from reader.feed(piece)
        unpacked += len(piece)
        listener.advance(pieces.bytes_read - done)
        done = pieces.bytes_read
    yield from reader.finish()
    skipped = reader.skipped
    if pieces.truncated and reader.truncated:
        # Both say that the end is missing; one line does.
        last = skipped.pop()
        skipped.append(Skip(last.offset, f"{pieces.truncated}: {last.reason}", last.count))
    elif pieces.truncated:
        skipped.append(Skip(unpacked, pieces.truncated, 0))
    for skip in skipped:
        listener.skip(file, skip)
    listener.end(file, reader.records)
