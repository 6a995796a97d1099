# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""A growing list of changes, read as columns."""

from libc.stdint cimport int32_t, uint32_t
from libc.stdlib cimport free, realloc

import numpy as np


cdef class ChangeList:
    """What became visible (+1) or invisible (-1) in which second; `since` is 0, or the second from which on it may
    have happened unseen."""

    def __dealloc__(self):
        free(self.second)
        free(self.number)
        free(self.change)
        free(self.since)

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
        return found

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
