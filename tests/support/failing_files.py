"""A folder for files that refuses to be written while it is told to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightside.store.local_files import LocalFiles


class Refusing:
    """What the folder looks at."""

    writes = False


@dataclass(frozen=True, slots=True)
class FailingFiles(LocalFiles):
    """The folder."""

    refusing: Refusing

    def write_bytes(self, name: str, data: Any) -> None:
        if self.refusing.writes:
            raise OSError(28, "No space left on device")
        LocalFiles.write_bytes(self, name, data)


def failing_files(folder: Path) -> tuple[FailingFiles, Refusing]:
    refusing = Refusing()
    return FailingFiles(folder, refusing), refusing
