"""The map in a work place: put there once, loaded once by each worker."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import lru_cache
from typing import Any

import numpy as np

from nightside.engine.shards.keys import snapshot_key
from nightside.model.errors import NightsideError
from nightside.store.files import Files
from nightside.store.folder_errors import written
from nightside.world.snapshot import Snapshot

FOLDER = "maps"


def keep_snapshot(work: Files, snapshot: Snapshot) -> str:
    """Put a map into the work place, if it is not there whole; returns its name.

    Raises NightsideError where that is refused.
    """
    import pyarrow as pa

    key = snapshot_key(snapshot)
    try:
        # Not what this process remembers of it: the place may have been cleared since.
        kept_snapshot.__wrapped__(work, key)
    except NightsideError:
        said: dict[str, Any] = {}
        buffers: dict[str, Any] = {}
        for one in fields(snapshot):
            value = getattr(snapshot, one.name)
            if isinstance(value, np.ndarray):
                buffers[one.name] = [value.tobytes()]
                said[one.name] = str(value.dtype)
            else:
                said[one.name] = value
        table = pa.table(buffers).replace_schema_metadata({"map": json.dumps(said)})
        folder = work.child(FOLDER)
        with written(folder, key):
            folder.write(key, table, compression="zstd", write_page_checksum=True)
    return key


@lru_cache(maxsize=2)
def kept_snapshot(work: Files, key: str) -> Snapshot:
    """A map that was put into the work place. Raises NightsideError where it is damaged or gone."""
    import pyarrow as pa

    try:
        with work.child(FOLDER).parquet(key, page_checksum_verification=True) as file:
            table = file.read()
        said = json.loads(table.schema.metadata[b"map"])
        for name in table.column_names:
            said[name] = np.frombuffer(table[name][0].as_py(), np.dtype(said[name]))
        said["codes"] = tuple(said["codes"])
        said["overridden"] = tuple(tuple(each) for each in said["overridden"])
        snapshot = Snapshot(**said)
        whole = snapshot_key(snapshot) == key
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise _damaged(work, key) from error
    if not whole:
        raise _damaged(work, key)
    return snapshot


def _damaged(work: Files, key: str) -> NightsideError:
    return NightsideError(
        "the map in the work place is damaged, or gone",
        where=f"{work.place}/{FOLDER}/{key}",
        advice="Begin again: it is put there anew.",
    )
