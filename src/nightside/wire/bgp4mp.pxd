# BGP4MP and BGP4MP_ET (RFC 6396 sections 4.4 and 3, RFC 8050 section 3): what a session said, or became.

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from nightside.wire.bigendian cimport be16, be32, be64
from nightside.wire.faults cimport (
    ADDRESS_FAMILY, MICROSECONDS, RECORD_SHORT, SOUND, STATE_CODE, SUBTYPE_UNREAD, Fault, FaultCode, fault,
)
from nightside.wire.peers cimport Address
from nightside.wire.record cimport BGP4MP_ET, Header
from nightside.wire.update cimport AFI_IPV4, AFI_IPV6, Stretch


cdef enum:
    STATE_CHANGE = 0
    MESSAGE = 1
    MESSAGE_AS4 = 4
    STATE_CHANGE_AS4 = 5
    MESSAGE_LOCAL = 6
    MESSAGE_AS4_LOCAL = 7
    MESSAGE_ADDPATH = 8
    MESSAGE_AS4_ADDPATH = 9
    MESSAGE_LOCAL_ADDPATH = 10
    MESSAGE_AS4_LOCAL_ADDPATH = 11


cdef struct Bgp4mp:
    uint32_t microseconds
    bint is_state
    bint is_local               # the collector itself sent the message
    bint has_path_ids           # its prefixes carry path identifiers
    int asn_width               # bytes of an AS number, in the record and in its AS_PATH
    uint32_t peer_asn
    Address peer
    uint8_t old_state           # of a state change
    uint8_t new_state
    Stretch message             # of a message; empty where what came is none that has elements


cdef enum:
    ZEBRA_STATE_LENGTH = 8      # a state change of old Zebras, without interface and addresses
    NO_FIELDS = 0xFFFF          # where interface and family belong: the marker of the message begins


cdef inline FaultCode read_bgp4mp(const Header* h, const uint8_t* p, Bgp4mp* out, Fault* problem) noexcept nogil:
    """The record up to its message; `p` is its body of h.length bytes."""
    cdef const uint8_t* end = p + h.length
    cdef uint16_t afi
    cdef Py_ssize_t needed, size
    if h.subtype == STATE_CHANGE or h.subtype == STATE_CHANGE_AS4:
        out.is_state = True
    elif h.subtype == MESSAGE or MESSAGE_AS4 <= h.subtype <= MESSAGE_AS4_LOCAL_ADDPATH:
        out.is_state = False
    else:
        return fault(problem, SUBTYPE_UNREAD, h.type, h.subtype)
    out.asn_width = 2 if h.subtype in (
        STATE_CHANGE, MESSAGE, MESSAGE_LOCAL, MESSAGE_ADDPATH, MESSAGE_LOCAL_ADDPATH
    ) else 4
    out.is_local = h.subtype in (
        MESSAGE_LOCAL, MESSAGE_AS4_LOCAL, MESSAGE_LOCAL_ADDPATH, MESSAGE_AS4_LOCAL_ADDPATH
    )
    out.has_path_ids = h.subtype >= MESSAGE_ADDPATH
    out.microseconds = 0
    needed = (4 if h.type == BGP4MP_ET else 0) + 2 * out.asn_width + 4
    if h.length < needed:
        return fault(problem, RECORD_SHORT, h.length, needed)
    if h.type == BGP4MP_ET:
        out.microseconds = be32(p)
        if out.microseconds > 999999:
            return fault(problem, MICROSECONDS, out.microseconds, 999999)
        p += 4
    out.peer_asn = be16(p) if out.asn_width == 2 else be32(p)
    p += 2 * out.asn_width + 2                  # peer AS, local AS, interface
    afi = be16(p)
    p += 2
    if out.asn_width == 2 and (
        h.length == ZEBRA_STATE_LENGTH if out.is_state else afi == NO_FIELDS and be16(p - 4) == NO_FIELDS
    ):
        # Zebra of 2000 left out the interface and the addresses before a session was up.
        out.peer.family = 4
        out.peer.high = out.peer.low = 0
        size = 0
        p -= 4
        needed -= 4
    elif afi == AFI_IPV4:
        size = 4
    elif afi == AFI_IPV6:
        size = 16
    else:
        return fault(problem, ADDRESS_FAMILY, afi, AFI_IPV6)
    needed += 2 * size + (4 if out.is_state else 0)
    if h.length < needed:
        return fault(problem, RECORD_SHORT, h.length, needed)
    if size == 0:
        pass
    elif size == 4:
        out.peer.family = 4
        out.peer.high = <uint64_t>be32(p) << 32
        out.peer.low = 0
    else:
        out.peer.family = 6
        out.peer.high = be64(p)
        out.peer.low = be64(p + 8)
    p += 2 * size                               # peer and local address
    if out.is_state:
        if be16(p) > 255 or be16(p + 2) > 255:
            return fault(problem, STATE_CODE, max(be16(p), be16(p + 2)), 255)
        out.old_state = <uint8_t>be16(p)
        out.new_state = <uint8_t>be16(p + 2)
    else:
        out.message.begin = p
        out.message.end = end
    return SOUND
