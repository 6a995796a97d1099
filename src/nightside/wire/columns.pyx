# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""One batch of elements: arrays for the outside, pointers to the same memory for the decoder."""

import numpy as np

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef void* first_byte(array):
    cdef uint8_t[::1] view = array.view(np.uint8)
    return &view[0]


cdef class Columns:
    """One batch of elements; the columns are described in `nightside.model.elements.Columns`.

    The arrays have room for more: only the first `count` elements count. They are used again for the next batch.
    """

    def __init__(self, Py_ssize_t room, Py_ssize_t paths_room):
        self.count = 0
        self.time_us = np.empty(room, np.int64)
        self.kind = np.empty(room, np.uint8)
        self.flags = np.empty(room, np.uint8)
        self.peer = np.empty(room, np.uint32)
        self.family = np.empty(room, np.uint8)
        self.prefix_hi = np.empty(room, np.uint64)
        self.prefix_lo = np.empty(room, np.uint64)
        self.prefix_len = np.empty(room, np.uint8)
        self.origin = np.empty(room, np.uint32)
        self.upstream = np.empty(room, np.uint32)
        self.path_start = np.empty(room, np.uint32)
        self.path_count = np.empty(room, np.uint16)
        self.paths = np.empty(paths_room, np.uint32)
        self.attr_offset = np.empty(room, np.int64)
        self.attr_length = np.empty(room, np.uint32)
        self.record_offset = np.empty(room, np.int64)
        self.old_state = np.empty(room, np.uint8)
        self.new_state = np.empty(room, np.uint8)
        self.path_id = np.zeros(room, np.uint32)
        # The arrays never move.
        self.to.time_us = <int64_t*>first_byte(self.time_us)
        self.to.kind = <uint8_t*>first_byte(self.kind)
        self.to.flags = <uint8_t*>first_byte(self.flags)
        self.to.peer = <uint32_t*>first_byte(self.peer)
        self.to.family = <uint8_t*>first_byte(self.family)
        self.to.prefix_hi = <uint64_t*>first_byte(self.prefix_hi)
        self.to.prefix_lo = <uint64_t*>first_byte(self.prefix_lo)
        self.to.prefix_len = <uint8_t*>first_byte(self.prefix_len)
        self.to.origin = <uint32_t*>first_byte(self.origin)
        self.to.upstream = <uint32_t*>first_byte(self.upstream)
        self.to.path_start = <uint32_t*>first_byte(self.path_start)
        self.to.path_count = <uint16_t*>first_byte(self.path_count)
        self.to.paths = <uint32_t*>first_byte(self.paths)
        self.to.attr_offset = <int64_t*>first_byte(self.attr_offset)
        self.to.attr_length = <uint32_t*>first_byte(self.attr_length)
        self.to.record_offset = <int64_t*>first_byte(self.record_offset)
        self.to.old_state = <uint8_t*>first_byte(self.old_state)
        self.to.new_state = <uint8_t*>first_byte(self.new_state)
        self.to.path_id = <uint32_t*>first_byte(self.path_id)
