"""Row groups of segments as NumPy columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nightside.store.segments import NONE, Int64, file_of


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
    """Reads the segments in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def row_group(self, segment: str, number: int) -> RowGroup:
        """One row group. Raises OSError or pyarrow.ArrowException where the segment is missing or damaged."""
        import numpy as np
        import pyarrow.parquet as pq

        with pq.ParquetFile(file_of(self._folder, segment)) as file:
            names = [n for n in ("begin_s", "units", "baseline") if n in file.schema_arrow.names]
            table = file.read_row_group(number, columns=names, use_threads=False)
        begin_s, units, *baseline = (
            column.combine_chunks().fill_null(NONE).to_numpy(zero_copy_only=False) for column in table.columns
        )
        return RowGroup(begin_s, units, baseline[0] if baseline else np.full(len(units), NONE, np.int64))
