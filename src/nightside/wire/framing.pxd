from libc.stdint cimport int64_t, uint8_t, uint32_t

from nightside.wire.faults cimport Fault, FaultCode
from nightside.wire.record cimport Header


cdef enum Stop:
    PIECE_USED_UP
    BATCH_FULL
    RECORD_REFUSED      # `fault` says why
    FRAMING_LOST        # `fault` says why
    NOT_MRT
    OUT_OF_MEMORY


cdef class Records:
    cdef Fault fault
    cdef Header header          # of the record in hand
    cdef int64_t position       # in the uncompressed file, of the next byte that belongs to no finished record
    cdef uint8_t* carried       # the begin of the record that the last piece ended in
    cdef Py_ssize_t carried_count
    cdef Py_ssize_t carried_room
    cdef bint lost              # the framing is lost: every byte is tried as the begin of a record
    cdef int64_t lost_at
    cdef str lost_reason
    cdef bint time_known
    cdef uint32_t last_time_s   # of the last record that can be believed
    cdef bint kept              # of the record in hand, which has a fault, what could be read is kept
    cdef int64_t _records
    cdef dict _skips            # reason: [offset, count]
    cdef str name
    cdef bint ended

    cdef FaultCode take(self, const Header* header, const uint8_t* body) noexcept nogil
    cdef bint is_full(self, uint32_t next_length) noexcept nogil
    cdef object batch(self)
    cdef bint has_batch(self)
    cdef void forget(self)

    cdef Stop _run(self, const uint8_t** cursor, const uint8_t* end) noexcept nogil
    cdef bint _fill(self, const uint8_t** cursor, const uint8_t* end, Py_ssize_t size) noexcept nogil
    cdef bint _keep(self, const uint8_t* p, Py_ssize_t size) noexcept nogil
    cdef bint _plausible(self, const uint8_t* p) noexcept nogil
    cdef bint _is_near(self, uint32_t time_s) noexcept nogil
    cdef bint _believes(self, FaultCode code) noexcept nogil
    cdef bint _seek(self, const uint8_t** cursor, const uint8_t* end) noexcept nogil
    cdef FaultCode _check(self) noexcept nogil
    cdef object _answer(self, Stop stop)
    cdef object _skip(self, int64_t offset, str why)
    cdef object _found(self)
