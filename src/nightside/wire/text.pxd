# Text that grows, and how numbers and addresses are written in it.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy


cdef struct Text:
    char* data
    Py_ssize_t size
    Py_ssize_t room
    bint failed         # no memory; what was written is not complete


cdef inline bint make_room(Text* text, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t room
    cdef void* grown
    if text.size + size <= text.room:
        return True
    room = max(2 * text.room, text.size + size + 256)
    grown = realloc(text.data, room)
    if grown is NULL:
        text.failed = True
        return False
    text.data = <char*>grown
    text.room = room
    return True


cdef inline void put_char(Text* text, char c) noexcept nogil:
    if make_room(text, 1):
        text.data[text.size] = c
        text.size += 1


cdef inline void put_chars(Text* text, const char* chars, Py_ssize_t size) noexcept nogil:
    if size and make_room(text, size):
        memcpy(text.data + text.size, chars, size)
        text.size += size


cdef inline void put_text(Text* text, const Text* other) noexcept nogil:
    put_chars(text, other.data, other.size)


cdef inline void put_number(Text* text, uint32_t number) noexcept nogil:
    cdef char digits[10]
    cdef int at = 10
    while True:
        at -= 1
        digits[at] = <char>(48 + number % 10)
        number //= 10
        if number == 0:
            break
    put_chars(text, digits + at, 10 - at)


cdef inline void put_padded(Text* text, uint32_t number) noexcept nogil:
    """A number under a million with six digits."""
    cdef char digits[6]
    cdef int at
    for at in range(5, -1, -1):
        digits[at] = <char>(48 + number % 10)
        number //= 10
    put_chars(text, digits, 6)


cdef inline void put_ipv4(Text* text, uint32_t address) noexcept nogil:
    put_number(text, address >> 24)
    put_char(text, b".")
    put_number(text, (address >> 16) & 255)
    put_char(text, b".")
    put_number(text, (address >> 8) & 255)
    put_char(text, b".")
    put_number(text, address & 255)


cdef inline void put_ipv6(Text* text, uint64_t high, uint64_t low) noexcept nogil:
    """RFC 5952; an IPv4-mapped address with its dots."""
    if high == 0 and low >> 32 == 0xFFFF:
        put_chars(text, b"::ffff:", 7)
        put_ipv4(text, <uint32_t>low)
    else:
        put_groups(text, high, low, 2)


cdef inline void put_ipv6_as_bgpdump(Text* text, uint64_t high, uint64_t low) noexcept nogil:
    """As bgpdump has it: one group of zeros alone is left out too, IPv4-compatible addresses have dots."""
    if high == 0 and low >> 32 == 0 and low > 1:
        put_chars(text, b"::", 2)
        put_ipv4(text, <uint32_t>low)
    elif high == 0 and low >> 32 == 0xFFFF:
        put_ipv6(text, high, low)
    else:
        put_groups(text, high, low, 1)


cdef inline void put_groups(Text* text, uint64_t high, uint64_t low, int fewest) noexcept nogil:
    """Eight groups in hex; the first longest run of `fewest` or more zero groups becomes a double colon."""
    cdef int group[8]
    cdef int i, j, run, longest = fewest - 1, at = -1
    cdef uint32_t value
    for i in range(4):
        group[i] = <int>((high >> (48 - 16 * i)) & 0xFFFF)
        group[i + 4] = <int>((low >> (48 - 16 * i)) & 0xFFFF)
    for i in range(8):
        run = 0
        while i + run < 8 and group[i + run] == 0:
            run += 1
        if run > longest:
            longest = run
            at = i
    i = 0
    while i < 8:
        if i == at:
            if i == 0:
                put_char(text, b":")
            put_char(text, b":")
            i += longest
            continue
        value = group[i]
        for j in range(12, -1, -4):
            if value >> j or j == 0:
                put_char(text, b"0123456789abcdef"[(value >> j) & 15])
        if i != 7:
            put_char(text, b":")
        i += 1
