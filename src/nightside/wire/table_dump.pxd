# TABLE_DUMP (RFC 6396 section 4.2): one record is one route of one peer. AS numbers have two bytes.

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from nightside.wire.bigendian cimport be16, be32, be64
from nightside.wire.faults cimport (
    ATTRIBUTES_LENGTH, PREFIX_LENGTH, RECORD_SHORT, SOUND, SUBTYPE_UNREAD, Fault, FaultCode, fault,
)
from nightside.wire.nlri cimport Prefix
from nightside.wire.peers cimport Address
from nightside.wire.record cimport Header
from nightside.wire.update cimport AFI_IPV4, AFI_IPV6, Stretch


cdef struct TableDump:
    Address peer
    uint32_t peer_asn
    Prefix prefix
    uint32_t originated_s
    Stretch attributes


cdef inline FaultCode read_table_dump(
    const Header* h, const uint8_t* p, TableDump* out, Fault* problem
) noexcept nogil:
    """The whole record, or its first route; `p` is its body of h.length bytes."""
    cdef Py_ssize_t size = 4 if h.subtype == AFI_IPV4 else 16
    cdef Py_ssize_t needed = 14 + 2 * size, length
    cdef int most = 32 if h.subtype == AFI_IPV4 else 128
    if h.subtype != AFI_IPV4 and h.subtype != AFI_IPV6:
        return fault(problem, SUBTYPE_UNREAD, h.type, h.subtype)
    if h.length < needed:
        return fault(problem, RECORD_SHORT, h.length, needed)
    p += 4                                      # view and sequence number
    if size == 4:
        out.prefix.high = <uint64_t>be32(p) << 32
        out.prefix.low = 0
        out.peer.high = <uint64_t>be32(p + 10) << 32
        out.peer.low = 0
        out.peer.family = 4
    else:
        out.prefix.high = be64(p)
        out.prefix.low = be64(p + 8)
        out.peer.high = be64(p + 22)
        out.peer.low = be64(p + 30)
        out.peer.family = 6
    p += size
    if p[0] > most:
        return fault(problem, PREFIX_LENGTH, p[0], most)
    out.prefix.length = p[0]
    out.originated_s = be32(p + 2)
    p += 6 + size
    out.peer_asn = be16(p)
    length = be16(p + 2)
    if length > <Py_ssize_t>h.length - needed:
        return fault(problem, ATTRIBUTES_LENGTH, length, h.length - needed)
    out.attributes.begin = p + 4
    out.attributes.end = p + 4 + length
    return SOUND
