# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The paths that a session with ADD-PATH (RFC 7911) holds: several to a prefix, told apart by their identifiers.

An announcement stands beside those of other identifiers, and in place of one of its own; a withdrawal takes its own
alone. A session has a route to a prefix while any of its paths is held. Which of several it uses, nobody says: the
newest announced is taken for it (docs/definitions.md).
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, realloc

import copyreg

import numpy as np

from nightside.routing.prefixes cimport MISSING, NumberMap
from nightside.routing.saved import checked, must

cdef uint32_t NONE = 0xFFFFFFFF


cdef class PathIds:
    """The paths of one session and family. Asked for the way of the newest path to a prefix."""

    def __cinit__(self):
        self.newest, self.place = NumberMap(16), NumberMap(16)
        self.unused = NONE

    def __dealloc__(self):
        free(self.path)

    def __reduce__(self):
        cdef uint32_t at, k, n = 0
        columns = np.zeros((3, self.held), np.uint32)
        cdef uint32_t[:, ::1] out = columns
        for k in range(self.count):
            # Of each prefix at its newest, from the oldest on.
            if self.path[k].way and self.path[k].newer == NONE:
                at = self._oldest(self.path[k].prefix)
                while at != NONE:
                    out[0, n], out[1, n], out[2, n] = self.path[at].prefix, self.path[at].path_id, self.path[at].way
                    n += 1
                    at = self.path[at].newer
        return copyreg.__newobj__, (PathIds,), tuple(columns)

    def __setstate__(self, state):
        prefixes, path_ids, ways = (checked(np.ascontiguousarray(c), np.uint32, 0, "paths") for c in state)
        cdef const uint32_t[::1] prefix = prefixes, path_id = path_ids, way = ways
        cdef Py_ssize_t i
        must(len(prefixes) == len(path_ids) == len(ways) and bool(np.all(ways > 0)), "paths without ways")
        for i in range(prefix.shape[0]):
            self.announce(prefix[i], path_id[i], way[i])

    cdef int announce(self, uint32_t prefix, uint32_t path_id, uint32_t way) except -1:
        """A path, in place of one with this identifier."""
        cdef uint64_t key = (<uint64_t>prefix << 32) | path_id
        cdef uint32_t at = self.place.get(key), before, room
        cdef void* grown
        if at != MISSING:
            self._remove(at)
        if self.unused == NONE:
            if self.count == self.room:
                room = max(self.room * 2, <uint32_t>64)
                grown = realloc(self.path, room * sizeof(Path))
                if grown == NULL:
                    raise MemoryError
                self.path = <Path*>grown
                self.room = room
            at = self.count
            self.count += 1
        else:
            at = self.unused
            self.unused = self.path[at].older
        before = self.newest.get(prefix)
        self.path[at] = Path(prefix, path_id, way, NONE, before)
        if before != NONE:
            self.path[before].newer = at
        self.newest.put(prefix, at)
        self.place.put(key, at)
        self.held += 1
        return 0

    cdef uint32_t withdraw(self, uint32_t prefix, uint32_t path_id) except? 4294967295:
        """The path of this identifier is gone; returns the way of the newest that is left, 0 where none is."""
        cdef uint32_t at = self.place.get((<uint64_t>prefix << 32) | path_id)
        if at != MISSING:
            self._remove(at)
        at = self.newest.get(prefix)
        return self.path[at].way if at != NONE else 0

    cdef int forget(self, uint32_t prefix) except -1:
        """All paths to a prefix are gone."""
        cdef uint32_t at = self.newest.get(prefix)
        while at != NONE:
            self._remove(at)
            at = self.newest.get(prefix)
        return 0

    cdef int copy(self, PathIds other, uint32_t prefix) except -1:
        """The paths to a prefix that another has, in place of those here."""
        cdef uint32_t at
        self.forget(prefix)
        if other is None:
            return 0
        at = other._oldest(prefix)
        while at != NONE:
            self.announce(prefix, other.path[at].path_id, other.path[at].way)
            at = other.path[at].newer
        return 0

    def prefixes(self):
        """Those to which a path is held (uint32), each once."""
        cdef uint32_t k
        return np.array(
            [self.path[k].prefix for k in range(self.count) if self.path[k].way and self.path[k].newer == NONE], np.uint32
        )

    cdef uint32_t _oldest(self, uint32_t prefix) noexcept:
        cdef uint32_t at = self.newest.get(prefix)
        while at != NONE and self.path[at].older != NONE:
            at = self.path[at].older
        return at

    cdef int _remove(self, uint32_t at) except -1:
        cdef Path gone = self.path[at]
        if gone.newer == NONE:
            self.newest.put(gone.prefix, gone.older)
        else:
            self.path[gone.newer].older = gone.older
        if gone.older != NONE:
            self.path[gone.older].newer = gone.newer
        self.place.put((<uint64_t>gone.prefix << 32) | gone.path_id, MISSING)
        self.path[at].way = 0
        self.path[at].older = self.unused
        self.unused = at
        self.held -= 1
        # Maps forget nothing; some routers give each path a new identifier.
        if self.place.count > 4 * self.held + 1024:
            self._tidy()
        return 0

    cdef int _tidy(self) except -1:
        """Maps of what is held alone."""
        cdef uint32_t k
        self.newest, self.place = NumberMap(self.held), NumberMap(self.held)
        for k in range(self.count):
            if self.path[k].way:
                self.place.put((<uint64_t>self.path[k].prefix << 32) | self.path[k].path_id, k)
                if self.path[k].newer == NONE:
                    self.newest.put(self.path[k].prefix, k)
        return 0
