# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Ways: (origin, upstream, border upstream) to small dense numbers; 0 is "no route".

The upstream is the first AS beside the origin, the border upstream the first AS on the way out, counted
from the origin, that is not of the prefix's country (DESIGN: upstream of a network, and of a country).
"""

from libc.stdint cimport uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memset

import copyreg

import numpy as np

from nightside.routing.prefixes cimport MISSING, mix
from nightside.routing.saved cimport view_of
from nightside.routing.soon cimport SOON

from nightside.routing.saved import checked, must

# AS 4294967295 is reserved (RFC 7300) and so can stand for "none"; AS 0 does occur as an origin.
cdef uint32_t NO_AS = 0xFFFFFFFF
NO_ASN = 0xFFFFFFFF

# All AS numbers given to anybody lie below; those above are private or reserved, so of no country.
DEF DENSE_ASNS = 1 << 20

cdef enum:
    # nightside.model.elements: FLAG_NO_UPSTREAM; Kind.ANNOUNCE, Kind.ROUTE
    NO_UPSTREAM = 4
    ANNOUNCE = 1
    ROUTE = 4
    AT_A_TIME = 64   # so many ways are looked up together: memory answers many as fast as one


cdef inline uint64_t hashed(const Way* way) noexcept nogil:
    return mix(((<uint64_t>way.origin << 32) | way.upstream) ^ (way.border * 0x9E3779B97F4A7C15ULL))


cdef inline bint same(const Way* a, const Way* b) noexcept nogil:
    return a.origin == b.origin and a.upstream == b.upstream and a.border == b.border


cdef inline void way_of(const Routes* routes, Py_ssize_t i, const uint16_t* as_country, uint16_t country,
                        Way* way) noexcept nogil:
    """The way of one element, to a prefix of this country."""
    cdef const uint32_t* path = routes.paths + routes.path_start[i]
    cdef uint32_t k = routes.path_count[i]
    way.origin = routes.origin[i]
    way.upstream = NO_AS if routes.flags[i] & NO_UPSTREAM else routes.upstream[i]
    way.border = NO_AS
    if country == 0:
        way.border = way.upstream
        return
    while k > 0:
        k -= 1
        if (as_country[path[k]] if path[k] < DENSE_ASNS else 0) != country:
            way.border = path[k]
            return


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
        self._forget(4096)
        self.way[0].origin = self.way[0].upstream = self.way[0].border = NO_AS
        self.count = 1

    def __reduce__(self):
        countries = np.asarray(self._as_country)
        given = np.flatnonzero(countries).astype(np.uint32)
        return copyreg.__newobj__, (WayIndex,), (given, countries[given], *self.columns())

    def __setstate__(self, state):
        numbers, countries, origins, upstreams, borders = state
        cdef uint32_t way, n = len(origins)
        must(n, "no ways, not even the one of no route")
        table = np.zeros(DENSE_ASNS, np.uint16)
        # Numbers that are out of bounds raise IndexError here.
        table[checked(numbers, np.uint32, 0, "ASes")] = checked(countries, np.uint16, len(numbers), "ASes' countries")
        self._as_country = table
        self.as_country = table
        cdef const uint32_t[::1] origin = checked(origins, np.uint32, n, "origins")
        cdef const uint32_t[::1] upstream = checked(upstreams, np.uint32, n, "upstreams")
        cdef const uint32_t[::1] border = checked(borders, np.uint32, n, "border upstreams")
        must(upstream.shape[0] == border.shape[0] == <Py_ssize_t>n, "ways without upstreams")
        self._forget(max(<size_t>n + n // 4, 4096))
        for way in range(n):
            self.way[way].origin, self.way[way].upstream, self.way[way].border = origin[way], upstream[way], border[way]
        self.count = 1
        for way in range(1, n):
            must(self.intern(&self.way[way], hashed(&self.way[way])) == way, "a way occurs twice")

    cdef int _forget(self, size_t room) except -1:
        """No ways, and room for so many."""
        cdef uint64_t size = 16384
        free(self.way)
        free(self.slots)
        self.slots = NULL
        self.count = self.capacity = 0
        self.way = <Way*>malloc(room * sizeof(Way))
        if self.way == NULL:
            raise MemoryError
        self.capacity = <uint32_t>room
        while <uint64_t>room * 2 > size:
            size *= 2
        self._rehash(size)
        return 0

    def __dealloc__(self):
        free(self.way)
        free(self.slots)

    cdef uint32_t intern(self, const Way* way, uint64_t key) except? 4294967295 nogil:
        """The dense number of a way, new or not; `key` is its hash."""
        cdef uint64_t i = key & self.mask
        cdef uint32_t number
        while True:
            number = self.slots[i]
            if number == MISSING:
                break
            if same(&self.way[number], way):
                return number
            i = (i + 1) & self.mask
        number = self.count
        if number == self.capacity:
            self._grow()
        self.way[number] = way[0]
        self.slots[i] = number
        self.count += 1
        if <uint64_t>self.count * 2 > self.mask:
            self._rehash((self.mask + 1) * 2)
        return number

    cdef int intern_routes(self, const Routes* routes, const uint32_t* id, const uint16_t* prefix_country,
                           Py_ssize_t begin, Py_ssize_t end, uint32_t* out) except -1 nogil:
        """The ways of the announcements and table entries from `begin` to before `end`, by their place in `out`.

        `id`: the prefixes' numbers, `prefix_country` the country of each. Numbers and paths are looked at already.
        """
        cdef Way way[AT_A_TIME]
        cdef uint64_t key[AT_A_TIME]
        cdef Py_ssize_t place[AT_A_TIME]
        cdef Py_ssize_t i = begin
        cdef uint32_t k, n
        while i < end:
            n = 0
            while i < end and n < AT_A_TIME:
                if routes.kind[i] == ANNOUNCE or routes.kind[i] == ROUTE:
                    way_of(routes, i, &self.as_country[0], prefix_country[id[i]], &way[n])
                    place[n] = i
                    # Neighbours share their attributes more often than not.
                    if n == 0 or not same(&way[n - 1], &way[n]):
                        key[n] = hashed(&way[n])
                        SOON(&self.slots[key[n] & self.mask])
                    else:
                        key[n] = key[n - 1]
                    n += 1
                i += 1
            for k in range(n):
                if self.slots[key[k] & self.mask] != MISSING:
                    SOON(&self.way[self.slots[key[k] & self.mask]])
            for k in range(n):
                if k and same(&way[k - 1], &way[k]):
                    out[place[k]] = out[place[k - 1]]
                else:
                    out[place[k]] = self.intern(&way[k], key[k])
        return 0

    cdef int _rehash(self, uint64_t size) except -1 nogil:
        cdef uint32_t* slots = <uint32_t*>malloc(size * sizeof(uint32_t))
        cdef uint32_t number
        cdef uint64_t i
        if slots == NULL:
            with gil:
                raise MemoryError
        memset(slots, 0xFF, size * sizeof(uint32_t))
        for number in range(1, self.count):
            i = hashed(&self.way[number]) & (size - 1)
            while slots[i] != MISSING:
                i = (i + 1) & (size - 1)
            slots[i] = number
        free(self.slots)
        self.slots = slots
        self.mask = size - 1
        return 0

    cdef int _grow(self) except -1 nogil:
        cdef Way* grown = <Way*>realloc(self.way, <size_t>self.capacity * 2 * sizeof(Way))
        if grown == NULL:
            with gil:
                raise MemoryError
        self.way = grown
        self.capacity *= 2
        return 0

    def columns(self, uint32_t start=0):
        """(origin, upstream, border upstream) of the ways from number `start` on as uint32 copies; NO_ASN where there
        is none."""
        cdef size_t n = self.count - start if start < self.count else 0
        whole = view_of(self.way + start, 3 * n, np.uint32).reshape(n, 3)
        return whole[:, 0].copy(), whole[:, 1].copy(), whole[:, 2].copy()
