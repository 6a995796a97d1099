"""The flips of incidents: one Parquet file each in the folder `flips/`, in the shape of `Store.put_flips`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nightside.model.errors import NightsideError
from nightside.store.folder_sync import written_whole

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_PER_GROUP = 1 << 16
"""So many are in memory at once when flips are read."""


_ID = re.compile(r"[A-Z0-9]+-[0-9]+T[0-9]+Z")
"""What makes a file name that leads nowhere else."""


def write(folder: Path, id: str, table: pa.Table) -> None:
    """Write an incident's flips whole, in place of those it had, or not at all. To be called by one at a time.

    Raises NightsideError where the disk refuses.
    """
    import pyarrow.parquet as pq

    final = _file_of(folder, id)
    try:
        folder.mkdir(exist_ok=True)
        with written_whole(final) as file:
            pq.write_table(table, file, compression="zstd", row_group_size=ROWS_PER_GROUP)
    except OSError as error:
        raise NightsideError(f"flips cannot be written ({error.strerror})", where=str(final)) from error


def read(folder: Path, id: str, peer: int | str | None, skip: int) -> pa.RecordBatchReader | None:
    """See `Store.flips`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not _ID.fullmatch(id):
        return None
    path = _file_of(folder, id)
    try:
        # Stays open: who is reading sees one whole file, whatever is put in its place meanwhile.
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        return None
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error
    return pa.RecordBatchReader.from_batches(file.schema_arrow, _batches(file, path, peer, skip))


def sessions_of(schema: pa.Schema) -> list[tuple[str, str, int]]:
    """(collector, address, AS) of every session of the input, with flips or without; as the metadata says it."""
    sessions = json.loads((schema.metadata or {}).get(b"peers", b"[]"))
    return [(collector, address, asn) for collector, address, asn in sessions]


def _batches(
    file: pa.parquet.ParquetFile, path: Path, peer: int | str | None, skip: int
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    with file:
        for group in range(file.num_row_groups):
            if peer is None and skip >= (rows := file.metadata.row_group(group).num_rows):
                skip -= rows
                continue
            try:
                table = file.read_row_group(group)
            except (OSError, pa.ArrowException) as error:
                raise _damaged(path, error) from error
            if peer is not None:
                table = table.filter(_is_of(table, peer))
            left = table.slice(skip)
            skip -= table.num_rows - left.num_rows
            yield from left.to_batches()


def _is_of(table: pa.Table, peer: int | str) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(peer, int):
        return pc.equal(table["peer_asn"], pa.scalar(peer, pa.uint32()))
    return pc.equal(table["peer_address"].cast(pa.string()), peer)


def _file_of(folder: Path, id: str) -> Path:
    return folder / f"{id}.parquet"


def _damaged(path: Path, error: Exception) -> NightsideError:
    return NightsideError(
        f"flips cannot be read: {str(error).splitlines()[0]}",
        where=str(path),
        advice="The file is damaged: replay the incident's input again.",
    )
