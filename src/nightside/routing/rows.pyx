# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The way of each session of one collector to each prefix, a byte each.

All of a collector's sessions reach a prefix by few ways. So these are numbered for each prefix, from 1, and a byte
says which of them a session has. Where a prefix has more ways at once than there are small numbers, those that came
too late have none, and are kept apart; numbers that no session uses any more are given again.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memset

import copyreg

import numpy as np

from nightside.routing.prefixes cimport MISSING, NumberMap
from nightside.routing.saved import checked, must
from nightside.routing.saved cimport memory_of, view_of


cdef uint32_t NONE = 0xFFFFFFFF


cdef class Choices:
    """Lists of ways by prefix, in pools of lists of 1, 2, 4, … 64; 0 where a number is free."""

    def __cinit__(self):
        self.rows = []
        self.pool = <uint32_t**>calloc(CLASSES, sizeof(uint32_t*))
        self.pooled = <uint32_t*>calloc(CLASSES, sizeof(uint32_t))
        self.room = <uint32_t*>calloc(CLASSES, sizeof(uint32_t))
        self.unused = <uint32_t*>calloc(CLASSES, sizeof(uint32_t))
        if self.pool == NULL or self.pooled == NULL or self.room == NULL or self.unused == NULL:
            raise MemoryError
        memset(self.unused, 0xFF, CLASSES * sizeof(uint32_t))

    def __dealloc__(self):
        self._free()
        free(self.pool)
        free(self.pooled)
        free(self.room)
        free(self.unused)

    cdef void _free(self) noexcept:
        cdef int k
        for k in range(CLASSES):
            free(self.pool[k])
            self.pool[k] = NULL
            self.pooled[k] = self.room[k] = 0
            self.unused[k] = NONE
        free(self.list)
        free(self.size)
        self.list = NULL
        self.size = NULL
        self.count = 0

    def __reduce__(self):
        cdef uint32_t id, k, n = 0
        lengths = np.zeros(self.count, np.uint8)
        cdef uint8_t[::1] length = lengths
        for id in range(self.count):
            length[id] = 1 << (self.size[id] - 1) if self.size[id] else 0
            n += length[id]
        ways = np.zeros(n, np.uint32)
        cdef uint32_t[::1] way = ways
        n = 0
        for id in range(self.count):
            for k in range(length[id]):
                way[n + k] = ways_of(self, id)[k]
            n += length[id]
        return copyreg.__newobj__, (Choices,), (lengths, ways, self.rows)

    def __setstate__(self, state):
        lengths, ways, self.rows = state
        cdef const uint8_t[::1] length = checked(lengths, np.uint8, 0, "numbers of ways")
        cdef const uint32_t[::1] way = checked(ways, np.uint32, int(lengths.sum()), "ways")
        cdef uint32_t id, k, n = 0
        must(bool(np.isin(lengths, [0] + [1 << k for k in range(CLASSES)]).all()), "a list of ways of another size")
        must(isinstance(self.rows, list) and all(isinstance(r, Rows) for r in self.rows), "rows of ways are missing")
        self._free()
        for id in range(<uint32_t>length.shape[0]):
            for k in range(int(length[id]).bit_length()):
                self._widen(id)
            for k in range(length[id]):
                ways_of(self, id)[k] = way[n + k]
            n += length[id]

    cdef uint8_t number(self, uint32_t id, uint32_t way) except 255:
        """The small number of a way (not 0) to a prefix; ELSEWHERE where it has none."""
        cdef uint32_t k, n, free_one = NONE
        cdef uint32_t* ways
        if id < self.count and self.size[id]:
            ways = ways_of(self, id)
            n = min(1 << (self.size[id] - 1), MOST)
            for k in range(n):
                if ways[k] == way:
                    return k + 1
                if ways[k] == 0 and free_one == NONE:
                    free_one = k
            # Few are cheaper to widen than to ask who uses them.
            if free_one == NONE and n >= 8:
                k = self._reclaim(id)
                if k:
                    free_one = k - 1
            if free_one != NONE:
                ways[free_one] = way
                return free_one + 1
            if n == MOST:
                return ELSEWHERE
            self._widen(id)
            ways_of(self, id)[n] = way
            return n + 1
        self._widen(id)
        ways_of(self, id)[0] = way
        return 1

    cdef uint8_t _reclaim(self, uint32_t id) noexcept:
        """Free the small numbers that nobody uses; returns the first, 0 where less than a quarter is free."""
        cdef Rows rows
        cdef uint64_t used = 0
        cdef uint32_t peer, k, unused = 0, n = min(1 << (self.size[id] - 1), MOST)
        cdef uint32_t* ways = ways_of(self, id)
        cdef uint8_t first = 0
        for rows in self.rows:
            for peer in range(rows.count):
                if id < rows.size[peer]:
                    used |= <uint64_t>1 << (rows.row[peer][id] & 0x3F)
        for k in range(n):
            if not used >> (k + 1) & 1:
                unused += 1
        if n < MOST and 4 * unused < n:
            return 0
        for k in range(n, 0, -1):
            if not used >> k & 1:
                ways[k - 1] = 0
                first = k
        return first

    cdef int _widen(self, uint32_t id) except -1:
        """A list of the next size for a prefix."""
        cdef uint8_t size
        cdef uint32_t place, capacity
        cdef uint32_t* mine
        cdef void* grown
        self._room_for(id)
        size = self.size[id]
        place = self.unused[size]
        if place != NONE:
            self.unused[size] = self.pool[size][<size_t>place << size]
        else:
            if self.pooled[size] == self.room[size]:
                capacity = max(self.room[size] + self.room[size] // 4, <uint32_t>256)
                grown = realloc(self.pool[size], (<size_t>capacity << size) * sizeof(uint32_t))
                if grown == NULL:
                    raise MemoryError
                self.pool[size] = <uint32_t*>grown
                self.room[size] = capacity
            place = self.pooled[size]
            self.pooled[size] += 1
        mine = self.pool[size] + (<size_t>place << size)
        memset(mine, 0, (<size_t>1 << size) * sizeof(uint32_t))
        if size:
            memcpy(mine, ways_of(self, id), (<size_t>1 << (size - 1)) * sizeof(uint32_t))
            ways_of(self, id)[0] = self.unused[size - 1]
            self.unused[size - 1] = self.list[id]
        self.list[id] = place
        self.size[id] = size + 1
        return 0

    cdef int _room_for(self, uint32_t id) except -1:
        cdef uint32_t count
        cdef void* grown
        if id < self.count:
            return 0
        count = max(id + 1, self.count + self.count // 4, <uint32_t>1024)
        grown = realloc(self.list, count * sizeof(uint32_t))
        if grown == NULL:
            raise MemoryError
        self.list = <uint32_t*>grown
        grown = realloc(self.size, count)
        if grown == NULL:
            raise MemoryError
        self.size = <uint8_t*>grown
        memset(self.list + self.count, 0, (count - self.count) * sizeof(uint32_t))
        memset(self.size + self.count, 0, count - self.count)
        self.count = count
        return 0


cdef class Rows:
    """A row by prefix number for each peer. Read with `get` and `way_at`, write with `put_way`."""

    def __init__(self, Choices choices not None):
        """`choices`: what the small numbers mean; others may use it too."""
        self.choices = choices
        self.elsewhere = NumberMap(16)
        choices.rows.append(self)

    def __dealloc__(self):
        self._free()

    cdef void _free(self) noexcept:
        cdef uint32_t i
        for i in range(self.count):
            free(self.row[i])
        free(self.row)
        free(self.size)
        self.row = NULL
        self.size = NULL
        self.count = 0

    def __reduce__(self):
        cdef uint32_t i, used
        rows = []
        for i in range(self.count):
            used = self.size[i]
            while used and self.row[i][used - 1] == 0:
                used -= 1
            rows.append((self.size[i], view_of(self.row[i], used, np.uint8)))
        return copyreg.__newobj__, (Rows,), (rows, self.choices, self.elsewhere)

    def __setstate__(self, state):
        cdef uint32_t i
        rows, self.choices, self.elsewhere = state
        must(None not in (self.choices, self.elsewhere), "the ways of rows are missing")
        self._free()
        self.room_for_peers(len(rows))
        for i, (size, row) in enumerate(rows):
            must(size >= len(row), "a row is longer than its room")
            if size:
                self.row[i] = <uint8_t*>memory_of(row, np.uint8, len(row), size, "a row")
                self.size[i] = size

    cdef int check(self) except -1:
        """Raises ValueError where a saved state has a small number that means no way."""
        cdef uint32_t peer, id
        cdef uint8_t small
        for peer in range(self.count):
            for id in range(self.size[peer]):
                small = self.row[peer][id] & WAY
                if small == ELSEWHERE:
                    must(self._way_elsewhere(peer, id) != MISSING, "a way that is kept apart is missing")
                elif small:
                    must(
                        id < self.choices.count and self.choices.size[id]
                        and small <= 1 << (self.choices.size[id] - 1) and way_of(self.choices, id, small),
                        "a way that a prefix has not",
                    )
        return 0

    cdef int room_for_peers(self, uint32_t count) except -1:
        """Rows for at least so many peers; new ones are empty."""
        cdef void* grown
        cdef uint32_t i
        if count <= self.count:
            return 0
        grown = realloc(self.row, count * sizeof(uint8_t*))
        if grown == NULL:
            raise MemoryError
        self.row = <uint8_t**>grown
        grown = realloc(self.size, count * sizeof(uint32_t))
        if grown == NULL:
            raise MemoryError
        self.size = <uint32_t*>grown
        for i in range(self.count, count):
            self.row[i] = NULL
            self.size[i] = 0
        self.count = count
        return 0

    cdef int room_for(self, uint32_t peer, uint32_t id) except -1:
        """A row that reaches to this prefix number."""
        cdef size_t size
        cdef uint8_t* row
        if id < self.size[peer]:
            return 0
        # Large rows are moved without a copy, and what is to spare is memory too: little of it.
        size = max(<size_t>id + 1, <size_t>self.size[peer] * 9 // 8, <size_t>1024)
        row = <uint8_t*>realloc(self.row[peer], size)
        if row == NULL:
            raise MemoryError
        memset(row + self.size[peer], 0, size - self.size[peer])
        self.row[peer] = row
        self.size[peer] = <uint32_t>size
        return 0

    cdef uint32_t _way_elsewhere(self, uint32_t peer, uint32_t id) noexcept:
        return self.elsewhere.get(<uint64_t>peer << 32 | id)

    cdef int put_way(self, uint32_t peer, uint32_t id, uint32_t way) except -1:
        """A way, or 0 for none, in place of what was there."""
        cdef uint8_t small = self.choices.number(id, way) if way else 0
        if id >= self.size[peer]:
            self.room_for(peer, id)
        if small == ELSEWHERE:
            self.elsewhere.put(<uint64_t>peer << 32 | id, way)
        self.row[peer][id] = small
        return 0

    cdef void clear(self, uint32_t peer) noexcept:
        """Empty a row and give its memory back."""
        free(self.row[peer])
        self.row[peer] = NULL
        self.size[peer] = 0
