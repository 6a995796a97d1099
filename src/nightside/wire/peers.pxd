from libc.stdint cimport uint8_t, uint32_t, uint64_t


cdef struct Address:
    uint64_t high       # left-aligned: IPv4 in the top 32 bits
    uint64_t low
    uint8_t family      # 4 or 6


cdef enum:
    NO_PEER = 0xFFFFFFFF        # no memory for one more


cdef struct PeerKey:
    Address address
    uint32_t asn


cdef class PeerTable:
    cdef PeerKey* keys
    cdef uint32_t* slots        # dense index + 1; 0 is empty
    cdef uint32_t count
    cdef uint32_t room          # of keys; there are twice as many slots
    cdef list listed

    cdef uint32_t intern(self, const Address* address, uint32_t asn) noexcept nogil
    cdef void forget_from(self, uint32_t count) noexcept nogil
    cdef bint _grow(self) noexcept nogil
    cdef uint32_t _slot(self, const Address* address, uint32_t asn) noexcept nogil
    cdef list to_list(self)


cdef class NamedPeers:
    cdef uint32_t* order
    cdef Py_ssize_t count
    cdef Py_ssize_t room
    cdef uint8_t* is_named      # by dense index
    cdef Py_ssize_t is_named_room

    cdef bint add(self, uint32_t peer) noexcept nogil
    cdef void forget(self)
    cdef list to_list(self)
