# The path attributes of one message or RIB entry (RFC 4271 section 4.3): where each stands, not what it says.

from libc.stdint cimport uint8_t, uint16_t, uint64_t

from nightside.wire.bigendian cimport be16
from nightside.wire.faults cimport ATTRIBUTE_LENGTH, SOUND, Fault, FaultCode, fault


cdef enum:
    ORIGIN = 1
    AS_PATH = 2
    NEXT_HOP = 3
    MULTI_EXIT_DISC = 4
    LOCAL_PREF = 5
    ATOMIC_AGGREGATE = 6
    AGGREGATOR = 7
    COMMUNITIES = 8
    MP_REACH_NLRI = 14
    MP_UNREACH_NLRI = 15
    AS4_PATH = 17
    AS4_AGGREGATOR = 18
    LARGE_COMMUNITIES = 32


cdef enum:
    EXTENDED_LENGTH = 0x10


cdef struct Attributes:
    uint64_t seen                  # bit t: type t occurs; the rest is valid only where its bit is set
    const uint8_t* value[64]
    uint16_t length[64]


cdef inline bint has(const Attributes* attributes, int type) noexcept nogil:
    return (attributes.seen >> type) & 1


cdef inline FaultCode walk_attributes(
    const uint8_t* p, const uint8_t* end, Attributes* out, Fault* problem
) noexcept nogil:
    """Find every attribute between p and end. The first of a type counts (RFC 7606 section 3 g)."""
    cdef Py_ssize_t length
    cdef uint8_t type
    out.seen = 0
    while end - p >= 3:
        type = p[1]
        if p[0] & EXTENDED_LENGTH:
            if end - p < 4:
                return fault(problem, ATTRIBUTE_LENGTH, 4, end - p)
            length = be16(p + 2)
            p += 4
        else:
            length = p[2]
            p += 3
        if length > end - p:
            return fault(problem, ATTRIBUTE_LENGTH, length, end - p)
        if type < 64 and not (out.seen >> type) & 1:
            out.seen |= <uint64_t>1 << type
            out.value[type] = p
            out.length[type] = <uint16_t>length
        p += length
    if p != end:
        return fault(problem, ATTRIBUTE_LENGTH, 3, end - p)
    return SOUND


cdef inline FaultCode find_path(
    const uint8_t* p, const uint8_t* end, const uint8_t** path, Py_ssize_t* path_length, Fault* problem
) noexcept nogil:
    """Go over every attribute as `walk_attributes` does, and keep where AS_PATH stands alone: NULL without one."""
    cdef Py_ssize_t length
    cdef uint8_t type
    path[0] = NULL
    path_length[0] = 0
    while end - p >= 3:
        type = p[1]
        if p[0] & EXTENDED_LENGTH:
            if end - p < 4:
                return fault(problem, ATTRIBUTE_LENGTH, 4, end - p)
            length = be16(p + 2)
            p += 4
        else:
            length = p[2]
            p += 3
        if length > end - p:
            return fault(problem, ATTRIBUTE_LENGTH, length, end - p)
        if type == AS_PATH and path[0] is NULL:
            path[0] = p
            path_length[0] = length
        p += length
    if p != end:
        return fault(problem, ATTRIBUTE_LENGTH, 3, end - p)
    return SOUND
