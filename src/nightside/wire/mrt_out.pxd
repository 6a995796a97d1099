# MRT records (RFC 6396) that are made here, of what comes by other ways than files: BGP4MP_ET, messages and states.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t
from libc.stdlib cimport realloc
from libc.string cimport memset

from nightside.wire.peers cimport Address
from nightside.wire.record cimport BGP4MP_ET, HEADER_SIZE
from nightside.wire.update cimport AFI_IPV4, AFI_IPV6


cdef enum:
    MADE_MESSAGE = 1
    MADE_MESSAGE_AS4 = 4
    MADE_STATE_CHANGE_AS4 = 5
    # With path identifiers (RFC 8050).
    MADE_MESSAGE_ADDPATH = 8
    MADE_MESSAGE_AS4_ADDPATH = 9


cdef struct Made:
    uint8_t* bytes
    Py_ssize_t count
    Py_ssize_t room


cdef inline void put16(uint8_t* p, uint32_t value) noexcept nogil:
    p[0] = <uint8_t>(value >> 8)
    p[1] = <uint8_t>value


cdef inline void put32(uint8_t* p, uint32_t value) noexcept nogil:
    put16(p, value >> 16)
    put16(p + 2, value)


cdef inline uint8_t* make_record(
    Made* made, int subtype, int64_t time_us, const Address* peer, uint32_t asn, Py_ssize_t size
) noexcept nogil:
    """Begin a record; where its last `size` bytes belong, or NULL where memory is short.

    The local AS, address and interface are zero: nobody asks for them.
    """
    cdef int width = 2 if subtype == MADE_MESSAGE or subtype == MADE_MESSAGE_ADDPATH else 4
    cdef int address = 4 if peer.family == 4 else 16
    cdef Py_ssize_t length = 4 + 2 * width + 4 + 2 * address + size
    cdef Py_ssize_t needed = made.count + HEADER_SIZE + length, room
    cdef uint8_t* p
    if needed > made.room:
        room = max(2 * made.room, needed, <Py_ssize_t>65536)
        p = <uint8_t*>realloc(made.bytes, room)
        if p is NULL:
            return NULL
        made.bytes = p
        made.room = room
    p = made.bytes + made.count
    made.count = needed
    memset(p, 0, HEADER_SIZE + length - size)
    put32(p, <uint32_t>(time_us // 1000000))
    put16(p + 4, BGP4MP_ET)
    put16(p + 6, subtype)
    put32(p + 8, <uint32_t>length)
    put32(p + 12, <uint32_t>(time_us % 1000000))
    p += 16
    if width == 2:
        put16(p, asn)
    else:
        put32(p, asn)
    p += 2 * width + 2
    put16(p, AFI_IPV4 if peer.family == 4 else AFI_IPV6)
    p += 2
    put32(p, <uint32_t>(peer.high >> 32))
    if address == 16:
        put32(p + 4, <uint32_t>peer.high)
        put32(p + 8, <uint32_t>(peer.low >> 32))
        put32(p + 12, <uint32_t>peer.low)
    return p + 2 * address
