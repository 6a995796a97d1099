from libc.stdint cimport uint8_t, uint16_t, uint64_t

from nightside.routing.log cimport EventLog

cdef enum:
    # Of a place: how many elements it is behind its mark, and whether no element of its own made the event.
    BEHIND = 0x7FFF
    NOT_ITSELF = 0x8000


cdef class Places:
    cdef uint16_t* place
    cdef size_t capacity
    cdef size_t count
    cdef uint64_t marked    # the element of the last mark
    cdef list marks
    cdef bint off           # nothing is kept
    cdef int mark(self, uint64_t element) except -1
    cdef int _fill(self, size_t count, uint16_t place) except -1
    cdef bint _is_wanted(self, EventLog log, size_t i, const uint8_t[::1] wanted) noexcept


cdef inline int reach(Places places, EventLog log, uint16_t place) except -1:
    """What was logged since the last call has this place."""
    if log.count > places.count and not places.off:
        return places._fill(log.count, place)
    return 0
