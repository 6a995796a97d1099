from libc.stdint cimport uint8_t, uint32_t, uint64_t


cdef uint32_t MISSING


cdef inline uint64_t mix(uint64_t x) noexcept nogil:
    # The finalizer of splitmix64 (Steele, Lea, Flood 2014): every input bit moves every output bit.
    x ^= x >> 30
    x *= 0xBF58476D1CE4E5B9ULL
    x ^= x >> 27
    x *= 0x94D049BB133111EBULL
    return x ^ (x >> 31)


cdef inline uint64_t hashed(uint64_t hi, uint64_t lo, uint8_t length, uint8_t family) noexcept nogil:
    return mix(hi ^ (lo * 0x9E3779B97F4A7C15ULL) ^ (<uint64_t>length << 8) ^ family)


cdef class NumberMap:
    cdef uint64_t* keys
    cdef uint32_t* values
    cdef uint64_t mask
    cdef readonly uint32_t count
    cdef int make_room(self, uint64_t count) except -1
    cdef uint32_t get(self, uint64_t key) noexcept nogil
    cdef int put(self, uint64_t key, uint32_t value) except -1 nogil
    cdef int _grow(self) except -1 nogil


cdef class PrefixIndex:
    cdef uint64_t* hi
    cdef uint64_t* lo
    cdef uint8_t* length
    cdef uint8_t* family
    cdef uint32_t* slots
    cdef uint64_t mask
    cdef uint32_t capacity
    cdef readonly uint32_t count
    cdef uint32_t intern(self, uint64_t hi, uint64_t lo, uint8_t length, uint8_t family,
                         uint64_t key) except? 4294967295 nogil
    cdef int _rehash(self, uint64_t size) except -1 nogil
    cdef int _grow(self) except -1 nogil
