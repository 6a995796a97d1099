# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""How much stands in MRT files, counted as fast as it is decoded, and without NumPy."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memset

from nightside.model.elements import Kind

from nightside.routing.prefixes cimport PrefixIndex, hashed
from nightside.wire.columns cimport Columns, Pointers

cdef enum:
    # As in model.elements.
    ANNOUNCE = 1
    WITHDRAW = 2
    ROUTE = 4
    # AS numbers by their high and their low 16 bits: a page of bits is there once an AS of it has been seen.
    PAGES = 65536
    PAGE_BYTES = 8192


cdef class ElementCounts:
    """Elements by kind, and the distinct peers, prefixes and origins that they name.

    All batches must come from one decoder. Origins are those of announcements and table entries; prefixes those
    of withdrawals too; peers those of every element.
    """

    cdef int64_t kinds[256]
    cdef PrefixIndex index
    cdef uint8_t** pages        # of origins, a bit each
    cdef int64_t origins_seen
    cdef uint8_t* is_seen       # by peer
    cdef uint32_t peers_room
    cdef int64_t peers_seen

    def __cinit__(self):
        memset(self.kinds, 0, sizeof(self.kinds))
        self.index = PrefixIndex()
        self.origins_seen = self.peers_seen = 0
        self.peers_room = 0
        self.is_seen = NULL
        self.pages = <uint8_t**>calloc(PAGES, sizeof(uint8_t*))
        if self.pages is NULL:
            raise MemoryError

    def __dealloc__(self):
        cdef Py_ssize_t i
        if self.pages is not NULL:
            for i in range(PAGES):
                free(self.pages[i])
        free(self.pages)
        free(self.is_seen)

    def add(self, Columns columns):
        """One batch of a decoder."""
        cdef Pointers at = columns.to
        cdef Py_ssize_t count = columns.count, begin = 0, end, i
        cdef uint32_t asn, last_asn = 0, peer, last_peer = 0
        cdef bint any_asn = False, any_peer = False
        cdef uint8_t kind
        with nogil:
            while begin < count:
                # A stretch of elements of one kind and one prefix: that of a RIB record, mostly.
                kind = at.kind[begin]
                end = begin + 1
                while (
                    end < count and at.prefix_hi[end] == at.prefix_hi[begin] and at.prefix_lo[end] == at.prefix_lo[begin]
                    and at.prefix_len[end] == at.prefix_len[begin] and at.kind[end] == kind
                    and at.family[end] == at.family[begin]
                ):
                    end += 1
                self.kinds[kind] += end - begin
                if kind == ANNOUNCE or kind == ROUTE:
                    for i in range(begin, end):
                        asn = at.origin[i]
                        if not any_asn or asn != last_asn:
                            self._see_origin(asn)
                            any_asn = True
                            last_asn = asn
                if kind == ANNOUNCE or kind == ROUTE or kind == WITHDRAW:
                    self.index.intern(
                        at.prefix_hi[begin], at.prefix_lo[begin], at.prefix_len[begin], at.family[begin],
                        hashed(at.prefix_hi[begin], at.prefix_lo[begin], at.prefix_len[begin], at.family[begin]),
                    )
                for i in range(begin, end):
                    peer = at.peer[i]
                    if not any_peer or peer != last_peer:
                        self._see_peer(peer)
                        any_peer = True
                        last_peer = peer
                begin = end

    cdef int _see_origin(self, uint32_t asn) except -1 nogil:
        cdef uint8_t* page = self.pages[asn >> 16]
        cdef uint8_t bit = <uint8_t>(1 << (asn & 7))
        if page is NULL:
            page = self.pages[asn >> 16] = <uint8_t*>calloc(PAGE_BYTES, 1)
            if page is NULL:
                with gil:
                    raise MemoryError
        page += (asn & 0xFFFF) >> 3
        if not page[0] & bit:
            page[0] |= bit
            self.origins_seen += 1
        return 0

    cdef int _see_peer(self, uint32_t peer) except -1 nogil:
        cdef uint32_t room
        cdef uint8_t* grown
        if peer >= self.peers_room:
            room = max(<uint32_t>256, 2 * peer)
            grown = <uint8_t*>realloc(self.is_seen, room)
            if grown is NULL:
                with gil:
                    raise MemoryError
            memset(grown + self.peers_room, 0, room - self.peers_room)
            self.is_seen = grown
            self.peers_room = room
        if not self.is_seen[peer]:
            self.is_seen[peer] = 1
            self.peers_seen += 1
        return 0

    def to_json(self):
        """The numbers, by the words of `nightside elements --summary`."""
        return {
            "announcements": self.kinds[<int>Kind.ANNOUNCE],
            "withdrawals": self.kinds[<int>Kind.WITHDRAW],
            "states": self.kinds[<int>Kind.STATE],
            "routes": self.kinds[<int>Kind.ROUTE],
            "peers": self.peers_seen,
            "prefixes": self.index.count,
            "origins": self.origins_seen,
        }
