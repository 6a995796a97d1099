# cython: language_level=3
"""The words for what can be wrong with a record: each carries the field, its value and its bound."""

cdef dict WORDS = {
    TYPE_UNREAD: "MRT type {value} is not read",
    SUBTYPE_UNREAD: "subtype {bound} of MRT type {value} is not read",
    FAMILY_UNREAD: "routes of address family {value}, subsequent family {bound} are not read",
    RECORD_LENGTH: "record length {value} is over the bound of {bound} bytes",
    RECORD_SHORT: "record length {value} is under the {bound} bytes that its type needs",
    MICROSECONDS: "microseconds {value} are over the bound of {bound}",
    ADDRESS_FAMILY: "address family {value} is neither 1 (IPv4) nor 2 (IPv6)",
    MESSAGE_SHORT: "BGP message of {value} bytes is under the bound of {bound}",
    MESSAGE_LENGTH: "BGP message length {value} is over the {bound} bytes that are left",
    MESSAGE_TYPE: "BGP message type {value} is not in 1 to {bound}",
    STATE_CODE: "session state {value} is over the bound of {bound}",
    WITHDRAWN_LENGTH: "withdrawn routes length {value} is over the {bound} bytes that are left",
    ATTRIBUTES_LENGTH: "path attributes length {value} is over the {bound} bytes that are left",
    ATTRIBUTE_LENGTH: "attribute length {value} is over the {bound} bytes that are left",
    PREFIX_LENGTH: "prefix length {value} is over the bound of {bound} bits",
    PREFIX_SHORT: "prefix of {value} bytes is over the {bound} bytes that are left",
    PATH_SEGMENT_TYPE: "AS path segment type {value} is not in 1 to {bound}",
    PATH_SEGMENT_LENGTH: "AS path segment of {value} bytes is over the {bound} bytes that are left",
    REACH_SHORT: "MP_REACH_NLRI of {value} bytes is under the bound of {bound}",
    UNREACH_SHORT: "MP_UNREACH_NLRI of {value} bytes is under the bound of {bound}",
    NEXT_HOP_LENGTH: "next hop of {value} bytes in MP_REACH_NLRI of address family {bound}",
    ATTRIBUTE_FLAGS: "attribute {value} has the flags {bound}, which are another kind of attribute's",
    ATTRIBUTE_SIZE: "attribute {value} has {bound} bytes, which it cannot have",
    ATTRIBUTE_TWICE: "attribute {value} occurs {bound} times",
    ORIGIN_VALUE: "ORIGIN {value} is over the bound of {bound}",
    PATH_SEGMENT_EMPTY: "AS path segment of type {value} has {bound} ASes",
    PATH_SEGMENT_REST: "{value} bytes are left behind the AS path's last segment, and a segment has {bound}",
    ROUTE_REST: "{value} bytes stand behind the route of a table, over the bound of {bound}",
    PEER_TABLE_SHORT: "peer table entry of {value} bytes is over the {bound} bytes that are left",
    PEER_INDEX: "peer index {value} is not below the peer count of {bound}",
    NO_PEER_TABLE: "RIB record before any peer index table",
    RIB_SHORT: "RIB record of {value} bytes is under the bound of {bound}",
    ENTRY_SHORT: "RIB entry of {value} bytes is over the {bound} bytes that are left",
    BMP_VERSION: "BMP version {value} is not {bound}",
    BMP_LENGTH: "BMP message length {value} is over the bound of {bound} bytes",
    BMP_SHORT: "BMP message length {value} is under the {bound} bytes that its type needs",
    BMP_TYPE: "BMP message type {value} is not in 0 to {bound}",
    BMP_ADDRESS: "peer address of the IPv4 kind has {value} bytes set of the {bound} that must be zero",
    BMP_NO_UPDATE: "BGP message type {value} in a route monitoring message is not {bound} (UPDATE)",
    BMP_NO_OPEN: "BGP message type {value} in a peer up message is not {bound} (OPEN)",
    BMP_OPTIONS: "optional parameter of {value} bytes in an OPEN is over the {bound} bytes that are left",
    BMP_REST: "{value} bytes stand behind the BGP message, over the bound of {bound}",
    BMP_TLV: "information of {value} bytes is over the {bound} bytes that are left",
    BMP_PEERS: "a further peer, and the bound for one router is {bound}",
}


cdef str reason(const Fault* fault):
    """The fault in words, one line."""
    if fault.code == NO_MEMORY:
        raise MemoryError
    return WORDS[fault.code].format(value=fault.value, bound=fault.bound)
