"""A session's whole table, packed: of many sessions these are the largest part of what a replay has in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from nightside.routing.steps import from_steps, to_steps

UInt32 = npt.NDArray[np.uint32]
BLOCK = 1 << 14
"""Ways that are packed together: who asks for a few unpacks what is near them."""
SMALL = 1 << 15
"""What is not longer is kept as it is."""


class Whole:
    """Ways by prefix number, read as an array is: `len`, indices, `np.asarray`. It does not change."""

    def __init__(self, ways: UInt32) -> None:
        self._count = len(ways)
        self._plain: UInt32 | None = ways if len(ways) <= SMALL else None
        self._packed: list[bytes] = []
        if self._plain is None:
            for begin in range(0, len(ways), BLOCK):
                self._packed.append(isal_zlib.compress(to_steps(ways[begin : begin + BLOCK]), 1))

    def __len__(self) -> int:
        return self._count

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> UInt32:
        if self._plain is not None:
            return np.array(self._plain, dtype=dtype, copy=bool(copy))
        ways = np.empty(self._count, np.uint32)
        for number, begin in enumerate(range(0, self._count, BLOCK)):
            from_steps(isal_zlib.decompress(self._packed[number]), ways[begin : begin + BLOCK])
        return ways if dtype is None else ways.astype(dtype, copy=False)

    def __getitem__(self, which: Any) -> Any:
        if self._plain is not None:
            return self._plain[which]
        if not isinstance(which, np.ndarray) or which.dtype == bool:
            return np.asarray(self)[which]
        blocks = which // BLOCK
        if len(which) and not 0 <= int(blocks.min()) <= int(blocks.max()) < len(self._packed):
            raise IndexError(f"a prefix that is not among {self._count}")
        found = np.empty(len(which), np.uint32)
        for number in np.unique(blocks).tolist():
            mine = blocks == number
            found[mine] = self._block(number)[which[mine] - number * BLOCK]
        return found

    def tolist(self) -> list[int]:
        """As Python's integers."""
        whole: list[int] = np.asarray(self).tolist()
        return whole

    def _block(self, number: int) -> UInt32:
        ways = np.empty(min(BLOCK, self._count - number * BLOCK), np.uint32)
        from_steps(isal_zlib.decompress(self._packed[number]), ways)
        return ways
