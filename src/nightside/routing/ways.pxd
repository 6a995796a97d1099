from libc.stdint cimport uint16_t, uint32_t, uint64_t

from nightside.routing.prefixes cimport NumberMap

cdef uint32_t NO_AS


cdef class WayIndex:
    cdef NumberMap pairs
    cdef NumberMap triples
    cdef uint32_t* origins
    cdef uint32_t* upstreams
    cdef uint32_t* borders
    cdef uint32_t capacity
    cdef readonly uint32_t count
    cdef uint16_t[::1] as_country
    cdef object _as_country
    cdef uint32_t last_origin
    cdef uint32_t last_upstream
    cdef uint32_t last_border
    cdef uint32_t last_way
    cdef uint16_t country_of_as(self, uint32_t asn) noexcept nogil
    cdef uint32_t intern(self, uint32_t origin, uint32_t upstream, uint32_t border) except? 4294967295 nogil
    cdef uint64_t _key(self, uint32_t origin, uint32_t upstream, uint32_t border) except? 0 nogil
    cdef int _grow(self) except -1 nogil
