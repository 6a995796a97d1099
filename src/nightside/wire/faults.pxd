# What can be wrong with a record: the field, its value and its bound. The words stand in faults.pyx.

from libc.stdint cimport int64_t


cdef enum FaultCode:
    SOUND = 0
    UNFINISHED          # nothing is wrong: the record says more than one batch takes, and is to be given again
    NO_MEMORY
    TYPE_UNREAD
    SUBTYPE_UNREAD
    FAMILY_UNREAD
    RECORD_LENGTH
    RECORD_SHORT
    MICROSECONDS
    ADDRESS_FAMILY
    MESSAGE_SHORT
    MESSAGE_LENGTH
    MESSAGE_TYPE
    STATE_CODE
    WITHDRAWN_LENGTH
    ATTRIBUTES_LENGTH
    ATTRIBUTE_LENGTH
    PREFIX_LENGTH
    PREFIX_SHORT
    PATH_SEGMENT_TYPE
    PATH_SEGMENT_LENGTH
    REACH_SHORT
    UNREACH_SHORT
    NEXT_HOP_LENGTH
    ATTRIBUTE_FLAGS
    ATTRIBUTE_SIZE
    ATTRIBUTE_TWICE
    ORIGIN_VALUE
    PATH_SEGMENT_EMPTY
    PATH_SEGMENT_REST
    ROUTE_REST
    PEER_TABLE_SHORT
    PEER_INDEX
    NO_PEER_TABLE
    RIB_SHORT
    ENTRY_SHORT
    BMP_VERSION
    BMP_LENGTH
    BMP_SHORT
    BMP_TYPE
    BMP_ADDRESS
    BMP_NO_UPDATE
    BMP_NO_OPEN
    BMP_OPTIONS
    BMP_REST
    BMP_TLV
    BMP_PEERS


cdef struct Fault:
    FaultCode code
    int64_t value
    int64_t bound


cdef inline FaultCode fault(Fault* out, FaultCode code, int64_t value, int64_t bound) noexcept nogil:
    """Note what is wrong, and return its code (never SOUND)."""
    out.code = code
    out.value = value
    out.bound = bound
    return code


cdef str reason(const Fault* fault)
