# What bgpdump writes of one attribute block: AS path, communities, aggregator and the rest.

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from nightside.wire.as_path cimport (
    AS_CONFED_SEQUENCE, AS_CONFED_SET, AS_SEQUENCE, AS_SET, AS_TRANS, as4_path_counts, count_hops,
)
from nightside.wire.attributes cimport (
    AGGREGATOR, AS4_AGGREGATOR, AS4_PATH, AS_PATH, ATOMIC_AGGREGATE, COMMUNITIES, LOCAL_PREF, MULTI_EXIT_DISC,
    NEXT_HOP, ORIGIN, Attributes, has,
)
from nightside.wire.bigendian cimport be16, be32, be64
from nightside.wire.faults cimport SOUND, Fault, FaultCode
from nightside.wire.text cimport Text, put_char, put_chars, put_ipv4, put_ipv6_as_bgpdump, put_number


cdef struct PathText:
    Text* text
    uint8_t type        # of the segment before
    bint space          # whether it had any AS


cdef inline void put_segments(
    PathText* path, const uint8_t* p, Py_ssize_t length, int width, Py_ssize_t hops
) noexcept nogil:
    """Write the first `hops` hops (-1: all) of segments that `count_hops` has found sound."""
    cdef const uint8_t* end = p + length
    cdef Text* text = path.text
    cdef Py_ssize_t i, take
    while end - p >= 2 and hops != 0:
        take = p[1]
        if p[0] == AS_SEQUENCE and 0 < hops < take:
            take = hops
        if p[0] == AS_SEQUENCE:
            hops -= take
        elif p[0] == AS_SET and take:
            hops -= 1
        put_segment_end(path)
        if path.space:
            put_char(text, b" ")
        if p[0] != AS_SEQUENCE:
            put_char(text, b"{" if p[0] == AS_SET else b"(" if p[0] == AS_CONFED_SEQUENCE else b"[")
        for i in range(take):
            if i:
                put_char(text, b"," if p[0] == AS_SET or p[0] == AS_CONFED_SET else b" ")
            put_number(text, be32(p + 2 + 4 * i) if width == 4 else be16(p + 2 + 2 * i))
        path.space = take > 0
        path.type = p[0]
        p += 2 + p[1] * width


cdef inline void put_segment_end(PathText* path) noexcept nogil:
    if path.type == AS_SET:
        put_char(path.text, b"}")
    elif path.type == AS_CONFED_SEQUENCE:
        put_char(path.text, b")")
    elif path.type == AS_CONFED_SET:
        put_char(path.text, b"]")


cdef inline FaultCode put_path(Text* text, const Attributes* a, int width, Fault* problem) noexcept nogil:
    """The AS path, AS4_PATH merged into it (RFC 6793): `701 3549 {1,2} (65001 65002) [65003]`."""
    cdef FaultCode code
    cdef Py_ssize_t hops = 0, hops4 = 0
    cdef PathText path
    path.text = text
    path.type = AS_SEQUENCE
    path.space = False
    if not has(a, AS_PATH):
        return SOUND
    code = count_hops(a.value[AS_PATH], a.length[AS_PATH], width, &hops, problem)
    if code != SOUND:
        return code
    if width == 2 and as4_path_counts(a):
        code = count_hops(a.value[AS4_PATH], a.length[AS4_PATH], 4, &hops4, problem)
        if code != SOUND:
            return code
    if hops4 == 0 or hops4 > hops:
        put_segments(&path, a.value[AS_PATH], a.length[AS_PATH], width, -1)
    else:
        put_segments(&path, a.value[AS_PATH], a.length[AS_PATH], width, hops - hops4)
        put_segments(&path, a.value[AS4_PATH], a.length[AS4_PATH], 4, -1)
    put_segment_end(&path)
    return SOUND


cdef inline void put_origin(Text* text, const Attributes* a) noexcept nogil:
    if has(a, ORIGIN) and a.length[ORIGIN] >= 1 and a.value[ORIGIN][0] == 0:
        put_chars(text, b"IGP", 3)
    elif has(a, ORIGIN) and a.length[ORIGIN] >= 1 and a.value[ORIGIN][0] == 1:
        put_chars(text, b"EGP", 3)
    else:
        put_chars(text, b"INCOMPLETE", 10)


cdef inline void put_next_hop(Text* text, const Attributes* a) noexcept nogil:
    """NEXT_HOP; all ones where there is none, as bgpdump has it."""
    put_ipv4(text, be32(a.value[NEXT_HOP]) if has(a, NEXT_HOP) and a.length[NEXT_HOP] >= 4 else 0xFFFFFFFFU)


cdef inline void put_mp_next_hop(Text* text, const uint8_t* p, const uint8_t* end) noexcept nogil:
    """The next hop of MP_REACH_NLRI; of two, the global one."""
    if end - p >= 16:
        put_ipv6_as_bgpdump(text, be64(p), be64(p + 8))
    elif end - p >= 4:
        put_ipv4(text, be32(p))


cdef inline void put_community(Text* text, uint32_t community) noexcept nogil:
    """RFC 1997; three of the well-known ones by name."""
    if community == 0xFFFFFF01U:
        put_chars(text, b"no-export", 9)
    elif community == 0xFFFFFF02U:
        put_chars(text, b"no-advertise", 12)
    elif community == 0xFFFFFF03U:
        put_chars(text, b"local-AS", 8)
    else:
        put_number(text, community >> 16)
        put_char(text, b":")
        put_number(text, community & 0xFFFF)


cdef inline uint32_t number_of(const Attributes* a, int type) noexcept nogil:
    """The four bytes of an attribute; 0 where there is none."""
    return be32(a.value[type]) if has(a, type) and a.length[type] >= 4 else 0


cdef inline void put_aggregator(Text* text, const Attributes* a, int width) noexcept nogil:
    cdef const uint8_t* p
    if not has(a, AGGREGATOR) or a.length[AGGREGATOR] < width + 4:
        return
    p = a.value[AGGREGATOR]
    if width == 2 and be16(p) == AS_TRANS and has(a, AS4_AGGREGATOR) and a.length[AS4_AGGREGATOR] >= 8:
        p = a.value[AS4_AGGREGATOR]
        width = 4
    put_number(text, be32(p) if width == 4 else be16(p))
    put_char(text, b" ")
    put_ipv4(text, be32(p + width))


cdef inline void put_behind_next_hop(Text* text, const Attributes* a, int width, bint is_old=False) noexcept nogil:
    """From the bar behind the next hop to the end of the line.

    Of records of type 5 (`is_old`) bgpdump writes no field for communities where there are none.
    """
    cdef Py_ssize_t i
    put_char(text, b"|")
    put_number(text, number_of(a, LOCAL_PREF))
    put_char(text, b"|")
    put_number(text, number_of(a, MULTI_EXIT_DISC))
    if has(a, COMMUNITIES) or not is_old:
        put_char(text, b"|")
    if has(a, COMMUNITIES):
        for i in range(a.length[COMMUNITIES] // 4):
            if i:
                put_char(text, b" ")
            put_community(text, be32(a.value[COMMUNITIES] + 4 * i))
    if has(a, ATOMIC_AGGREGATE):
        put_chars(text, b"|AG|", 4)
    else:
        put_chars(text, b"|NAG|", 5)
    put_aggregator(text, a, width)
    put_chars(text, b"|\n", 2)
