# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Which units are reachable: the visible prefixes above each /24, and who is a stranger to it.

docs/definitions.md, "What is reachable".
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

import copyreg

import numpy as np

from nightside.routing.prefixes cimport MISSING

from nightside.routing.saved import arrays_of, checked, must
from nightside.routing.votes import padded

cdef enum:
    UNITS = 1 << 24
    # Of a prefix.
    MET = 1
    FOREIGN = 2
    # Of a prefix and an origin, or a unit.
    ADMITTED = 1
    REFUSED = 2
    ANY_COUNTRY = 0xFFFF


cdef class Cover:
    """The visible prefixes above each unit. Tell it who became visible; read which units changed."""

    def __init__(self, *, hi, length, subject, prefix_country, unit_country, way_origin, way_country, way_home,
                 uint8_t shortest):
        """Columns as `Visibility` takes them; prefixes shorter than `shortest` cover nothing."""
        self.hi, self.length, self.subject, self.prefix_country = hi, length, subject, prefix_country
        self.unit_country = unit_country
        self.way_origin, self.way_country, self.way_home = way_origin, way_country, way_home
        self.shortest = shortest
        self.covers = np.zeros(UNITS, np.uint8)
        self.met = np.zeros(len(hi), np.uint8)
        self.origin_country = np.zeros(len(hi), np.uint16)
        self.admitted = np.zeros(len(hi), np.uint32)
        self.strangers, self.foreign = NumberMap(1024), NumberMap(1024)
        self.changed, self.changed_since = np.zeros((2, len(hi)), np.uint32)
        self.changes = ChangeList()

    def __reduce__(self):
        """With the very arrays that it was given: a Pickler may name those that are the same in every run."""
        given = arrays_of(
            self.hi, self.length, self.subject, self.prefix_country, self.unit_country, self.way_origin,
            self.way_country, self.way_home,
        )
        own = arrays_of(self.covers, self.met, self.origin_country, self.changed, self.changed_since)
        state = (
            given, own, self.shortest, self.strangers, self.foreign, self.n_changed, bool(self.started), self.changes,
        )
        return copyreg.__newobj__, (Cover,), state

    def __setstate__(self, state):
        given, own, self.shortest, self.strangers, self.foreign, self.n_changed, self.started, self.changes = state
        must(None not in (self.strangers, self.foreign, self.changes), "a part of the cover is missing")
        must(all(isinstance(column, np.ndarray) for column in given), "a column of the cover is missing")
        (self.hi, self.length, self.subject, self.prefix_country, self.unit_country, self.way_origin,
         self.way_country, self.way_home) = given
        covers, met, origin_country, changed, changed_since = own
        must(self.unit_country.shape[0] == UNITS and len(covers) == UNITS, "not all units")
        self.covers = checked(covers, np.uint8, UNITS, "units' covers")
        self.met, self.origin_country = checked(met, np.uint8, 0, "met"), checked(origin_country, np.uint16, 0, "met")
        self.admitted = np.zeros(len(met), np.uint32)
        self.changed = checked(changed, np.uint32, self.n_changed, "changed prefixes")
        self.changed_since = checked(changed_since, np.uint32, self.n_changed, "changed prefixes")
        self.must_have(int(changed[:self.n_changed].max()) + 1 if self.n_changed else 0)
        n = min(self.hi.shape[0], self.length.shape[0])
        first, length = np.asarray(self.hi)[:n] >> np.uint64(40), np.asarray(self.length)[:n]
        below = np.uint64(1) << (24 - np.minimum(length, 24)).astype(np.uint64)
        must(not np.any(first & (below - np.uint64(1))), "a prefix that is longer than its length")

    cdef int must_have(self, uint32_t n_prefixes) except -1:
        """Raises ValueError where there are not so many prefixes."""
        cdef Py_ssize_t least = min(
            self.hi.shape[0], self.length.shape[0], self.subject.shape[0], self.prefix_country.shape[0],
            self.met.shape[0], self.origin_country.shape[0], self.admitted.shape[0], self.changed.shape[0],
            self.changed_since.shape[0],
        )
        must(least >= <Py_ssize_t>n_prefixes, "the cover has fewer prefixes")
        must(self.way_origin.shape[0] == self.way_country.shape[0] == self.way_home.shape[0], "ways without countries")
        return 0

    cdef int grow(self, uint32_t n_prefixes, columns) except -1:
        """More prefixes and ways: the columns of `__init__` anew."""
        self.hi, self.length, self.subject = columns["hi"], columns["length"], columns["subject"]
        self.prefix_country = columns["prefix_country"]
        self.way_origin, self.way_country = columns["way_origin"], columns["way_country"]
        self.way_home = columns["way_home"]
        self.met, self.origin_country = padded(self.met, n_prefixes), padded(self.origin_country, n_prefixes)
        self.admitted = padded(self.admitted, n_prefixes)
        self.changed = padded(self.changed, n_prefixes)
        self.changed_since = padded(self.changed_since, n_prefixes)
        return self.must_have(n_prefixes)

    cdef bint is_stranger(self, uint32_t p, uint32_t way) except? True nogil:
        """Whether a route's origin neither belongs to the prefix nor covered it before."""
        cdef uint64_t key
        cdef uint32_t verdict, origin = self.way_origin[way]
        # Most sessions have the origin that the session before had.
        if self.admitted[p] == ~origin and self.admitted[p]:
            return False
        if self.way_home[way]:
            self.origin_country[p] = ANY_COUNTRY
            self.admitted[p] = ~origin
            return False
        if self.prefix_country[p] and self.way_country[way] == self.prefix_country[p]:
            self.origin_country[p] = self.way_country[way]
            self.admitted[p] = ~origin
            return False
        key = (<uint64_t>p << 32) | origin
        verdict = self.strangers.get(key)
        if verdict == MISSING or (verdict == REFUSED and self._reachable(p)):
            verdict = ADMITTED if not self.started or self._reachable(p) else REFUSED
            self.strangers.put(key, verdict)
        if verdict == REFUSED:
            return True
        self.origin_country[p] = self.way_country[way]
        self.admitted[p] = ~origin
        return False

    cdef bint _reachable(self, uint32_t p) noexcept nogil:
        """Whether at least half of the units below a prefix are reachable now."""
        cdef uint32_t first = <uint32_t>(self.hi[p] >> 40)
        cdef uint32_t i, n, reachable = 0
        if self.length[p] > 24:
            return self.covers[first] > 0
        n = 1 << (24 - self.length[p])
        for i in range(first, first + n):
            reachable += self.covers[i] > 0
        return 2 * reachable >= n

    cdef void change(self, uint32_t p, uint32_t since) noexcept:
        """A prefix becomes visible or invisible in this second; `since` 0, or since when that may be."""
        if self.shortest <= self.length[p] <= 24:
            self.changed[self.n_changed] = p
            self.changed_since[self.n_changed] = since
            self.n_changed += 1

    cdef int apply(self, const uint8_t[::1] visible, uint32_t second) except -1:
        """All changes of this second, together: their order must not matter."""
        cdef uint32_t i, at
        cdef bint unseen = False, up
        cdef const int64_t[::1] order = None
        # Who is foreign where goes by what was reachable before this second, and is not lost in it.
        for i in range(self.n_changed):
            unseen |= self.changed_since[i] != 0
            if self.started and not visible[self.changed[i]]:
                self._shift(self.changed[i], -1)
        for i in range(self.n_changed):
            if self.started and visible[self.changed[i]]:
                self._meet(self.changed[i])
        for i in range(self.n_changed):
            if self.started and not visible[self.changed[i]]:
                self._shift(self.changed[i], 1)
        if unseen:
            # A unit is back since the first of its covers may be, and gone since the last of them may be.
            since = np.asarray(self.changed_since)[:self.n_changed]
            order = np.argsort(np.where(since == 0, second, since), kind="stable")
        # What one cover loses in the second in which another comes was never gone.
        for up in (True, False):
            for i in range(self.n_changed):
                at = order[i] if unseen else i
                if visible[self.changed[at]] == up:
                    self._move(self.changed[at], up, second, self.changed_since[at])
        self.n_changed = 0
        return 0

    cdef void _shift(self, uint32_t p, int change) noexcept:
        """One prefix less above the units below it, or again as many; nothing is told of it."""
        cdef uint32_t unit, first = <uint32_t>(self.hi[p] >> 40)
        cdef bint foreign = self.met[p] & FOREIGN
        for unit in range(first, first + (1 << (24 - self.length[p]))):
            if not (foreign and self.foreign.get((<uint64_t>p << 32) | unit) == REFUSED):
                self.covers[unit] += change

    cdef int _meet(self, uint32_t p) except -1:
        """Which units a prefix is no cover of, though it has become visible: those that were down when both met first,
        where its origin is of another country than the unit. When it comes again while such a unit is reachable, it
        is cover."""
        cdef uint32_t unit, first = <uint32_t>(self.hi[p] >> 40)
        cdef uint64_t key
        cdef uint16_t country = self.origin_country[p]
        if country == ANY_COUNTRY or (self.met[p] & MET and not self.met[p] & FOREIGN):
            return 0
        for unit in range(first, first + (1 << (24 - self.length[p]))):
            if self.unit_country[unit] and self.unit_country[unit] != country:
                key = (<uint64_t>p << 32) | unit
                if not self.met[p] & MET:
                    if self.covers[unit] == 0:
                        self.foreign.put(key, REFUSED)
                        self.met[p] |= FOREIGN
                elif self.covers[unit] and self.foreign.get(key) == REFUSED:
                    self.foreign.put(key, ADMITTED)
        return 0

    cdef int _move(self, uint32_t p, bint visible, uint32_t second, uint32_t since) except -1:
        """One prefix more, or one less, above the units below it."""
        cdef uint32_t unit, first = <uint32_t>(self.hi[p] >> 40)
        cdef bint told = self.started and self.subject[p]
        cdef bint foreign = self.met[p] & FOREIGN
        self.met[p] |= MET
        for unit in range(first, first + (1 << (24 - self.length[p]))):
            if foreign and self.foreign.get((<uint64_t>p << 32) | unit) == REFUSED:
                continue
            if visible:
                self.covers[unit] += 1
                if self.covers[unit] == 1 and told:
                    self.changes.add(second, unit, 1, since)
            else:
                self.covers[unit] -= 1
                if self.covers[unit] == 0 and told:
                    self.changes.add(second, unit, -1, since)
        return 0


def covering(const uint16_t[::1] whose, const uint64_t[::1] hi, const uint8_t[::1] length, const uint8_t[::1] family,
             uint8_t shortest, uint8_t[::1] found):
    """Set in `found` each IPv4 prefix (columns `hi`, `length`, `family`) from `shortest` to /24 that covers a unit that
    is not 0 in `whose`, by /24."""
    cdef Py_ssize_t p, n = hi.shape[0]
    cdef uint32_t unit, first
    if whose.shape[0] != UNITS or not length.shape[0] == family.shape[0] == found.shape[0] == n:
        raise IndexError("not all units, or columns of other prefixes")
    with nogil:
        for p in range(n):
            if found[p] or family[p] != 4 or not shortest <= length[p] <= 24:
                continue
            # Host bits are zero, so that all of it is below 2**24.
            first = <uint32_t>(hi[p] >> 40) & (UNITS - 1)
            for unit in range(first, min(first + (1 << (24 - length[p])), <uint32_t>UNITS)):
                if whose[unit]:
                    found[p] = 1
                    break
