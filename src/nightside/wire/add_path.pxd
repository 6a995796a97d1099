# Path identifiers (RFC 7911 section 3): four bytes before each prefix of a message.

from libc.stdint cimport uint8_t, uint32_t

from nightside.wire.bigendian cimport be32
from nightside.wire.faults cimport PREFIX_SHORT, Fault, FaultCode, fault
from nightside.wire.nlri cimport Prefix, next_prefix


cdef inline FaultCode next_path(
    const uint8_t** cursor, const uint8_t* end, int family, uint32_t* path_id, Prefix* out, Fault* problem
) noexcept nogil:
    """Read one path identifier and its prefix, and move the cursor behind them. Needs cursor < end."""
    if end - cursor[0] < 5:
        return fault(problem, PREFIX_SHORT, 5, end - cursor[0])
    path_id[0] = be32(cursor[0])
    cursor[0] += 4
    return next_prefix(cursor, end, family, out, problem)
