from libc.stdint cimport uint8_t, uint32_t, uint64_t

from nightside.routing.prefixes cimport NumberMap

cdef enum:
    MOST = 62        # so many ways to a prefix have small numbers, from 1 on
    ELSEWHERE = 63   # the small number of a way that has none
    CLASSES = 7
    # Of a value: the small number of a way (nightside.routing.choices), 0 for no route, and
    WAY = 0x3F
    # it is from before the session went down and has not been heard in the transfer yet,
    FORMER = 0x40
    # or not been heard since a gap.
    UNCONFIRMED = 0x80


cdef class Choices:
    cdef uint32_t** pool        # by class: lists of 1, 2, 4, … ways
    cdef uint32_t* pooled       # by class: how many lists there are,
    cdef uint32_t* room         # may be,
    cdef uint32_t* unused       # and the first that nobody has (NONE: no such); it names the next
    cdef uint32_t* list         # by prefix: which list of its class
    cdef uint8_t* size          # by prefix: 0, or its list's class and one
    cdef uint32_t count         # prefixes
    cdef list rows              # who uses the small numbers
    cdef uint8_t number(self, uint32_t id, uint32_t way) except 255
    cdef uint8_t _reclaim(self, uint32_t id) noexcept
    cdef int _widen(self, uint32_t id) except -1
    cdef int _room_for(self, uint32_t id) except -1
    cdef void _free(self) noexcept


cdef class Rows:
    cdef uint8_t** row
    cdef uint32_t* size
    cdef uint32_t count
    cdef Choices choices
    cdef NumberMap elsewhere   # peer * 2**32 + prefix: the way of an ELSEWHERE
    cdef void _free(self) noexcept
    cdef int check(self) except -1
    cdef int room_for_peers(self, uint32_t count) except -1
    cdef int room_for(self, uint32_t peer, uint32_t id) except -1
    cdef void clear(self, uint32_t peer) noexcept
    cdef uint32_t _way_elsewhere(self, uint32_t peer, uint32_t id) noexcept
    cdef int put_way(self, uint32_t peer, uint32_t id, uint32_t way) except -1


cdef inline uint32_t* ways_of(Choices choices, uint32_t id) noexcept:
    """The list of a prefix that has one."""
    cdef uint8_t size = choices.size[id] - 1
    return choices.pool[size] + (<size_t>choices.list[id] << size)


cdef inline uint32_t way_of(Choices choices, uint32_t id, uint8_t small) noexcept:
    """The way of a small number that is neither 0 nor ELSEWHERE."""
    return ways_of(choices, id)[small - 1]


cdef inline uint8_t get(Rows rows, uint32_t peer, uint32_t id) noexcept:
    return rows.row[peer][id] if id < rows.size[peer] else 0


cdef inline uint32_t way_at(Rows rows, uint32_t peer, uint32_t id) noexcept:
    """The way at a place, 0 for none."""
    cdef uint8_t small = get(rows, peer, id) & WAY
    if small == 0:
        return 0
    if small == ELSEWHERE:
        return rows._way_elsewhere(peer, id)
    return way_of(rows.choices, id, small)
