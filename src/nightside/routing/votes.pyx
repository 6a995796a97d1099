# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Who votes on which prefix, and how: each session's standing to each prefix, and the counts of ASes by prefix.

One vote per peer AS: an AS votes while one of its full-feed sessions is known, and has a route to a prefix when any of
these has.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t

from libc.string cimport memset

import copyreg

import numpy as np

from nightside.routing.saved import arrays_of, checked, must

cdef enum:
    # What a voting session adds to that; what all of an AS's add is or-ed.
    ADDS_VOTE = 1
    ADDS_ROUTE = 2
    ADDS_USUAL = 4
    ADDS_SURE = 8
    ADDS_ITSELF = 16   # does not follow
    BLOCK = 1 << 12   # so many prefixes are counted at a time: what is counted of them stays in the cache

cdef uint8_t ADDS[64]    # by the standing of a session
cdef uint8_t WHOLE[32]   # by what the voting sessions of an AS add, the standing of the AS


cdef void _fill_tables() noexcept:
    cdef int i
    for i in range(64):
        ADDS[i] = 0
        if not i & OUT:
            ADDS[i] = ADDS_VOTE
            if i & HAS:
                ADDS[i] |= ADDS_ROUTE
            if i & USUAL:
                ADDS[i] |= ADDS_USUAL
            if not i & UNSURE:
                ADDS[i] |= ADDS_SURE
            if not i & FOLLOWS:
                ADDS[i] |= ADDS_ITSELF
    for i in range(32):
        WHOLE[i] = AS_OUT
        if i & ADDS_VOTE:
            WHOLE[i] = 0 if i & ADDS_SURE else AS_UNSURE
            if not i & ADDS_ITSELF:
                WHOLE[i] |= AS_FOLLOWS
            if i & ADDS_ROUTE:
                WHOLE[i] |= AS_HAS
            if i & ADDS_USUAL:
                WHOLE[i] |= AS_USUAL


_fill_tables()


cdef inline int _follows_and_has(uint8_t state) noexcept nogil:
    return state & (AS_HAS | AS_FOLLOWS) == AS_HAS | AS_FOLLOWS


def roomy(wanted, has):
    """At least `wanted` places; where that is more than there are, with a quarter to spare."""
    return has if wanted <= has else wanted + wanted // 4


def padded(column, wanted):
    """A column that has at least so many places, the new ones 0; the same one where it has."""
    if wanted <= len(column):
        return column
    before = np.asarray(column)
    grown = np.zeros(roomy(wanted, len(before)), before.dtype)
    grown[:len(before)] = before
    return grown


cdef class Votes:
    """The standing of all sessions; nobody votes at first."""

    def __init__(self, uint32_t n_prefixes, as_of):
        """`as_of`: by session the dense number of its peer AS."""
        self.as_of = as_of
        self.n_prefixes, self.n_sessions = n_prefixes, len(as_of)
        self.n_ases = int(max(as_of)) + 1 if len(as_of) else 0
        self.state = np.zeros((self.n_sessions, max(n_prefixes, 1)), np.uint8)
        self.absent, self.voting = np.zeros((2, self.n_sessions), np.uint8)
        self.voting_sessions = np.zeros(self.n_ases, np.uint16)
        self.have, self.out, self.usual, self.usual_total = np.zeros((4, n_prefixes), np.uint16)
        self.unsure, self.follows, self.follows_have = np.zeros((3, n_prefixes), np.uint16)
        self.touched = np.zeros(n_prefixes, np.uint8)
        self.touched_list = np.zeros(n_prefixes, np.uint32)
        self._list_sessions()

    def __reduce__(self):
        by_prefix = arrays_of(
            self.have, self.out, self.unsure, self.follows, self.follows_have, self.usual, self.usual_total,
            self.touched, self.touched_list,
        )
        state = (
            self.n_prefixes, self.n_sessions,
            *arrays_of(self.as_of, self.state, self.absent, self.voting, self.voting_sessions),
            by_prefix, self.n_touched, bool(self.all_touched), self.known,
        )
        return copyreg.__newobj__, (Votes,), state

    def __setstate__(self, saved):
        (n_prefixes, n_sessions, as_of, state, absent, voting, voting_sessions, by_prefix, n_touched, all_touched,
         known) = saved
        as_of = checked(as_of, np.uint32, n_sessions, "the ASes of sessions")
        n_ases = int(as_of.max()) + 1 if n_sessions else 0
        must(n_ases <= n_sessions == len(as_of), "more ASes than sessions")
        must(
            isinstance(state, np.ndarray) and state.dtype == np.uint8 and state.ndim == 2
            and state.shape[0] >= n_sessions and state.shape[1] >= n_prefixes,
            "standings of other sessions or prefixes",
        )
        columns = [
            checked(column, dtype, n_prefixes, "prefixes' votes")
            for column, dtype in zip(by_prefix, (np.uint16,) * 7 + (np.uint8, np.uint32), strict=True)
        ]
        must(n_touched <= n_prefixes and not np.any(columns[8][:n_touched] >= n_prefixes), "prefixes to be judged")
        self.absent = checked(absent, np.uint8, n_sessions, "standings to new prefixes")
        self.voting = checked(voting, np.uint8, n_sessions, "who votes")
        self.voting_sessions = checked(voting_sessions, np.uint16, n_ases, "which ASes vote")
        self.as_of, self.state = as_of, np.require(state, requirements=("C", "W"))
        self.have, self.out, self.unsure, self.follows, self.follows_have = columns[:5]
        self.usual, self.usual_total, self.touched, self.touched_list = columns[5:]
        self.n_prefixes, self.n_sessions, self.n_ases = n_prefixes, n_sessions, n_ases
        self.n_touched, self.all_touched, self.known = n_touched, all_touched, known
        self._list_sessions()

    cdef int grow(self, uint32_t n_prefixes, as_of) except -1:
        """More prefixes and more sessions; those there were keep their numbers, also those of the ASes."""
        cdef uint32_t n_sessions = len(as_of), begin = self.n_prefixes
        if n_prefixes > self.state.shape[1] or n_sessions > self.state.shape[0]:
            rows, cells = roomy(n_sessions, self.state.shape[0]), roomy(n_prefixes, self.state.shape[1])
            state = np.zeros((rows, cells), np.uint8)
            state[:self.n_sessions, :self.n_prefixes] = np.asarray(self.state)[:self.n_sessions, :self.n_prefixes]
            self.state = state
        self.have, self.out = padded(self.have, n_prefixes), padded(self.out, n_prefixes)
        self.unsure, self.follows = padded(self.unsure, n_prefixes), padded(self.follows, n_prefixes)
        self.follows_have = padded(self.follows_have, n_prefixes)
        self.usual, self.usual_total = padded(self.usual, n_prefixes), padded(self.usual_total, n_prefixes)
        self.touched, self.touched_list = padded(self.touched, n_prefixes), padded(self.touched_list, n_prefixes)
        self.n_prefixes = n_prefixes
        if n_sessions > self.n_sessions:
            self.as_of = as_of
            self.n_sessions, self.n_ases = n_sessions, int(max(as_of)) + 1
            self.absent, self.voting = padded(self.absent, n_sessions), padded(self.voting, n_sessions)
            self.voting_sessions = padded(self.voting_sessions, self.n_ases)
            self._list_sessions()
        return self._meet(begin)

    cdef int _meet(self, uint32_t begin) except -1:
        """The prefixes from `begin` on are named now: who was unsure of all that it did not name is unsure of them."""
        cdef uint32_t s
        if begin == self.n_prefixes or not np.any(self.absent):
            return 0
        for s in range(self.n_sessions):
            self.state[s, begin:self.n_prefixes] = self.absent[s]
        self.out[begin:self.n_prefixes] = self.absent_ases(AS_OUT)
        self.unsure[begin:self.n_prefixes] = self.absent_ases(AS_UNSURE)
        return 0

    cdef uint32_t absent_ases(self, uint8_t what) noexcept:
        """How many ASes are AS_OUT, or AS_UNSURE, to what nobody has named yet."""
        cdef uint32_t a, k, s, n = 0
        cdef uint8_t adds
        for a in range(self.n_ases):
            adds = 0
            for k in range(self.session_start[a], self.session_start[a + 1]):
                s = self.session_list[k]
                if self.voting[s]:
                    adds |= ADDS[self.absent[s] & 63]
            n += self.voting_sessions[a] > 0 and WHOLE[adds] & what != 0
        return n

    cdef int _list_sessions(self) except -1:
        as_of = np.asarray(self.as_of)
        self.session_list = np.argsort(as_of, kind="stable").astype(np.uint32)
        self.session_start = np.searchsorted(np.sort(as_of), np.arange(self.n_ases + 1)).astype(np.uint32)
        return 0

    cdef void set(self, uint32_t session, uint32_t p, uint8_t new) noexcept nogil:
        """A session's new standing to a prefix; what is usual stays."""
        cdef uint32_t a = self.as_of[session]
        cdef uint8_t before, after
        new |= self.state[session, p] & USUAL
        if not self.voting[session]:
            self.state[session, p] = new
            return
        before = self.as_state(a, p)
        self.state[session, p] = new
        after = self.as_state(a, p)
        if before != after:
            self.count(p, before, after)
            self.touch(p)

    cdef int set_voting(self, uint32_t session, bint votes) except -1:
        """A session's vote begins or ends to count."""
        cdef uint32_t a = self.as_of[session]
        if self.voting[session] == votes:
            return 0
        self.all_touched = True
        with nogil:
            self._recount(session, votes)
        self.voting[session] = votes
        if votes:
            self.voting_sessions[a] += 1
            self.known += self.voting_sessions[a] == 1
        else:
            self.voting_sessions[a] -= 1
            self.known -= self.voting_sessions[a] == 0
        return 0

    cdef void _recount(self, uint32_t session, bint votes) noexcept nogil:
        """Count each prefix anew for the AS of a session whose vote begins or ends to count."""
        cdef uint32_t a = self.as_of[session], begin, size, i, k, s
        cdef bint alone = self.voting_sessions[a] == (0 if votes else 1)
        cdef uint8_t others[BLOCK]
        cdef const uint8_t* row
        cdef uint8_t without, including
        begin = 0
        while begin < self.n_prefixes:
            size = min(<uint32_t>BLOCK, self.n_prefixes - begin)
            memset(others, 0, size)
            for k in range(self.session_start[a], self.session_start[a + 1]):
                s = self.session_list[k]
                if s != session and self.voting[s]:
                    row = &self.state[s, begin]
                    for i in range(size):
                        others[i] |= ADDS[row[i] & 63]
            row = &self.state[session, begin]
            for i in range(size):
                without = 0 if alone else WHOLE[others[i]]
                including = WHOLE[others[i] | ADDS[row[i] & 63]]
                if without == including:
                    continue
                if without ^ including == AS_HAS and not including & AS_UNSURE:
                    # By far the most.
                    self.have[begin + i] += 1 if votes == (including & AS_HAS != 0) else -1
                elif votes:
                    self.count(begin + i, without, including)
                else:
                    self.count(begin + i, including, without)
            begin += size

    cdef bint has_sure_sibling(self, uint32_t session, uint32_t p) noexcept:
        """Whether another voting session of the same AS has a route of which we are sure."""
        cdef uint32_t k, s, a = self.as_of[session]
        for k in range(self.session_start[a], self.session_start[a + 1]):
            s = self.session_list[k]
            if s != session and self.voting[s] and self.state[s, p] & HAS and not self.state[s, p] & UNSURE:
                return True
        return False

    cdef void learn_usual(self, const uint8_t[::1] visible, double fewest_viewers) noexcept nogil:
        """Who has a route to a prefix now usually has one: of prefixes that are visible, or new to this with at least
        `fewest_viewers` of the ASes."""
        cdef uint32_t begin = 0
        while begin < self.n_prefixes:
            self._learn_usual(begin, min(<uint32_t>BLOCK, self.n_prefixes - begin), visible, fewest_viewers)
            begin += BLOCK
        self.all_touched = True

    cdef void _learn_usual(self, uint32_t begin, uint32_t size, const uint8_t[::1] visible,
                           double fewest_viewers) noexcept nogil:
        """The same of so many prefixes from `begin` on."""
        cdef uint8_t chosen[BLOCK]
        cdef uint8_t now[BLOCK]
        cdef uint8_t ever[BLOCK]
        cdef uint32_t i, p, s, a, k
        cdef double fewest = max(2.0, fewest_viewers * self.known)
        cdef uint8_t* row
        for i in range(size):
            p = begin + i
            chosen[i] = visible[p] or not (self.usual_total[p] or self.have[p] < fewest)
            if chosen[i]:
                self.usual[p] = self.usual_total[p] = 0
        for s in range(self.n_sessions):
            # What a session that does not vote usually sees is what it saw when it did.
            if self.voting[s]:
                row = &self.state[s, begin]
                for i in range(size):
                    if chosen[i] and not row[i] & OUT:
                        row[i] = (row[i] & ~USUAL) | (USUAL if row[i] & HAS else 0)
        for a in range(self.n_ases):
            memset(now, 0, size)
            memset(ever, 0, size)
            for k in range(self.session_start[a], self.session_start[a + 1]):
                s = self.session_list[k]
                row = &self.state[s, begin]
                for i in range(size):
                    ever[i] |= row[i] & USUAL
                if self.voting[s]:
                    for i in range(size):
                        now[i] |= 0 if row[i] & OUT else row[i] & USUAL
            for i in range(size):
                if chosen[i]:
                    self.usual[begin + i] += now[i] != 0
                    self.usual_total[begin + i] += ever[i] != 0

    cdef uint8_t as_state(self, uint32_t a, uint32_t p) noexcept nogil:
        """AS_HAS where any voting session has a route, AS_OUT where all voting sessions are stale; AS_USUAL, AS_UNSURE,
        AS_FOLLOWS."""
        cdef uint32_t k, s
        cdef uint8_t adds = 0
        cdef bint any_voting = False
        for k in range(self.session_start[a], self.session_start[a + 1]):
            s = self.session_list[k]
            if self.voting[s]:
                any_voting = True
                adds |= ADDS[self.state[s, p] & 63]
        return WHOLE[adds] if any_voting else 0

    cdef void count(self, uint32_t p, uint8_t before, uint8_t after) noexcept nogil:
        self.have[p] += ((after & AS_HAS) != 0) - ((before & AS_HAS) != 0)
        if (before | after) == AS_HAS:
            # By far the most.
            return
        self.out[p] += ((after & AS_OUT) != 0) - ((before & AS_OUT) != 0)
        self.unsure[p] += ((after & AS_UNSURE) != 0) - ((before & AS_UNSURE) != 0)
        self.follows[p] += ((after & AS_FOLLOWS) != 0) - ((before & AS_FOLLOWS) != 0)
        self.follows_have[p] += _follows_and_has(after) - _follows_and_has(before)
        self.usual[p] += ((after & AS_USUAL) != 0) - ((before & AS_USUAL) != 0)

    cdef void touch(self, uint32_t p) noexcept nogil:
        if not self.touched[p]:
            self.touched[p] = 1
            self.touched_list[self.n_touched] = p
            self.n_touched += 1

    cdef void follow(self, uint32_t p) noexcept nogil:
        """A prefix has changed: who is unsure of it speaks for what it became, until heard. That turns nothing back, so
        it is not judged anew."""
        cdef uint32_t s, a
        cdef uint8_t before, after
        for s in range(self.n_sessions):
            if self.state[s, p] & (UNSURE | FOLLOWS) != UNSURE:
                continue
            a = self.as_of[s]
            before = self.as_state(a, p)
            self.state[s, p] |= FOLLOWS
            after = self.as_state(a, p)
            if before != after:
                self.count(p, before, after)
