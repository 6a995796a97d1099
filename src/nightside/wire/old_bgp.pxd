# BGP, MRT type 5 (RFC 6396 appendix B.2.1): what collectors wrote before 2001. AS numbers have two bytes.

from libc.stdint cimport uint8_t, uint64_t

from nightside.wire.bgp4mp cimport Bgp4mp
from nightside.wire.bigendian cimport be16, be32
from nightside.wire.faults cimport (
    MESSAGE_LENGTH, RECORD_SHORT, SOUND, STATE_CODE, SUBTYPE_UNREAD, Fault, FaultCode, fault,
)
from nightside.wire.record cimport Header


cdef enum:
    OLD_UPDATE = 1
    OLD_STATE_CHANGE = 3
    OLD_OPEN = 5
    OLD_NOTIFY = 6
    OLD_KEEPALIVE = 7
    # An UPDATE without its header (RFC 4271 section 4).
    LONGEST_UPDATE = 65516


cdef inline FaultCode read_old_bgp(const Header* h, const uint8_t* p, Bgp4mp* out, Fault* problem) noexcept nogil:
    """The record; `p` is its body of h.length bytes. The message is an UPDATE without its header, or empty."""
    cdef bint is_update = h.subtype == OLD_UPDATE
    cdef Py_ssize_t needed
    out.is_state = h.subtype == OLD_STATE_CHANGE
    if not out.is_state and not is_update and not OLD_OPEN <= h.subtype <= OLD_KEEPALIVE:
        return fault(problem, SUBTYPE_UNREAD, h.type, h.subtype)
    needed = 16 if is_update else 10 if out.is_state else 12
    if h.length < needed:
        return fault(problem, RECORD_SHORT, h.length, needed)
    out.microseconds = 0
    out.asn_width = 2
    out.is_local = out.has_path_ids = False
    out.peer_asn = be16(p)
    out.peer.family = 4
    out.peer.high = <uint64_t>be32(p + 2) << 32
    out.peer.low = 0
    out.message.begin = out.message.end = p + 12
    if out.is_state:
        if be16(p + 6) > 255 or be16(p + 8) > 255:
            return fault(problem, STATE_CODE, max(be16(p + 6), be16(p + 8)), 255)
        out.old_state = <uint8_t>be16(p + 6)
        out.new_state = <uint8_t>be16(p + 8)
    elif is_update:
        out.message.end = p + h.length
        if out.message.end - out.message.begin > LONGEST_UPDATE:
            return fault(problem, MESSAGE_LENGTH, out.message.end - out.message.begin, LONGEST_UPDATE)
    return SOUND
