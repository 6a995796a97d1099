# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The far ends of the sessions, as dense numbers in the order in which they are first seen."""

import socket

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memset

from nightside.model.elements import Peer


cdef inline uint64_t mix(uint64_t x) noexcept nogil:
    # The finalizer of splitmix64 (Steele, Lea, Flood 2014).
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL
    return x ^ (x >> 31)


cdef str address_text(const Address* address):
    """The address as people write it: `193.0.0.1`, `2001:db8::1`."""
    if address.family == 4:
        return socket.inet_ntop(socket.AF_INET, int(address.high >> 32).to_bytes(4, "big"))
    return socket.inet_ntop(
        socket.AF_INET6, int(address.high).to_bytes(8, "big") + int(address.low).to_bytes(8, "big")
    )


cdef class PeerTable:
    """(address, AS) to a dense index, by open addressing with linear probing."""

    def __cinit__(self):
        self.room = 64
        self.keys = <PeerKey*>malloc(self.room * sizeof(PeerKey))
        self.slots = <uint32_t*>calloc(2 * self.room, sizeof(uint32_t))
        if self.keys is NULL or self.slots is NULL:
            raise MemoryError
        self.count = 0
        self.listed = []

    def __dealloc__(self):
        free(self.keys)
        free(self.slots)

    cdef uint32_t _slot(self, const Address* address, uint32_t asn) noexcept nogil:
        """The slot of this peer, or the empty one where it belongs."""
        cdef uint32_t mask = 2 * self.room - 1, at
        cdef PeerKey* key
        at = <uint32_t>mix(address.high ^ mix(address.low ^ mix((<uint64_t>asn << 8) | address.family))) & mask
        while self.slots[at]:
            key = &self.keys[self.slots[at] - 1]
            if (
                key.asn == asn and key.address.high == address.high
                and key.address.low == address.low and key.address.family == address.family
            ):
                break
            at = (at + 1) & mask
        return at

    cdef uint32_t intern(self, const Address* address, uint32_t asn) noexcept nogil:
        """The dense index of this peer, a new one where it is new; NO_PEER where memory is short."""
        cdef uint32_t at = self._slot(address, asn)
        if self.slots[at]:
            return self.slots[at] - 1
        if self.count == self.room:
            if not self._grow():
                return NO_PEER
            at = self._slot(address, asn)
        self.keys[self.count].address = address[0]
        self.keys[self.count].asn = asn
        self.count += 1
        self.slots[at] = self.count
        return self.count - 1

    cdef bint _grow(self) noexcept nogil:
        cdef PeerKey* keys = <PeerKey*>realloc(self.keys, 2 * self.room * sizeof(PeerKey))
        cdef uint32_t* slots
        cdef uint32_t i
        if keys is NULL:
            return False
        self.keys = keys
        slots = <uint32_t*>calloc(4 * self.room, sizeof(uint32_t))
        if slots is NULL:
            return False
        free(self.slots)
        self.slots = slots
        self.room *= 2
        for i in range(self.count):
            self.slots[self._slot(&self.keys[i].address, self.keys[i].asn)] = i + 1
        return True

    cdef void forget_from(self, uint32_t count) noexcept nogil:
        """Take back the newest peers, so that `count` are left: a bad record has brought them in.

        What was put in last, no other entry was probed past; so its slot can simply be emptied.
        """
        cdef PeerKey* key
        while self.count > count:
            key = &self.keys[self.count - 1]
            self.slots[self._slot(&key.address, key.asn)] = 0
            self.count -= 1

    cdef list to_list(self):
        """All peers; always the same list, which grows."""
        cdef uint32_t i
        for i in range(<uint32_t>len(self.listed), self.count):
            self.listed.append(Peer(address_text(&self.keys[i].address), self.keys[i].asn))
        return self.listed


cdef class NamedPeers:
    """Dense indexes of peers, each once, in the order of first sight."""

    def __cinit__(self):
        self.order = NULL
        self.is_named = NULL
        self.count = self.room = self.is_named_room = 0

    def __dealloc__(self):
        free(self.order)
        free(self.is_named)

    cdef bint add(self, uint32_t peer) noexcept nogil:
        """Name a peer, if it is new; False where memory is short."""
        cdef Py_ssize_t room
        cdef void* grown
        if peer < self.is_named_room and self.is_named[peer]:
            return True
        if peer >= self.is_named_room:
            room = max(<Py_ssize_t>256, 2 * <Py_ssize_t>peer)
            grown = realloc(self.is_named, room)
            if grown is NULL:
                return False
            self.is_named = <uint8_t*>grown
            memset(self.is_named + self.is_named_room, 0, room - self.is_named_room)
            self.is_named_room = room
        if self.count == self.room:
            room = max(<Py_ssize_t>256, 2 * self.room)
            grown = realloc(self.order, room * sizeof(uint32_t))
            if grown is NULL:
                return False
            self.order = <uint32_t*>grown
            self.room = room
        self.is_named[peer] = 1
        self.order[self.count] = peer
        self.count += 1
        return True

    cdef void forget(self):
        self.count = 0
        if self.is_named is not NULL:
            memset(self.is_named, 0, self.is_named_room)

    cdef list to_list(self):
        return [self.order[i] for i in range(self.count)]
