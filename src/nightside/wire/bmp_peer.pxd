# The per-peer header of BMP (RFC 7854 section 4.2; RFC 8671 and 9069 for what was added), and what we make of it.

from libc.stdint cimport int64_t, uint8_t, uint32_t

from nightside.wire.attributes cimport MP_REACH_NLRI, MP_UNREACH_NLRI, Attributes, has, walk_attributes
from nightside.wire.bigendian cimport be32, be64
from nightside.wire.faults cimport BMP_ADDRESS, SOUND, Fault, FaultCode, fault
from nightside.wire.peers cimport Address
from nightside.wire.update cimport AFI_IPV4, UPDATE, MpRoutes, Update, read_reach, read_unreach, split_message


cdef enum:
    PEER_HEADER = 42            # bytes
    # Peer types.
    GLOBAL_PEER = 0
    VPN_PEER = 1
    LOCAL_PEER = 2
    LOC_RIB = 3
    # Flags.
    IS_IPV6 = 0x80
    AFTER_POLICY = 0x40
    NARROW_PATH = 0x20          # AS numbers of two bytes
    OUTWARD = 0x10              # Adj-RIB-Out
    # What is known of a peer.
    HAS_PRE_POLICY = 1
    HAS_PATH_IDS_IPV4 = 2
    HAS_PATH_IDS_IPV6 = 4
    HAS_PATH_IDS = 6


cdef struct PeerHeader:
    Address address
    uint32_t asn
    uint8_t flags
    uint32_t seconds
    uint32_t microseconds


cdef inline FaultCode read_peer_header(const uint8_t* p, PeerHeader* h, Fault* problem) noexcept nogil:
    """The header, whose PEER_HEADER bytes are there."""
    cdef int i, set_bytes = 0
    h.flags = p[1]
    if h.flags & IS_IPV6:
        h.address.family = 6
        h.address.high = be64(p + 10)
        h.address.low = be64(p + 18)
    else:
        for i in range(12):
            set_bytes += p[10 + i] != 0
        if set_bytes:
            return fault(problem, BMP_ADDRESS, set_bytes, 12)
        h.address.family = 4
        h.address.high = be64(p + 18) << 32
        h.address.low = 0
    h.asn = be32(p + 26)
    h.seconds = be32(p + 34)
    h.microseconds = be32(p + 38)
    return SOUND


cdef inline bint has_path_ids(const uint8_t* p, const uint8_t* end, int known) noexcept nogil:
    """Whether routes of a family whose prefixes come with path identifiers stand in this UPDATE (RFC 7911).

    What cannot be read is for the decoder to refuse.
    """
    cdef Update update
    cdef Attributes attributes
    cdef MpRoutes routes
    cdef Fault unused
    if split_message(p, end, &update, &unused) != SOUND or update.type != UPDATE:
        return False
    if known & HAS_PATH_IDS_IPV4 and (
        update.withdrawn.begin != update.withdrawn.end or update.nlri.begin != update.nlri.end
    ):
        return True
    if walk_attributes(update.attributes.begin, update.attributes.end, &attributes, &unused) != SOUND:
        return False
    if has(&attributes, MP_REACH_NLRI) and read_reach(&attributes, &routes, &unused) == SOUND:
        if known & (HAS_PATH_IDS_IPV4 if routes.afi == AFI_IPV4 else HAS_PATH_IDS_IPV6):
            return True
    if has(&attributes, MP_UNREACH_NLRI) and read_unreach(&attributes, &routes, &unused) == SOUND:
        if routes.nlri.begin != routes.nlri.end:
            return known & (HAS_PATH_IDS_IPV4 if routes.afi == AFI_IPV4 else HAS_PATH_IDS_IPV6) != 0
    return False
