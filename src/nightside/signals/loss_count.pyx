# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Losses of the units below one set of prefixes, counted over the whole timeline.

Compiled, since a day of the world has tens of thousands of such sets, each with the events of all sessions.
The rule is docs/definitions.md's: within the loss window at least a quarter of the known ASes lose every
prefix that covers the units, by updates of sessions whose vote counts.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free

import numpy as np

cdef enum:
    # nightside.routing.log
    FLIP = 0
    HEARD = 3
    STALE = 4

cdef uint32_t FOR_EVER = 0xFFFFFFFF


cdef class LossCounter:
    """Counts losses over one timeline; the arrays are read, never written."""

    cdef const uint32_t[::1] second, session, prefix, way, as_of
    cdef const uint8_t[::1] kind
    cdef const uint32_t[::1] load_second, load_session
    cdef list load_ways
    cdef const uint32_t[::1] vote_first, vote_begin, vote_end
    cdef const uint32_t[::1] comer_second, comer_session
    cdef const uint32_t[::1] session_first, session_list
    cdef const uint32_t[::1] view_second, view_known
    cdef const uint8_t[::1] view_unknown
    cdef double share
    cdef int64_t window_s, start
    cdef uint32_t n_sessions, n_ases
    # Of the chain at hand.
    cdef uint8_t* held          # n_sessions rows of as many cells as the chain is long
    cdef uint32_t* held_count   # per session
    cdef uint32_t* missing      # per AS the second it lost the units in; 0: it has them, or never had
    cdef size_t view_at
    cdef int64_t lost_at
    cdef list found

    def __init__(self, *, second, kind, session, prefix, way, as_of, loads, votes, view, double share,
                 int64_t window_s, int64_t start):
        """Events as columns; `loads` as (second, session, ways by prefix number) and `view` as (second, known,
        unknown), each in the order of time; `votes` by session as lists of (begin, end or None)."""
        self.second, self.kind, self.session, self.prefix, self.way = second, kind, session, prefix, way
        self.as_of = as_of
        self.n_sessions = len(as_of)
        self.n_ases = int(max(as_of)) + 1 if len(as_of) else 0
        self.load_second = np.array([x[0] for x in loads], np.uint32)
        self.load_session = np.array([x[1] for x in loads], np.uint32)
        self.load_ways = [x[2] for x in loads]
        first, begins, ends, comers = [0], [], [], []
        for s in range(self.n_sessions):
            for begin, end in votes.get(s, ()):
                begins.append(begin)
                ends.append(0xFFFFFFFF if end is None else end)
                comers.append((begin, s))
            first.append(len(begins))
        comers.sort()
        self.vote_first = np.array(first, np.uint32)
        self.vote_begin, self.vote_end = np.array(begins, np.uint32), np.array(ends, np.uint32)
        self.comer_second = np.array([c[0] for c in comers], np.uint32)
        self.comer_session = np.array([c[1] for c in comers], np.uint32)
        order = np.argsort(np.asarray(as_of), kind="stable")
        self.session_list = order.astype(np.uint32)
        self.session_first = np.searchsorted(np.asarray(as_of)[order], np.arange(self.n_ases + 1)).astype(np.uint32)
        self.view_second = np.array([v[0] for v in view], np.uint32)
        self.view_known = np.array([v[1] for v in view], np.uint32)
        self.view_unknown = np.array([v[2] for v in view], np.uint8)
        self.share, self.window_s, self.start = share, window_s, start

    def count(self, const uint32_t[::1] chain, const int64_t[::1] rows):
        """(lost, returned or None) of every loss of the units that exactly the prefixes of `chain` cover.

        `rows` are the events of these prefixes, ascending.
        """
        self.held = <uint8_t*>calloc(<size_t>self.n_sessions * max(chain.shape[0], 1) + 1, 1)
        self.held_count = <uint32_t*>calloc(self.n_sessions + 1, sizeof(uint32_t))
        self.missing = <uint32_t*>calloc(self.n_ases + 1, sizeof(uint32_t))
        self.view_at = 0
        self.lost_at = -1
        self.found = []
        try:
            if self.held == NULL or self.held_count == NULL or self.missing == NULL:
                raise MemoryError
            self._play(chain, rows)
            if self.lost_at >= 0:
                self.found.append((self.lost_at, None))
            return self.found
        finally:
            free(self.held)
            free(self.held_count)
            free(self.missing)
            self.held = NULL
            self.held_count = self.missing = NULL

    cdef int _play(self, const uint32_t[::1] chain, const int64_t[::1] rows) except -1:
        """Everything in the order of time: within a second whole tables, then events, then who comes back."""
        cdef Py_ssize_t row = 0, load = 0, comer = 0
        cdef int64_t now = -1, at
        while True:
            at = FOR_EVER
            if load < self.load_second.shape[0]:
                at = min(at, <int64_t>self.load_second[load])
            if row < rows.shape[0]:
                at = min(at, <int64_t>self.second[rows[row]])
            if comer < self.comer_second.shape[0]:
                at = min(at, <int64_t>self.comer_second[comer])
            if at == FOR_EVER:
                break
            now = at
            while load < self.load_second.shape[0] and self.load_second[load] == now:
                self._take_load(chain, load)
                load += 1
            while row < rows.shape[0] and self.second[rows[row]] == now:
                self._take(chain, rows[row])
                row += 1
            while comer < self.comer_second.shape[0] and self.comer_second[comer] == now:
                if self.held_count[self.comer_session[comer]]:
                    self.missing[self.as_of[self.comer_session[comer]]] = 0
                comer += 1
            self._judge(now)
        return 0

    cdef int _take_load(self, const uint32_t[::1] chain, Py_ssize_t load) except -1:
        cdef const uint32_t[::1] ways = self.load_ways[load]
        cdef Py_ssize_t k
        for k in range(chain.shape[0]):
            self._hold(chain, self.load_session[load], k, chain[k] < ways.shape[0] and ways[chain[k]] != 0)
        self._settle(self.load_session[load], self.load_second[load], False, False)
        return 0

    cdef int _take(self, const uint32_t[::1] chain, int64_t row) except -1:
        cdef uint32_t session = self.session[row]
        cdef bint had = self.held_count[session] > 0
        cdef Py_ssize_t k
        if self.kind[row] == STALE or self.kind[row] == HEARD:
            return 0
        for k in range(chain.shape[0]):
            if chain[k] == self.prefix[row]:
                self._hold(chain, session, k, self.way[row] != 0)
                break
        self._settle(session, self.second[row], had, self.kind[row] == FLIP)
        return 0

    cdef inline void _hold(self, const uint32_t[::1] chain, uint32_t session, Py_ssize_t k, bint holds) noexcept:
        cdef uint8_t* cell = &self.held[<size_t>session * chain.shape[0] + k]
        self.held_count[session] += <int>holds - <int>cell[0]
        cell[0] = holds

    cdef void _settle(self, uint32_t session, uint32_t second, bint had, bint by_update) noexcept:
        """What the session's new state means for its AS."""
        cdef uint32_t a = self.as_of[session]
        cdef uint32_t i, other
        if not self._votes(session, second):
            return
        if self.held_count[session]:
            self.missing[a] = 0
            return
        if not had or not by_update:
            return
        for i in range(self.session_first[a], self.session_first[a + 1]):
            other = self.session_list[i]
            if other != session and self.held_count[other] and self._votes(other, second):
                return
        self.missing[a] = second

    cdef inline bint _votes(self, uint32_t session, uint32_t second) noexcept:
        cdef uint32_t i
        for i in range(self.vote_first[session], self.vote_first[session + 1]):
            if self.vote_begin[i] <= second and (second < self.vote_end[i] or self.vote_end[i] == FOR_EVER):
                return True
        return False

    cdef int _judge(self, int64_t second) except -1:
        cdef int64_t since = (second if self.lost_at < 0 else self.lost_at) - self.window_s
        cdef uint32_t a, lately = 0
        cdef bint enough
        while self.view_at + 1 < <size_t>self.view_second.shape[0] and self.view_second[self.view_at + 1] <= second:
            self.view_at += 1
        for a in range(self.n_ases):
            lately += self.missing[a] != 0 and <int64_t>self.missing[a] > since
        enough = lately > 0 and lately >= self.share * self.view_known[self.view_at]
        if self.lost_at < 0:
            if enough and second >= self.start and not self.view_unknown[self.view_at]:
                self.lost_at = second
        elif not enough:
            self.found.append((self.lost_at, second))
            self.lost_at = -1
        return 0
