"""What a collector's archive says, piece by piece, as columns in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class BlockColumns:
    """Fulfils `nightside.model.elements.Columns`; all arrays are of the length `count`, but `paths`.

    Some arrays are views of constants and shared by all pieces: read, never write. Good until the next
    piece is asked for, and longer.
    """

    count: int
    time_us: NDArray[np.int64]
    kind: NDArray[np.uint8]
    flags: NDArray[np.uint8]
    peer: NDArray[np.uint32]
    family: NDArray[np.uint8]
    prefix_hi: NDArray[np.uint64]
    prefix_lo: NDArray[np.uint64]
    prefix_len: NDArray[np.uint8]
    origin: NDArray[np.uint32]
    upstream: NDArray[np.uint32]
    path_start: NDArray[np.uint32]
    path_count: NDArray[np.uint16]
    paths: NDArray[np.uint32]
    attr_offset: NDArray[np.int64]
    attr_length: NDArray[np.uint32]
    record_offset: NDArray[np.int64]
    old_state: NDArray[np.uint8]
    new_state: NDArray[np.uint8]
    path_id: NDArray[np.uint32]
    prefix_index: NDArray[np.uint32]
    """Place of each row's prefix in the block's `prefix_hi` and `prefix_len`, so that nobody needs to look
    the prefixes up row by row; 0 (and meaningless) for STATE and END_OF_RIB."""


@dataclass(frozen=True, slots=True)
class TablePiece:
    """Rows of one table; a table may come in several pieces, one after the other."""

    nominal: int
    columns: BlockColumns
    last: bool
    """Whether the table ends with this piece."""


@dataclass(frozen=True, slots=True)
class UpdatesPiece:
    """Rows of one file of updates; a file with a table transfer may come in several pieces."""

    nominal: int
    cadence_s: int
    columns: BlockColumns
    late_s: int
    """How long after its time (nominal + cadence) the file appears in the archive."""
    last: bool
    """Whether the file ends with this piece."""


@dataclass(frozen=True, slots=True)
class MissingPiece:
    """A file of updates that is not in the archive."""

    nominal: int
    cadence_s: int


Piece = TablePiece | UpdatesPiece | MissingPiece
