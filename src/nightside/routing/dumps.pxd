from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from nightside.routing.path_ids cimport PathIds
from nightside.routing.places cimport Places
from nightside.routing.rows cimport Rows
from nightside.routing.sessions cimport Feed, Sessions


cdef class Dumps(Sessions):
    cdef Rows pending           # the table being read
    cdef dict pending_paths     # its paths with identifiers, as `paths`
    cdef bint table_open, table_ready, table_truncated
    cdef uint32_t table_from, table_to, last_swap
    cdef int64_t recent_from    # of the updates before the table, those count that are not older
    cdef uint64_t table_first   # the element that its table began with
    cdef uint16_t place         # of the element at hand
    cdef uint32_t silent_s, margin_s
    cdef object recent
    cdef readonly dict loads    # whole first tables by number; who has taken one over may take it out
    cdef uint32_t n_loads
    cdef object lists           # while a table is taken over: its `WayLists`, where several sessions share them
    cdef readonly list tables
    cdef readonly Places places
    cdef tuple _saved_dumps(self)
    cdef int _restore_dumps(self, state) except -1
    cdef int _stage(self, uint32_t peer, uint32_t id, uint32_t way, uint32_t second) except -1
    cdef uint32_t _stage_path(self, uint32_t peer, uint32_t id, bint has_id, uint32_t path_id, uint32_t way) except? 0
    cdef int _swap(self) except -1
    cdef int _note_table(self) except -1
    cdef int64_t _remembered_from(self) noexcept
    cdef int _keep_recent(self) except -1
    cdef int _absent(self, uint32_t peer, uint32_t v6, uint32_t at) except -1
    cdef bint _is_newer(self, Feed* feed, uint32_t number, uint32_t at) noexcept
    cdef int _take_table(self, uint32_t peer, uint8_t family, uint32_t at, bint in_gap) except -1
    cdef object _whole(self, uint32_t peer, uint32_t size)
    cdef int _take_paths(self, uint32_t feed, bint merged) except -1
    cdef int _forget_pending(self, uint32_t peer) except -1
