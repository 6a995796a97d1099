# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Ways: (origin, upstream, border upstream) to small dense numbers; 0 is "no route".

The upstream is the first AS beside the origin, the border upstream the first AS on the way out, counted
from the origin, that is not of the prefix's country (DESIGN: upstream of a network, and of a country).
"""

from libc.stdint cimport uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc

import numpy as np

from nightside.routing.prefixes cimport MISSING, NumberMap

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

    def __dealloc__(self):
        free(self.origins)
        free(self.upstreams)
        free(self.borders)

    cdef uint16_t country_of_as(self, uint32_t asn) noexcept nogil:
        return self.as_country[asn] if asn < DENSE_ASNS else 0

    cdef uint32_t intern(self, uint32_t origin, uint32_t upstream, uint32_t border) except? 4294967295 nogil:
        cdef uint64_t key
        cdef uint32_t pair, way
        # Neighbouring elements share their attributes far more often than not.
        if self.last_way and origin == self.last_origin and upstream == self.last_upstream and border == self.last_border:
            return self.last_way
        key = (<uint64_t>origin << 32) | upstream
        # origin and upstream both NO_AS would be the one key that the map cannot hold.
        if key == 0xFFFFFFFFFFFFFFFFULL:
            key = 0xFFFFFFFEFFFFFFFEULL
        pair = self.pairs.get(key)
        if pair == MISSING:
            pair = self.pairs.count
            self.pairs.put(key, pair)
        key = (<uint64_t>pair << 32) | border
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

    def columns(self):
        """(origin, upstream, border upstream) of every way as uint32 copies; NO_ASN where there is none."""
        return (
            np.asarray(<uint32_t[:self.count]>self.origins).copy(),
            np.asarray(<uint32_t[:self.count]>self.upstreams).copy(),
            np.asarray(<uint32_t[:self.count]>self.borders).copy(),
        )
