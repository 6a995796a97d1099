# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Which prefixes are visible and which units are reachable, second by second, for one family.

One vote per peer AS: an AS votes while one of its full-feed sessions is known, and has a route to a prefix
when any of these has. Everything that happens in one second is taken together and judged at its end, so
the order in which collectors are read cannot matter. docs/definitions.md has the rules.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

import numpy as np

from nightside.routing.changes cimport ChangeList
from nightside.routing.log cimport FLIP, HEARD, STALE, TABLE_FLIP
from nightside.routing.prefixes cimport MISSING, NumberMap

cdef enum:
    # Of a session to a prefix.
    HAS = 1
    OUT = 2        # stale: neither in the numerator nor in the denominator
    STRANGER = 4   # has a route, to an origin that is a stranger to the prefix
    USUAL = 8      # usually has a route
    UNSURE = 16    # not heard since a gap
    # Of an AS to a prefix.
    AS_HAS = 1
    AS_OUT = 2
    AS_USUAL = 4   # votes, and usually has a route

# A prefix that fewer see is nobody's way in: only from so large a part of the ASes on is a view usual.
cdef double FEWEST_VIEWERS = 0.1
cdef uint32_t ADMITTED = 1
cdef uint32_t REFUSED = 2
cdef uint16_t ANY_COUNTRY = 0xFFFF

cdef enum:
    COVERED = 1
    FOREIGN = 2


cdef class Visibility:
    """The judge of one family. Give it events in the order of time; read what changed."""

    cdef uint32_t n_prefixes, n_sessions, n_ases
    cdef const uint64_t[::1] hi
    cdef const uint8_t[::1] length
    cdef const uint8_t[::1] subject
    cdef const uint16_t[::1] prefix_country
    cdef const uint16_t[::1] unit_country
    cdef const uint32_t[::1] way_origin
    cdef const uint16_t[::1] way_country
    cdef const uint8_t[::1] way_home
    cdef const uint32_t[::1] as_of
    cdef uint8_t* state           # n_sessions rows of n_prefixes
    cdef uint8_t* voting
    cdef uint16_t* voting_sessions   # per AS
    cdef uint16_t* have
    cdef uint16_t* out
    cdef uint16_t* usual          # per prefix: ASes that vote and usually have a route
    cdef uint16_t* usual_total    # the same, whether they vote now or not
    cdef uint8_t* visible
    cdef uint32_t* last_heard
    cdef uint32_t* confirmed         # per session the second of its last table
    cdef uint32_t* gap_since         # per session the begin of its first gap since its last table; 0: none
    cdef uint32_t* table_gap         # the same as of its last table
    cdef uint32_t* back              # per session the end of its last gap; 0: none since its last table
    cdef uint32_t* blind_since       # per session since when nobody saw what it told in a gap; 0: somebody did
    cdef uint16_t* anew              # per prefix: ASes that announced it anew after a gap in which nobody saw
    cdef uint32_t* anew_since        # per prefix: since when nobody saw
    cdef uint16_t* origin_country    # per prefix: of the origin that was last taken for no stranger
    cdef uint8_t* covered            # per prefix: it has been visible; FOREIGN: over a unit for which it is a stranger
    cdef NumberMap foreign           # (prefix, unit): REFUSED while it does not count as cover there
    cdef uint32_t* unseen_since      # per prefix: what changes now may have changed since then; 0: is seen
    cdef uint32_t dark_since         # the second in which sight was lost; 0: it was not
    cdef uint32_t last_dark_since, last_dark_end
    cdef uint32_t back_until         # as long as what is heard may be about a gap
    cdef uint32_t gap_margin_s
    cdef uint8_t* touched
    cdef uint32_t* touched_list
    cdef uint32_t n_touched
    cdef uint32_t* changed           # prefixes that became visible or invisible in this second
    cdef uint32_t* changed_since
    cdef uint32_t n_changed
    cdef bint all_touched
    cdef uint32_t* session_list
    cdef uint32_t* session_start
    cdef NumberMap strangers
    cdef uint8_t* cover           # per unit: visible prefixes that cover it
    cdef readonly uint32_t known, expected, second
    cdef readonly bint started, view_unknown
    cdef double share_up, share_down, expected_share
    cdef bint among_usual
    cdef uint8_t shortest_cover
    cdef readonly ChangeList unit_changes, prefix_changes, doubts
    cdef readonly list view_changes
    cdef tuple last_view

    def __init__(self, *, hi, length, subject, prefix_country, unit_country, way_origin, way_country, way_home,
                 as_of, double visible_share, double visible_hysteresis, bint among_usual, double expected_share,
                 uint8_t shortest_cover, uint32_t gap_margin_s):
        """Columns by prefix number (`hi`, `length`; `subject`: 1 where changes are to be told; `prefix_country`),
        by /24 (`unit_country`), by way number (`way_origin`, `way_country` of the origin, `way_home`: 1 where the
        origin is itself asked about), and by session (`as_of`: dense number of its peer AS)."""
        cdef uint32_t i, s
        self.hi, self.length, self.subject, self.prefix_country = hi, length, subject, prefix_country
        self.unit_country = unit_country
        self.way_origin, self.way_country, self.way_home = way_origin, way_country, way_home
        self.as_of = as_of
        self.n_prefixes = len(hi)
        self.n_sessions = len(as_of)
        self.n_ases = int(max(as_of)) + 1 if len(as_of) else 0
        self.share_up, self.share_down = visible_share + visible_hysteresis, visible_share - visible_hysteresis
        self.among_usual, self.expected_share = among_usual, expected_share
        self.shortest_cover, self.gap_margin_s = shortest_cover, gap_margin_s
        self.state = <uint8_t*>calloc(max(<size_t>self.n_prefixes * self.n_sessions, 1), 1)
        self.voting = <uint8_t*>calloc(max(self.n_sessions, 1), 1)
        self.voting_sessions = <uint16_t*>calloc(max(self.n_ases, 1), sizeof(uint16_t))
        self.have = <uint16_t*>calloc(max(self.n_prefixes, 1), sizeof(uint16_t))
        self.out = <uint16_t*>calloc(max(self.n_prefixes, 1), sizeof(uint16_t))
        self.usual = <uint16_t*>calloc(max(self.n_prefixes, 1), sizeof(uint16_t))
        self.usual_total = <uint16_t*>calloc(max(self.n_prefixes, 1), sizeof(uint16_t))
        self.visible = <uint8_t*>calloc(max(self.n_prefixes, 1), 1)
        self.last_heard = <uint32_t*>calloc(max(self.n_prefixes, 1), sizeof(uint32_t))
        self.confirmed = <uint32_t*>calloc(max(self.n_sessions, 1), sizeof(uint32_t))
        self.gap_since = <uint32_t*>calloc(max(self.n_sessions, 1), sizeof(uint32_t))
        self.table_gap = <uint32_t*>calloc(max(self.n_sessions, 1), sizeof(uint32_t))
        self.back = <uint32_t*>calloc(max(self.n_sessions, 1), sizeof(uint32_t))
        self.blind_since = <uint32_t*>calloc(max(self.n_sessions, 1), sizeof(uint32_t))
        self.anew = <uint16_t*>calloc(max(self.n_prefixes, 1), sizeof(uint16_t))
        self.anew_since = <uint32_t*>calloc(max(self.n_prefixes, 1), sizeof(uint32_t))
        self.origin_country = <uint16_t*>calloc(max(self.n_prefixes, 1), sizeof(uint16_t))
        self.covered = <uint8_t*>calloc(max(self.n_prefixes, 1), 1)
        self.unseen_since = <uint32_t*>calloc(max(self.n_prefixes, 1), sizeof(uint32_t))
        self.touched = <uint8_t*>calloc(max(self.n_prefixes, 1), 1)
        self.touched_list = <uint32_t*>calloc(max(self.n_prefixes, 1), sizeof(uint32_t))
        self.changed = <uint32_t*>calloc(max(self.n_prefixes, 1), sizeof(uint32_t))
        self.changed_since = <uint32_t*>calloc(max(self.n_prefixes, 1), sizeof(uint32_t))
        self.session_list = <uint32_t*>calloc(max(self.n_sessions, 1), sizeof(uint32_t))
        self.session_start = <uint32_t*>calloc(self.n_ases + 1, sizeof(uint32_t))
        self.cover = <uint8_t*>calloc(1 << 24, 1)
        if (self.state == NULL or self.voting == NULL or self.voting_sessions == NULL or self.have == NULL
                or self.out == NULL or self.usual == NULL or self.usual_total == NULL or self.visible == NULL
                or self.last_heard == NULL or self.confirmed == NULL
                or self.gap_since == NULL or self.table_gap == NULL or self.unseen_since == NULL
                or self.back == NULL or self.blind_since == NULL or self.anew == NULL or self.anew_since == NULL
                or self.origin_country == NULL or self.covered == NULL
                or self.changed == NULL or self.changed_since == NULL
                or self.touched == NULL or self.touched_list == NULL or self.session_list == NULL
                or self.session_start == NULL or self.cover == NULL):
            raise MemoryError
        self.strangers, self.foreign = NumberMap(1024), NumberMap(1024)
        self.unit_changes, self.prefix_changes, self.doubts = ChangeList(), ChangeList(), ChangeList()
        self.view_changes = []
        for s in range(self.n_sessions):
            self.session_start[self.as_of[s] + 1] += 1
        for i in range(self.n_ases):
            self.session_start[i + 1] += self.session_start[i]
        fill = [self.session_start[i] for i in range(self.n_ases)]
        for s in range(self.n_sessions):
            self.session_list[fill[self.as_of[s]]] = s
            fill[self.as_of[s]] += 1

    def __dealloc__(self):
        free(self.state)
        free(self.voting)
        free(self.voting_sessions)
        free(self.have)
        free(self.out)
        free(self.usual)
        free(self.usual_total)
        free(self.visible)
        free(self.last_heard)
        free(self.confirmed)
        free(self.gap_since)
        free(self.table_gap)
        free(self.back)
        free(self.blind_since)
        free(self.anew)
        free(self.anew_since)
        free(self.origin_country)
        free(self.covered)
        free(self.unseen_since)
        free(self.touched)
        free(self.touched_list)
        free(self.changed)
        free(self.changed_since)
        free(self.session_list)
        free(self.session_start)
        free(self.cover)

    # -- what happens -------------------------------------------------------------------------------

    def flips(self, const uint32_t[::1] second, const uint8_t[::1] kind, const uint32_t[::1] session,
              const uint32_t[::1] prefix, const uint32_t[::1] way):
        """Events about one (session, prefix) each, in the order of time."""
        cdef Py_ssize_t i
        for i in range(second.shape[0]):
            if second[i] != self.second:
                self._judge(second[i])
            self._take(session[i], prefix[i], kind[i], way[i])

    def load(self, uint32_t session, const uint32_t[::1] ways):
        """A whole first table of a session, in place of all it said before; `ways` by prefix number."""
        cdef uint32_t p, known = min(<uint32_t>ways.shape[0], self.n_prefixes)
        cdef uint8_t new
        self.confirmed[session] = self.second
        for p in range(self.n_prefixes):
            new = self._judge_origin(p, ways[p], not self.started) if p < known and ways[p] else 0
            if self.state[<size_t>session * self.n_prefixes + p] & ~USUAL != new:
                self._set(session, p, new)
        self.back[session] = self.blind_since[session] = 0

    def leave_out_absent(self, uint32_t session):
        """What a session's table, cut off in the middle, does not hold is stale."""
        cdef uint32_t p
        for p in range(self.n_prefixes):
            if self.state[<size_t>session * self.n_prefixes + p] & (HAS | OUT | STRANGER) == 0:
                self._set(session, p, OUT)

    def at(self, uint32_t second):
        """What comes next happens in this second."""
        if second != self.second:
            self._judge(second)

    def set_voting(self, uint32_t session, bint votes):
        """A session's vote begins or ends to count."""
        cdef uint32_t a = self.as_of[session]
        cdef uint32_t p
        cdef uint8_t before, after
        if self.voting[session] == votes:
            return
        self.all_touched = True
        for p in range(self.n_prefixes):
            if self.voting_sessions[a] == 0 and self.state[<size_t>session * self.n_prefixes + p] == 0:
                continue
            before = self._as_state(a, p)
            self.voting[session] = votes
            after = self._as_state(a, p)
            self.voting[session] = not votes
            self._count(p, before, after)
        self.voting[session] = votes
        if votes:
            self.voting_sessions[a] += 1
            self.known += self.voting_sessions[a] == 1
        else:
            self.voting_sessions[a] -= 1
            self.known -= self.voting_sessions[a] == 0

    def gap_ended(self, uint32_t session, uint32_t gap_began):
        """A session is back from a gap: what others were heard about meanwhile is stale. Where nobody saw at some time
        of the gap, all it said before is unsure, and what was heard about shortly before is stale too. Call before it
        votes again."""
        cdef uint32_t p
        cdef uint8_t* cell
        # A table from within the gap knows what was flipped before it.
        cdef uint32_t since = max(gap_began, self.confirmed[session])
        cdef bint blind = self.view_unknown or self.last_dark_end > since
        if self.gap_since[session] == 0:
            self.gap_since[session] = since
        if blind:
            if self.blind_since[session] == 0:
                self.blind_since[session] = max(self.last_dark_since, self.confirmed[session])
            self.back[session] = self.second
            self.back_until = self.second + self.gap_margin_s
            since = max(gap_began - min(gap_began, self.gap_margin_s), self.confirmed[session])
        for p in range(self.n_prefixes):
            cell = &self.state[<size_t>session * self.n_prefixes + p]
            if blind:
                cell[0] |= UNSURE
            if self.last_heard[p] >= since and self.last_heard[p]:
                self._set(session, p, cell[0] | OUT)
                if blind:
                    self._unseen(p, self.blind_since[session])

    def table_taken(self, uint32_t session):
        """A new table of a session: nothing of it is stale any more."""
        self.confirmed[session] = self.second
        self.table_gap[session] = self.gap_since[session]
        self.gap_since[session] = 0
        self.forget_stale(session)

    def forget_stale(self, uint32_t session):
        """Nothing of a session is stale any more: it has a new table, or has left and will send all it has."""
        cdef uint32_t p
        cdef uint8_t state
        self.back[session] = self.blind_since[session] = 0
        for p in range(self.n_prefixes):
            state = self.state[<size_t>session * self.n_prefixes + p]
            if state & (OUT | UNSURE):
                self._set(session, p, state & ~(OUT | UNSURE))

    def set_expected(self, uint32_t expected):
        """How many distinct full-feed ASes the last 24 hours had."""
        if expected != self.expected:
            self.expected = expected
            self.all_touched = True

    def start(self):
        """All first tables are in: from now on changes are told. Returns which units are reachable (uint8)."""
        self._judge(self.second)
        self.started = True
        self.unit_changes, self.prefix_changes = ChangeList(), ChangeList()
        self.view_changes = [(self.second, self.known, self.expected, bool(self.view_unknown))]
        return (np.asarray(<uint8_t[:1 << 24]>self.cover) > 0).astype(np.uint8)

    def learn_usual(self):
        """Who has a route to a prefix now usually has one: of prefixes that are visible, or new to this."""
        cdef uint32_t p, s, a, k
        cdef uint8_t* cell
        cdef uint16_t total
        cdef bint usual
        self._judge(self.second)
        for p in range(self.n_prefixes):
            if not self.visible[p] and (self.usual_total[p] or self.have[p] < max(2.0, FEWEST_VIEWERS * self.known)):
                continue
            for s in range(self.n_sessions):
                cell = &self.state[<size_t>s * self.n_prefixes + p]
                # What a session that does not vote usually sees is what it saw when it did.
                if self.voting[s] and not cell[0] & OUT:
                    cell[0] = (cell[0] & ~USUAL) | (USUAL if cell[0] & HAS else 0)
            self.usual[p] = total = 0
            for a in range(self.n_ases):
                self.usual[p] += self._as_state(a, p) & AS_USUAL != 0
                usual = False
                for k in range(self.session_start[a], self.session_start[a + 1]):
                    usual |= self.state[<size_t>self.session_list[k] * self.n_prefixes + p] & USUAL != 0
                total += usual
            self.usual_total[p] = total
        self.all_touched = True

    def finish(self):
        """Judge the last second."""
        self._judge(self.second)

    def visible_now(self):
        """Which prefixes are visible now (uint8 by prefix number), a copy."""
        return np.asarray(<uint8_t[:max(self.n_prefixes, 1)]>self.visible).copy()[:self.n_prefixes]

    # -- votes --------------------------------------------------------------------------------------

    cdef int _take(self, uint32_t session, uint32_t p, uint8_t kind, uint32_t way) except -1:
        cdef uint8_t state = self.state[<size_t>session * self.n_prefixes + p]
        cdef uint8_t new
        if kind == STALE:
            new = state | OUT
        elif way == 0:
            new = 0
        elif kind == HEARD and state & (HAS | STRANGER):
            # The same way as before: a stranger stays one, however often it is heard.
            new = state & ~(OUT | UNSURE)
        else:
            new = self._judge_origin(p, way, not self.started)
        if self.voting[session] and (kind == FLIP or (state & UNSURE and (kind == HEARD or kind == TABLE_FLIP))):
            self.last_heard[p] = self.second
            if self.second <= self.back_until:
                self._doubt_others(session, p)
            if state & UNSURE and state & HAS and way and self.blind_since[session]:
                self._announced_anew(session, p)
        if (kind == TABLE_FLIP and self.voting[session] and self.table_gap[session]
                and self.confirmed[session] == self.second):
            # The table corrects what nobody told in the gap. Judged in this second, whether it counts or not.
            self._unseen(p, self.table_gap[session])
            self._touch(p)
        if new != state & ~USUAL:
            self._set(session, p, new)
        return 0

    cdef int _doubt_others(self, uint32_t heard, uint32_t p) except -1:
        """Somebody is heard about a prefix shortly after gaps: what those back from them said of it before is stale."""
        cdef uint32_t s
        cdef uint8_t state
        for s in range(self.n_sessions):
            if s == heard or self.back[s] == 0 or self.back[s] + self.gap_margin_s < self.second:
                continue
            state = self.state[<size_t>s * self.n_prefixes + p]
            if state & UNSURE and not state & OUT:
                self._set(s, p, state | OUT)
                if self.blind_since[s] and self.voting[s]:
                    self._unseen(p, self.blind_since[s])
                    self._touch(p)
        return 0

    cdef int _announced_anew(self, uint32_t session, uint32_t p) except -1:
        """A route is announced anew after a gap in which nobody saw: it may have been gone. Each AS counts once."""
        cdef uint32_t k, s, a = self.as_of[session]
        cdef uint8_t state
        for k in range(self.session_start[a], self.session_start[a + 1]):
            s = self.session_list[k]
            state = self.state[<size_t>s * self.n_prefixes + p]
            if s != session and self.voting[s] and state & HAS and not state & UNSURE:
                return 0
        if self.anew[p] == 0 or self.blind_since[session] < self.anew_since[p]:
            self.anew_since[p] = self.blind_since[session]
        self.anew[p] += 1
        self._touch(p)
        return 0

    cdef uint8_t _judge_origin(self, uint32_t p, uint32_t way, bint first) except? 255:
        """HAS, or STRANGER where the origin neither belongs to the prefix nor covered it before."""
        cdef uint64_t key
        cdef uint32_t verdict
        if self.way_home[way] or (self.prefix_country[p] and self.way_country[way] == self.prefix_country[p]):
            self.origin_country[p] = ANY_COUNTRY if self.way_home[way] else self.way_country[way]
            return HAS
        key = (<uint64_t>p << 32) | self.way_origin[way]
        verdict = self.strangers.get(key)
        if verdict == MISSING or (verdict == REFUSED and self._reachable(p)):
            verdict = ADMITTED if first or self._reachable(p) else REFUSED
            self.strangers.put(key, verdict)
        if verdict == REFUSED:
            return STRANGER
        self.origin_country[p] = self.way_country[way]
        return HAS

    cdef bint _reachable(self, uint32_t p) noexcept:
        """Whether at least half of the units below a prefix are reachable now."""
        cdef uint32_t first, n, i, reachable = 0
        if self.length[p] > 24:
            return self.cover[self.hi[p] >> 40] > 0
        first = <uint32_t>(self.hi[p] >> 40)
        n = 1 << (24 - self.length[p])
        for i in range(first, first + n):
            reachable += self.cover[i] > 0
        return 2 * reachable >= n

    cdef int _set(self, uint32_t session, uint32_t p, uint8_t new) except -1:
        """A session's new standing to a prefix; what is usual stays."""
        cdef uint32_t a = self.as_of[session]
        cdef uint8_t before, after
        cdef uint8_t* cell = &self.state[<size_t>session * self.n_prefixes + p]
        new |= cell[0] & USUAL
        if not self.voting[session]:
            cell[0] = new
            return 0
        before = self._as_state(a, p)
        cell[0] = new
        after = self._as_state(a, p)
        if before != after:
            self._count(p, before, after)
            self._touch(p)
        return 0

    cdef inline uint8_t _as_state(self, uint32_t a, uint32_t p) noexcept:
        """AS_HAS where any voting session has a route, AS_OUT where all voting sessions are stale; and AS_USUAL."""
        cdef uint32_t k, s
        cdef uint8_t state, usual = 0
        cdef bint any_voting = False, all_out = True, has = False
        for k in range(self.session_start[a], self.session_start[a + 1]):
            s = self.session_list[k]
            if not self.voting[s]:
                continue
            any_voting = True
            state = self.state[<size_t>s * self.n_prefixes + p]
            if not state & OUT:
                all_out = False
                has |= state & HAS
                if state & USUAL:
                    usual = AS_USUAL
        if has:
            return AS_HAS | usual
        return AS_OUT if any_voting and all_out else usual

    cdef inline void _count(self, uint32_t p, uint8_t before, uint8_t after) noexcept:
        self.have[p] += ((after & AS_HAS) != 0) - ((before & AS_HAS) != 0)
        self.out[p] += ((after & AS_OUT) != 0) - ((before & AS_OUT) != 0)
        self.usual[p] += ((after & AS_USUAL) != 0) - ((before & AS_USUAL) != 0)

    cdef inline void _unseen(self, uint32_t p, uint32_t since) noexcept:
        if self.unseen_since[p] == 0 or since < self.unseen_since[p]:
            self.unseen_since[p] = since

    cdef inline void _touch(self, uint32_t p) noexcept:
        if not self.touched[p]:
            self.touched[p] = 1
            self.touched_list[self.n_touched] = p
            self.n_touched += 1

    # -- judgement ----------------------------------------------------------------------------------

    cdef int _judge(self, uint32_t next_second) except -1:
        """The second is over: which prefixes have become visible or invisible?"""
        cdef uint32_t i, p
        cdef bint unknown = self.known < self.expected_share * self.expected or self.known == 0
        view = (self.second, self.known, self.expected, bool(unknown))
        if view[1:] != self.last_view:
            self.last_view = view[1:]
            self.view_changes.append(view)
        if unknown != self.view_unknown:
            self.view_unknown = unknown
            self.all_touched = True
            if unknown:
                self.dark_since = self.last_dark_since = self.second
                memset(self.anew, 0, self.n_prefixes * sizeof(uint16_t))
            else:
                self.last_dark_end = self.second
        if not unknown:
            self.n_changed = 0
            if self.all_touched:
                for p in range(self.n_prefixes):
                    self._judge_prefix(p)
                self.all_touched = False
            else:
                for i in range(self.n_touched):
                    self._judge_prefix(self.touched_list[i])
            for i in range(self.n_touched):
                self.touched[self.touched_list[i]] = 0
            self.n_touched = 0
            self._cover_all()
            self.dark_since = 0
        self.second = next_second
        return 0

    cdef int _judge_prefix(self, uint32_t p) except -1:
        cdef uint32_t votes = self.known - self.out[p], expected = self.expected
        cdef uint8_t visible
        cdef uint32_t since
        if self.anew[p] and self.visible[p] and self.anew[p] >= self.share_up * self.known:
            self.anew[p] = 0
            if self.subject[p] and self.started:
                self.doubts.add(self.second, p, 0, self.anew_since[p])
        if self.among_usual and self.usual_total[p]:
            votes, expected = self.usual[p], self.usual_total[p]
        if votes < self.expected_share * expected:
            self._unseen(p, self.dark_since if self.dark_since else self.second)
            return 0
        since = self.unseen_since[p]
        self.unseen_since[p] = 0
        # A share is compared as a share: 0.55 times 100 is more than 55.
        visible = (self.have[p] > 0
                   and <double>self.have[p] / votes >= (self.share_down if self.visible[p] else self.share_up))
        if visible == self.visible[p]:
            return 0
        self.visible[p] = visible
        if self.subject[p] and self.started:
            self.prefix_changes.add(self.second, p, 1 if visible else -1, since)
        if self.shortest_cover <= self.length[p] <= 24:
            self.changed[self.n_changed] = p
            self.changed_since[self.n_changed] = since
            self.n_changed += 1
        return 0

    cdef int _cover_all(self) except -1:
        """All prefixes that became visible or invisible in this second, together: their order must not matter."""
        cdef uint32_t i, at
        cdef bint unseen = False, visible
        cdef const int64_t[::1] order
        # Who is foreign where goes by what was reachable before this second.
        for i in range(self.n_changed):
            self._meet(self.changed[i])
            unseen |= self.changed_since[i] != 0
        if unseen:
            # A unit is back since the first of its covers may be, and gone since the last of them may be.
            since = np.asarray(<uint32_t[:self.n_changed]>self.changed_since)
            order = np.argsort(np.where(since == 0, self.second, since), kind="stable")
        # What one cover loses in the second in which another comes was never gone.
        for visible in (True, False):
            for i in range(self.n_changed):
                at = order[i] if unseen else i
                if self.visible[self.changed[at]] == visible:
                    self._cover(self.changed[at], self.changed_since[at])
        return 0

    cdef int _meet(self, uint32_t p) except -1:
        """Which units a prefix is no cover of, though it has become visible: those that were down when both met first,
        where its origin is of another country than the unit. When it comes again while such a unit is reachable, it
        is cover."""
        cdef uint32_t unit, last
        cdef uint64_t key
        cdef uint16_t country = self.origin_country[p]
        if not self.visible[p] or not self.started or country == ANY_COUNTRY:
            return 0
        if self.covered[p] & COVERED and not self.covered[p] & FOREIGN:
            return 0
        unit = <uint32_t>(self.hi[p] >> 40)
        last = unit + (1 << (24 - self.length[p]))
        while unit < last:
            if self.unit_country[unit] and self.unit_country[unit] != country:
                key = (<uint64_t>p << 32) | unit
                if not self.covered[p] & COVERED:
                    if self.cover[unit] == 0:
                        self.foreign.put(key, REFUSED)
                        self.covered[p] |= FOREIGN
                elif self.cover[unit] and self.foreign.get(key) == REFUSED:
                    self.foreign.put(key, ADMITTED)
            unit += 1
        return 0

    cdef int _cover(self, uint32_t p, uint32_t since) except -1:
        """The units below a prefix that became visible, or invisible."""
        cdef uint32_t unit = <uint32_t>(self.hi[p] >> 40)
        cdef uint32_t last = unit + (1 << (24 - self.length[p]))
        cdef bint told = self.started and self.subject[p]
        cdef bint foreign = self.covered[p] & FOREIGN
        self.covered[p] |= COVERED
        while unit < last:
            if foreign and self.foreign.get((<uint64_t>p << 32) | unit) == REFUSED:
                pass
            elif self.visible[p]:
                self.cover[unit] += 1
                if self.cover[unit] == 1 and told:
                    self.unit_changes.add(self.second, unit, 1, since)
            else:
                self.cover[unit] -= 1
                if self.cover[unit] == 0 and told:
                    self.unit_changes.add(self.second, unit, -1, since)
            unit += 1
        return 0
