# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""How much stands in MRT files, counted as fast as it is decoded, and without NumPy."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memset

from nightside.model.elements import Kind

from nightside.routing.prefixes cimport PrefixIndex, hashed
from nightside.routing.soon cimport SOON
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
    cdef Py_ssize_t* begins     # of stretches of the batch in hand
    cdef uint64_t* keys         # of their prefixes
    cdef Py_ssize_t begins_room

    def __cinit__(self):
        memset(self.kinds, 0, sizeof(self.kinds))
        self.index = PrefixIndex()
        self.origins_seen = self.peers_seen = 0
        self.peers_room = 0
        self.is_seen = NULL
        self.begins = NULL
        self.keys = NULL
        self.begins_room = 0
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
        free(self.begins)
        free(self.keys)

    def add(self, Columns columns):
        """One batch of a decoder."""
        cdef Pointers at = columns.to
        cdef Py_ssize_t count = columns.count, stretches, i
        cdef uint32_t peer
        self._make_room(count)
        with nogil:
            stretches = self._find_stretches(&at, count)
            for i in range(stretches):
                self._count_stretch(&at, self.begins[i], self.begins[i + 1], self.keys[i])
            for i in range(count):
                peer = at.peer[i]
                if peer >= self.peers_room or not self.is_seen[peer]:
                    self._new_peer(peer)

    cdef int _make_room(self, Py_ssize_t count) except -1:
        cdef void* grown
        if count >= self.begins_room:
            grown = realloc(self.begins, (count + 1) * sizeof(Py_ssize_t))
            if grown is NULL:
                raise MemoryError
            self.begins = <Py_ssize_t*>grown
            grown = realloc(self.keys, (count + 1) * sizeof(uint64_t))
            if grown is NULL:
                raise MemoryError
            self.keys = <uint64_t*>grown
            self.begins_room = count + 1
        return 0

    cdef Py_ssize_t _find_stretches(self, const Pointers* at, Py_ssize_t count) noexcept nogil:
        """Where elements of one kind and one prefix begin, those of a RIB record mostly; behind them, the end."""
        cdef Py_ssize_t i, n = 0
        cdef uint64_t key
        for i in range(count):
            if (
                i == 0 or at.prefix_hi[i] != at.prefix_hi[i - 1] or at.prefix_lo[i] != at.prefix_lo[i - 1]
                or at.prefix_len[i] != at.prefix_len[i - 1] or at.kind[i] != at.kind[i - 1]
                or at.family[i] != at.family[i - 1]
            ):
                self.begins[n] = i
                key = hashed(at.prefix_hi[i], at.prefix_lo[i], at.prefix_len[i], at.family[i])
                self.keys[n] = key
                # Far away in a large index: on its way while the other stretches are looked for.
                SOON(&self.index.slots[key & self.index.mask])
                n += 1
        self.begins[n] = count
        return n

    cdef int _count_stretch(
        self, const Pointers* at, Py_ssize_t begin, Py_ssize_t end, uint64_t key
    ) except -1 nogil:
        cdef uint8_t kind = at.kind[begin]
        cdef uint8_t* page
        cdef uint32_t asn
        cdef Py_ssize_t i
        self.kinds[kind] += end - begin
        if kind == ANNOUNCE or kind == ROUTE:
            for i in range(begin, end):
                asn = at.origin[i]
                page = self.pages[asn >> 16]
                if page is NULL or not page[(asn & 0xFFFF) >> 3] >> (asn & 7) & 1:
                    self._new_origin(asn)
        if kind == ANNOUNCE or kind == ROUTE or kind == WITHDRAW:
            self.index.intern(
                at.prefix_hi[begin], at.prefix_lo[begin], at.prefix_len[begin], at.family[begin], key
            )
        return 0

    cdef int _new_origin(self, uint32_t asn) except -1 nogil:
        cdef uint8_t* page = self.pages[asn >> 16]
        if page is NULL:
            page = self.pages[asn >> 16] = <uint8_t*>calloc(PAGE_BYTES, 1)
            if page is NULL:
                with gil:
                    raise MemoryError
        page[(asn & 0xFFFF) >> 3] |= <uint8_t>(1 << (asn & 7))
        self.origins_seen += 1
        return 0

    cdef int _new_peer(self, uint32_t peer) except -1 nogil:
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
