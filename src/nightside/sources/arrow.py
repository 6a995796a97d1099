"""Elements as Arrow record batches, so that polars, pandas and DuckDB take them as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nightside.model.elements import FLAG_LOCAL, FLAG_NO_UPSTREAM, FLAG_PATH_ID, Columns, Kind, Peer
from nightside.sources.attribute_blocks import BlockReader
from nightside.sources.element_filter import KINDS, ElementFilter, chosen
from nightside.sources.layout import InputFile, find_inputs
from nightside.sources.reading import Listener, read_files
from nightside.wire.decoder import Decoder
from nightside.wire.prefix_text import prefix_text

SCHEMA = pa.schema(
    [
        pa.field("time", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("kind", pa.dictionary(pa.int8(), pa.string()), nullable=False),
        pa.field("collector", pa.string(), nullable=False),
        pa.field("peer_address", pa.string(), nullable=False),
        pa.field("peer_asn", pa.uint32(), nullable=False),
        pa.field("family", pa.uint8()),  # 4 or 6; null for state
        pa.field("prefix", pa.string()),  # null for state and end_of_rib
        pa.field("origin", pa.uint32()),  # null where the element carries no path
        pa.field("upstream", pa.uint32()),  # null there too, and where no AS stands beside the origin
        pa.field("path", pa.list_(pa.uint32())),  # as the origin; AS_SETs lie flat in it
        pa.field("old_state", pa.uint8()),  # null but for state
        pa.field("new_state", pa.uint8()),
        pa.field("path_id", pa.uint32()),  # RFC 7911; null where the element came without
        pa.field("local", pa.bool_(), nullable=False),  # the collector sent it itself: no route of the peer
        pa.field("file", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),  # of the record, in the uncompressed file
    ]
)
WITH_COMMUNITIES = SCHEMA.append(pa.field("communities", pa.list_(pa.string())))
"""Null where the element carries no attributes."""


def element_batches(inputs: Sequence[Path], listener: Listener | None = None) -> pa.RecordBatchReader:
    """The elements of files, and of folders in an archive's layout, in the order of `find_inputs`.

    Errors as `read_files` has them: those of what cannot be found at once, the others with the batches.
    """
    return file_batches(find_inputs(inputs).files, listener or Listener())


def file_batches(
    files: Sequence[InputFile],
    listener: Listener,
    wanted: ElementFilter | None = None,
    *,
    communities: bool = False,
) -> pa.RecordBatchReader:
    """The elements of files that have been found, all or those wanted; batches of none are left out."""
    schema = WITH_COMMUNITIES if communities else SCHEMA
    batches = _with_communities(files, listener, wanted) if communities else _plain(files, listener, wanted)
    return pa.RecordBatchReader.from_batches(schema, batches)


def _plain(
    files: Sequence[InputFile], listener: Listener, wanted: ElementFilter | None
) -> Iterator[pa.RecordBatch]:
    decoder = Decoder()
    for file, columns in read_files(decoder, files, listener):
        some = columns if wanted is None else chosen(columns, decoder.peers, wanted)
        if some.count:
            yield record_batch(some, decoder.peers, file)


def _with_communities(
    files: Sequence[InputFile], listener: Listener, wanted: ElementFilter | None
) -> Iterator[pa.RecordBatch]:
    reader = BlockReader()
    for file, columns in read_files(reader, files, listener):
        some = columns if wanted is None else chosen(columns, reader.peers, wanted)
        if some.count:
            plain = record_batch(some, reader.peers, file)
            arrays = [*plain.columns, reader.communities(some)]
            yield pa.RecordBatch.from_arrays(arrays, schema=WITH_COMMUNITIES)


def record_batch(columns: Columns, peers: Sequence[Peer], file: InputFile) -> pa.RecordBatch:
    """One batch of a decoder with the columns of SCHEMA; the bytes are copied."""
    n = columns.count
    kind, peer = columns.kind[:n], columns.peer[:n]
    with_path = (kind == Kind.ANNOUNCE) | (kind == Kind.ROUTE)
    with_prefix = with_path | (kind == Kind.WITHDRAW)
    is_state = kind == Kind.STATE
    alone = (columns.flags[:n] & FLAG_NO_UPSTREAM) != 0
    offsets, text = prefix_text(columns)
    prefixes = pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(text))
    seen, where = np.unique(peer, return_inverse=True)
    addresses = pa.array([peers[i].address for i in seen], pa.string())
    asns = np.array([peers[i].asn for i in seen], np.uint32)
    arrays = [
        pa.array(columns.time_us[:n].copy()).cast(pa.timestamp("us", "UTC")),
        pa.DictionaryArray.from_arrays(pa.array((kind - 1).astype(np.int8)), pa.array(KINDS)),
        pa.repeat(file.collector, n),
        addresses.take(pa.array(where)),
        pa.array(asns[where]),
        pa.array(columns.family[:n].copy(), mask=is_state),
        pc.if_else(pa.array(with_prefix), prefixes, None),
        pa.array(columns.origin[:n].copy(), mask=~with_path),
        pa.array(columns.upstream[:n].copy(), mask=~with_path | alone),
        _paths(columns, with_path),
        pa.array(columns.old_state[:n].copy(), mask=~is_state),
        pa.array(columns.new_state[:n].copy(), mask=~is_state),
        pa.array(columns.path_id[:n].copy(), mask=(columns.flags[:n] & FLAG_PATH_ID) == 0),
        pa.array((columns.flags[:n] & FLAG_LOCAL) != 0),
        pa.repeat(file.name, n),
        pa.array(columns.record_offset[:n].copy()),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _paths(columns: Columns, with_path: Any) -> pa.ListArray:
    """The flat paths as lists, null where there is none. Elements share stretches; lists cannot."""
    n = columns.count
    counts = np.where(with_path, columns.path_count[:n], 0).astype(np.int64)
    ends = np.zeros(n + 1, np.int32)
    np.cumsum(counts, out=ends[1:])
    starts = np.repeat(columns.path_start[:n].astype(np.int64) - ends[:-1], counts)
    flat = columns.paths[starts + np.arange(int(ends[-1]))]
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(flat), mask=pa.array(~with_path))
