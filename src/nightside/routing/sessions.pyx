# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The sessions of one collector: what each holds, whether it is known, and what its transfers did.

A session's view of one family (a *feed*) is UNSEEN until a table holds it or a transfer of its own ends,
DOWN from the moment it leaves Established, in TRANSFER while its table comes in again, in the TAIL of a
transfer once 95 % of the former routes are back (the rest are stale until heard or until the tail ends),
else ESTABLISHED, which is known. docs/definitions.md has the rules.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

import numpy as np

from nightside.routing.log cimport FLIP, GAP_END, HEARD, KNOWN, STALE, TRANSFER_FLIP, UNKNOWN, EventLog
from nightside.routing.prefixes cimport PrefixIndex
from nightside.routing.rows cimport FORMER, UNCONFIRMED, WAY, Choices, Rows, get, way_at
from nightside.routing.saved import must
from nightside.routing.saved cimport memory_of, view_of


cdef class Sessions:
    """What sessions do to each other's silence is not here: see `routing.visibility`."""

    def __cinit__(self):
        self.log = EventLog()
        self.transfer_ends = []
        self.to_return = []
        self.paths = {}

    def __dealloc__(self):
        free(self.feeds)
        free(self.latest)

    cdef tuple _saved(self):
        """All of it, for pickle."""
        return (
            self.prefixes, self.log, self.held, self.n_peers,
            view_of(self.feeds, 2 * <size_t>self.n_peers * sizeof(Feed), np.uint8),
            view_of(self.latest, self.n_peers, np.uint32),
            self.now, self.gap_begin, self.gap_end, self.before_gap, bool(self.away), self.to_return,
            self.transfers, self.quiet_s, self.back_share, self.transfer_ends, self.paths,
        )

    cdef int _restore(self, state) except -1:
        cdef size_t size
        (self.prefixes, self.log, self.held, n_peers, feeds, latest, self.now, self.gap_begin, self.gap_end,
         self.before_gap, self.away, self.to_return, self.transfers, self.quiet_s, self.back_share,
         self.transfer_ends, self.paths) = state
        must(
            None not in (self.prefixes, self.log, self.held, self.to_return, self.transfer_ends, self.paths),
            "a part of a collector's sessions is missing",
        )
        must(self.held.count == n_peers, "rows of other sessions")
        self.held.check()
        size = 2 * <size_t>n_peers * sizeof(Feed)
        self.n_peers = 0
        free(self.feeds)
        self.feeds = NULL
        self.feeds = <Feed*>memory_of(feeds, np.uint8, size, size, "sessions' feeds")
        free(self.latest)
        self.latest = NULL
        self.latest = <uint32_t*>memory_of(latest, np.uint32, n_peers, n_peers, "sessions' seconds")
        self.n_peers = n_peers
        return 0

    # -- updates ------------------------------------------------------------------------------------

    cdef int _announce(self, uint32_t peer, uint32_t id, uint32_t way, uint32_t second) except -1:
        cdef int v6 = self.prefixes.family[id] == 6
        cdef Feed* feed = &self.feeds[2 * peer + v6]
        cdef uint32_t old
        cdef uint8_t value
        if feed.phase == DOWN:
            if feed.missed:
                # It came up within the gap, and so may have sent its table there.
                feed.phase = UNSEEN
                feed.former = feed.resolved = 0
            else:
                self._begin_transfer(feed, second)
        feed.last_heard = second
        value = get(self.held, peer, id)
        old = way_at(self.held, peer, id)
        if old != way or value & ~WAY:
            self.held.put_way(peer, id, way)
        if old == 0:
            feed.held += 1
        if feed.phase == TRANSFER or feed.phase == TAIL:
            feed.last_announced = second
            if value & FORMER:
                feed.resolved += 1
            if old != way:
                self.log.add(second, TRANSFER_FLIP, peer, id, way)
            elif value & FORMER and feed.phase == TAIL:
                self.log.add(second, HEARD, peer, id, way)
            if feed.phase == TRANSFER and feed.former and feed.resolved >= self.back_share * feed.former:
                self._begin_tail(peer, v6, second)
        elif old != way:
            self.log.add(second, FLIP, peer, id, way)
        elif value & UNCONFIRMED:
            self.log.add(second, HEARD, peer, id, way)
        return 0

    cdef int _withdraw(self, uint32_t peer, uint32_t id, uint32_t second) except -1:
        cdef int v6 = self.prefixes.family[id] == 6
        cdef Feed* feed = &self.feeds[2 * peer + v6]
        cdef uint8_t value = get(self.held, peer, id)
        feed.last_heard = second
        if value:
            self.held.row[peer][id] = 0
        if value & WAY:
            feed.held -= 1
            if feed.phase == TRANSFER or feed.phase == TAIL or feed.phase == DOWN:
                if value & FORMER:
                    feed.resolved += 1
                self.log.add(second, TRANSFER_FLIP, peer, id, 0)
            else:
                self.log.add(second, FLIP, peer, id, 0)
        elif feed.gapped:
            # What it never held may be stale too, where others flipped it during the gap.
            self.log.add(second, HEARD, peer, id, 0)
        return 0

    # -- coming and going ---------------------------------------------------------------------------

    cdef int _down(self, uint32_t peer, uint32_t second) except -1:
        cdef uint32_t v6
        cdef uint8_t family
        cdef Feed* feed
        for v6 in range(2):
            feed = &self.feeds[2 * peer + v6]
            family = 6 if v6 else 4
            if feed.phase == DOWN:
                continue
            if self.paths:
                # Another session gives its own identifiers.
                self.paths.pop(2 * peer + v6, None)
            if feed.phase == ESTABLISHED or feed.phase == TAIL:
                self.log.add(second, UNKNOWN, peer, family, STATE_REASON)
            if feed.phase == TRANSFER or feed.phase == TAIL:
                self.transfers -= 1
            if feed.phase == UNSEEN or (feed.phase == TRANSFER and feed.former == 0):
                # What it announced so far was no whole table: nothing to measure a return against.
                self._drop(peer, family, second, False)
                feed.former = 0
            else:
                feed.former = self._mark_former(peer, family)
            feed.resolved = 0
            feed.gapped = feed.missed = False
            feed.went_down = second
            feed.phase = DOWN
        return 0

    cdef int _established(self, uint32_t peer, uint32_t second) except -1:
        cdef uint32_t v6
        # A session that comes up has left Established before, whether we saw that or not.
        self._down(peer, second)
        for v6 in range(2):
            self._begin_transfer(&self.feeds[2 * peer + v6], second)
        return 0

    cdef void _begin_transfer(self, Feed* feed, uint32_t second) noexcept:
        feed.phase = TRANSFER
        feed.missed = False
        feed.began = second
        feed.last_announced = 0
        self.transfers += 1

    cdef int _begin_tail(self, uint32_t peer, int v6, uint32_t second) except -1:
        cdef Feed* feed = &self.feeds[2 * peer + v6]
        cdef uint32_t id
        cdef uint8_t* row = self.held.row[peer]
        for id in range(min(self.held.size[peer], self.prefixes.count)):
            if row[id] & FORMER and (self.prefixes.family[id] == 6) == v6:
                self.log.add(second, STALE, peer, id, way_at(self.held, peer, id))
        feed.phase = TAIL
        # At the pace so far the last twentieth takes a twentieth of the time; twice that is patience enough.
        feed.tail_ends = second + max(self.quiet_s, (second - feed.began) // 10)
        self.log.add(second, KNOWN, peer, 6 if v6 else 4, 0)
        return 0

    cdef int _end_of_rib(self, uint32_t peer, uint8_t family, uint32_t second) except -1:
        cdef Feed* feed = &self.feeds[2 * peer + (family == 6)]
        feed.last_heard = second
        if feed.phase == TRANSFER or feed.phase == TAIL:
            self._finish(peer, family == 6, second)
        return 0

    cdef int _finish(self, uint32_t peer, int v6, uint32_t second) except -1:
        """The transfer is over: what did not come back is gone."""
        cdef Feed* feed = &self.feeds[2 * peer + v6]
        cdef uint8_t phase = feed.phase
        self._drop(peer, 6 if v6 else 4, second, True)
        self.latest[peer] = max(self.latest[peer], second)
        feed.phase = ESTABLISHED
        feed.former = feed.resolved = 0
        self.transfers -= 1
        self.transfer_ends.append((second, peer, 6 if v6 else 4, feed.held))
        if phase == TRANSFER:
            self.log.add(second, KNOWN, peer, 6 if v6 else 4, 0)
        return 0

    cdef int _end_transfers(self, uint32_t second) except -1:
        """End what is over by quiet, or out of patience, at this second."""
        cdef uint32_t i, v6, ends
        cdef Feed* feed
        if not self.transfers:
            return 0
        for i in range(self.n_peers):
            for v6 in range(2):
                feed = &self.feeds[2 * i + v6]
                if feed.last_announced == 0:
                    continue
                ends = feed.last_announced + self.quiet_s
                if feed.phase == TAIL:
                    ends = min(ends, feed.tail_ends)
                    if second >= ends:
                        self._finish(i, v6, ends)
                elif feed.phase == TRANSFER and second >= ends:
                    # A pause with less than half of the table back is no end: unknown until more is heard.
                    if 2 * (feed.held - (feed.former - feed.resolved)) >= feed.former:
                        self._finish(i, v6, ends)
        return 0

    cdef int _enter_gap(self, uint32_t begin, uint32_t end) except -1:
        """Nothing is heard of anybody from `begin` to `end`; while `away` the end is not known yet."""
        cdef uint32_t i, v6
        cdef uint8_t family
        cdef Feed* feed
        for i in range(self.n_peers):
            for v6 in range(2):
                feed = &self.feeds[2 * i + v6]
                family = 6 if v6 else 4
                if feed.phase == ESTABLISHED or feed.phase == TAIL:
                    if feed.phase == TAIL:
                        self.transfers -= 1
                    feed.phase = ESTABLISHED
                    feed.former = feed.resolved = 0
                    feed.gapped = True
                    self._mark_unconfirmed(i, family)
                    self.log.add(begin, UNKNOWN, i, family, GAP_REASON)
                    self.gap_end = end
                    self._note_return(i, family, begin)
                elif feed.phase == TRANSFER:
                    # Part of the transfer was missed: only a table, or another session, can tell now.
                    self.transfers -= 1
                    feed.phase = UNSEEN
                    feed.former = feed.resolved = 0
                elif feed.phase == DOWN:
                    feed.missed = True
        self.gap_begin, self.gap_end, self.before_gap = begin, end, self.now
        self.now = max(self.now, end)
        return 0

    cdef int _note_return(self, uint32_t peer, uint8_t family, uint32_t begin) except -1:
        """A session is known again at the end of the gap."""
        if self.away:
            self.to_return.append((peer, family, begin))
        else:
            self.log.add(self.gap_end, GAP_END, peer, family, begin)
        return 0

    # -- whole rows ---------------------------------------------------------------------------------

    cdef uint32_t _mark_former(self, uint32_t peer, uint8_t family) noexcept:
        cdef uint32_t id, marked = 0
        cdef uint8_t* row = self.held.row[peer]
        for id in range(min(self.held.size[peer], self.prefixes.count)):
            if self.prefixes.family[id] == family:
                row[id] &= WAY
                if row[id]:
                    row[id] |= FORMER
                    marked += 1
        return marked

    cdef void _mark_unconfirmed(self, uint32_t peer, uint8_t family) noexcept:
        cdef uint32_t id
        cdef uint8_t* row = self.held.row[peer]
        for id in range(min(self.held.size[peer], self.prefixes.count)):
            if row[id] & WAY and self.prefixes.family[id] == family:
                row[id] = (row[id] & WAY) | UNCONFIRMED

    cdef int _drop(self, uint32_t peer, uint8_t family, uint32_t second, bint only_former) except -1:
        """The routes that did not come back (or all) are gone."""
        cdef uint32_t id
        cdef uint8_t value
        cdef uint8_t* row = self.held.row[peer]
        cdef Feed* feed = &self.feeds[2 * peer + (family == 6)]
        for id in range(min(self.held.size[peer], self.prefixes.count)):
            value = row[id]
            if value & WAY and self.prefixes.family[id] == family and (value & FORMER or not only_former):
                row[id] = 0
                feed.held -= 1
                self.log.add(second, TRANSFER_FLIP, peer, id, 0)
        return 0

    cdef int _room_for_peers(self, uint32_t n_peers) except -1:
        cdef void* grown
        if n_peers <= self.n_peers:
            return 0
        self.held.room_for_peers(n_peers)
        grown = realloc(self.latest, n_peers * sizeof(uint32_t))
        if grown == NULL:
            raise MemoryError
        self.latest = <uint32_t*>grown
        grown = realloc(self.feeds, 2 * <size_t>n_peers * sizeof(Feed))
        if grown == NULL:
            raise MemoryError
        self.feeds = <Feed*>grown
        memset(self.latest + self.n_peers, 0, (n_peers - self.n_peers) * sizeof(uint32_t))
        memset(self.feeds + 2 * self.n_peers, 0, 2 * <size_t>(n_peers - self.n_peers) * sizeof(Feed))
        self.n_peers = n_peers
        return 0
