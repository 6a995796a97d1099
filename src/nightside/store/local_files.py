"""`Files` in a folder of this machine, or of one that is mounted here."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from uuid import uuid4

from nightside.store.files import LEFT_S, PART, Files, Listed, plain
from nightside.store.folder_sync import written_whole

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


@dataclass(frozen=True, slots=True)
class LocalFiles(Files):
    """A folder. What was written outlives a power loss: files and the names in their folder are synced."""

    folder: Path

    @property
    def name(self) -> str:
        """See `Files.name`."""
        return self.folder.name

    @property
    def place(self) -> str:
        """See `Files.place`."""
        return str(self.folder)

    def child(self, name: str) -> LocalFiles:
        """See `Files.child`."""
        return LocalFiles(self.folder / plain(name))

    def write(self, name: str, table: pa.Table, **options: Any) -> None:
        """See `Files.write`."""
        import pyarrow.parquet as pq

        with self._written(name) as file:
            pq.write_table(table, file, **options)

    def write_bytes(self, name: str, data: bytes | pa.Buffer) -> None:
        """See `Files.write_bytes`."""
        with self._written(name) as file:
            file.write(data)

    @contextmanager
    def _written(self, name: str) -> Iterator[IO[bytes]]:
        final = self.folder / plain(name)
        # A name of its own for each writer: another may be writing the same, here or on another machine.
        part = final.with_name(f"{name}.{uuid4().hex}{PART}")
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with written_whole(final, part) as file:
                yield file
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise

    def open(self, name: str) -> pa.NativeFile:
        """See `Files.open`."""
        import pyarrow as pa

        return pa.OSFile(str(self.folder / plain(name)))

    def snapshot(self, name: str) -> pa.NativeFile:
        """See `Files.snapshot`."""
        return self.open(name)

    @contextmanager
    def parquet(self, name: str, **options: Any) -> Iterator[pq.ParquetFile]:
        """See `Files.parquet`."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.folder / plain(name), **options) as file:
            yield file

    def ask(self) -> None:
        """See `Files.ask`."""

    def listed(self, name: str) -> Listed | None:
        """See `Files.listed`."""
        try:
            found = (self.folder / plain(name)).stat()
        except FileNotFoundError:
            return None
        return Listed(name, found.st_size, found.st_mtime)

    def listing(self) -> list[Listed]:
        """See `Files.listing`."""
        return sorted((each for each in self._all() if not each.name.endswith(PART)), key=lambda f: f.name)

    def _all(self) -> Iterator[Listed]:
        with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                # One that is deleted or gets its name meanwhile is none that is left.
                with suppress(FileNotFoundError):
                    if entry.is_file(follow_symlinks=False):
                        found = entry.stat(follow_symlinks=False)
                        yield Listed(entry.name, found.st_size, found.st_mtime)

    def children(self) -> list[str]:
        """See `Files.children`."""
        with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        return []

    def delete(self, name: str) -> None:
        """See `Files.delete`."""
        (self.folder / plain(name)).unlink(missing_ok=True)

    def delete_left(self) -> int:
        """See `Files.delete_left`."""
        old = time.time() - LEFT_S
        left = [each.name for each in self._all() if each.name.endswith(PART) and each.changed_s < old]
        for name in left:
            (self.folder / name).unlink(missing_ok=True)
        return len(left)

    def delete_all(self) -> None:
        """See `Files.delete_all`."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.folder)
