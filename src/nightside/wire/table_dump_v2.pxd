# TABLE_DUMP_V2 (RFC 6396 section 4.3, RFC 8050 section 4): a peer index table, then one record per prefix. AS numbers have four bytes.

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from nightside.wire.bigendian cimport be16, be32, be64
from nightside.wire.faults cimport (
    ENTRY_SHORT, FAMILY_UNREAD, PEER_TABLE_SHORT, RIB_SHORT, SOUND, Fault, FaultCode, fault,
)
from nightside.wire.nlri cimport Prefix, next_prefix
from nightside.wire.peers cimport Address
from nightside.wire.record cimport Header
from nightside.wire.update cimport AFI_IPV4, AFI_IPV6, SAFI_UNICAST, Stretch


cdef enum:
    PEER_INDEX_TABLE = 1
    RIB_IPV4_UNICAST = 2
    RIB_IPV4_MULTICAST = 3
    RIB_IPV6_UNICAST = 4
    RIB_IPV6_MULTICAST = 5
    RIB_GENERIC = 6
    GEO_PEER_TABLE = 7
    RIB_IPV4_UNICAST_ADDPATH = 8
    RIB_IPV4_MULTICAST_ADDPATH = 9
    RIB_IPV6_UNICAST_ADDPATH = 10
    RIB_IPV6_MULTICAST_ADDPATH = 11
    RIB_GENERIC_ADDPATH = 12


cdef struct PeerEntry:
    Address address
    uint32_t asn


cdef struct RibEntry:
    uint16_t peer_index
    uint32_t originated_s
    Stretch attributes


cdef inline FaultCode begin_peer_table(
    const Header* h, const uint8_t** cursor, uint16_t* count, Fault* problem
) noexcept nogil:
    """Move the cursor from the begin of the body to the first entry, and tell how many are said to follow."""
    cdef const uint8_t* p = cursor[0]
    cdef Py_ssize_t name
    if h.length < 8:
        return fault(problem, RIB_SHORT, h.length, 8)
    name = be16(p + 4)
    if name > <Py_ssize_t>h.length - 8:
        return fault(problem, RIB_SHORT, h.length, 8 + name)
    count[0] = be16(p + 6 + name)
    cursor[0] = p + 8 + name
    return SOUND


cdef inline FaultCode next_peer(
    const uint8_t** cursor, const uint8_t* end, PeerEntry* out, Fault* problem
) noexcept nogil:
    """Read one peer entry, and move the cursor behind it."""
    cdef const uint8_t* p = cursor[0]
    cdef Py_ssize_t size
    if p == end:
        return fault(problem, PEER_TABLE_SHORT, 1, 0)
    size = 5 + (16 if p[0] & 1 else 4) + (4 if p[0] & 2 else 2)
    if size > end - p:
        return fault(problem, PEER_TABLE_SHORT, size, end - p)
    if p[0] & 1:
        out.address.family = 6
        out.address.high = be64(p + 5)
        out.address.low = be64(p + 13)
    else:
        out.address.family = 4
        out.address.high = <uint64_t>be32(p + 5) << 32
        out.address.low = 0
    out.asn = be32(p + size - 4) if p[0] & 2 else be16(p + size - 2)
    cursor[0] = p + size
    return SOUND


cdef inline FaultCode begin_rib(
    const Header* h, const uint8_t** cursor, int family, Prefix* prefix, uint16_t* count, Fault* problem
) noexcept nogil:
    """Move the cursor from the begin of the body to the first entry; tell the prefix and the entries said to follow."""
    cdef const uint8_t* p = cursor[0]
    cdef const uint8_t* end = p + h.length
    cdef FaultCode code
    if h.length < 7:
        return fault(problem, RIB_SHORT, h.length, 7)
    p += 4                                      # sequence number
    code = next_prefix(&p, end, family, prefix, problem)
    if code != SOUND:
        return code
    if end - p < 2:
        return fault(problem, RIB_SHORT, h.length, h.length + 2 - (end - p))
    count[0] = be16(p)
    cursor[0] = p + 2
    return SOUND


cdef inline FaultCode begin_generic_rib(
    const Header* h, const uint8_t** cursor, int* family, Prefix* prefix, uint16_t* count, Fault* problem
) noexcept nogil:
    """As begin_rib, of a record that names its address family (RFC 6396 section 4.3.3)."""
    cdef const uint8_t* p = cursor[0]
    cdef const uint8_t* end = p + h.length
    cdef FaultCode code
    if h.length < 10:
        return fault(problem, RIB_SHORT, h.length, 10)
    if (be16(p + 4) != AFI_IPV4 and be16(p + 4) != AFI_IPV6) or p[6] != SAFI_UNICAST:
        return fault(problem, FAMILY_UNREAD, be16(p + 4), p[6])
    family[0] = 4 if be16(p + 4) == AFI_IPV4 else 6
    p += 7                                      # sequence number, family and subsequent family
    code = next_prefix(&p, end, family[0], prefix, problem)
    if code != SOUND:
        return code
    if end - p < 2:
        return fault(problem, RIB_SHORT, h.length, h.length + 2 - (end - p))
    count[0] = be16(p)
    cursor[0] = p + 2
    return SOUND


cdef inline FaultCode next_entry(
    const uint8_t** cursor, const uint8_t* end, RibEntry* out, Fault* problem
) noexcept nogil:
    """Read one RIB entry, and move the cursor behind its attributes."""
    cdef const uint8_t* p = cursor[0]
    cdef Py_ssize_t length
    if end - p < 8:
        return fault(problem, ENTRY_SHORT, 8, end - p)
    out.peer_index = be16(p)
    out.originated_s = be32(p + 2)
    length = be16(p + 6)
    p += 8
    if length > end - p:
        return fault(problem, ENTRY_SHORT, 8 + length, end - p + 8)
    out.attributes.begin = p
    out.attributes.end = p + length
    cursor[0] = p + length
    return SOUND


cdef inline FaultCode next_path_entry(
    const uint8_t** cursor, const uint8_t* end, RibEntry* out, uint32_t* path_id, Fault* problem
) noexcept nogil:
    """Read one RIB entry that has a path identifier, and move the cursor behind its attributes."""
    cdef const uint8_t* p = cursor[0]
    cdef Py_ssize_t length
    if end - p < 12:
        return fault(problem, ENTRY_SHORT, 12, end - p)
    out.peer_index = be16(p)
    out.originated_s = be32(p + 2)
    path_id[0] = be32(p + 6)
    length = be16(p + 10)
    p += 12
    if length > end - p:
        return fault(problem, ENTRY_SHORT, 12 + length, end - p + 12)
    out.attributes.begin = p
    out.attributes.end = p + length
    cursor[0] = p + length
    return SOUND
