# Prefixes as they stand in UPDATE messages and RIB records (RFC 4271 section 4.3, RFC 4760 section 5).

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from nightside.wire.bigendian cimport be32, be64
from nightside.wire.faults cimport PREFIX_LENGTH, PREFIX_SHORT, SOUND, Fault, FaultCode, fault


cdef struct Prefix:
    uint64_t high       # left-aligned: IPv4 in the top 32 bits. Bits behind the length are as they came
    uint64_t low
    uint8_t length      # bits


cdef inline uint64_t top_bits(int count) noexcept nogil:
    """A mask of the `count` highest of 64 bits; any count, negative ones too."""
    if count <= 0:
        return 0
    if count >= 64:
        return <uint64_t>0xFFFFFFFFFFFFFFFFULL
    return ~(<uint64_t>0xFFFFFFFFFFFFFFFFULL >> count)


cdef inline FaultCode next_prefix(
    const uint8_t** cursor, const uint8_t* end, int family, Prefix* out, Fault* problem
) noexcept nogil:
    """Read one prefix and move the cursor behind it. Needs cursor < end."""
    cdef const uint8_t* p = cursor[0]
    cdef int bits = p[0], most = 32 if family == 4 else 128
    cdef Py_ssize_t size = (bits + 7) >> 3, left = end - p - 1, i
    cdef uint64_t high = 0, low = 0
    if bits > most:
        return fault(problem, PREFIX_LENGTH, bits, most)
    if size > left:
        return fault(problem, PREFIX_SHORT, size, left)
    p += 1
    if family == 4:
        if left >= 4:
            high = <uint64_t>be32(p) << 32
        else:
            for i in range(size):
                high |= <uint64_t>p[i] << (56 - 8 * i)
    elif left >= 16:
        high = be64(p)
        low = be64(p + 8)
    else:
        for i in range(size):
            if i < 8:
                high |= <uint64_t>p[i] << (56 - 8 * i)
            else:
                low |= <uint64_t>p[i] << (120 - 8 * i)
    out.high = high & top_bits(<int>size * 8)
    out.low = low & top_bits(<int>size * 8 - 64)
    out.length = <uint8_t>bits
    cursor[0] = p + size
    return SOUND
