from libc.stdint cimport uint8_t

from nightside.wire.faults cimport Fault, FaultCode
from nightside.wire.record cimport Header
from nightside.wire.table_dump_v2 cimport PeerEntry


cdef class PeerIndex:
    cdef PeerEntry* entries
    cdef Py_ssize_t count       # -1: there is no table

    cdef FaultCode read(self, const Header* h, const uint8_t* body, Fault* problem) noexcept nogil
