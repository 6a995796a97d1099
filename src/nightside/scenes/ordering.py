"""Stable orders of large columns of whole numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stable_order(*keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order by the keys (all ≥ 0), the first being the most significant; equals stay as they stand.

    Sorting keys with the places in their low bits is several times faster than sorting places by keys.
    """
    n = len(keys[0])
    if n == 0:
        return np.empty(0, np.int64)
    packed, bits = np.zeros(n, np.uint64), 0
    for key in keys:
        low = int(key.min())
        wide = (int(key.max()) - low).bit_length()
        packed = packed << np.uint64(wide) | (key - low).astype(np.uint64)
        bits += wide
    place = n.bit_length()
    if bits + place > 64:
        return np.lexsort(keys[::-1])
    packed = packed << np.uint64(place) | np.arange(n, dtype=np.uint64)
    packed.sort()
    return (packed & np.uint64((1 << place) - 1)).astype(np.int64)
