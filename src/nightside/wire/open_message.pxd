# The OPEN message of BGP (RFC 4271 section 4.2), as far as it says whether routes come with path identifiers.

from libc.stdint cimport uint8_t, uint16_t

from nightside.wire.bigendian cimport be16
from nightside.wire.faults cimport (
    BMP_NO_OPEN, BMP_OPTIONS, MESSAGE_LENGTH, MESSAGE_SHORT, SOUND, Fault, FaultCode, fault,
)
from nightside.wire.update cimport AFI_IPV4, AFI_IPV6, SAFI_UNICAST


cdef enum:
    OPEN = 1
    OPEN_SIZE = 29              # without optional parameters
    CAPABILITIES = 2            # optional parameter (RFC 5492)
    ADD_PATH = 69               # capability (RFC 7911)
    EXTENDED = 255              # lengths of two bytes (RFC 9072)
    # What an ADD-PATH capability says of a family, in two bits each.
    CAN_RECEIVE = 1
    CAN_SEND = 2


cdef struct Open:
    Py_ssize_t size             # of the whole message
    uint8_t paths_ipv4          # CAN_RECEIVE, CAN_SEND: several paths for one prefix
    uint8_t paths_ipv6


cdef inline FaultCode _read_capabilities(
    const uint8_t* p, const uint8_t* end, Open* out, Fault* problem
) noexcept nogil:
    """The capabilities of one optional parameter (RFC 5492 section 4)."""
    cdef const uint8_t* last
    while p < end:
        if end - p < 2:
            return fault(problem, BMP_OPTIONS, 2, end - p)
        if p[1] > end - p - 2:
            return fault(problem, BMP_OPTIONS, p[1], end - p - 2)
        last = p + 2 + p[1]
        if p[0] == ADD_PATH:
            p += 2
            while last - p >= 4:
                if p[2] == SAFI_UNICAST and be16(p) == AFI_IPV4:
                    out.paths_ipv4 = p[3] & (CAN_RECEIVE | CAN_SEND)
                elif p[2] == SAFI_UNICAST and be16(p) == AFI_IPV6:
                    out.paths_ipv6 = p[3] & (CAN_RECEIVE | CAN_SEND)
                p += 4
        p = last
    return SOUND


cdef inline FaultCode read_open(const uint8_t* p, const uint8_t* end, Open* out, Fault* problem) noexcept nogil:
    """The OPEN that begins at p; what stands behind it is left alone."""
    cdef Py_ssize_t width = 1, size
    cdef uint8_t type
    cdef FaultCode code
    out.paths_ipv4 = out.paths_ipv6 = 0
    if end - p < OPEN_SIZE:
        return fault(problem, MESSAGE_SHORT, end - p, OPEN_SIZE)
    out.size = be16(p + 16)
    if out.size < OPEN_SIZE:
        return fault(problem, MESSAGE_SHORT, out.size, OPEN_SIZE)
    if out.size > end - p:
        return fault(problem, MESSAGE_LENGTH, out.size, end - p)
    if p[18] != OPEN:
        return fault(problem, BMP_NO_OPEN, p[18], OPEN)
    end = p + out.size
    p += OPEN_SIZE
    size = p[-1]
    if size == EXTENDED and end - p >= 3 and p[0] == EXTENDED:
        width = 2
        size = be16(p + 1)
        p += 3
    if size > end - p:
        return fault(problem, BMP_OPTIONS, size, end - p)
    end = p + size
    while p < end:
        if end - p < 1 + width:
            return fault(problem, BMP_OPTIONS, 1 + width, end - p)
        type = p[0]
        size = p[1] if width == 1 else be16(p + 1)
        p += 1 + width
        if size > end - p:
            return fault(problem, BMP_OPTIONS, size, end - p)
        if type == CAPABILITIES:
            code = _read_capabilities(p, p + size, out, problem)
            if code != SOUND:
                return code
        p += size
    return SOUND
