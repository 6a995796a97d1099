"""What a job found, in the work place, under a name that says what it depends on."""

from __future__ import annotations

import hashlib
import pickle
from typing import Any

from nightside.store.files import Files
from nightside.store.folder_errors import written


def keep_result(folder: Files, key: str, found: Any) -> None:
    """Leave something there. Raises NightsideError where that is refused."""
    data = pickle.dumps(found, protocol=5)
    with written(folder, key):
        folder.write_bytes(key, hashlib.sha256(data).digest() + data)


def kept_result(folder: Files, key: str) -> Any | None:
    """What was left under this name; None where there is nothing, or it is damaged.

    Whoever can write there can have anything run where it is read: a work place is for one's own workers alone.
    """
    try:
        read = folder.read_bytes(key)
    except OSError:
        return None
    checksum, data = read[:32], memoryview(read)[32:]
    return pickle.loads(data) if hashlib.sha256(data).digest() == checksum else None
