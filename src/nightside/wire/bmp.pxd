from libc.stdint cimport int64_t, uint8_t, uint32_t

from nightside.wire.bmp_framing cimport Messages
from nightside.wire.bmp_peer cimport PeerHeader
from nightside.wire.faults cimport FaultCode
from nightside.wire.mrt_out cimport Made
from nightside.wire.peers cimport PeerTable


cdef enum Counted:
    MESSAGES
    ROUTE_MONITORING
    STATISTICS
    PEER_DOWN
    PEER_UP
    ROUTE_MIRRORING
    # What is read, and left out.
    LEFT_POST_POLICY
    LEFT_ADJ_RIB_OUT
    LEFT_LOC_RIB
    LEFT_VPN_PEER
    LEFT_OTHER_PEER
    LEFT_OWN_ROUTES
    # Times that cannot be, so that the time of arrival stands for them.
    TIME_MISSING
    TIME_PAST
    TIME_FUTURE
    COUNTED             # how many there are


cdef class Bmp(Messages):
    cdef uint32_t most_peers
    cdef int64_t begun_us
    cdef int64_t now_us         # of the piece in hand
    cdef Made made              # of the piece in hand
    cdef PeerTable peers
    cdef uint8_t* marks         # by dense index of the peer
    cdef int64_t counted[<int>COUNTED]
    cdef readonly str system_name
    cdef readonly str system_description
    cdef readonly str terminated

    cdef FaultCode _routes(self, const PeerHeader* h, const uint8_t* p, const uint8_t* end) noexcept nogil
    cdef FaultCode _peer_up(self, const PeerHeader* h, const uint8_t* p, const uint8_t* end) noexcept nogil
    cdef bint _leave_out(self, int type, int flags) noexcept nogil
    cdef FaultCode _find(self, const PeerHeader* h, uint32_t* peer) noexcept nogil
    cdef int64_t _time(self, const PeerHeader* h) noexcept nogil
    cdef FaultCode _state(self, const PeerHeader* h, int old, int new) noexcept nogil
