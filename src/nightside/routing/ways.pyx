# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Ways: (origin, upstream, border upstream) to small dense numbers; 0 is "no route".

The upstream is the first AS beside the origin, the border upstream the first AS on the way out, counted
from the origin, that is not of the prefix's country (DESIGN: upstream of a network, and of a country).
"""

from libc.stdint cimport uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc

import copyreg

import numpy as np

from nightside.routing.prefixes cimport MISSING, NumberMap
from nightside.routing.saved import checked, must
from nightside.routing.saved cimport memory_of, view_of

# AS 4294967295 is reserved (RFC 7300) and so can stand for "none"; AS 0 does occur as an origin.
cdef uint32_t NO_AS = 0xFFFFFFFF
NO_ASN = 0xFFFFFFFF

# All AS numbers given to anybody lie below; those above are private or reserved, so of no country.
DEF DENSE_ASNS = 1 << 20


cdef class WayIndex:
    """Ways to dense numbers; one index serves all collectors of a run."""

    def __init__(self, const uint32_t[::1] asn_numbers, const uint16_t[::1] asn_countries):
        """`asn_numbers[i]` is an AS of the country `asn_countries[i]` (0: of none)."""
        cdef Py_ssize_t i
        table = np.zeros(DENSE_ASNS, np.uint16)
        self._as_country = table
        self.as_country = table
        for i in range(asn_numbers.shape[0]):
            if asn_numbers[i] < DENSE_ASNS:
                self.as_country[asn_numbers[i]] = asn_countries[i]
        self.pairs = NumberMap(4096)
        self.triples = NumberMap(4096)
        self.capacity = 4096
        self.origins = <uint32_t*>malloc(self.capacity * sizeof(uint32_t))
        self.upstreams = <uint32_t*>malloc(self.capacity * sizeof(uint32_t))
        self.borders = <uint32_t*>malloc(self.capacity * sizeof(uint32_t))
        if self.origins == NULL or self.upstreams == NULL or self.borders == NULL:
            raise MemoryError
        self.origins[0] = self.upstreams[0] = self.borders[0] = NO_AS
        self.count = 1
        self.last_way = 0

    def __reduce__(self):
        cdef size_t n = self.count
        countries = np.asarray(self._as_country)
        given = np.flatnonzero(countries).astype(np.uint32)
        columns = (
            given, countries[given], view_of(self.origins, n, np.uint32), view_of(self.upstreams, n, np.uint32),
            view_of(self.borders, n, np.uint32),
        )
        return copyreg.__newobj__, (WayIndex,), columns

    def __setstate__(self, state):
        numbers, countries, origins, upstreams, borders = state
        cdef uint32_t way, n = len(origins)
        cdef size_t room = max(<size_t>n + n // 4, 4096)
        must(n, "no ways, not even the one of no route")
        table = np.zeros(DENSE_ASNS, np.uint16)
        # Numbers that are out of bounds raise IndexError here.
        table[checked(numbers, np.uint32, 0, "ASes")] = checked(countries, np.uint16, len(numbers), "ASes' countries")
        self._as_country = table
        self.as_country = table
        self.count = self.capacity = self.last_way = 0
        free(self.origins)
        self.origins = NULL
        self.origins = <uint32_t*>memory_of(origins, np.uint32, n, room, "origins")
        free(self.upstreams)
        self.upstreams = NULL
        self.upstreams = <uint32_t*>memory_of(upstreams, np.uint32, n, room, "upstreams")
        free(self.borders)
        self.borders = NULL
        self.borders = <uint32_t*>memory_of(borders, np.uint32, n, room, "border upstreams")
        self.count, self.capacity = n, room
        # The maps are made anew: pairs have their numbers in the order of the ways that first had them.
        self.pairs, self.triples = NumberMap(n), NumberMap(n)
        for way in range(1, n):
            self.triples.put(self._key(self.origins[way], self.upstreams[way], self.borders[way]), way)
        must(self.triples.count == n - 1, "a way occurs twice")

    def __dealloc__(self):
        free(self.origins)
        free(self.upstreams)
        free(self.borders)

    cdef uint16_t country_of_as(self, uint32_t asn) noexcept nogil:
        return self.as_country[asn] if asn < DENSE_ASNS else 0

    cdef uint32_t intern(self, uint32_t origin, uint32_t upstream, uint32_t border) except? 4294967295 nogil:
        cdef uint64_t key
        cdef uint32_t way
        # Neighbouring elements share their attributes far more often than not.
        if self.last_way and origin == self.last_origin and upstream == self.last_upstream and border == self.last_border:
            return self.last_way
        key = self._key(origin, upstream, border)
        way = self.triples.get(key)
        if way == MISSING:
            way = self.count
            if way == self.capacity:
                self._grow()
            self.origins[way] = origin
            self.upstreams[way] = upstream
            self.borders[way] = border
            self.triples.put(key, way)
            self.count += 1
        self.last_origin = origin
        self.last_upstream = upstream
        self.last_border = border
        self.last_way = way
        return way

    cdef uint64_t _key(self, uint32_t origin, uint32_t upstream, uint32_t border) except? 0 nogil:
        """The key of a way in `triples`; its pair has a number from now on."""
        cdef uint64_t key = (<uint64_t>origin << 32) | upstream
        cdef uint32_t pair
        # origin and upstream both NO_AS would be the one key that the map cannot hold.
        if key == 0xFFFFFFFFFFFFFFFFULL:
            key = 0xFFFFFFFEFFFFFFFEULL
        pair = self.pairs.get(key)
        if pair == MISSING:
            pair = self.pairs.count
            self.pairs.put(key, pair)
        return (<uint64_t>pair << 32) | border

    cdef int _grow(self) except -1 nogil:
        cdef uint32_t capacity = self.capacity * 2
        cdef void* a = realloc(self.origins, capacity * sizeof(uint32_t))
        if a != NULL:
            self.origins = <uint32_t*>a
        cdef void* b = realloc(self.upstreams, capacity * sizeof(uint32_t))
        if b != NULL:
            self.upstreams = <uint32_t*>b
        cdef void* c = realloc(self.borders, capacity * sizeof(uint32_t))
        if c != NULL:
            self.borders = <uint32_t*>c
        if a == NULL or b == NULL or c == NULL:
            with gil:
                raise MemoryError
        self.capacity = capacity
        return 0

    def columns(self, uint32_t start=0):
        """(origin, upstream, border upstream) of the ways from number `start` on as uint32 copies; NO_ASN where there
        is none."""
        cdef size_t n = self.count - start if start < self.count else 0
        return (
            view_of(self.origins + start, n, np.uint32).copy(),
            view_of(self.upstreams + start, n, np.uint32).copy(),
            view_of(self.borders + start, n, np.uint32).copy(),
        )
