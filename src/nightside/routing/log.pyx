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

import numpy as np

EVENT_KINDS = {
    "FLIP": FLIP, "TRANSFER_FLIP": TRANSFER_FLIP, "TABLE_FLIP": TABLE_FLIP, "HEARD": HEARD, "STALE": STALE,
    "KNOWN": KNOWN, "UNKNOWN": UNKNOWN, "GAP_END": GAP_END, "LOAD": LOAD, "TABLE": TABLE,
    "CUT": CUT,
}


cdef class EventLog:
    """Grows by doubling; read as columns."""

    def __dealloc__(self):
        free(self.second)
        free(self.prefix)
        free(self.way)
        free(self.session)
        free(self.kind)

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
        n = self.count
        self.count = 0
        if n == 0:
            return (np.empty(0, np.uint32), np.empty(0, np.uint8), np.empty(0, np.uint32), np.empty(0, np.uint32),
                    np.empty(0, np.uint32))
        return (
            np.asarray(<uint32_t[:n]>self.second).copy(),
            np.asarray(<uint8_t[:n]>self.kind).copy(),
            np.asarray(<uint32_t[:n]>self.session).copy(),
            np.asarray(<uint32_t[:n]>self.prefix).copy(),
            np.asarray(<uint32_t[:n]>self.way).copy(),
        )

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
