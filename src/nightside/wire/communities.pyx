# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The communities of attribute blocks to text, in the form of an Arrow array of lists of strings."""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport free
from libc.string cimport memset

from nightside.wire.attribute_text cimport put_community
from nightside.wire.attributes cimport COMMUNITIES, LARGE_COMMUNITIES, Attributes, has, walk_attributes
from nightside.wire.bigendian cimport be32
from nightside.wire.faults cimport Fault
from nightside.wire.text cimport Text, put_char, put_number


def community_text(data, starts, lengths):
    """Lists of texts: where each block's begin (int32, one more than blocks), where each text begins, and UTF-8.

    Block `i` is the `lengths[i]` bytes of `data` from `starts[i]` on (int64, int64). First its communities
    (RFC 1997, the well-known ones by the names that bgpdump has), then its large ones (RFC 8092) as `1:2:3`.
    What a malformed block says before its fault is given. Raises ValueError where a block lies outside of `data`.
    """
    cdef const uint8_t[::1] view = data
    cdef const int64_t[::1] begin = starts
    cdef const int64_t[::1] size = lengths
    cdef Py_ssize_t blocks = begin.shape[0], total = view.shape[0], i, j, made = 0, room
    cdef Attributes attributes
    cdef Fault problem
    cdef Text text
    cdef const uint8_t* base = NULL
    cdef const uint8_t* value
    if size.shape[0] != blocks:
        raise ValueError(f"{blocks} starts and {size.shape[0]} lengths")
    for i in range(blocks):
        if begin[i] < 0 or size[i] < 0 or begin[i] + size[i] > total:
            raise ValueError(f"block {i} lies outside of {total} bytes")
    if total:
        base = &view[0]
    lists = np.zeros(blocks + 1, np.int32)
    cdef int32_t[::1] list_ends = lists
    # A text is of four bytes or more.
    room = <Py_ssize_t>np.asarray(lengths).sum() // 4 + 1
    texts = np.zeros(room + 1, np.int32)
    cdef int32_t[::1] text_ends = texts
    memset(&text, 0, sizeof(Text))
    try:
        with nogil:
            for i in range(blocks):
                walk_attributes(base + begin[i], base + begin[i] + size[i], &attributes, &problem)
                if has(&attributes, COMMUNITIES):
                    value = attributes.value[COMMUNITIES]
                    for j in range(attributes.length[COMMUNITIES] // 4):
                        put_community(&text, be32(value + 4 * j))
                        made += 1
                        text_ends[made] = <int32_t>text.size
                if has(&attributes, LARGE_COMMUNITIES):
                    value = attributes.value[LARGE_COMMUNITIES]
                    for j in range(attributes.length[LARGE_COMMUNITIES] // 12):
                        put_number(&text, be32(value + 12 * j))
                        put_char(&text, b":")
                        put_number(&text, be32(value + 12 * j + 4))
                        put_char(&text, b":")
                        put_number(&text, be32(value + 12 * j + 8))
                        made += 1
                        text_ends[made] = <int32_t>text.size
                list_ends[i + 1] = <int32_t>made
        if text.failed:
            raise MemoryError
        return lists, texts[:made + 1], text.data[:text.size] if text.size else b""
    finally:
        free(text.data)
