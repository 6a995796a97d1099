from libc.stdint cimport int64_t, uint8_t

from nightside.wire.faults cimport Fault, FaultCode


cdef enum:
    COMMON_HEADER = 6           # bytes
    TYPE_ROUTE_MONITORING = 0
    TYPE_STATISTICS = 1
    TYPE_PEER_DOWN = 2
    TYPE_PEER_UP = 3
    TYPE_INITIATION = 4
    TYPE_TERMINATION = 5
    TYPE_ROUTE_MIRRORING = 6


cdef enum Halt:
    PIECE_USED_UP
    MESSAGE_REFUSED     # `fault` says why; the next one can be read
    FRAMING_BROKEN      # `fault` says why; nothing can be read any more
    ROUTER_SPEAKS       # an initiation or a termination: `told` stands in memory
    OUT_OF_MEMORY


cdef class Messages:
    cdef Fault fault
    cdef Py_ssize_t longest
    cdef int64_t position       # of the message in hand, in the stream
    cdef int64_t next_position
    cdef uint8_t* carried       # the begin of the message that the last piece ended in
    cdef Py_ssize_t carried_count
    cdef Py_ssize_t carried_room
    cdef const uint8_t* told
    cdef Py_ssize_t told_size
    cdef int told_type
    cdef dict _skips            # reason: [offset, count]
    cdef readonly str broken

    cdef FaultCode take(self, int type, const uint8_t* p, const uint8_t* end) noexcept nogil
    cdef object listen(self, int type, const uint8_t* p, Py_ssize_t size)
    cdef object read(self, const uint8_t* p, const uint8_t* end)
    cdef object refuse(self)
    cdef Halt _run(self, const uint8_t** cursor, const uint8_t* end) noexcept nogil
    cdef bint _keep(self, const uint8_t* p, Py_ssize_t size) noexcept nogil
