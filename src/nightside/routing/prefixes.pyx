# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Prefixes and other keys to small dense numbers, by open addressing.

A prefix is (high 64 bits, low 64 bits, length, family), host bits zero; IPv4 stands in the top 32 bits.
Dense numbers are given in the order of first sight. NumPy is imported where arrays are handed out or taken in: who
only counts prefixes needs none of it.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memset

import copyreg

from nightside.routing.saved import checked, must
from nightside.routing.saved cimport memory_of, view_of
from nightside.routing.soon cimport SOON

cdef uint32_t MISSING = 0xFFFFFFFF
cdef uint64_t NO_KEY = 0xFFFFFFFFFFFFFFFFULL


cdef enum:
    AT_A_TIME = 64   # so many prefixes are looked up together: memory answers many as fast as one


cdef class NumberMap:
    """64-bit numbers to 32-bit numbers. The key 2^64-1 cannot be stored."""

    def __cinit__(self, uint32_t room=1024):
        self.make_room(room)

    def __dealloc__(self):
        free(self.keys)
        free(self.values)

    def __reduce__(self):
        import numpy as np

        cdef uint64_t[::1] keys = np.empty(self.count, np.uint64)
        cdef uint32_t[::1] values = np.empty(self.count, np.uint32)
        cdef uint64_t i, n = 0
        for i in range(self.mask + 1):
            if self.keys[i] != NO_KEY:
                keys[n] = self.keys[i]
                values[n] = self.values[i]
                n += 1
        return copyreg.__newobj__, (NumberMap,), (np.asarray(keys), np.asarray(values))

    def __setstate__(self, state):
        import numpy as np

        cdef const uint64_t[::1] keys = checked(state[0], np.uint64, 0, "keys")
        cdef const uint32_t[::1] values = checked(state[1], np.uint32, 0, "values")
        cdef Py_ssize_t i, n = keys.shape[0]
        must(values.shape[0] == n, "keys without values")
        self.make_room(<uint64_t>n)
        for i in range(n):
            must(keys[i] != NO_KEY, "a key that is none")
            self.put(keys[i], values[i])
        must(self.count == <uint32_t>n, "a key occurs twice")

    cdef int make_room(self, uint64_t count) except -1:
        """Forget all, and have room for so many."""
        cdef uint64_t size = 16
        while size < (count + 1) * 2:
            size *= 2
        cdef uint64_t* keys = <uint64_t*>malloc(size * sizeof(uint64_t))
        cdef uint32_t* values = <uint32_t*>malloc(size * sizeof(uint32_t))
        if keys == NULL or values == NULL:
            free(keys)
            free(values)
            raise MemoryError
        memset(keys, 0xFF, size * sizeof(uint64_t))
        free(self.keys)
        free(self.values)
        self.keys, self.values = keys, values
        self.mask = size - 1
        self.count = 0
        return 0

    cdef uint32_t get(self, uint64_t key) noexcept nogil:
        """The value, or MISSING."""
        cdef uint64_t i = mix(key) & self.mask
        while self.keys[i] != NO_KEY:
            if self.keys[i] == key:
                return self.values[i]
            i = (i + 1) & self.mask
        return MISSING

    cdef int put(self, uint64_t key, uint32_t value) except -1 nogil:
        cdef uint64_t i = mix(key) & self.mask
        while self.keys[i] != NO_KEY:
            if self.keys[i] == key:
                self.values[i] = value
                return 0
            i = (i + 1) & self.mask
        self.keys[i] = key
        self.values[i] = value
        self.count += 1
        if <uint64_t>self.count * 2 > self.mask:
            self._grow()
        return 0

    cdef int _grow(self) except -1 nogil:
        cdef uint64_t old_size = self.mask + 1
        cdef uint64_t size = old_size * 2
        cdef uint64_t* old_keys = self.keys
        cdef uint32_t* old_values = self.values
        cdef uint64_t* keys = <uint64_t*>malloc(size * sizeof(uint64_t))
        cdef uint32_t* values = <uint32_t*>malloc(size * sizeof(uint32_t))
        cdef uint64_t i, j
        if keys == NULL or values == NULL:
            free(keys)
            free(values)
            with gil:
                raise MemoryError
        memset(keys, 0xFF, size * sizeof(uint64_t))
        self.mask = size - 1
        for i in range(old_size):
            if old_keys[i] != NO_KEY:
                j = mix(old_keys[i]) & self.mask
                while keys[j] != NO_KEY:
                    j = (j + 1) & self.mask
                keys[j] = old_keys[i]
                values[j] = old_values[i]
        self.keys = keys
        self.values = values
        free(old_keys)
        free(old_values)
        return 0


cdef class PrefixIndex:
    """Prefixes to dense numbers; one index serves all collectors of a run."""

    def __cinit__(self):
        self.capacity = 4096
        self.mask = 16383
        self.hi = <uint64_t*>malloc(self.capacity * sizeof(uint64_t))
        self.lo = <uint64_t*>malloc(self.capacity * sizeof(uint64_t))
        self.length = <uint8_t*>malloc(self.capacity)
        self.family = <uint8_t*>malloc(self.capacity)
        self.slots = <uint32_t*>malloc((self.mask + 1) * sizeof(uint32_t))
        if self.hi == NULL or self.lo == NULL or self.length == NULL or self.family == NULL or self.slots == NULL:
            raise MemoryError
        memset(self.slots, 0xFF, (self.mask + 1) * sizeof(uint32_t))

    def __dealloc__(self):
        free(self.hi)
        free(self.lo)
        free(self.length)
        free(self.family)
        free(self.slots)

    def __reduce__(self):
        import numpy as np

        cdef size_t n = self.count
        columns = (
            view_of(self.hi, n, np.uint64), view_of(self.lo, n, np.uint64),
            view_of(self.length, n, np.uint8), view_of(self.family, n, np.uint8),
        )
        return copyreg.__newobj__, (PrefixIndex,), columns

    def __setstate__(self, state):
        import numpy as np

        hi, lo, length, family = state
        cdef size_t n = len(hi), room = max(n + n // 4, 4096)
        cdef uint64_t size = 16384
        must(n < MISSING, "more prefixes than there are numbers")
        while <uint64_t>n * 2 >= size:
            size *= 2
        self.count = self.capacity = 0
        free(self.hi)
        self.hi = NULL
        self.hi = <uint64_t*>memory_of(hi, np.uint64, n, room, "prefixes")
        free(self.lo)
        self.lo = NULL
        self.lo = <uint64_t*>memory_of(lo, np.uint64, n, room, "prefixes' low halves")
        free(self.length)
        self.length = NULL
        self.length = <uint8_t*>memory_of(length, np.uint8, n, room, "prefixes' lengths")
        free(self.family)
        self.family = NULL
        self.family = <uint8_t*>memory_of(family, np.uint8, n, room, "prefixes' families")
        self.count, self.capacity = n, room
        self._rehash(size)

    cdef uint32_t intern(self, uint64_t hi, uint64_t lo, uint8_t length, uint8_t family,
                         uint64_t key) except? 4294967295 nogil:
        """The dense number of a prefix, new or not; `key` is its hash."""
        cdef uint64_t i = key & self.mask
        cdef uint32_t id
        while True:
            id = self.slots[i]
            if id == MISSING:
                break
            if self.hi[id] == hi and self.length[id] == length and self.lo[id] == lo and self.family[id] == family:
                return id
            i = (i + 1) & self.mask
        id = self.count
        if id == self.capacity:
            self._grow()
        self.hi[id] = hi
        self.lo[id] = lo
        self.length[id] = length
        self.family[id] = family
        self.slots[i] = id
        self.count += 1
        if <uint64_t>self.count * 2 > self.mask:
            self._rehash((self.mask + 1) * 2)
        return id

    cdef int _grow(self) except -1 nogil:
        cdef uint32_t capacity = self.capacity * 2
        cdef void* hi = realloc(self.hi, capacity * sizeof(uint64_t))
        if hi != NULL:
            self.hi = <uint64_t*>hi
        cdef void* lo = realloc(self.lo, capacity * sizeof(uint64_t))
        if lo != NULL:
            self.lo = <uint64_t*>lo
        cdef void* length = realloc(self.length, capacity)
        if length != NULL:
            self.length = <uint8_t*>length
        cdef void* family = realloc(self.family, capacity)
        if family != NULL:
            self.family = <uint8_t*>family
        if hi == NULL or lo == NULL or length == NULL or family == NULL:
            with gil:
                raise MemoryError
        self.capacity = capacity
        return 0

    cdef int _rehash(self, uint64_t size) except -1 nogil:
        cdef uint32_t* slots = <uint32_t*>malloc(size * sizeof(uint32_t))
        cdef uint32_t id
        cdef uint64_t i
        if slots == NULL:
            with gil:
                raise MemoryError
        memset(slots, 0xFF, size * sizeof(uint32_t))
        for id in range(self.count):
            i = hashed(self.hi[id], self.lo[id], self.length[id], self.family[id]) & (size - 1)
            while slots[i] != MISSING:
                i = (i + 1) & (size - 1)
            slots[i] = id
        free(self.slots)
        self.slots = slots
        self.mask = size - 1
        return 0

    def intern_batch(self, const uint64_t[::1] hi, const uint64_t[::1] lo, const uint8_t[::1] length,
                     const uint8_t[::1] family, Py_ssize_t count, uint32_t[::1] out):
        """Intern `count` prefixes given as columns; dense numbers go to `out` (family 0: 2^32-1)."""
        cdef Py_ssize_t i
        cdef Py_ssize_t begin = 0, end
        cdef uint64_t key[AT_A_TIME]
        cdef uint32_t id
        if self.slots == NULL:
            self._rehash(self.mask + 1)
        with nogil:
            while begin < count:
                end = min(begin + AT_A_TIME, count)
                for i in range(begin, end):
                    key[i - begin] = hashed(hi[i], lo[i], length[i], family[i])
                    SOON(&self.slots[key[i - begin] & self.mask])
                for i in range(begin, end):
                    id = self.slots[key[i - begin] & self.mask]
                    if id != MISSING:
                        SOON(&self.hi[id])
                        SOON(&self.lo[id])
                        SOON(&self.length[id])
                        SOON(&self.family[id])
                for i in range(begin, end):
                    if family[i] == 0:
                        out[i] = MISSING
                    elif i and hi[i] == hi[i - 1] and lo[i] == lo[i - 1] and length[i] == length[i - 1] and (
                        family[i] == family[i - 1]
                    ):
                        # A table names each prefix once for each of its peers.
                        out[i] = out[i - 1]
                    else:
                        out[i] = self.intern(hi[i], lo[i], length[i], family[i], key[i - begin])
                begin = end

    def settle(self):
        """Give back the memory that is needed only to look prefixes up. Who does so nevertheless waits until it has been
        filled again."""
        free(self.slots)
        self.slots = NULL

    def find(self, uint64_t hi, uint64_t lo, uint8_t length, uint8_t family):
        """The dense number of a prefix, or None where it was never seen."""
        cdef uint64_t i = hashed(hi, lo, length, family) & self.mask
        cdef uint32_t id
        if self.slots == NULL:
            self._rehash(self.mask + 1)
            i = hashed(hi, lo, length, family) & self.mask
        while self.slots[i] != MISSING:
            id = self.slots[i]
            if self.hi[id] == hi and self.length[id] == length and self.lo[id] == lo and self.family[id] == family:
                return id
            i = (i + 1) & self.mask
        return None

    def columns(self, uint32_t start=0):
        """(hi uint64, lo uint64, length uint8, family uint8) of the prefixes from number `start` on, as copies."""
        import numpy as np

        cdef uint32_t n = self.count - start
        if n == 0 or start >= self.count:
            return (np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, np.uint8), np.empty(0, np.uint8))
        return (
            np.asarray(<uint64_t[:n]>(self.hi + start)).copy(),
            np.asarray(<uint64_t[:n]>(self.lo + start)).copy(),
            np.asarray(<uint8_t[:n]>(self.length + start)).copy(),
            np.asarray(<uint8_t[:n]>(self.family + start)).copy(),
        )

    def text(self, uint32_t id):
        """The prefix as people write it: `175.45.176.0/24`."""
        import ipaddress

        if id >= self.count:
            raise IndexError(id)
        if self.family[id] == 4:
            return f"{ipaddress.IPv4Address(int(self.hi[id] >> 32))}/{self.length[id]}"
        return f"{ipaddress.IPv6Address((int(self.hi[id]) << 64) | int(self.lo[id]))}/{self.length[id]}"
