# Whether the AS numbers of an UPDATE have two bytes, where nobody says, or says it wrongly (RFC 6793 section 4).

from libc.stdint cimport uint8_t

from nightside.wire.attributes cimport AS_PATH, Attributes, has, walk_attributes
from nightside.wire.faults cimport SOUND, Fault
from nightside.wire.update cimport UPDATE, Update, split_message


cdef inline bint fits(const uint8_t* p, const uint8_t* end, int width) noexcept nogil:
    """Whether the segments of an AS_PATH fill it exactly, with AS numbers of so many bytes."""
    cdef Py_ssize_t size
    while end - p >= 2:
        size = 2 + width * <Py_ssize_t>p[1]
        if size > end - p:
            return False
        p += size
    return p == end


cdef inline bint is_narrow(const uint8_t* p, const uint8_t* end) noexcept nogil:
    """Whether this message has an AS_PATH that can be read with AS numbers of two bytes alone."""
    cdef Update update
    cdef Attributes attributes
    cdef Fault unused
    if split_message(p, end, &update, &unused) != SOUND or update.type != UPDATE:
        return False
    if walk_attributes(update.attributes.begin, update.attributes.end, &attributes, &unused) != SOUND:
        return False
    if not has(&attributes, AS_PATH):
        return False
    p = attributes.value[AS_PATH]
    end = p + attributes.length[AS_PATH]
    return not fits(p, end, 4) and fits(p, end, 2)
