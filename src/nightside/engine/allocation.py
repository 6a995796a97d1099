"""Memory that goes back to the system."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Of glibc's malloc.h."""
LARGE_BYTES = 4 << 20


def give_back_large() -> None:
    """From now on memory of LARGE_BYTES or more that is freed goes back to the system; what is zeroed takes none.

    glibc stops doing so by itself once arrays of some MiB come and go: it keeps them, and they are in the way of one
    another. Where there is no glibc, nothing happens.
    """
    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, LARGE_BYTES)
