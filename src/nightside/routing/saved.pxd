from libc.stdint cimport uint32_t

cdef object view_of(void* memory, size_t count, dtype)
cdef void* memory_of(value, dtype, size_t count, size_t room, str what) except NULL
