# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The log of one collector: flips, and what became of its sessions, as columns.

Kinds below KNOWN are about one (session, prefix), `way` 0 meaning "no route":

    FLIP           gained, lost or re-routed by an update of a known session
    TRANSFER_FLIP  the same while the session transfers its table: neither loss nor recovery
    TABLE_FLIP     the same by a new table
    HEARD          confirmed without a change, after a gap or a transfer
    STALE          not known for this prefix until heard, or until the next table

From KNOWN on they are about a session's view of one family, which stands in `prefix`; `way` is
    KNOWN          0
    UNKNOWN        index into `routing.table.REASONS`
    GAP_END        the second in which the gap began
    LOAD           index into the collector's loads: a whole first table
    TABLE          0; all that was stale counts again
    CUT            0; the load before was of a table cut off: what is not in it is stale
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free, realloc

import copyreg

import numpy as np

from nightside.routing.saved cimport memory_of, view_of

EVENT_KINDS = {
    "FLIP": FLIP, "TRANSFER_FLIP": TRANSFER_FLIP, "TABLE_FLIP": TABLE_FLIP, "HEARD": HEARD, "STALE": STALE,
    "KNOWN": KNOWN, "UNKNOWN": UNKNOWN, "GAP_END": GAP_END, "LOAD": LOAD, "TABLE": TABLE,
    "CUT": CUT,
}

cdef enum:
    ROOM = 1 << 16   # so many events keep their memory for the next ones


cdef class EventLog:
    """Grows by doubling; read as columns."""

    def __dealloc__(self):
        self._free()

    cdef void _free(self) noexcept:
        free(self.second)
        free(self.prefix)
        free(self.way)
        free(self.session)
        free(self.kind)
        self.second = self.prefix = self.way = self.session = NULL
        self.kind = NULL
        self.count = self.capacity = 0

    def __reduce__(self):
        cdef size_t n = self.count
        columns = (
            view_of(self.second, n, np.uint32), view_of(self.kind, n, np.uint8), view_of(self.session, n, np.uint32),
            view_of(self.prefix, n, np.uint32), view_of(self.way, n, np.uint32),
        )
        return copyreg.__newobj__, (EventLog,), columns

    def __setstate__(self, state):
        second, kind, session, prefix, way = state
        cdef size_t n = len(second)
        self._free()
        self.second = <uint32_t*>memory_of(second, np.uint32, n, n, "the seconds of events")
        self.kind = <uint8_t*>memory_of(kind, np.uint8, n, n, "the kinds of events")
        self.session = <uint32_t*>memory_of(session, np.uint32, n, n, "the sessions of events")
        self.prefix = <uint32_t*>memory_of(prefix, np.uint32, n, n, "the prefixes of events")
        self.way = <uint32_t*>memory_of(way, np.uint32, n, n, "the ways of events")
        self.count = self.capacity = n

    cdef int add(self, uint32_t second, uint8_t kind, uint32_t session, uint32_t prefix, uint32_t way) except -1 nogil:
        cdef size_t i = self.count
        if i == self.capacity:
            self._grow()
        self.second[i] = second
        self.kind[i] = kind
        self.session[i] = session
        self.prefix[i] = prefix
        self.way[i] = way
        self.count = i + 1
        return 0

    cdef int _grow(self) except -1 nogil:
        cdef size_t capacity = self.capacity * 2 if self.capacity else 4096
        cdef void* a = realloc(self.second, capacity * sizeof(uint32_t))
        if a != NULL:
            self.second = <uint32_t*>a
        cdef void* b = realloc(self.prefix, capacity * sizeof(uint32_t))
        if b != NULL:
            self.prefix = <uint32_t*>b
        cdef void* c = realloc(self.way, capacity * sizeof(uint32_t))
        if c != NULL:
            self.way = <uint32_t*>c
        cdef void* d = realloc(self.session, capacity * sizeof(uint32_t))
        if d != NULL:
            self.session = <uint32_t*>d
        cdef void* e = realloc(self.kind, capacity)
        if e != NULL:
            self.kind = <uint8_t*>e
        if a == NULL or b == NULL or c == NULL or d == NULL or e == NULL:
            with gil:
                raise MemoryError
        self.capacity = capacity
        return 0

    def drain(self):
        """(second, kind, session, prefix, way) in the order in which they were added; copies. The log is empty then."""
        cdef size_t n = self.count
        found = (
            view_of(self.second, n, np.uint32).copy(),
            view_of(self.kind, n, np.uint8).copy(),
            view_of(self.session, n, np.uint32).copy(),
            view_of(self.prefix, n, np.uint32).copy(),
            view_of(self.way, n, np.uint32).copy(),
        )
        self.count = 0
        if self.capacity > ROOM:
            self._free()
        return found

    def columns(self):
        """(second, kind, session, prefix, way) sorted by second, the order within one second kept; copies."""
        if self.count == 0:
            return (np.empty(0, np.uint32), np.empty(0, np.uint8), np.empty(0, np.uint32), np.empty(0, np.uint32),
                    np.empty(0, np.uint32))
        second = np.asarray(<uint32_t[:self.count]>self.second)
        order = np.argsort(second, kind="stable")
        return (
            second[order],
            np.asarray(<uint8_t[:self.count]>self.kind)[order],
            np.asarray(<uint32_t[:self.count]>self.session)[order],
            np.asarray(<uint32_t[:self.count]>self.prefix)[order],
            np.asarray(<uint32_t[:self.count]>self.way)[order],
        )
