# The common header of an MRT record (RFC 6396 section 2), and the types there are.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t


cdef enum:
    HEADER_SIZE = 12
    LONGEST_RECORD = 16777216       # bytes; a longer one is taken for a broken header

cdef enum:
    OLD_BGP = 5
    TABLE_DUMP = 12
    TABLE_DUMP_V2 = 13
    BGP4MP = 16
    BGP4MP_ET = 17


cdef struct Header:
    uint32_t time_s
    uint16_t type
    uint16_t subtype
    uint32_t length                 # of the body
    int64_t offset                  # of the header in the uncompressed file


cdef inline bint is_registered(const Header* h) noexcept nogil:
    """Whether the type is one that files really hold (the registry of RFC 6396 without its control messages)."""
    return (
        5 <= h.type <= 13 or h.type == BGP4MP or h.type == BGP4MP_ET
        or h.type == 32 or h.type == 33 or h.type == 48 or h.type == 49
    )
