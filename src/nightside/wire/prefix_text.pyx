# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""A column of prefixes to text, in the form of an Arrow string array: offsets and bytes."""

import numpy as np

from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memset

from nightside.wire.text cimport Text, put_char, put_ipv4, put_ipv6, put_number


def prefix_text(columns):
    """Offsets (int32, count + 1 of them) and UTF-8 of the prefixes of one batch, as `192.0.2.0/24`.

    The text of an element without a prefix (STATE, END_OF_RIB) means nothing.
    """
    cdef const uint64_t[::1] high = columns.prefix_hi
    cdef const uint64_t[::1] low = columns.prefix_lo
    cdef const uint8_t[::1] length = columns.prefix_len
    cdef const uint8_t[::1] family = columns.family
    cdef Py_ssize_t count = columns.count, i
    offsets = np.zeros(count + 1, np.int32)
    cdef int32_t[::1] ends = offsets
    cdef Text text
    memset(&text, 0, sizeof(Text))
    try:
        with nogil:
            for i in range(count):
                if family[i] == 6:
                    put_ipv6(&text, high[i], low[i])
                else:
                    put_ipv4(&text, <uint32_t>(high[i] >> 32))
                put_char(&text, b"/")
                put_number(&text, length[i])
                ends[i + 1] = <int32_t>text.size
        if text.failed:
            raise MemoryError
        return offsets, text.data[:text.size] if text.size else b""
    finally:
        free(text.data)
