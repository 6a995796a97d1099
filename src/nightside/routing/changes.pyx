# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""A growing list of changes, read as columns."""

from libc.stdint cimport int32_t, uint32_t
from libc.stdlib cimport free, realloc

import copyreg

import numpy as np

from nightside.routing.saved cimport memory_of, view_of

cdef enum:
    ROOM = 1 << 16   # so many changes keep their memory for the next ones


cdef class ChangeList:
    """What became visible (+1) or invisible (-1) in which second; `since` is 0, or the second from which on it may
    have happened unseen."""

    def __dealloc__(self):
        self._free()

    cdef void _free(self) noexcept:
        free(self.second)
        free(self.number)
        free(self.change)
        free(self.since)
        self.second = self.number = self.since = NULL
        self.change = NULL
        self.count = self.capacity = 0

    cdef int add(self, uint32_t second, uint32_t number, int32_t change, uint32_t since) except -1:
        cdef size_t capacity
        cdef void* grown
        if self.count == self.capacity:
            capacity = self.capacity * 2 if self.capacity else 1024
            grown = realloc(self.second, capacity * sizeof(uint32_t))
            if grown == NULL:
                raise MemoryError
            self.second = <uint32_t*>grown
            grown = realloc(self.number, capacity * sizeof(uint32_t))
            if grown == NULL:
                raise MemoryError
            self.number = <uint32_t*>grown
            grown = realloc(self.change, capacity * sizeof(int32_t))
            if grown == NULL:
                raise MemoryError
            self.change = <int32_t*>grown
            grown = realloc(self.since, capacity * sizeof(uint32_t))
            if grown == NULL:
                raise MemoryError
            self.since = <uint32_t*>grown
            self.capacity = capacity
        self.second[self.count] = second
        self.number[self.count] = number
        self.change[self.count] = change
        self.since[self.count] = since
        self.count += 1
        return 0

    def drain(self):
        """The `columns`, and none are left."""
        found = self.columns()
        self.count = 0
        if self.capacity > ROOM:
            self._free()
        return found

    def __reduce__(self):
        cdef size_t n = self.count
        columns = (
            view_of(self.second, n, np.uint32), view_of(self.number, n, np.uint32),
            view_of(self.change, n, np.int32), view_of(self.since, n, np.uint32),
        )
        return copyreg.__newobj__, (ChangeList,), columns

    def __setstate__(self, state):
        second, number, change, since = state
        cdef size_t n = len(second)
        self._free()
        self.second = <uint32_t*>memory_of(second, np.uint32, n, n, "the seconds of changes")
        self.number = <uint32_t*>memory_of(number, np.uint32, n, n, "the numbers of changes")
        self.change = <int32_t*>memory_of(change, np.int32, n, n, "changes")
        self.since = <uint32_t*>memory_of(since, np.uint32, n, n, "the earliest seconds of changes")
        self.count = self.capacity = n

    def columns(self):
        """(second uint32, number uint32, change int32, since uint32), copies, in the order of time."""
        if self.count == 0:
            return (np.empty(0, np.uint32), np.empty(0, np.uint32), np.empty(0, np.int32), np.empty(0, np.uint32))
        return (
            np.asarray(<uint32_t[:self.count]>self.second).copy(),
            np.asarray(<uint32_t[:self.count]>self.number).copy(),
            np.asarray(<int32_t[:self.count]>self.change).copy(),
            np.asarray(<uint32_t[:self.count]>self.since).copy(),
        )
