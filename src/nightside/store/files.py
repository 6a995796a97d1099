"""Places for immutable files: a folder, or what pyarrow and fsspec can reach by an address.

A file is there whole, or not at all; who is killed while writing leaves nothing under its name. Any number of
processes, on any number of machines, may write and read one place at once. Two that write one name at once leave what
one of them wrote.

What a place says against it is an OSError (FileNotFoundError where there is no such file); `folder_errors` has the
words for people.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

PART = ".part"
"""How the names of files end that are being written; nobody is told of them."""
LEFT_S = 3600
"""A file that was being written and did not change for so long is one that a killed writer left."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One file of a place."""

    name: str
    size: int
    """In bytes."""
    changed_s: float
    """When it was written, by the place's clock; seconds since the epoch, infinite where it does not say."""


class Files(ABC):
    """A place for files. It is a small value: to be sent to other processes, and opened there by its first use."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The last part of the place's address."""

    @property
    @abstractmethod
    def place(self) -> str:
        """The place's address, for people, and for `files_at`; without secrets."""

    @abstractmethod
    def child(self, name: str) -> Files:
        """The place of this name within this one; it is there from its first file on."""

    @abstractmethod
    def write_bytes(self, name: str, data: bytes | pa.Buffer) -> None:
        """Write a file whole, in place of one of this name. Raises OSError."""

    @abstractmethod
    def open(self, name: str) -> pa.NativeFile:
        """A file, to be read at any place of it, and closed. Raises OSError."""

    @abstractmethod
    def snapshot(self, name: str) -> pa.NativeFile:
        """The same, and it stays what it is now, whatever takes its place or deletes it meanwhile."""

    @abstractmethod
    def parquet(self, name: str, **options: Any) -> AbstractContextManager[pq.ParquetFile]:
        """A Parquet file for a block; `options` of `pyarrow.parquet.ParquetFile`.

        Raises OSError (FileNotFoundError too where it is deleted while it is read), or pyarrow.ArrowException where
        it is damaged.
        """

    @abstractmethod
    def ask(self) -> None:
        """Raise OSError where the storage does not answer, or lacks the bucket; a folder may be missing."""

    @abstractmethod
    def listed(self, name: str) -> Listed | None:
        """What is known of one file; None where there is none. Raises OSError."""

    @abstractmethod
    def listing(self) -> list[Listed]:
        """The files of this place, by name; not those of its children. Raises OSError."""

    @abstractmethod
    def children(self) -> list[str]:
        """The places within this one that hold anything, by name. Raises OSError."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Delete a file; nothing where there is none. Raises OSError."""

    @abstractmethod
    def delete_left(self) -> int:
        """Delete what killed writers left in this place, not in its children; how many. Raises OSError."""

    @abstractmethod
    def delete_all(self) -> None:
        """Delete all that this place and its children hold. Raises OSError."""

    def write(self, name: str, table: pa.Table, **options: Any) -> None:
        """Write a table as Parquet, in place of a file of this name; `options` of `pyarrow.parquet.write_table`.

        Raises OSError.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        # Whole in memory first: who fails while writing to an object store ends with what came until then.
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, **options)
        self.write_bytes(name, sink.getvalue())

    def read_bytes(self, name: str) -> bytes:
        """All of a file. Raises OSError."""
        with self.open(name) as file:
            read: bytes = file.read()
            return read

    def exists(self, name: str) -> bool:
        """Whether there is a file of this name, which is whole then. Raises OSError."""
        return self.listed(name) is not None

    def size(self, name: str) -> int:
        """In bytes. Raises OSError."""
        found = self.listed(name)
        if found is None:
            raise FileNotFoundError(2, "No such file", f"{self.place}/{name}")
        return found.size

    def names(self, prefix: str = "") -> list[str]:
        """The names of this place's files that begin so, in order. Raises OSError."""
        return [each.name for each in self.listing() if each.name.startswith(prefix)]


def files_at(place: str | Path) -> Files:
    """The place at this address: a folder, `file://…`, `s3://bucket/prefix`, or what else pyarrow or fsspec can reach.

    Nothing is asked of it yet. Raises UsageError where the address cannot be one.
    """
    from nightside.store.local_files import LocalFiles

    if isinstance(place, Path) or "://" not in place:
        return LocalFiles(Path(place))
    scheme, _, rest = place.partition("://")
    if scheme == "file":
        return LocalFiles(Path("/" + rest.lstrip("/")))
    from nightside.store.remote_files import RemoteFiles

    return RemoteFiles.at(place)


def plain(name: str) -> str:
    """The name of a file or of a child, that leads nowhere else. Raises ValueError."""
    if not name or "/" in name or name.startswith(".") or name.endswith(PART):
        raise ValueError(f"no name of a file in a place: {name!r}")
    return name
