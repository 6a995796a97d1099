from libc.stdint cimport uint8_t, uint32_t

cdef enum:
    FLIP = 0
    TRANSFER_FLIP = 1
    TABLE_FLIP = 2
    HEARD = 3
    STALE = 4
    KNOWN = 10
    UNKNOWN = 11
    GAP_END = 12
    LOAD = 13
    TABLE = 14
    CUT = 15


cdef class EventLog:
    cdef uint32_t* second
    cdef uint32_t* prefix
    cdef uint32_t* way
    cdef uint32_t* session
    cdef uint8_t* kind
    cdef size_t capacity
    cdef readonly size_t count
    cdef void _free(self) noexcept
    cdef int add(self, uint32_t second, uint8_t kind, uint32_t session, uint32_t prefix, uint32_t way) except -1 nogil
    cdef int _grow(self) except -1 nogil
