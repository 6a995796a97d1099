# Path identifiers (RFC 7911 section 3): four bytes before each prefix of a message.
#
# Some routers' dumps (FRR until 7.5) hold such messages in records that say that there are none. What gives them
# away is a prefix that cannot be, of 208 bits say, or two default routes at the begin of one message (the upper
# half of a small path identifier). Where the same bytes can be read with path identifiers to their last one,
# they are read so.

from libc.stdint cimport uint8_t, uint32_t

from nightside.wire.bigendian cimport be32
from nightside.wire.faults cimport PREFIX_SHORT, SOUND, Fault, FaultCode, fault
from nightside.wire.nlri cimport Prefix, next_prefix
from nightside.wire.update cimport Stretch


cdef inline FaultCode next_path(
    const uint8_t** cursor, const uint8_t* end, int family, uint32_t* path_id, Prefix* out, Fault* problem
) noexcept nogil:
    """Read one path identifier and its prefix, and move the cursor behind them. Needs cursor < end."""
    if end - cursor[0] < 5:
        return fault(problem, PREFIX_SHORT, 5, end - cursor[0])
    path_id[0] = be32(cursor[0])
    cursor[0] += 4
    return next_prefix(cursor, end, family, out, problem)


cdef inline bint begins_like_id(const Stretch* routes) noexcept nogil:
    """Whether plain prefixes would begin with two default routes."""
    return routes.end - routes.begin >= 5 and routes.begin[0] == 0 and routes.begin[1] == 0


cdef inline bint are_paths(const Stretch* routes, int family) noexcept nogil:
    """Whether these bytes are prefixes with path identifiers, to the last byte."""
    cdef const uint8_t* p = routes.begin
    cdef uint32_t path_id = 0
    cdef Prefix prefix
    cdef Fault unused
    while p < routes.end:
        if next_path(&p, routes.end, family, &path_id, &prefix, &unused) != SOUND:
            return False
    return True
