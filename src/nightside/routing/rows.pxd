from libc.stdint cimport uint32_t


cdef class Rows:
    cdef uint32_t** row
    cdef uint32_t* size
    cdef uint32_t count
    cdef void _free(self) noexcept
    cdef int room_for_peers(self, uint32_t count) except -1
    cdef int room_for(self, uint32_t peer, uint32_t id) except -1
    cdef void clear(self, uint32_t peer) noexcept


cdef inline uint32_t get(Rows rows, uint32_t peer, uint32_t id) noexcept:
    return rows.row[peer][id] if id < rows.size[peer] else 0


cdef inline int put(Rows rows, uint32_t peer, uint32_t id, uint32_t value) except -1:
    if id >= rows.size[peer]:
        rows.room_for(peer, id)
    rows.row[peer][id] = value
    return 0
