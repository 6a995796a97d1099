# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""One batch of elements: pointers for the compiled rooms; the same memory as arrays for those who ask for them."""

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset


cdef class Columns:
    """One batch of elements; the columns are described in `nightside.model.elements.Columns`.

    The arrays have room for more: only the first `count` elements count. They are used again for the next batch.
    They are made when they are first asked for: who counts in compiled code needs no NumPy.
    """

    def __init__(self, Py_ssize_t room, Py_ssize_t paths_room):
        self.count = 0
        self.memory = {}
        self.arrays = {}
        # The memory never moves.
        self.to.time_us = <int64_t*>self._column("time_us", "int64", room, sizeof(int64_t))
        self.to.kind = <uint8_t*>self._column("kind", "uint8", room, 1)
        self.to.flags = <uint8_t*>self._column("flags", "uint8", room, 1)
        self.to.peer = <uint32_t*>self._column("peer", "uint32", room, sizeof(uint32_t))
        self.to.family = <uint8_t*>self._column("family", "uint8", room, 1)
        self.to.prefix_hi = <uint64_t*>self._column("prefix_hi", "uint64", room, sizeof(uint64_t))
        self.to.prefix_lo = <uint64_t*>self._column("prefix_lo", "uint64", room, sizeof(uint64_t))
        self.to.prefix_len = <uint8_t*>self._column("prefix_len", "uint8", room, 1)
        self.to.origin = <uint32_t*>self._column("origin", "uint32", room, sizeof(uint32_t))
        self.to.upstream = <uint32_t*>self._column("upstream", "uint32", room, sizeof(uint32_t))
        self.to.path_start = <uint32_t*>self._column("path_start", "uint32", room, sizeof(uint32_t))
        self.to.path_count = <uint16_t*>self._column("path_count", "uint16", room, sizeof(uint16_t))
        self.to.paths = <uint32_t*>self._column("paths", "uint32", paths_room, sizeof(uint32_t))
        self.to.attr_offset = <int64_t*>self._column("attr_offset", "int64", room, sizeof(int64_t))
        self.to.attr_length = <uint32_t*>self._column("attr_length", "uint32", room, sizeof(uint32_t))
        self.to.record_offset = <int64_t*>self._column("record_offset", "int64", room, sizeof(int64_t))
        self.to.old_state = <uint8_t*>self._column("old_state", "uint8", room, 1)
        self.to.new_state = <uint8_t*>self._column("new_state", "uint8", room, 1)
        self.to.path_id = <uint32_t*>self._column("path_id", "uint32", room, sizeof(uint32_t))
        memset(self.to.path_id, 0, room * sizeof(uint32_t))

    cdef void* _column(self, str name, str type, Py_ssize_t room, Py_ssize_t size) except NULL:
        """Memory for `room` items of a NumPy type; what is in it is not set. Untouched pages cost nothing."""
        cdef object memory = PyByteArray_FromStringAndSize(NULL, room * size)
        self.memory[name] = (memory, type)
        return PyByteArray_AS_STRING(memory)

    def __getattr__(self, str name):
        array = self.arrays.get(name)
        if array is None:
            if name not in self.memory:
                raise AttributeError(f"elements have no column {name!r}")
            import numpy as np

            memory, type = self.memory[name]
            array = self.arrays[name] = np.frombuffer(memory, type)
        return array
