from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from nightside.routing.changes cimport ChangeList
from nightside.routing.prefixes cimport NumberMap


cdef class Cover:
    cdef const uint64_t[::1] hi
    cdef const uint8_t[::1] length
    cdef const uint8_t[::1] subject
    cdef const uint16_t[::1] prefix_country
    cdef const uint16_t[::1] unit_country
    cdef const uint32_t[::1] way_origin
    cdef const uint16_t[::1] way_country
    cdef const uint8_t[::1] way_home
    cdef uint8_t shortest
    cdef uint8_t[::1] covers               # by unit: visible prefixes that cover it
    cdef uint8_t[::1] met                  # by prefix: it has been visible; FOREIGN: it is a stranger to some unit
    cdef uint16_t[::1] origin_country      # by prefix: of the origin that was last taken for no stranger
    cdef uint32_t[::1] admitted            # by prefix: that origin, inverted; 0: none was, or it was not kept
    cdef NumberMap strangers               # (prefix, origin): ADMITTED or REFUSED
    cdef NumberMap foreign                 # (prefix, unit): REFUSED while it does not count as cover there
    cdef uint32_t[::1] changed             # prefixes that became visible or invisible in this second
    cdef uint32_t[::1] changed_since
    cdef uint32_t n_changed
    cdef bint started
    cdef ChangeList changes
    cdef int must_have(self, uint32_t n_prefixes) except -1
    cdef int grow(self, uint32_t n_prefixes, columns) except -1
    cdef bint is_stranger(self, uint32_t p, uint32_t way) except? True nogil
    cdef void change(self, uint32_t p, uint32_t since) noexcept
    cdef int apply(self, const uint8_t[::1] visible, uint32_t second) except -1
    cdef bint _reachable(self, uint32_t p) noexcept nogil
    cdef void _shift(self, uint32_t p, int change) noexcept
    cdef int _meet(self, uint32_t p) except -1
    cdef int _move(self, uint32_t p, bint visible, uint32_t second, uint32_t since) except -1
