# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The peer index table of a TABLE_DUMP_V2 file (RFC 6396 section 4.3.1), kept for the RIB records behind it."""

from libc.stdint cimport uint8_t, uint16_t
from libc.stdlib cimport free, realloc

from nightside.wire.faults cimport NO_MEMORY, SOUND, Fault, FaultCode, fault
from nightside.wire.record cimport Header
from nightside.wire.table_dump_v2 cimport PeerEntry, begin_peer_table, next_peer


cdef class PeerIndex:
    """The entries of the newest table; none (count -1) before one, and after a bad one."""

    def __cinit__(self):
        self.entries = NULL
        self.count = -1

    def __dealloc__(self):
        free(self.entries)

    cdef FaultCode read(self, const Header* h, const uint8_t* body, Fault* problem) noexcept nogil:
        """Take over the table of this record; a bad one leaves none."""
        cdef const uint8_t* p = body
        cdef const uint8_t* end = body + h.length
        cdef uint16_t count = 0, i
        cdef PeerEntry entry
        cdef PeerEntry* grown
        cdef FaultCode code = begin_peer_table(h, &p, &count, problem)
        self.count = -1
        if code != SOUND:
            return code
        # The count is believed only once every entry has been seen.
        for i in range(count):
            code = next_peer(&p, end, &entry, problem)
            if code != SOUND:
                return code
        grown = <PeerEntry*>realloc(self.entries, (<Py_ssize_t>count + 1) * sizeof(PeerEntry))
        if grown is NULL:
            return fault(problem, NO_MEMORY, 0, 0)
        self.entries = grown
        p = body
        begin_peer_table(h, &p, &count, problem)
        for i in range(count):
            next_peer(&p, end, &self.entries[i], problem)
        self.count = count
        return SOUND
