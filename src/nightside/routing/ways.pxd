from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

cdef uint32_t NO_AS


cdef struct Way:
    uint32_t origin
    uint32_t upstream
    uint32_t border


cdef struct Routes:
    # Columns of elements (nightside.model.elements.Columns).
    const uint8_t* kind
    const uint8_t* flags
    const uint32_t* origin
    const uint32_t* upstream
    const uint32_t* path_start
    const uint16_t* path_count
    const uint32_t* paths


cdef class WayIndex:
    cdef Way* way
    cdef uint32_t* slots      # by hash: a number, or MISSING
    cdef uint64_t mask
    cdef uint32_t capacity
    cdef readonly uint32_t count
    cdef uint16_t[::1] as_country
    cdef object _as_country
    cdef int _forget(self, size_t room) except -1
    cdef uint32_t intern(self, const Way* way, uint64_t key) except? 4294967295 nogil
    cdef int intern_routes(self, const Routes* routes, const uint32_t* id, const uint16_t* prefix_country,
                           Py_ssize_t begin, Py_ssize_t end, uint32_t* out) except -1 nogil
    cdef int _rehash(self, uint64_t size) except -1 nogil
    cdef int _grow(self) except -1 nogil
