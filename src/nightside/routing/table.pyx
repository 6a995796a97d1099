# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""What every session of one collector holds, and what changed: elements in, flips out.

A session's view of one family (a *feed*) is UNSEEN until a table holds it or a transfer of its own ends,
DOWN from the moment it leaves Established, in TRANSFER while its table comes in again, in the TAIL of a
transfer once 95 % of the former routes are back (the rest are stale until heard or until the tail ends),
else KNOWN. docs/definitions.md has the rules.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

import numpy as np

from nightside.routing.log cimport (
    FLIP, GAP_END, HEARD, KNOWN, LOAD, STALE, TABLE, TABLE_FLIP, TRANSFER_FLIP, UNKNOWN, EventLog,
)
from nightside.routing.prefixes cimport MISSING, PrefixIndex
from nightside.routing.ways cimport NO_AS, WayIndex

REASONS = ("", "session left Established", "no file from the collector", "silent and absent from the table")

cdef enum:
    # Phases of a feed.
    UNSEEN = 0
    ESTABLISHED = 1
    DOWN = 2
    TRANSFER = 3
    TAIL = 4
    # Element kinds (nightside.model.elements.Kind).
    ANNOUNCE = 1
    WITHDRAW = 2
    STATE = 3
    ROUTE = 4
    END_OF_RIB = 5
    # RFC 4271 section 8.2.2
    FSM_ESTABLISHED = 6
    REASON_STATE = 1
    REASON_GAP = 2
    REASON_SILENT = 3

cdef uint32_t WAY = 0x1FFFFFFF
# The route is from before the session went down and has not been heard in the transfer yet.
cdef uint32_t FORMER = 0x40000000
# Not heard since a gap.
cdef uint32_t UNCONFIRMED = 0x80000000

cdef struct Feed:
    uint8_t phase
    uint32_t held          # routes held now
    uint32_t former        # routes held when the session went down
    uint32_t resolved      # of these: heard again since
    uint32_t began         # second in which the transfer began
    uint32_t last_announced
    uint32_t last_heard
    uint32_t tail_ends
    uint32_t in_table      # routes of the table being read


cdef class CollectorTable:
    """The state of one collector. Feed it batches in the order of time, then `close`."""

    cdef PrefixIndex prefixes
    cdef WayIndex ways
    cdef readonly EventLog log
    cdef uint32_t** held
    cdef uint32_t* held_size
    cdef uint32_t** pending
    cdef uint32_t* pending_size
    cdef Feed* feeds
    cdef readonly uint32_t n_peers
    cdef uint32_t now
    cdef int transfers
    cdef bint table_open, table_ready, table_truncated
    cdef uint32_t table_from, table_to
    cdef uint32_t quiet_s, silent_s, margin_s
    cdef double back_share
    cdef uint16_t[::1] prefix_country
    cdef uint32_t[::1] ids
    cdef object touched_second, touched_peer, touched_prefix
    cdef readonly list loads
    cdef readonly list tables
    cdef readonly list transfer_ends
    cdef readonly long long out_of_time

    def __init__(self, PrefixIndex prefixes not None, WayIndex ways not None, *, transfer_quiet_s=30, silent_s=3600,
                 table_margin_s=60, transfer_back_share=0.95):
        self.prefixes = prefixes
        self.ways = ways
        self.log = EventLog()
        self.quiet_s = transfer_quiet_s
        self.silent_s = silent_s
        self.margin_s = table_margin_s
        self.back_share = transfer_back_share
        self.ids = np.empty(0, np.uint32)
        self.touched_second, self.touched_peer, self.touched_prefix = [], [], []
        self.loads = []
        self.tables = []
        self.transfer_ends = []

    def __dealloc__(self):
        cdef uint32_t i
        for i in range(self.n_peers):
            free(self.held[i])
            free(self.pending[i])
        free(self.held)
        free(self.held_size)
        free(self.pending)
        free(self.pending_size)
        free(self.feeds)

    # -- what comes in ------------------------------------------------------------------------------

    def apply(self, columns, uint32_t[::1] ids, uint16_t[::1] prefix_country, uint32_t n_peers, int64_t earliest_s,
              int64_t latest_s):
        """Take one batch of elements.

        `ids` are the prefixes' dense numbers, `prefix_country` the country of each dense number, `n_peers` how
        many peers the decoder knows by now. Elements outside [earliest_s, latest_s] are counted and left out.
        """
        cdef Py_ssize_t count = columns.count
        cdef const int64_t[::1] time_us = columns.time_us
        cdef const uint8_t[::1] kind = columns.kind
        cdef const uint8_t[::1] family = columns.family
        cdef const uint8_t[::1] flags = columns.flags
        cdef const uint32_t[::1] peer = columns.peer
        cdef const uint32_t[::1] origin = columns.origin
        cdef const uint32_t[::1] upstream = columns.upstream
        cdef const uint32_t[::1] path_start = columns.path_start
        cdef const uint16_t[::1] path_count = columns.path_count
        cdef const uint32_t[::1] paths = columns.paths
        cdef const uint8_t[::1] old_state = columns.old_state
        cdef const uint8_t[::1] new_state = columns.new_state
        cdef Py_ssize_t i
        cdef int64_t second_wide
        cdef uint32_t second, way, border
        self.prefix_country = prefix_country
        self._room_for_peers(n_peers)
        self._remember_touched(columns, ids, count)
        for i in range(count):
            second_wide = time_us[i] // 1000000
            if second_wide < earliest_s or second_wide > latest_s:
                self.out_of_time += 1
                continue
            second = <uint32_t>second_wide
            if kind[i] == ROUTE:
                way = self._way(ids[i], origin[i], upstream[i], flags[i], &paths[0], path_start[i], path_count[i])
                self._stage(peer[i], ids[i], way, second)
                continue
            if second > self.now:
                self._advance(second)
            if kind[i] == ANNOUNCE:
                way = self._way(ids[i], origin[i], upstream[i], flags[i], &paths[0], path_start[i], path_count[i])
                self._announce(peer[i], ids[i], way, second)
            elif kind[i] == WITHDRAW:
                self._withdraw(peer[i], ids[i], second)
            elif kind[i] == STATE:
                if new_state[i] == FSM_ESTABLISHED:
                    self._established(peer[i], second)
                else:
                    self._down(peer[i], second)
            elif kind[i] == END_OF_RIB:
                self._end_of_rib(peer[i], family[i], second)

    def table_done(self, bint truncated):
        """The file of a table has been read to its end (or to where it is cut off)."""
        if not self.table_open:
            return
        self.table_open = False
        self.table_ready = True
        self.table_truncated = truncated
        if self.now >= self.table_to:
            self._swap()

    def gap(self, uint32_t begin, uint32_t end):
        """No file covers the seconds from `begin` to `end`."""
        cdef uint32_t i, family
        cdef Feed* feed
        self._advance(begin)
        for i in range(self.n_peers):
            for family in range(2):
                feed = &self.feeds[2 * i + family]
                if feed.phase == ESTABLISHED or feed.phase == TAIL:
                    if feed.phase == TAIL:
                        self.transfers -= 1
                    feed.phase = ESTABLISHED
                    self.log.add(begin, UNKNOWN, i, 6 if family else 4, REASON_GAP)
                    self._mark_unconfirmed(i, 6 if family else 4)
                    self.log.add(end, GAP_END, i, 6 if family else 4, begin)
                elif feed.phase == TRANSFER:
                    # Part of the transfer was missed: only a table, or another session, can tell now.
                    self.transfers -= 1
                    feed.phase = UNSEEN
                    feed.former = feed.resolved = 0
        self.now = max(self.now, end)

    def close(self, uint32_t end):
        """The input ends at second `end`: end the transfers that are over by then."""
        self._advance(end)
        if self.table_ready:
            self._swap()

    # -- elements -----------------------------------------------------------------------------------

    cdef uint32_t _way(self, uint32_t id, uint32_t origin, uint32_t upstream, uint8_t flags, const uint32_t* paths,
                       uint32_t start, uint16_t length) except? 4294967295:
        cdef uint16_t country = self.prefix_country[id]
        cdef uint32_t border = NO_AS
        cdef uint32_t k
        if flags & 4:  # FLAG_NO_UPSTREAM
            upstream = NO_AS
        if country == 0:
            border = upstream
        else:
            k = length
            while k > 0:
                k -= 1
                if self.ways.country_of_as(paths[start + k]) != country:
                    border = paths[start + k]
                    break
        return self.ways.intern(origin, upstream, border)

    cdef int _announce(self, uint32_t peer, uint32_t id, uint32_t way, uint32_t second) except -1:
        cdef int v6 = self.prefixes.family[id] == 6
        cdef Feed* feed = &self.feeds[2 * peer + v6]
        cdef uint32_t value, old
        if feed.phase == DOWN:
            self._begin_transfer(feed, second)
        feed.last_heard = second
        self._room(peer, id)
        value = self.held[peer][id]
        old = value & WAY
        self.held[peer][id] = way
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
        cdef uint32_t value, old
        feed.last_heard = second
        if id >= self.held_size[peer]:
            return 0
        value = self.held[peer][id]
        old = value & WAY
        self.held[peer][id] = 0
        if old:
            feed.held -= 1
        if feed.phase == TRANSFER or feed.phase == TAIL or feed.phase == DOWN:
            if value & FORMER:
                feed.resolved += 1
            if old:
                self.log.add(second, TRANSFER_FLIP, peer, id, 0)
        elif old:
            self.log.add(second, FLIP, peer, id, 0)
        elif value & UNCONFIRMED:
            self.log.add(second, HEARD, peer, id, 0)
        return 0

    # -- sessions -----------------------------------------------------------------------------------

    cdef int _down(self, uint32_t peer, uint32_t second) except -1:
        cdef uint32_t family
        cdef Feed* feed
        for family in range(2):
            feed = &self.feeds[2 * peer + family]
            if feed.phase == DOWN:
                continue
            if feed.phase == ESTABLISHED or feed.phase == TAIL:
                self.log.add(second, UNKNOWN, peer, 6 if family else 4, REASON_STATE)
            if feed.phase == TRANSFER or feed.phase == TAIL:
                self.transfers -= 1
            if feed.phase == UNSEEN:
                # What it announced so far was no whole table: nothing to measure a return against.
                self._drop(peer, 6 if family else 4, second, False)
                feed.former = 0
            else:
                feed.former = self._mark_former(peer, 6 if family else 4)
            feed.resolved = 0
            feed.phase = DOWN
        return 0

    cdef int _established(self, uint32_t peer, uint32_t second) except -1:
        cdef uint32_t family
        # A session that comes up has left Established before, whether we saw that or not.
        self._down(peer, second)
        for family in range(2):
            self._begin_transfer(&self.feeds[2 * peer + family], second)
        return 0

    cdef void _begin_transfer(self, Feed* feed, uint32_t second) noexcept:
        feed.phase = TRANSFER
        feed.began = second
        feed.last_announced = 0
        self.transfers += 1

    cdef int _begin_tail(self, uint32_t peer, int v6, uint32_t second) except -1:
        cdef Feed* feed = &self.feeds[2 * peer + v6]
        cdef uint32_t id
        cdef uint32_t* row = self.held[peer]
        for id in range(min(self.held_size[peer], self.prefixes.count)):
            if row[id] & FORMER and (self.prefixes.family[id] == 6) == v6:
                self.log.add(second, STALE, peer, id, row[id] & WAY)
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
        cdef Feed* feed = &self.feeds[2 * peer + v6]
        cdef uint8_t phase = feed.phase
        self._drop(peer, 6 if v6 else 4, second, True)
        feed.phase = ESTABLISHED
        feed.former = feed.resolved = 0
        self.transfers -= 1
        self.transfer_ends.append((second, peer, 6 if v6 else 4, feed.held))
        if phase == TRANSFER:
            self.log.add(second, KNOWN, peer, 6 if v6 else 4, 0)
        return 0

    cdef int _advance(self, uint32_t second) except -1:
        """Let the time come that transfers end by quiet, and that a table is swapped in."""
        cdef uint32_t i, family, ends
        cdef Feed* feed
        if self.transfers:
            for i in range(self.n_peers):
                for family in range(2):
                    feed = &self.feeds[2 * i + family]
                    if feed.last_announced == 0:
                        continue
                    ends = feed.last_announced + self.quiet_s
                    if feed.phase == TAIL:
                        ends = min(ends, feed.tail_ends)
                        if second >= ends:
                            self._finish(i, family, ends)
                    elif feed.phase == TRANSFER and second >= ends:
                        # A pause with less than half of the table back is no end: unknown until more is heard.
                        if 2 * (feed.held - (feed.former - feed.resolved)) >= feed.former:
                            self._finish(i, family, ends)
        if self.table_ready and second >= self.table_to:
            self._swap()
        self.now = max(self.now, second)
        return 0

    # -- tables -------------------------------------------------------------------------------------

    cdef int _stage(self, uint32_t peer, uint32_t id, uint32_t way, uint32_t second) except -1:
        cdef Feed* feed = &self.feeds[2 * peer + (self.prefixes.family[id] == 6)]
        cdef uint32_t size
        cdef uint32_t* row
        if not self.table_open:
            if self.table_ready:
                self._swap()
            self.table_open = True
            self.table_from = self.table_to = second
        self.table_from = min(self.table_from, second)
        self.table_to = max(self.table_to, second)
        if id >= self.pending_size[peer]:
            size = max(id + 1, self.pending_size[peer] * 3 // 2, 1024)
            row = <uint32_t*>realloc(self.pending[peer], size * sizeof(uint32_t))
            if row == NULL:
                raise MemoryError
            memset(row + self.pending_size[peer], 0, (size - self.pending_size[peer]) * sizeof(uint32_t))
            self.pending[peer] = row
            self.pending_size[peer] = size
        if self.pending[peer][id] == 0:
            feed.in_table += 1
        self.pending[peer][id] = way
        return 0

    cdef int _swap(self) except -1:
        """Take over the table that was read, but where an update is as young as the table."""
        cdef uint32_t at = max(self.table_to, 1)
        cdef uint32_t i, family, number
        cdef Feed* feed
        counts = {}
        for i in range(self.n_peers):
            for family in range(2):
                if self.feeds[2 * i + family].in_table:
                    counts[(i, 6 if family else 4)] = self.feeds[2 * i + family].in_table
        self.tables.append((self.table_from, self.table_to, bool(self.table_truncated), counts))
        self.table_ready = False
        self._keep_touched()
        for i in range(self.n_peers):
            for family in range(2):
                feed = &self.feeds[2 * i + family]
                number = feed.in_table
                feed.in_table = 0
                if number == 0:
                    if (feed.phase == ESTABLISHED and feed.held and not self.table_truncated
                            and at >= feed.last_heard + self.silent_s):
                        self.log.add(at, UNKNOWN, i, 6 if family else 4, REASON_SILENT)
                        feed.phase = UNSEEN
                    continue
                if feed.phase == TRANSFER:
                    if (number < self.back_share * feed.former or feed.former == 0) and at < feed.began + self.silent_s:
                        continue
                    self.transfers -= 1
                elif feed.phase == TAIL:
                    self.transfers -= 1
                self._take_table(i, 6 if family else 4, at)
        for i in range(self.n_peers):
            free(self.pending[i])
            self.pending[i] = NULL
            self.pending_size[i] = 0
        return 0

    cdef int _take_table(self, uint32_t peer, uint8_t family, uint32_t at) except -1:
        cdef Feed* feed = &self.feeds[2 * peer + (family == 6)]
        cdef uint32_t id, value, new
        cdef uint8_t phase = feed.phase
        cdef bint known = phase == ESTABLISHED or phase == TAIL
        cdef uint32_t size = min(max(self.held_size[peer], self.pending_size[peer]), self.prefixes.count)
        if size:
            self._room(peer, size - 1)
        if known and not self.table_truncated:
            self.log.add(at, TABLE, peer, family, 0)
        for id in range(size):
            if self.prefixes.family[id] != family:
                continue
            new = self.pending[peer][id] if id < self.pending_size[peer] else 0
            value = self.held[peer][id]
            if new == 0 and self.table_truncated:
                continue
            self.held[peer][id] = new
            if (value & WAY) != new:
                feed.held += (new != 0) - ((value & WAY) != 0)
                if phase != UNSEEN:
                    self.log.add(at, TABLE_FLIP, peer, id, new)
            elif value & (UNCONFIRMED | FORMER) and self.table_truncated:
                self.log.add(at, HEARD, peer, id, new)
        if phase == UNSEEN:
            self.loads.append(np.asarray(<uint32_t[:size]>self.held[peer]) & WAY)
            self.log.add(at, LOAD, peer, family, <uint32_t>(len(self.loads) - 1))
        feed.phase = ESTABLISHED
        feed.former = feed.resolved = 0
        feed.last_heard = max(feed.last_heard, at)
        if not known:
            self.log.add(at, KNOWN, peer, family, 0)
        return 0

    def _remember_touched(self, columns, uint32_t[::1] ids, Py_ssize_t count):
        """Keep which (peer, prefix) the updates of late have named, for as long as a table may be older."""
        kinds = columns.kind[:count]
        update = (kinds == ANNOUNCE) | (kinds == WITHDRAW)
        if not update.any():
            return
        seconds = columns.time_us[:count][update] // 1000000
        self.touched_second.append(seconds)
        self.touched_peer.append(columns.peer[:count][update])
        self.touched_prefix.append(np.asarray(ids)[:count][update])
        # The next table may begin where these updates end; one in hand may be swapped in much later than it began.
        oldest = int(seconds[seconds.shape[0] - 1]) - 2 * self.margin_s
        if self.table_open or self.table_ready:
            oldest = min(oldest, int(self.table_from) - self.margin_s)
        while len(self.touched_second) > 1 and self.touched_second[0].max() < oldest:
            del self.touched_second[0], self.touched_peer[0], self.touched_prefix[0]

    cdef int _keep_touched(self) except -1:
        """Where an update is as young as the table, the updates' state stands in the table's place."""
        cdef int64_t since = <int64_t>self.table_from - self.margin_s
        cdef const uint32_t[::1] peers, ids
        cdef const int64_t[::1] seconds
        cdef Py_ssize_t i
        cdef uint32_t peer, id, current
        for batch in range(len(self.touched_second)):
            seconds = self.touched_second[batch]
            peers = self.touched_peer[batch]
            ids = self.touched_prefix[batch]
            for i in range(seconds.shape[0]):
                peer, id = peers[i], ids[i]
                # The batch at hand may hold updates that are still to come.
                if seconds[i] < since or seconds[i] > self.now:
                    continue
                current = self.held[peer][id] & WAY if id < self.held_size[peer] else 0
                if id < self.pending_size[peer]:
                    self.pending[peer][id] = current
                elif current:
                    self._stage_kept(peer, id, current)
        return 0

    cdef int _stage_kept(self, uint32_t peer, uint32_t id, uint32_t way) except -1:
        cdef uint32_t size = id + 1024
        cdef uint32_t* row = <uint32_t*>realloc(self.pending[peer], size * sizeof(uint32_t))
        if row == NULL:
            raise MemoryError
        memset(row + self.pending_size[peer], 0, (size - self.pending_size[peer]) * sizeof(uint32_t))
        self.pending[peer] = row
        self.pending_size[peer] = size
        row[id] = way
        return 0

    # -- rows ---------------------------------------------------------------------------------------

    cdef uint32_t _mark_former(self, uint32_t peer, uint8_t family) noexcept:
        cdef uint32_t id, marked = 0
        cdef uint32_t* row = self.held[peer]
        for id in range(min(self.held_size[peer], self.prefixes.count)):
            if self.prefixes.family[id] == family:
                row[id] &= WAY
                if row[id]:
                    row[id] |= FORMER
                    marked += 1
        return marked

    cdef int _mark_unconfirmed(self, uint32_t peer, uint8_t family) except -1:
        cdef uint32_t id
        if self.prefixes.count:
            self._room(peer, self.prefixes.count - 1)
        for id in range(min(self.held_size[peer], self.prefixes.count)):
            if self.prefixes.family[id] == family:
                self.held[peer][id] = (self.held[peer][id] & WAY) | UNCONFIRMED
        return 0

    cdef int _drop(self, uint32_t peer, uint8_t family, uint32_t second, bint only_former) except -1:
        """The routes that did not come back (or all) are gone."""
        cdef uint32_t id, value
        cdef Feed* feed = &self.feeds[2 * peer + (family == 6)]
        for id in range(min(self.held_size[peer], self.prefixes.count)):
            value = self.held[peer][id]
            if value & WAY and self.prefixes.family[id] == family and (value & FORMER or not only_former):
                self.held[peer][id] = 0
                feed.held -= 1
                self.log.add(second, TRANSFER_FLIP, peer, id, 0)
        return 0

    cdef int _room(self, uint32_t peer, uint32_t id) except -1:
        cdef uint32_t size
        cdef uint32_t* row
        if id < self.held_size[peer]:
            return 0
        size = max(id + 1, self.held_size[peer] * 3 // 2, 1024)
        row = <uint32_t*>realloc(self.held[peer], size * sizeof(uint32_t))
        if row == NULL:
            raise MemoryError
        memset(row + self.held_size[peer], 0, (size - self.held_size[peer]) * sizeof(uint32_t))
        self.held[peer] = row
        self.held_size[peer] = size
        return 0

    cdef int _room_for_peers(self, uint32_t n_peers) except -1:
        cdef void* grown
        cdef uint32_t i
        if n_peers <= self.n_peers:
            return 0
        grown = realloc(self.held, n_peers * sizeof(uint32_t*))
        if grown == NULL:
            raise MemoryError
        self.held = <uint32_t**>grown
        grown = realloc(self.held_size, n_peers * sizeof(uint32_t))
        if grown == NULL:
            raise MemoryError
        self.held_size = <uint32_t*>grown
        grown = realloc(self.pending, n_peers * sizeof(uint32_t*))
        if grown == NULL:
            raise MemoryError
        self.pending = <uint32_t**>grown
        grown = realloc(self.pending_size, n_peers * sizeof(uint32_t))
        if grown == NULL:
            raise MemoryError
        self.pending_size = <uint32_t*>grown
        grown = realloc(self.feeds, 2 * n_peers * sizeof(Feed))
        if grown == NULL:
            raise MemoryError
        self.feeds = <Feed*>grown
        for i in range(self.n_peers, n_peers):
            self.held[i] = NULL
            self.held_size[i] = 0
            self.pending[i] = NULL
            self.pending_size[i] = 0
            memset(&self.feeds[2 * i], 0, 2 * sizeof(Feed))
        self.n_peers = n_peers
        return 0

    # -- what one may ask ---------------------------------------------------------------------------

    def routes(self, uint32_t peer, const uint32_t[::1] ids):
        """The way of each of these prefixes at one peer now (uint32; 0: no route)."""
        cdef Py_ssize_t i
        cdef uint32_t[::1] out = np.zeros(ids.shape[0], np.uint32)
        for i in range(ids.shape[0]):
            if ids[i] < self.held_size[peer]:
                out[i] = self.held[peer][ids[i]] & WAY
        return np.asarray(out)

    def held_routes(self, uint32_t peer, uint8_t family):
        """How many routes a peer's session holds now."""
        return self.feeds[2 * peer + (family == 6)].held

    def standing(self, uint32_t peer, uint8_t family):
        """`known`, `transfer` (its table is coming in), or `unknown`."""
        cdef uint8_t phase = self.feeds[2 * peer + (family == 6)].phase
        if phase == ESTABLISHED or phase == TAIL:
            return "known"
        return "transfer" if phase == TRANSFER else "unknown"
