# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Where in the input each event of a log was said.

Elements are numbered in the order in which a collector's files are read. An event's place is the number of the
element that made it (of a table's events: of the table's first element); it is kept in two bytes, counted from
the mark before.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc

import copyreg

import numpy as np

from nightside.routing.log cimport KNOWN, LOAD, EventLog
from nightside.routing.saved cimport memory_of, view_of


cdef class Places:
    """Grows by doubling; asked through `about`."""

    def __cinit__(self):
        # (number of the first event, element that the places from there on count from).
        self.marks = []
        self.mark(0)

    def __dealloc__(self):
        free(self.place)

    def __reduce__(self):
        state = (view_of(self.place, self.count, np.uint16), self.marked, self.marks, bool(self.off))
        return copyreg.__newobj__, (Places,), state

    def __setstate__(self, state):
        place, self.marked, self.marks, self.off = state
        cdef size_t n = len(place)
        free(self.place)
        self.place = NULL
        self.count = self.capacity = 0
        self.place = <uint16_t*>memory_of(place, np.uint16, n, n, "the places of events")
        self.count = self.capacity = n

    def keep_none(self):
        """No place is kept from now on: nobody will ask."""
        self.off = True

    cdef int mark(self, uint64_t element) except -1:
        """The places from here on count from this element."""
        cdef Py_ssize_t last = len(self.marks) - 1
        if last >= 0 and self.marks[last][0] == self.count:
            self.marks.pop()
        self.marks.append((self.count, element))
        self.marked = element
        return 0

    cdef int _fill(self, size_t count, uint16_t place) except -1:
        cdef size_t capacity
        cdef void* grown
        if count > self.capacity:
            capacity = max(2 * self.capacity, count, <size_t>4096)
            grown = realloc(self.place, capacity * sizeof(uint16_t))
            if grown == NULL:
                raise MemoryError
            self.place = <uint16_t*>grown
            self.capacity = capacity
        while self.count < count:
            self.place[self.count] = place
            self.count += 1
        return 0

    def about(self, EventLog log not None, const uint8_t[::1] wanted):
        """The log's events about the prefixes that are not 0 in `wanted`, and all LOADs and KNOWNs, in the order of the log.

        (second, kind, session, prefix, way, element, itself): `element` (int64) is the number of the element that
        made the event; where `itself` is 0 none did, and it is the one that was next.
        """
        cdef size_t i, n = 0, m = 0
        if self.off or log.count > self.count:
            raise IndexError(f"{log.count} events have only {self.count} places")
        for i in range(log.count):
            n += self._is_wanted(log, i, wanted)
        out = tuple(np.empty(n, t) for t in (np.uint32, np.uint8, np.uint32, np.uint32, np.uint32, np.int64, np.uint8))
        cdef uint32_t[::1] second = out[0]
        cdef uint8_t[::1] kind = out[1]
        cdef uint32_t[::1] session = out[2]
        cdef uint32_t[::1] prefix = out[3]
        cdef uint32_t[::1] way = out[4]
        cdef int64_t[::1] element = out[5]
        cdef uint8_t[::1] itself = out[6]
        cdef int64_t[::1] first = np.array([mark[0] for mark in self.marks] + [log.count], np.int64)
        cdef int64_t[::1] base = np.array([mark[1] for mark in self.marks], np.int64)
        n = 0
        for i in range(log.count):
            if not self._is_wanted(log, i, wanted):
                continue
            while first[m + 1] <= <int64_t>i:
                m += 1
            second[n] = log.second[i]
            kind[n] = log.kind[i]
            session[n] = log.session[i]
            prefix[n] = log.prefix[i]
            way[n] = log.way[i]
            element[n] = base[m] + (self.place[i] & BEHIND)
            itself[n] = not self.place[i] & NOT_ITSELF
            n += 1
        return out

    cdef bint _is_wanted(self, EventLog log, size_t i, const uint8_t[::1] wanted) noexcept:
        if log.kind[i] >= KNOWN:
            return log.kind[i] == LOAD or log.kind[i] == KNOWN
        return log.prefix[i] < <size_t>wanted.shape[0] and wanted[log.prefix[i]]
