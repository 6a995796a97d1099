from libc.stdint cimport int32_t, uint32_t


cdef class ChangeList:
    cdef uint32_t* second
    cdef uint32_t* number
    cdef int32_t* change
    cdef uint32_t* since
    cdef size_t count, capacity
    cdef void _free(self) noexcept
    cdef int add(self, uint32_t second, uint32_t number, int32_t change, uint32_t since) except -1
