from libc.stdint cimport uint32_t

from nightside.routing.prefixes cimport NumberMap


cdef struct Path:
    uint32_t prefix
    uint32_t path_id
    uint32_t way
    uint32_t newer   # the path of the same prefix that was announced next, NONE where it is the newest,
    uint32_t older   # and the one before


cdef class PathIds:
    cdef Path* path
    cdef uint32_t count, room, unused, held
    cdef NumberMap newest   # by prefix
    cdef NumberMap place    # by prefix * 2**32 + path id
    cdef int announce(self, uint32_t prefix, uint32_t path_id, uint32_t way) except -1
    cdef uint32_t withdraw(self, uint32_t prefix, uint32_t path_id) except? 4294967295
    cdef int forget(self, uint32_t prefix) except -1
    cdef int copy(self, PathIds other, uint32_t prefix) except -1
    cdef uint32_t _oldest(self, uint32_t prefix) noexcept
    cdef int _remove(self, uint32_t at) except -1
    cdef int _tidy(self) except -1
