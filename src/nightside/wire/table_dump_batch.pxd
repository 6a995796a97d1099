# Several routes in one TABLE_DUMP record, as collectors wrote tables before 2001: view and sequence number stand
# once, then route stands behind route. The length of such a record is mostly 4 bytes short: view and sequence
# number are not counted in it (RFC 6396 section 4.2 knows one route a record, and a length that counts all).

from libc.stdint cimport uint8_t

from nightside.wire.bigendian cimport be16
from nightside.wire.record cimport Header
from nightside.wire.update cimport AFI_IPV4, AFI_IPV6


cdef enum:
    VIEW_AND_SEQUENCE = 4
    # No real one has more than a few KiB. A route has 18 bytes at least: so many fit into one batch of columns.
    LONGEST_BATCH = 1048576


cdef inline Py_ssize_t route_size(const Header* h) noexcept nogil:
    """The bytes of one route before its attributes; 0 where the subtype has none."""
    return 18 if h.subtype == AFI_IPV4 else 42 if h.subtype == AFI_IPV6 else 0


cdef inline Py_ssize_t route_bytes(const Header* h, const uint8_t* body) noexcept nogil:
    """The bytes of the first route of a record, its attributes included."""
    cdef Py_ssize_t size = route_size(h)
    return size + be16(body + VIEW_AND_SEQUENCE + size - 2)


cdef inline bint is_batch(const Header* h, const uint8_t* body) noexcept nogil:
    """Whether more stands behind the first route of a TABLE_DUMP record; `body` has h.length bytes."""
    cdef Py_ssize_t size = route_size(h)
    cdef Py_ssize_t first = VIEW_AND_SEQUENCE + size
    return size > 0 and h.length > first and <Py_ssize_t>h.length - first > <Py_ssize_t>be16(body + first - 2)


cdef inline Py_ssize_t bytes_left(const Header* h, const uint8_t* body) noexcept nogil:
    """How many bytes stand behind the first route of a record that has one."""
    return <Py_ssize_t>h.length - VIEW_AND_SEQUENCE - route_bytes(h, body)


cdef inline Py_ssize_t bytes_behind(const Header* h, const uint8_t* body) noexcept nogil:
    """How far behind the record's end (below 0: before it) the last route of a batch ends."""
    cdef const uint8_t* p = body + VIEW_AND_SEQUENCE
    cdef const uint8_t* end = body + h.length
    cdef Py_ssize_t size = route_size(h)
    while end - p >= size:
        p += size + be16(p + size - 2)
    return p - end


cdef inline int uncounted_bytes(const Header* h, const uint8_t* body) noexcept nogil:
    """How many bytes of a record stand behind the `h.length` that it counts."""
    if not is_batch(h, body) or h.length > LONGEST_BATCH:
        return 0
    return VIEW_AND_SEQUENCE if bytes_behind(h, body) == VIEW_AND_SEQUENCE else 0


cdef inline bint is_whole_batch(const Header* h, const uint8_t* body) noexcept nogil:
    """Whether a record, all of whose bytes are counted now, is route behind route to its last byte."""
    return is_batch(h, body) and h.length <= LONGEST_BATCH + VIEW_AND_SEQUENCE and bytes_behind(h, body) == 0
