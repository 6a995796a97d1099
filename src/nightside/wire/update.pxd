# One BGP message (RFC 4271 section 4): its three stretches where it is an UPDATE, and its MP attributes (RFC 4760).

from libc.stdint cimport uint8_t, uint16_t

from nightside.wire.attributes cimport MP_REACH_NLRI, MP_UNREACH_NLRI, Attributes
from nightside.wire.bigendian cimport be16
from nightside.wire.faults cimport (
    ATTRIBUTES_LENGTH, MESSAGE_LENGTH, MESSAGE_SHORT, MESSAGE_TYPE, NEXT_HOP_LENGTH, REACH_SHORT, SOUND, UNREACH_SHORT,
    WITHDRAWN_LENGTH, Fault, FaultCode, fault,
)


cdef enum:
    MESSAGE_HEADER = 19
    UPDATE = 2
    LAST_MESSAGE_TYPE = 5       # ROUTE-REFRESH (RFC 2918)
    AFI_IPV4 = 1
    AFI_IPV6 = 2
    SAFI_UNICAST = 1
    SAFI_MULTICAST = 2


cdef struct Stretch:
    const uint8_t* begin
    const uint8_t* end


cdef struct Update:
    uint8_t type                # of the message; the rest is set only for UPDATE
    Stretch withdrawn
    Stretch attributes
    Stretch nlri


cdef struct MpRoutes:
    uint16_t afi
    uint8_t safi
    Stretch next_hop            # of MP_REACH_NLRI
    Stretch nlri


cdef inline FaultCode split_message(
    const uint8_t* p, const uint8_t* end, Update* out, Fault* problem
) noexcept nogil:
    """Find the stretches of the message that begins at p. Bytes behind its own length are left alone."""
    cdef Py_ssize_t size
    if end - p < MESSAGE_HEADER:
        return fault(problem, MESSAGE_SHORT, end - p, MESSAGE_HEADER)
    size = be16(p + 16)
    out.type = p[18]
    if size < MESSAGE_HEADER:
        return fault(problem, MESSAGE_SHORT, size, MESSAGE_HEADER)
    if size > end - p:
        return fault(problem, MESSAGE_LENGTH, size, end - p)
    if out.type < 1 or out.type > LAST_MESSAGE_TYPE:
        return fault(problem, MESSAGE_TYPE, out.type, LAST_MESSAGE_TYPE)
    if out.type != UPDATE:
        return SOUND
    return split_update(p + MESSAGE_HEADER, p + size, out, problem)


cdef inline FaultCode split_update(
    const uint8_t* p, const uint8_t* end, Update* out, Fault* problem
) noexcept nogil:
    """Find the stretches of an UPDATE that begins at p, without its header."""
    cdef Py_ssize_t size
    out.type = UPDATE
    if end - p < 4:
        return fault(problem, MESSAGE_SHORT, MESSAGE_HEADER + end - p, MESSAGE_HEADER + 4)
    size = be16(p)
    p += 2
    if size > end - p - 2:
        return fault(problem, WITHDRAWN_LENGTH, size, end - p - 2)
    out.withdrawn.begin = p
    p += size
    out.withdrawn.end = p
    size = be16(p)
    p += 2
    if size > end - p:
        return fault(problem, ATTRIBUTES_LENGTH, size, end - p)
    out.attributes.begin = p
    p += size
    out.attributes.end = p
    out.nlri.begin = p
    out.nlri.end = end
    return SOUND


cdef inline FaultCode read_reach(const Attributes* a, MpRoutes* out, Fault* problem) noexcept nogil:
    """MP_REACH_NLRI of a message that has it (RFC 4760 section 3)."""
    cdef const uint8_t* p = a.value[MP_REACH_NLRI]
    cdef const uint8_t* end = p + a.length[MP_REACH_NLRI]
    if end - p < 5:
        return fault(problem, REACH_SHORT, end - p, 5)
    out.afi = be16(p)
    out.safi = p[2]
    if p[3] > end - p - 5:
        return fault(problem, REACH_SHORT, end - p, 5 + <int>p[3])
    if p[3] != 4 and p[3] != 16 and p[3] != 32 and out.safi == SAFI_UNICAST and (
        out.afi == AFI_IPV4 or out.afi == AFI_IPV6
    ):
        return fault(problem, NEXT_HOP_LENGTH, p[3], out.afi)
    out.next_hop.begin = p + 4
    out.next_hop.end = p + 4 + p[3]
    out.nlri.begin = out.next_hop.end + 1       # behind the reserved byte
    out.nlri.end = end
    return SOUND


cdef inline FaultCode read_unreach(const Attributes* a, MpRoutes* out, Fault* problem) noexcept nogil:
    """MP_UNREACH_NLRI of a message that has it (RFC 4760 section 4)."""
    cdef const uint8_t* p = a.value[MP_UNREACH_NLRI]
    cdef const uint8_t* end = p + a.length[MP_UNREACH_NLRI]
    if end - p < 3:
        return fault(problem, UNREACH_SHORT, end - p, 3)
    out.afi = be16(p)
    out.safi = p[2]
    out.nlri.begin = p + 3
    out.nlri.end = end
    return SOUND
