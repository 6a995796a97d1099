"""The flips of incidents: one Parquet file each in the folder `flips/`, in the shape of `Store.put_flips`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nightside.store.files import Files
from nightside.store.folder_errors import readable, written

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_PER_GROUP = 1 << 16
"""So many are in memory at once when flips are read."""


_ID = re.compile(r"[A-Z0-9]+-[0-9]+T[0-9]+Z")
"""What makes a file name that leads nowhere else."""


def write(files: Files, id: str, table: pa.Table) -> None:
    """Write an incident's flips whole, in place of those it had, or not at all.

    Raises NightsideError where the place refuses.
    """
    with written(files, file_of(id)):
        files.write(
            file_of(id),
            table,
            compression="zstd",
            row_group_size=ROWS_PER_GROUP,
            write_page_checksum=True,
        )


def read(files: Files, id: str, peer: int | str | None, skip: int) -> pa.RecordBatchReader | None:
    """See `Store.flips`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not _ID.fullmatch(id):
        return None
    with readable(files, file_of(id)):
        try:
            # Who is reading sees one whole file, whatever is put in its place meanwhile.
            source = files.snapshot(file_of(id))
        except FileNotFoundError:
            return None
        file = pq.ParquetFile(source)
    return pa.RecordBatchReader.from_batches(file.schema_arrow, _batches(source, file, files, id, peer, skip))


def sessions_of(schema: pa.Schema) -> list[tuple[str, str, int]]:
    """(collector, address, AS) of every session of the input, with flips or without; as the metadata says it."""
    sessions = json.loads((schema.metadata or {}).get(b"peers", b"[]"))
    return [(collector, address, asn) for collector, address, asn in sessions]


def _batches(
    source: pa.NativeFile,
    file: pa.parquet.ParquetFile,
    files: Files,
    id: str,
    peer: int | str | None,
    skip: int,
) -> Iterator[pa.RecordBatch]:
    with source, file:
        for group in range(file.num_row_groups):
            if peer is None and skip >= (rows := file.metadata.row_group(group).num_rows):
                skip -= rows
                continue
            with readable(files, file_of(id)):
                table = file.read_row_group(group)
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


def file_of(id: str) -> str:
    """The file of an incident's flips."""
    return f"{id}.parquet"
