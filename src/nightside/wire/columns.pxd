from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from nightside.wire.as_path cimport Path
from nightside.wire.nlri cimport Prefix, top_bits


cdef enum:
    # As in model.elements; of whole records, not of paths.
    FLAG_LOCAL = 8
    FLAG_PATH_ID = 16


cdef struct Pointers:
    # The columns' first bytes.
    int64_t* time_us
    uint8_t* kind
    uint8_t* flags
    uint32_t* peer
    uint8_t* family
    uint64_t* prefix_hi
    uint64_t* prefix_lo
    uint8_t* prefix_len
    uint32_t* origin
    uint32_t* upstream
    uint32_t* path_start
    uint16_t* path_count
    uint32_t* paths
    int64_t* attr_offset
    uint32_t* attr_length
    int64_t* record_offset
    uint8_t* old_state
    uint8_t* new_state
    uint32_t* path_id           # zero but where it is written: who begins a new batch sees to it


cdef struct Said:
    # What all elements of one attribute block, or one record, have in common.
    int64_t time_us
    uint8_t marks               # FLAG_LOCAL, FLAG_PATH_ID
    uint32_t path_id            # of the next element; counts only with FLAG_PATH_ID
    uint32_t peer
    Path path
    uint32_t path_start
    int64_t attr_offset
    uint32_t attr_length
    int64_t record_offset


cdef class Columns:
    cdef readonly Py_ssize_t count
    cdef dict memory            # name: (bytearray, its NumPy type)
    cdef dict arrays            # of the same memory, as far as somebody has asked for them
    cdef Pointers to

    cdef void* _column(self, str name, str type, Py_ssize_t room, Py_ssize_t size) except NULL


cdef inline void set_plain(
    Pointers* to, Py_ssize_t i, uint8_t kind, uint8_t family, const Prefix* prefix, const Said* said
) noexcept nogil:
    """Element i, without a path; `prefix` may be NULL. Host bits become zero."""
    to.time_us[i] = said.time_us
    to.kind[i] = kind
    to.flags[i] = said.marks
    if said.marks & FLAG_PATH_ID:
        to.path_id[i] = said.path_id
    to.peer[i] = said.peer
    to.family[i] = family
    if prefix is NULL:
        to.prefix_hi[i] = 0
        to.prefix_lo[i] = 0
        to.prefix_len[i] = 0
    else:
        to.prefix_hi[i] = prefix.high & top_bits(prefix.length)
        to.prefix_lo[i] = prefix.low & top_bits(<int>prefix.length - 64)
        to.prefix_len[i] = prefix.length
    to.origin[i] = 0
    to.upstream[i] = 0
    to.path_start[i] = 0
    to.path_count[i] = 0
    to.attr_offset[i] = -1
    to.attr_length[i] = 0
    to.record_offset[i] = said.record_offset
    to.old_state[i] = 0
    to.new_state[i] = 0


cdef inline void set_route(
    Pointers* to, Py_ssize_t i, uint8_t kind, uint8_t family, const Prefix* prefix, const Said* said
) noexcept nogil:
    """Element i, with a path."""
    set_plain(to, i, kind, family, prefix, said)
    to.flags[i] = said.path.flags | said.marks
    to.origin[i] = said.path.origin
    to.upstream[i] = said.path.upstream
    to.path_start[i] = said.path_start
    to.path_count[i] = <uint16_t>said.path.count
    to.attr_offset[i] = said.attr_offset
    to.attr_length[i] = said.attr_length


cdef inline void set_entry(const Pointers* to, Py_ssize_t i, const Said* said) noexcept nogil:
    """Element i of a RIB record: what is its own. `set_record` sets the rest, for all of the record at once."""
    to.flags[i] = said.path.flags
    to.peer[i] = said.peer
    to.origin[i] = said.path.origin
    to.upstream[i] = said.path.upstream
    to.path_start[i] = said.path_start
    to.path_count[i] = <uint16_t>said.path.count
    to.attr_offset[i] = said.attr_offset
    to.attr_length[i] = said.attr_length


cdef inline void set_record(
    const Pointers* to, Py_ssize_t begin, Py_ssize_t end, uint8_t kind, uint8_t family, const Prefix* prefix,
    const Said* said
) noexcept nogil:
    """The elements from begin to end, of one RIB record: what they have in common. Host bits become zero."""
    cdef uint64_t high = prefix.high & top_bits(prefix.length)
    cdef uint64_t low = prefix.low & top_bits(<int>prefix.length - 64)
    cdef int64_t time_us = said.time_us, record_offset = said.record_offset
    cdef size_t size = end - begin
    cdef Py_ssize_t i
    for i in range(begin, end):
        to.prefix_hi[i] = high
    for i in range(begin, end):
        to.prefix_lo[i] = low
    for i in range(begin, end):
        to.time_us[i] = time_us
    for i in range(begin, end):
        to.record_offset[i] = record_offset
    memset(to.kind + begin, kind, size)
    memset(to.family + begin, family, size)
    memset(to.prefix_len + begin, prefix.length, size)
    memset(to.old_state + begin, 0, size)
    memset(to.new_state + begin, 0, size)
