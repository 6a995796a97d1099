# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Which prefixes are visible and which units are reachable, second by second, for one family.

Everything that happens in one second is taken together and judged at its end, so the order in which collectors are
read cannot matter. Who votes is `routing.votes`, what lies below a prefix `routing.cover`; docs/definitions.md has the
rules.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t

import copyreg

import numpy as np

from nightside.routing.changes cimport ChangeList
from nightside.routing.cover cimport Cover
from nightside.routing.log cimport FLIP, HEARD, STALE, TABLE_FLIP
from nightside.routing.soon cimport SOON
from nightside.routing.votes cimport AS_OUT, FOLLOWS, HAS, OUT, STRANGER, UNSURE, USUAL, Votes

from nightside.routing.saved import arrays_of, checked, must
from nightside.routing.votes import padded

# A prefix that fewer see is nobody's way in: only from so large a part of the ASes on is a view usual.
cdef double FEWEST_VIEWERS = 0.1

cdef enum:
    AHEAD = 16   # so many prefixes ahead memory is asked for


cdef class Visibility:
    """The judge of one family. Give it events in the order of time; read what changed."""

    cdef Votes votes
    cdef Cover cover
    cdef uint32_t n_prefixes, n_sessions
    cdef const uint8_t[::1] subject
    cdef uint8_t[::1] visible
    # By session.
    cdef uint32_t[::1] confirmed     # the second of its last table
    cdef uint32_t[::1] gap_since     # the begin of its first gap since its last table; 0: none
    cdef uint32_t[::1] table_gap     # the same as of its last table
    cdef uint32_t[::1] blind_since   # since when nobody saw in its first gap since its last table; 0: somebody did
    # By prefix.
    cdef uint32_t[::1] last_heard    # when somebody last told something new of it
    cdef uint32_t[::1] unseen_since  # what changes now may have changed since then; 0: is seen
    cdef uint16_t[::1] anew          # ASes that announced it anew after a gap in which nobody saw
    cdef uint32_t[::1] anew_since    # since when nobody saw
    cdef uint32_t[::1] anew_last     # when the last of them did
    cdef uint32_t[::1] changed       # when it last became visible, or invisible
    cdef uint32_t absent_since       # `unseen_since` of all that nobody has named yet
    cdef bint absent_touched         # and it has to be judged anew
    cdef uint32_t dark_since         # the second in which sight was lost; 0: it was not
    cdef bint blind                  # hardly anybody is known
    cdef uint32_t last_blind_since, last_blind_end
    cdef uint32_t n_unsure           # sessions that are unsure of something
    cdef uint32_t back_since         # when the gap in which nobody saw began that was over last
    cdef uint32_t back_until         # as long as what is heard may be about that gap
    cdef uint32_t gap_margin_s
    cdef readonly uint32_t expected, second
    cdef readonly bint view_unknown
    cdef double share_up, share_down, expected_share, blind_share
    cdef bint among_usual
    cdef readonly ChangeList prefix_changes, doubts
    cdef readonly list view_changes
    cdef tuple last_view

    def __init__(self, *, hi, length, subject, prefix_country, unit_country, way_origin, way_country, way_home,
                 as_of, double visible_share, double visible_hysteresis, bint among_usual, double expected_share,
                 double blind_share, uint8_t shortest_cover, uint32_t gap_margin_s):
        """Columns by prefix number (`hi`, `length`; `subject`: 1 where changes are to be told; `prefix_country`),
        by /24 (`unit_country`), by way number (`way_origin`, `way_country` of the origin, `way_home`: 1 where the
        origin is itself asked about), and by session (`as_of`: dense number of its peer AS)."""
        self.cover = Cover(
            hi=hi, length=length, subject=subject, prefix_country=prefix_country, unit_country=unit_country,
            way_origin=way_origin, way_country=way_country, way_home=way_home, shortest=shortest_cover,
        )
        self.votes = Votes(len(hi), as_of)
        self.n_prefixes, self.n_sessions = len(hi), len(as_of)
        self.subject = subject
        self.share_up, self.share_down = visible_share + visible_hysteresis, visible_share - visible_hysteresis
        self.among_usual, self.expected_share, self.blind_share = among_usual, expected_share, blind_share
        self.gap_margin_s = gap_margin_s
        self.visible = np.zeros(self.n_prefixes, np.uint8)
        self.confirmed, self.gap_since, self.table_gap = np.zeros((3, self.n_sessions), np.uint32)
        self.blind_since = np.zeros(self.n_sessions, np.uint32)
        self.last_heard, self.unseen_since, self.changed = np.zeros((3, self.n_prefixes), np.uint32)
        self.anew_since, self.anew_last = np.zeros((2, self.n_prefixes), np.uint32)
        self.anew = np.zeros(self.n_prefixes, np.uint16)
        self.prefix_changes, self.doubts = ChangeList(), ChangeList()
        self.view_changes = []

    def __reduce__(self):
        by_session = arrays_of(self.confirmed, self.gap_since, self.table_gap, self.blind_since)
        by_prefix = arrays_of(
            self.visible, self.anew, self.last_heard, self.unseen_since, self.anew_since, self.anew_last, self.changed,
        )
        state = (
            self.votes, self.cover, self.n_prefixes, self.n_sessions, *arrays_of(self.subject), by_session, by_prefix,
            (self.absent_since, bool(self.absent_touched), self.dark_since, bool(self.blind), self.last_blind_since,
             self.last_blind_end, self.n_unsure, self.back_since, self.back_until, self.gap_margin_s, self.expected,
             self.second, bool(self.view_unknown), self.share_up, self.share_down, self.expected_share,
             self.blind_share, bool(self.among_usual)),
            self.prefix_changes, self.doubts, self.view_changes, self.last_view,
        )
        return copyreg.__newobj__, (Visibility,), state

    def __setstate__(self, state):
        (self.votes, self.cover, self.n_prefixes, self.n_sessions, self.subject, by_session, by_prefix, numbers,
         self.prefix_changes, self.doubts, self.view_changes, self.last_view) = state
        must(
            None not in (self.votes, self.cover, self.prefix_changes, self.doubts, self.view_changes),
            "a part of the judge is missing",
        )
        must(self.subject.shape[0] >= <Py_ssize_t>self.n_prefixes, "fewer subjects")
        must(
            self.votes.n_prefixes == self.n_prefixes and self.votes.n_sessions == self.n_sessions,
            "votes of other sessions or prefixes",
        )
        self.cover.must_have(self.n_prefixes)
        self.confirmed, self.gap_since, self.table_gap, self.blind_since = (
            checked(column, np.uint32, self.n_sessions, "sessions") for column in by_session
        )
        visible, anew, *seconds = by_prefix
        self.visible = checked(visible, np.uint8, self.n_prefixes, "visible prefixes")
        self.anew = checked(anew, np.uint16, self.n_prefixes, "prefixes announced anew")
        self.last_heard, self.unseen_since, self.anew_since, self.anew_last, self.changed = (
            checked(column, np.uint32, self.n_prefixes, "prefixes' seconds") for column in seconds
        )
        (self.absent_since, self.absent_touched, self.dark_since, self.blind, self.last_blind_since,
         self.last_blind_end, self.n_unsure, self.back_since, self.back_until, self.gap_margin_s, self.expected,
         self.second, self.view_unknown, self.share_up, self.share_down, self.expected_share, self.blind_share,
         self.among_usual) = numbers

    def grow(self, uint32_t n_prefixes, as_of, **columns):
        """More prefixes, sessions or ways. All columns that `__init__` takes are given anew, of at least so many
        prefixes, with what was there before unchanged; `unit_country` stays. A second is not grown in the middle."""
        cdef uint32_t begin = self.n_prefixes
        self.cover.grow(n_prefixes, columns)
        self.votes.grow(n_prefixes, as_of)
        self.subject = columns["subject"]
        self.n_prefixes, self.n_sessions = n_prefixes, len(as_of)
        self.visible = padded(self.visible, n_prefixes)
        self.confirmed, self.gap_since = padded(self.confirmed, len(as_of)), padded(self.gap_since, len(as_of))
        self.table_gap, self.blind_since = padded(self.table_gap, len(as_of)), padded(self.blind_since, len(as_of))
        self.last_heard, self.changed = padded(self.last_heard, n_prefixes), padded(self.changed, n_prefixes)
        self.unseen_since, self.anew = padded(self.unseen_since, n_prefixes), padded(self.anew, n_prefixes)
        self.unseen_since[begin:n_prefixes] = self.absent_since
        self.anew_since = padded(self.anew_since, n_prefixes)
        self.anew_last = padded(self.anew_last, n_prefixes)

    @property
    def known(self):
        """How many ASes vote."""
        return self.votes.known

    @property
    def unit_changes(self):
        """Which units became reachable or unreachable."""
        return self.cover.changes

    # -- what happens -------------------------------------------------------------------------------

    def flips(self, const uint32_t[::1] second, const uint8_t[::1] kind, const uint32_t[::1] session,
              const uint32_t[::1] prefix, const uint32_t[::1] way):
        """Events about one (session, prefix) each, in the order of time; IndexError where one is not known."""
        cdef Py_ssize_t i, n_ways = self.cover.way_home.shape[0]
        for i in range(second.shape[0]):
            if session[i] >= self.n_sessions or prefix[i] >= self.n_prefixes or <Py_ssize_t>way[i] >= n_ways:
                raise IndexError(f"an event of session {session[i]}, prefix {prefix[i]} and way {way[i]}")
            if second[i] != self.second:
                self._judge(second[i])
            self._take(session[i], prefix[i], kind[i], way[i])

    def load(self, uint32_t session, const uint32_t[::1] ways, const uint8_t[::1] mine=None):
        """A whole first table of a session, in place of all it said before; `ways` by prefix number, of which only
        those count that are not 0 in `mine`."""
        self.load_part(session, ways, mine, 0, self.n_prefixes)
        self.loaded(session)

    def load_part(self, uint32_t session, const uint32_t[::1] ways, const uint8_t[::1] mine, uint32_t begin,
                  uint32_t end):
        """The same of the prefixes from `begin` to before `end`; `ways` are of these. When all are in: `loaded`."""
        cdef uint32_t known
        cdef const uint8_t* marks
        self._must_have(session)
        end = min(end, self.n_prefixes)
        if begin >= end:
            return
        known = min(<uint32_t>ways.shape[0], end - begin)
        if known and np.max(ways[:known]) >= self.cover.way_home.shape[0]:
            raise IndexError("a load with a way that is not known")
        if mine is not None and mine.shape[0] < <Py_ssize_t>begin + known:
            raise IndexError("a load of prefixes that are not marked")
        marks = &mine[begin] if known and mine is not None else NULL
        with nogil:
            self._load(session, &ways[0] if known else NULL, known, marks, begin, end - begin)

    def loaded(self, uint32_t session):
        """All of a session's first table has been taken over."""
        self._must_have(session)
        self.confirmed[session] = self.second
        self._sure(session)

    cdef int _load(self, uint32_t session, const uint32_t* ways, uint32_t known, const uint8_t* mine, uint32_t begin,
                   uint32_t count) except -1 nogil:
        cdef uint32_t i
        cdef uint8_t new
        cdef uint8_t* row = &self.votes.state[session, begin]
        cdef bint votes = self.votes.voting[session]
        for i in range(count):
            new = 0
            if i + AHEAD < known:
                SOON(&self.cover.way_origin[ways[i + AHEAD]])
            if i < known and ways[i] and (mine == NULL or mine[i]):
                new = self._standing(begin + i, ways[i])
            if row[i] & ~USUAL != new:
                if votes:
                    self.votes.set(session, begin + i, new)
                else:
                    row[i] = new | (row[i] & USUAL)
        return 0

    def leave_out_absent(self, uint32_t session):
        """What a session's table, cut off in the middle, does not hold is stale."""
        cdef uint32_t p
        self._must_have(session)
        for p in range(self.n_prefixes):
            if self.votes.state[session, p] & (HAS | OUT | STRANGER) == 0:
                self.votes.set(session, p, OUT)
        self.votes.absent[session] = OUT
        self.absent_touched = True

    def at(self, uint32_t second):
        """What comes next happens in this second."""
        if second != self.second:
            self._judge(second)

    def set_voting(self, uint32_t session, bint votes):
        """A session's vote begins or ends to count."""
        self._must_have(session)
        self.votes.set_voting(session, votes)

    def gap_ended(self, uint32_t session, uint32_t gap_began):
        """A session is back from a gap: what others were heard about meanwhile is stale, and where nobody saw at some
        time of the gap all it said before is unsure. Call before it votes again."""
        cdef uint32_t p
        self._must_have(session)
        # A table from within the gap knows what was flipped before it.
        cdef uint32_t since = max(gap_began, self.confirmed[session])
        # Where nobody ever saw before, with the gap itself.
        cdef uint32_t lost = self.last_blind_since or gap_began
        cdef uint32_t dark = max(lost, self.confirmed[session])
        cdef uint8_t state
        cdef bint blind = self.blind or self.last_blind_end > since
        if self.gap_since[session] == 0:
            self.gap_since[session] = since
        if blind:
            if self.blind_since[session] == 0:
                self.blind_since[session] = dark
                self.n_unsure += 1
            self.back_since = lost if self.second > self.back_until else min(self.back_since, lost)
            self.back_until = self.second + self.gap_margin_s
            self.votes.absent[session] |= UNSURE
            self.absent_touched = True
        with nogil:
            for p in range(self.n_prefixes):
                if blind:
                    state = self.votes.state[session, p] | UNSURE
                    if self.changed[p] and self.changed[p] >= dark:
                        state |= FOLLOWS
                    self.votes.set(session, p, state)
                if self.last_heard[p] >= since and self.last_heard[p]:
                    self.votes.set(session, p, self.votes.state[session, p] | OUT)

    def table_taken(self, uint32_t session):
        """A new table of a session: nothing of it is stale any more."""
        self._must_have(session)
        self.confirmed[session] = self.second
        self.table_gap[session] = self.gap_since[session]
        self.gap_since[session] = 0
        self.forget_stale(session)

    def forget_stale(self, uint32_t session):
        """Nothing of a session is stale any more: it has a new table, or has left and will send all it has."""
        cdef uint32_t p
        cdef uint8_t state
        self._must_have(session)
        self._sure(session)
        with nogil:
            for p in range(self.n_prefixes):
                state = self.votes.state[session, p]
                if state & (OUT | UNSURE):
                    self.votes.set(session, p, state & ~(OUT | UNSURE | FOLLOWS))

    def set_expected(self, uint32_t expected):
        """How many distinct full-feed ASes the last 24 hours had."""
        if expected != self.expected:
            self.expected = expected
            self.votes.all_touched = True

    def start(self):
        """All first tables are in: from now on changes are told. Returns which units are reachable (uint8)."""
        self._judge(self.second)
        self.cover.started = True
        self.view_changes = [(self.second, self.votes.known, self.expected, bool(self.view_unknown))]
        return (np.asarray(self.cover.covers) > 0).view(np.uint8)

    def learn_usual(self):
        """Who has a route to a prefix now usually has one: of prefixes that are visible, or new to this."""
        self._judge(self.second)
        self.votes.learn_usual(self.visible, FEWEST_VIEWERS)

    def finish(self):
        """Judge the last second."""
        self._judge(self.second)

    def visible_now(self):
        """Which prefixes are visible now (uint8 by prefix number), a copy."""
        return np.array(self.visible[:self.n_prefixes])

    cdef int _must_have(self, uint32_t session) except -1:
        if session >= self.n_sessions:
            raise IndexError(f"session {session} of {self.n_sessions}")
        return 0

    # -- what it does to votes ----------------------------------------------------------------------

    cdef int _take(self, uint32_t session, uint32_t p, uint8_t kind, uint32_t way) except -1:
        cdef uint8_t state = self.votes.state[session, p]
        cdef uint8_t new
        if kind == STALE:
            new = state | OUT
        elif way == 0:
            new = 0
        elif kind == HEARD and state & (HAS | STRANGER):
            # The same way as before: a stranger stays one, however often it is heard.
            new = state & ~(OUT | UNSURE | FOLLOWS)
        else:
            new = self._standing(p, way)
        if self.votes.voting[session]:
            if kind == FLIP or (state & UNSURE and (kind == HEARD or kind == TABLE_FLIP)):
                self.last_heard[p] = self.second
                if state & UNSURE and state & HAS and way and not self.votes.has_sure_sibling(session, p):
                    self._announced_anew(p, self.blind_since[session])
            if kind == TABLE_FLIP and self.table_gap[session] and self.confirmed[session] == self.second:
                # The table corrects what nobody told in the gap. Judged in this second, whether it counts or not.
                self._unseen(p, self.table_gap[session])
                self.votes.touch(p)
        if new != state & ~USUAL:
            self.votes.set(session, p, new)
        return 0

    cdef inline uint8_t _standing(self, uint32_t p, uint32_t way) except? 255 nogil:
        return STRANGER if self.cover.is_stranger(p, way) else HAS

    cdef int _announced_anew(self, uint32_t p, uint32_t since) except -1:
        """One AS more announces a route anew after a gap in which nobody saw: it may have been gone."""
        if self.changed[p] >= since:
            # It was seen to be gone.
            return 0
        if self.second > self.anew_last[p] + self.gap_margin_s:
            # What comes back from one loss comes back together.
            self.anew[p] = 0
        self.anew_last[p] = self.second
        if self.anew[p] == 0 or since < self.anew_since[p]:
            self.anew_since[p] = since
        self.anew[p] += 1
        self.votes.touch(p)
        return 0

    cdef void _sure(self, uint32_t session) noexcept:
        """Nothing that a session says, or does not name, is stale or unsure any more."""
        self.votes.absent[session] = 0
        self.absent_touched = True
        if self.blind_since[session]:
            self.blind_since[session] = 0
            self.n_unsure -= 1

    cdef inline void _unseen(self, uint32_t p, uint32_t since) noexcept:
        if self.unseen_since[p] == 0 or since < self.unseen_since[p]:
            self.unseen_since[p] = since

    # -- judgement ----------------------------------------------------------------------------------

    cdef int _judge(self, uint32_t next_second) except -1:
        """The second is over: which prefixes have become visible or invisible?"""
        cdef Votes votes = self.votes
        cdef uint32_t i, p
        cdef bint unknown = votes.known < self.expected_share * self.expected or votes.known == 0
        cdef bint blind = votes.known < self.blind_share * self.expected or votes.known == 0
        view = (self.second, votes.known, self.expected, bool(unknown))
        if view[1:] != self.last_view:
            self.last_view = view[1:]
            self.view_changes.append(view)
        if unknown != self.view_unknown:
            self.view_unknown = unknown
            votes.all_touched = True
            if unknown:
                self.dark_since = self.second
        if blind != self.blind:
            self.blind = blind
            if blind:
                self.last_blind_since = self.second
                self.anew[:] = 0
            else:
                self.last_blind_end = self.second
        if not unknown:
            if votes.all_touched or self.absent_touched:
                self._judge_absent()
            if votes.all_touched:
                for p in range(self.n_prefixes):
                    self._judge_prefix(p)
                votes.all_touched = False
            else:
                for i in range(votes.n_touched):
                    self._judge_prefix(votes.touched_list[i])
            for i in range(votes.n_touched):
                votes.touched[votes.touched_list[i]] = 0
            votes.n_touched = 0
            self.cover.apply(self.visible, self.second)
            self.dark_since = 0
        self.second = next_second
        return 0

    cdef int _judge_absent(self) except -1:
        """What nobody has named yet is invisible; since when may that have changed?"""
        self.absent_touched = False
        if self.votes.known - self.votes.absent_ases(AS_OUT) >= self.expected_share * self.expected:
            self.absent_since = 0
        elif self.absent_since == 0:
            self.absent_since = self.dark_since if self.dark_since else self.second
        return 0

    cdef int _judge_prefix(self, uint32_t p) except -1:
        cdef Votes all_votes = self.votes
        cdef uint32_t votes = all_votes.known - all_votes.out[p], expected = self.expected
        cdef uint32_t have = all_votes.have[p], since
        cdef bint told = self.subject[p] and self.cover.started
        cdef uint8_t visible
        if self.anew[p] and self.visible[p] and self.anew[p] >= self.share_up * all_votes.known:
            self.anew[p] = 0
            if told:
                self.doubts.add(self.second, p, 0, self.anew_since[p])
        if self.among_usual and all_votes.usual_total[p]:
            votes, expected = all_votes.usual[p], all_votes.usual_total[p]
        if votes < self.expected_share * expected:
            self._unseen(p, self.dark_since if self.dark_since else self.second)
            return 0
        since = self.unseen_since[p]
        self.unseen_since[p] = 0
        if all_votes.follows[p]:
            # What it became since nobody saw, those may have said too who were not heard since.
            have -= all_votes.follows_have[p]
            if self.visible[p]:
                have = min(have + all_votes.follows[p], votes)
        if all_votes.unsure[p] and self.second <= self.back_until and since == 0 and self.changed[p] < self.back_since:
            # What changes beside a gap in which nobody saw may have changed within it.
            since = self.back_since
        # A share is compared as a share: 0.55 times 100 is more than 55.
        visible = have > 0 and <double>have / votes >= (self.share_down if self.visible[p] else self.share_up)
        if visible == self.visible[p]:
            return 0
        self.visible[p] = visible
        self.changed[p] = self.second
        self.anew[p] = 0
        if self.n_unsure:
            all_votes.follow(p)
        if told:
            self.prefix_changes.add(self.second, p, 1 if visible else -1, since)
        self.cover.change(p, since)
        return 0
