# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""One number for each (peer, prefix): rows that grow, 0 where nothing was put."""

from libc.stdint cimport uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

import copyreg

import numpy as np

from nightside.routing.saved import must
from nightside.routing.saved cimport memory_of, view_of


cdef class Rows:
    """A row of uint32 by prefix number for each peer. Read with `get`, write with `put`."""

    def __dealloc__(self):
        self._free()

    cdef void _free(self) noexcept:
        cdef uint32_t i
        for i in range(self.count):
            free(self.row[i])
        free(self.row)
        free(self.size)
        self.row = NULL
        self.size = NULL
        self.count = 0

    def __reduce__(self):
        cdef uint32_t i, used
        rows = []
        for i in range(self.count):
            used = self.size[i]
            while used and self.row[i][used - 1] == 0:
                used -= 1
            rows.append((self.size[i], view_of(self.row[i], used, np.uint32)))
        return copyreg.__newobj__, (Rows,), (rows,)

    def __setstate__(self, state):
        cdef uint32_t i
        rows, = state
        self._free()
        self.room_for_peers(len(rows))
        for i, (size, row) in enumerate(rows):
            must(size >= len(row), "a row is longer than its room")
            if size:
                self.row[i] = <uint32_t*>memory_of(row, np.uint32, len(row), size, "a row")
                self.size[i] = size

    cdef int room_for_peers(self, uint32_t count) except -1:
        """Rows for at least so many peers; new ones are empty."""
        cdef void* grown
        cdef uint32_t i
        if count <= self.count:
            return 0
        grown = realloc(self.row, count * sizeof(uint32_t*))
        if grown == NULL:
            raise MemoryError
        self.row = <uint32_t**>grown
        grown = realloc(self.size, count * sizeof(uint32_t))
        if grown == NULL:
            raise MemoryError
        self.size = <uint32_t*>grown
        for i in range(self.count, count):
            self.row[i] = NULL
            self.size[i] = 0
        self.count = count
        return 0

    cdef int room_for(self, uint32_t peer, uint32_t id) except -1:
        """A row that reaches to this prefix number."""
        cdef size_t size
        cdef uint32_t* row
        if id < self.size[peer]:
            return 0
        size = max(<size_t>id + 1, <size_t>self.size[peer] * 3 // 2, <size_t>1024)
        row = <uint32_t*>realloc(self.row[peer], size * sizeof(uint32_t))
        if row == NULL:
            raise MemoryError
        memset(row + self.size[peer], 0, (size - self.size[peer]) * sizeof(uint32_t))
        self.row[peer] = row
        self.size[peer] = <uint32_t>size
        return 0

    cdef void clear(self, uint32_t peer) noexcept:
        """Empty a row and give its memory back."""
        free(self.row[peer])
        self.row[peer] = NULL
        self.size[peer] = 0
