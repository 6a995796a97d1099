# Attributes of UPDATE messages that are not as they must be (RFC 7606; RFC 6793 section 6, RFC 8092 section 6).
#
# A malformed attribute makes the routes that its message announces count as withdrawn, or is left out itself.
# Whose message it is, inside or outside of the peer's AS, is not known here: LOCAL_PREF, ORIGINATOR_ID and
# CLUSTER_LIST are held to the rules for inside. That an attribute is missing is no fault here: what stands in an
# archive may have been stripped of it.

from libc.stdint cimport uint8_t, uint16_t, uint64_t

from nightside.wire.as_path cimport AS_CONFED_SET, AS_SET
from nightside.wire.attributes cimport (
    AGGREGATOR, AS4_AGGREGATOR, AS4_PATH, AS_PATH, ATOMIC_AGGREGATE, COMMUNITIES, EXTENDED_LENGTH,
    LARGE_COMMUNITIES, LOCAL_PREF, MP_REACH_NLRI, MP_UNREACH_NLRI, MULTI_EXIT_DISC, NEXT_HOP, ORIGIN, Attributes,
    has,
)
from nightside.wire.bigendian cimport be16
from nightside.wire.faults cimport (
    ATTRIBUTE_FLAGS, ATTRIBUTE_LENGTH, ATTRIBUTE_SIZE, ATTRIBUTE_TWICE, ORIGIN_VALUE, PATH_SEGMENT_EMPTY,
    PATH_SEGMENT_LENGTH, PATH_SEGMENT_REST, PATH_SEGMENT_TYPE, SOUND, Fault, FaultCode, fault,
)


cdef enum:
    ORIGINATOR_ID = 9
    CLUSTER_LIST = 10
    EXTENDED_COMMUNITIES = 16
    IPV6_EXTENDED_COMMUNITIES = 25
    LAST_ORIGIN = 2

cdef enum:
    OPTIONAL = 0x80
    TRANSITIVE = 0x40


cdef inline void note(Fault* first, FaultCode code, long long value, long long bound) noexcept nogil:
    """Keep the first fault of a message."""
    if first.code == SOUND:
        fault(first, code, value, bound)


cdef inline int kind_of(int type) noexcept nogil:
    """OPTIONAL and TRANSITIVE as they must be for this type; -1 where it is not known here."""
    if ORIGIN <= type <= NEXT_HOP or type == LOCAL_PREF or type == ATOMIC_AGGREGATE:
        return TRANSITIVE
    if (
        type == MULTI_EXIT_DISC or type == ORIGINATOR_ID or type == CLUSTER_LIST
        or type == MP_REACH_NLRI or type == MP_UNREACH_NLRI
    ):
        return OPTIONAL
    if (
        type == AGGREGATOR or type == COMMUNITIES or type == EXTENDED_COMMUNITIES or type == AS4_PATH
        or type == AS4_AGGREGATOR or type == IPV6_EXTENDED_COMMUNITIES or type == LARGE_COMMUNITIES
    ):
        return OPTIONAL | TRANSITIVE
    return -1


cdef inline bint is_left_out(int type) noexcept nogil:
    """Whether a malformed attribute of this type is left out, and the routes stand (section 7; RFC 6793)."""
    return type == ATOMIC_AGGREGATE or type == AGGREGATOR or type == AS4_PATH or type == AS4_AGGREGATOR


cdef inline bint has_size(int type, Py_ssize_t length, int width) noexcept nogil:
    """Whether an attribute of this type can have so many bytes."""
    if type == ORIGIN:
        return length == 1
    if type == NEXT_HOP or type == MULTI_EXIT_DISC or type == LOCAL_PREF or type == ORIGINATOR_ID:
        return length == 4
    if type == ATOMIC_AGGREGATE:
        return length == 0
    if type == AGGREGATOR:
        return length == width + 4
    if type == AS4_AGGREGATOR:
        return length == 8
    if type == COMMUNITIES or type == CLUSTER_LIST:
        return length > 0 and length % 4 == 0
    if type == EXTENDED_COMMUNITIES:
        return length > 0 and length % 8 == 0
    if type == IPV6_EXTENDED_COMMUNITIES:
        return length > 0 and length % 20 == 0
    if type == LARGE_COMMUNITIES:
        return length > 0 and length % 12 == 0
    return True


cdef inline FaultCode check_path(
    const uint8_t* p, Py_ssize_t length, int width, Fault* problem
) noexcept nogil:
    """Whether an AS_PATH is made of whole segments of known types, none of them empty (section 7.2)."""
    cdef const uint8_t* end = p + length
    cdef Py_ssize_t size
    while end - p >= 2:
        size = p[1] * width
        if p[0] < AS_SET or p[0] > AS_CONFED_SET:
            return fault(problem, PATH_SEGMENT_TYPE, p[0], AS_CONFED_SET)
        if p[1] == 0:
            return fault(problem, PATH_SEGMENT_EMPTY, p[0], 0)
        if size > end - p - 2:
            return fault(problem, PATH_SEGMENT_LENGTH, size, end - p - 2)
        p += 2 + size
    if p != end:
        return fault(problem, PATH_SEGMENT_REST, end - p, 2)
    return SOUND


cdef inline bint walk_update(
    const uint8_t* p, const uint8_t* end, int width, Attributes* out, Fault* first
) noexcept nogil:
    """Find every attribute of an UPDATE; whether the routes that it announces stand.

    The first of a type counts (section 3 g). What is left out is not in `out`. `first` keeps the first fault.
    `width` is the bytes of an AS number.
    """
    cdef Py_ssize_t length
    cdef int flags, type, kind
    cdef bint stand = True
    cdef Fault problem
    out.seen = 0
    while end - p >= 3:
        flags = p[0]
        type = p[1]
        if flags & EXTENDED_LENGTH:
            if end - p < 4:
                break
            length = be16(p + 2)
            p += 4
        else:
            length = p[2]
            p += 3
        if length > end - p:
            note(first, ATTRIBUTE_LENGTH, length, end - p)
            return False
        kind = kind_of(type)
        if kind >= 0:
            if (out.seen >> type) & 1:
                if type == MP_REACH_NLRI or type == MP_UNREACH_NLRI:
                    note(first, ATTRIBUTE_TWICE, type, 2)
            elif flags & (OPTIONAL | TRANSITIVE) != kind:
                note(first, ATTRIBUTE_FLAGS, type, flags)
                stand = False
                if type == MP_REACH_NLRI or type == MP_UNREACH_NLRI:
                    # Which routes it names can still be read.
                    out.seen |= <uint64_t>1 << type
                    out.value[type] = p
                    out.length[type] = <uint16_t>length
            elif not has_size(type, length, width):
                note(first, ATTRIBUTE_SIZE, type, length)
                if not is_left_out(type):
                    stand = False
            else:
                out.seen |= <uint64_t>1 << type
                out.value[type] = p
                out.length[type] = <uint16_t>length
        p += length
    if p != end:
        note(first, ATTRIBUTE_LENGTH, 3, end - p)
        stand = False
    if has(out, ORIGIN) and out.value[ORIGIN][0] > LAST_ORIGIN:
        note(first, ORIGIN_VALUE, out.value[ORIGIN][0], LAST_ORIGIN)
        stand = False
    if has(out, AS_PATH) and check_path(out.value[AS_PATH], out.length[AS_PATH], width, &problem) != SOUND:
        note(first, problem.code, problem.value, problem.bound)
        stand = False
    if has(out, AS4_PATH) and check_path(out.value[AS4_PATH], out.length[AS4_PATH], 4, &problem) != SOUND:
        out.seen &= ~(<uint64_t>1 << AS4_PATH)
        note(first, problem.code, problem.value, problem.bound)
    return stand
