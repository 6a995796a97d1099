from libc.stdint cimport int64_t, uint8_t, uint32_t

from nightside.wire.bmp_peer cimport PeerHeader
from nightside.wire.faults cimport Fault, FaultCode
from nightside.wire.mrt_out cimport Made
from nightside.wire.peers cimport PeerTable


cdef enum Halt:
    PIECE_USED_UP
    MESSAGE_REFUSED     # `fault` says why; the next one can be read
    FRAMING_BROKEN      # `fault` says why; nothing can be read any more
    ROUTER_SPEAKS       # an initiation or a termination: `told` stands in memory
    OUT_OF_MEMORY


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


cdef class Bmp:
    cdef Fault fault
    cdef Py_ssize_t longest
    cdef uint32_t most_peers
    cdef int64_t begun_us
    cdef int64_t now_us         # of the piece in hand
    cdef int64_t position       # of the message in hand, in the stream
    cdef int64_t next_position
    cdef uint8_t* carried       # the begin of the message that the last piece ended in
    cdef Py_ssize_t carried_count
    cdef Py_ssize_t carried_room
    cdef const uint8_t* told
    cdef Py_ssize_t told_size
    cdef uint8_t told_type
    cdef Made made              # of the piece in hand
    cdef PeerTable peers
    cdef uint8_t* marks         # by dense index of the peer
    cdef int64_t counted[<int>COUNTED]
    cdef dict _skips            # reason: [offset, count]
    cdef readonly str broken
    cdef readonly str system_name
    cdef readonly str system_description
    cdef readonly str terminated

    cdef Halt _run(self, const uint8_t** cursor, const uint8_t* end) noexcept nogil
    cdef bint _keep(self, const uint8_t* p, Py_ssize_t size) noexcept nogil
    cdef FaultCode _take(self, int type, const uint8_t* p, const uint8_t* end) noexcept nogil
    cdef FaultCode _routes(self, const PeerHeader* h, const uint8_t* p, const uint8_t* end) noexcept nogil
    cdef FaultCode _peer_up(self, const PeerHeader* h, const uint8_t* p, const uint8_t* end) noexcept nogil
    cdef bint _leave_out(self, int type, int flags) noexcept nogil
    cdef FaultCode _find(self, const PeerHeader* h, uint32_t* peer) noexcept nogil
    cdef int64_t _time(self, const PeerHeader* h) noexcept nogil
    cdef FaultCode _state(self, const PeerHeader* h, int old, int new) noexcept nogil
    cdef object _answer(self, Halt halt)
    cdef object _skip(self, int64_t offset, str why)
    cdef object _listen(self)
