"""Row groups of segments as NumPy columns; what was read lately stays in memory.

To read a row group, first the footer of its file must be parsed, which takes as long as the reading itself. So
both are kept: footers by the segment, columns by the row group. No file stays open.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from nightside.store.files import Files
from nightside.store.segments import NONE, Int64, file_of

FOOTERS = 128
"""How many are kept; each takes about 0.6 MB where a segment holds a day of 5,000 entities."""
SIZES = 4096
"""How many are kept; who merges asks for hundreds, again and again."""
ROW_GROUPS = 64
"""How many are kept; each takes about 0.4 MB."""


@dataclass(frozen=True, slots=True)
class RowGroup:
    """The stretches of one row group, or of a part of it; each ends where the next begins."""

    begin_s: Int64
    units: Int64
    """NONE where unknown."""
    baseline: Int64
    """NONE where not known."""

    def part(self, first: int, count: int) -> RowGroup:
        """`count` rows from the row `first`."""
        rows = slice(first, first + count)
        return RowGroup(self.begin_s[rows], self.units[rows], self.baseline[rows])


class SegmentReader:
    """Reads the segments in one place; for any number of threads."""

    def __init__(self, files: Files, row_groups: int | None = None) -> None:
        """`row_groups` are kept in memory; unless said, ROW_GROUPS."""
        self._files = files
        self._size = lru_cache(SIZES)(self._read_size)
        self._footer = lru_cache(FOOTERS)(self._read_footer)
        self._row_group = lru_cache(row_groups or ROW_GROUPS)(self._read_row_group)

    def row_group(self, segment: str, number: int) -> RowGroup:
        """One row group. Raises OSError or pyarrow.ArrowException where the segment is missing or damaged."""
        return self._row_group(segment, number)

    def size(self, segment: str) -> int:
        """Of its file, in bytes. Raises OSError where it is missing."""
        return self._size(segment)

    def _read_size(self, segment: str) -> int:
        return self._files.size(file_of(segment))

    def _read_footer(self, segment: str) -> Any:
        with self._files.parquet(file_of(segment)) as file:
            return file.metadata

    def _read_row_group(self, segment: str, number: int) -> RowGroup:
        with self._files.parquet(file_of(segment), metadata=self._footer(segment)) as file:
            # Segments of version 1 have no baseline.
            names = [n for n in ("begin_s", "units", "baseline") if n in file.metadata.schema.names]
            table = file.read_row_group(number, columns=names, use_threads=False)
        begin_s, units, *baseline = (_numbers(column) for column in table.columns)
        return RowGroup(begin_s, units, baseline[0] if baseline else np.full(len(units), NONE, np.int64))


def _numbers(column: Any) -> Int64:
    filled = column.fill_null(NONE) if column.null_count else column
    numbers: Int64 = filled.to_numpy()
    return numbers
