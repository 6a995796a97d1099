"""Tables as columns, fast: from one table to the next little changes, so only that is made anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nightside.scenes.ground import USUAL
from nightside.scenes.pieces import BlockColumns
from nightside.scenes.rows import Columnist

_ROWS = 1 << 17
"""Rows of a piece; more do not stay in the caches, neither here nor with whoever reads them."""
_FIELDS = (
    "prefix_hi",
    "prefix_len",
    "origin",
    "upstream",
    "path_start",
    "path_count",
    "prefix_index",
    "peer",
)


@dataclass(frozen=True, eq=False, slots=True)
class _Chunk:
    """Some prefixes of all sessions: the columns that their rows would have, were all there."""

    low: int
    high: int
    cells: BlockColumns
    value: NDArray[np.uint8]


class TableRows:
    """The tables of one collector; `told` are the prefixes of each session, None for all."""

    def __init__(self, columnist: Columnist, n: int, told: list[NDArray[np.bool_] | None]) -> None:
        self._columnist, self._n = columnist, n
        self._told = [None if t is None else np.flatnonzero(t) for t in told]
        self._step = max(1, _ROWS // len(told))
        self._chunks: list[_Chunk] = []

    def columns(self, held: list[NDArray[np.uint8]], at: int, lasts_s: int) -> Iterator[BlockColumns]:
        """The rows of the table in pieces; `held` are each session's values of all prefixes."""
        for number, low in enumerate(range(0, self._n, self._step)):
            if number == len(self._chunks):
                self._chunks.append(self._chunk(low, min(low + self._step, self._n)))
            chunk = self._chunks[number]
            value = np.concatenate(
                [row[some] for row, some in zip(held, self._which(chunk.low, chunk.high), strict=True)]
            )
            self._patch(chunk, value)
            there = np.flatnonzero(value)
            second = at + lasts_s * low // self._n
            yield self._columnist.in_table(_take(chunk.cells, there), second)

    def _which(self, low: int, high: int) -> list[slice | NDArray[np.int64]]:
        found: list[slice | NDArray[np.int64]] = []
        for told in self._told:
            if told is None:
                found.append(slice(low, high))
            else:
                found.append(told[slice(*np.searchsorted(told, [low, high]))])
        return found

    def _chunk(self, low: int, high: int) -> _Chunk:
        numbers = np.arange(self._n)
        prefixes = [numbers[which] for which in self._which(low, high)]
        place = np.repeat(np.arange(len(prefixes), dtype=np.uint32), [len(p) for p in prefixes])
        value = np.full(len(place), USUAL, np.uint8)
        return _Chunk(low, high, self._columnist.table(place, np.concatenate(prefixes), value), value)

    def _patch(self, chunk: _Chunk, value: NDArray[np.uint8]) -> None:
        """Make the cells anew whose value is not what it was in the table before."""
        changed = np.flatnonzero((value != chunk.value) & (value > 0))
        if len(changed):
            chunk.value[changed] = value[changed]
            prefix = chunk.cells.prefix_index[changed].astype(np.int64)
            anew = self._columnist.table(chunk.cells.peer[changed], prefix, value[changed])
            for name in ("origin", "upstream", "path_start", "path_count"):
                getattr(chunk.cells, name)[changed] = getattr(anew, name)


def _take(cells: BlockColumns, which: NDArray[np.int64]) -> BlockColumns:
    """Some of the cells; a copy, since the cells will be patched."""
    fields = {name: getattr(cells, name).take(which, mode="clip") for name in _FIELDS}
    return replace(cells, count=len(which), **fields)
