from libc.stdint cimport uint8_t, uint32_t, uint64_t


cdef uint32_t MISSING


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
    cdef uint32_t intern(self, uint64_t hi, uint64_t lo, uint8_t length, uint8_t family) except? 4294967295 nogil
    cdef int _rehash(self, uint64_t size) except -1 nogil
    cdef int _grow(self) except -1 nogil
