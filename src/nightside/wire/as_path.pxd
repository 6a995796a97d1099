# AS_PATH and AS4_PATH (RFC 4271 section 4.3 b, RFC 5065, RFC 6793) as a flat list of AS numbers.

from libc.stdint cimport uint8_t, uint32_t

from nightside.wire.attributes cimport (
    AGGREGATOR, AS4_AGGREGATOR, AS4_PATH, AS_PATH, Attributes, has,
)
from nightside.wire.bigendian cimport be16, be32
from nightside.wire.faults cimport PATH_SEGMENT_LENGTH, PATH_SEGMENT_TYPE, SOUND, Fault, FaultCode, fault


cdef enum:
    AS_SET = 1
    AS_SEQUENCE = 2
    AS_CONFED_SEQUENCE = 3
    AS_CONFED_SET = 4

cdef enum:
    # ASes; hardly any path is longer.
    SHORT_PATH = 8

cdef enum:
    AS_TRANS = 23456
    # As in model.elements.
    FLAG_ORIGIN_SET = 1
    FLAG_NO_PATH = 2
    FLAG_NO_UPSTREAM = 4


cdef struct Path:
    uint32_t count          # ASes in the flat list
    uint32_t last_set       # members of the AS_SET that the path ends in; 0 where it ends otherwise
    uint32_t origin
    uint32_t upstream
    uint8_t flags           # FLAG_


cdef inline FaultCode count_hops(
    const uint8_t* p, Py_ssize_t length, int width, Py_ssize_t* hops, Fault* problem
) noexcept nogil:
    """Check the segments, and count the ASes: a set is one, confederations are none (RFC 6793 section 4.2.3)."""
    cdef const uint8_t* end = p + length
    cdef Py_ssize_t size
    hops[0] = 0
    while end - p >= 2:
        size = p[1] * width
        if p[0] < AS_SET or p[0] > AS_CONFED_SET:
            return fault(problem, PATH_SEGMENT_TYPE, p[0], AS_CONFED_SET)
        if size > end - p - 2:
            return fault(problem, PATH_SEGMENT_LENGTH, size, end - p - 2)
        if p[0] == AS_SEQUENCE:
            hops[0] += p[1]
        elif p[0] == AS_SET and p[1]:
            hops[0] += 1
        p += 2 + size
    if p != end:
        return fault(problem, PATH_SEGMENT_LENGTH, 2, end - p)
    return SOUND


cdef inline FaultCode append_segments(
    const uint8_t* p, Py_ssize_t length, int width, Py_ssize_t hops, uint32_t* out, Path* path, Fault* problem
) noexcept nogil:
    """Append the first `hops` hops (-1: all) to `out` from path.count on; confederation segments are left out.

    `out` needs room for length / width more.
    """
    cdef const uint8_t* end = p + length
    cdef Py_ssize_t size, take, i
    cdef uint32_t* to
    while end - p >= 2 and hops != 0:
        size = p[1] * width
        if size > end - p - 2:
            return fault(problem, PATH_SEGMENT_LENGTH, size, end - p - 2)
        if p[0] == AS_SEQUENCE or p[0] == AS_SET:
            take = p[1]
            if p[0] == AS_SET:
                if take:
                    hops -= 1
                    path.last_set = <uint32_t>take
            elif take:
                if 0 < hops < take:
                    take = hops
                hops -= take
                path.last_set = 0
            to = out + path.count
            if width == 4:
                for i in range(take):
                    to[i] = be32(p + 2 + 4 * i)
            else:
                for i in range(take):
                    to[i] = be16(p + 2 + 2 * i)
            path.count += <uint32_t>take
        elif p[0] != AS_CONFED_SEQUENCE and p[0] != AS_CONFED_SET:
            return fault(problem, PATH_SEGMENT_TYPE, p[0], AS_CONFED_SET)
        p += 2 + size
    if hops != 0 and p != end:
        return fault(problem, PATH_SEGMENT_LENGTH, 2, end - p)
    return SOUND


cdef inline bint as4_path_counts(const Attributes* a) noexcept nogil:
    """Whether an AS4_PATH is to be believed: not beside an aggregator that knew four-byte ASes (RFC 6793 4.2.3)."""
    if not has(a, AS4_PATH):
        return False
    if has(a, AGGREGATOR) and has(a, AS4_AGGREGATOR) and a.length[AGGREGATOR] >= 2:
        return be16(a.value[AGGREGATOR]) == AS_TRANS
    return True


cdef inline void tell_ends(const uint32_t* out, uint32_t peer_asn, Path* path) noexcept nogil:
    """Origin and upstream of the path that stands in `out`, and its flags."""
    cdef Py_ssize_t at
    path.flags = 0
    path.upstream = 0
    if path.count == 0:
        path.origin = peer_asn
        path.flags = FLAG_NO_PATH | FLAG_NO_UPSTREAM
        return
    at = <Py_ssize_t>path.count - 1
    if path.last_set > 1:
        at -= <Py_ssize_t>path.last_set - 1
        path.flags = FLAG_ORIGIN_SET
    path.origin = out[at]
    at -= 1
    while at >= 0 and out[at] == path.origin:
        at -= 1
    if at < 0:
        path.flags |= FLAG_NO_UPSTREAM
    else:
        path.upstream = out[at]


cdef inline FaultCode read_path(
    const Attributes* a, int width, uint32_t peer_asn, uint32_t* out, Path* path, Fault* problem
) noexcept nogil:
    """Write the AS path, AS4_PATH merged into it, to `out`, and tell its origin and upstream.

    `out` needs room for half as many ASes as the attribute block has bytes. `width` is the bytes of an AS in
    AS_PATH: an AS4_PATH beside four-byte ASes is discarded (RFC 6793 section 4.1).
    """
    cdef FaultCode code
    cdef Py_ssize_t hops, hops4
    path.count = 0
    path.last_set = 0
    if has(a, AS_PATH):
        if width == 2 and as4_path_counts(a):
            code = count_hops(a.value[AS_PATH], a.length[AS_PATH], 2, &hops, problem)
            if code == SOUND:
                code = count_hops(a.value[AS4_PATH], a.length[AS4_PATH], 4, &hops4, problem)
            if code != SOUND:
                return code
            if hops4 == 0 or hops4 > hops:
                code = append_segments(a.value[AS_PATH], a.length[AS_PATH], 2, -1, out, path, problem)
            else:
                append_segments(a.value[AS_PATH], a.length[AS_PATH], 2, hops - hops4, out, path, problem)
                code = append_segments(a.value[AS4_PATH], a.length[AS4_PATH], 4, -1, out, path, problem)
        else:
            code = append_segments(a.value[AS_PATH], a.length[AS_PATH], width, -1, out, path, problem)
        if code != SOUND:
            return code
    tell_ends(out, peer_asn, path)
    return SOUND


cdef inline FaultCode read_wide_path(
    const uint8_t* p, Py_ssize_t length, const uint8_t* end, uint32_t peer_asn, uint32_t* out, Path* path,
    Fault* problem
) noexcept nogil:
    """`read_path` for an AS_PATH of four-byte ASes (length 0: none), made for what nearly all are: one AS_SEQUENCE.

    `end` is behind the last byte that may be read, and `out` needs room for SHORT_PATH more: a short path is
    copied at a fixed length, since its own length is what a processor cannot foretell.
    """
    cdef Py_ssize_t count = (length - 2) >> 2, i
    cdef FaultCode code
    if length < 6 or p[0] != AS_SEQUENCE or p[1] != count or length & 3 != 2:
        path.count = 0
        path.last_set = 0
        code = append_segments(p, length, 4, -1, out, path, problem)
        if code == SOUND:
            tell_ends(out, peer_asn, path)
        return code
    if count <= SHORT_PATH and end - p >= 2 + 4 * SHORT_PATH:
        for i in range(SHORT_PATH):
            out[i] = be32(p + 2 + 4 * i)
    else:
        for i in range(count):
            out[i] = be32(p + 2 + 4 * i)
    path.count = <uint32_t>count
    path.last_set = 0
    path.flags = 0
    # From the bytes, not from `out`: they are there already.
    path.origin = be32(p + length - 4)
    i = length - 8
    while i >= 2:
        path.upstream = be32(p + i)
        if path.upstream != path.origin:
            return SOUND
        i -= 4
    path.upstream = 0
    path.flags = FLAG_NO_UPSTREAM
    return SOUND
