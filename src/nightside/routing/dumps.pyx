# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The tables of one collector: read beside the state, and swapped in whole when the updates have reached their end."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

import numpy as np

from nightside.routing.log cimport CUT, HEARD, KNOWN, LOAD, TABLE, TABLE_FLIP, UNKNOWN
from nightside.routing.path_ids cimport PathIds
from nightside.routing.places cimport NOT_ITSELF, Places, reach
from nightside.routing.rows cimport ELSEWHERE, FORMER, MOST, UNCONFIRMED, WAY, Choices, Rows, get, way_at, ways_of
from nightside.routing.sessions cimport DOWN, ESTABLISHED, SILENT_REASON, TAIL, TRANSFER, UNSEEN, Feed, Sessions

from nightside.routing.recent import RecentUpdates
from nightside.routing.saved import must
from nightside.routing.whole import BLOCK as WHOLE_BLOCK
from nightside.routing.whole import SMALL as WHOLE_SMALL
from nightside.routing.whole import ListedWhole, Whole, WayLists

cdef uint32_t BLOCK = WHOLE_BLOCK, SMALL = WHOLE_SMALL
cdef enum:
    SHARING = 4   # so many first tables at once are worth lists that they share


cdef class Dumps(Sessions):
    """Sessions, and the table that is being read, or waits for its time."""

    def __init__(self, uint32_t silent_s, uint32_t margin_s):
        choices = Choices()
        self.held, self.pending = Rows(choices), Rows(choices)
        self.pending_paths = {}
        self.silent_s, self.margin_s = silent_s, margin_s
        self.places = Places()
        self.recent = RecentUpdates()
        self.loads = {}
        self.tables = []

    cdef tuple _saved_dumps(self):
        """All of it, for pickle."""
        return (
            self._saved(), self.pending, self.pending_paths, bool(self.table_open), bool(self.table_ready),
            bool(self.table_truncated), self.table_from, self.table_to, self.last_swap, self.recent_from,
            self.table_first, self.place, self.silent_s, self.margin_s, self.recent, self.loads, self.n_loads, self.tables, self.places,
        )

    cdef int _restore_dumps(self, state) except -1:
        (saved, self.pending, self.pending_paths, self.table_open, self.table_ready, self.table_truncated,
         self.table_from, self.table_to, self.last_swap, self.recent_from, self.table_first, self.place, self.silent_s,
         self.margin_s, self.recent, self.loads, self.n_loads, self.tables, self.places) = state
        must(
            None not in (self.pending, self.pending_paths, self.places, self.loads, self.tables),
            "a part of a collector's state is missing",
        )
        self._restore(saved)
        self.pending.check()
        must(
            self.pending.choices is self.held.choices and len(self.held.choices.rows) == 2
            and self.held in self.held.choices.rows and self.pending in self.held.choices.rows,
            "a table's ways are not numbered as the state's",
        )
        must(self.recent.fits(self.n_peers, self.prefixes.count), "updates of sessions and prefixes that there are not")
        return 0

    cdef int _stage(self, uint32_t peer, uint32_t id, uint32_t way, uint32_t second) except -1:
        if not self.table_open:
            if self.table_ready:
                # The clock has come to its end, though no update told so.
                self._end_transfers(self.table_to)
                self._swap()
            self.table_open = True
            self.table_first = self.places.marked + self.place
            self.table_from = self.table_to = second
            self.recent_from = self._remembered_from()
            self.pending.room_for_peers(self.n_peers)
        elif self.pending.count < self.n_peers:
            self.pending.room_for_peers(self.n_peers)
        self.table_from = min(self.table_from, second)
        self.table_to = max(self.table_to, second)
        if get(self.pending, peer, id) == 0:
            self.feeds[2 * peer + (self.prefixes.family[id] == 6)].in_table += 1
        self.pending.put_way(peer, id, way)
        return 0

    cdef uint32_t _stage_path(self, uint32_t peer, uint32_t id, bint has_id, uint32_t path_id, uint32_t way) except? 0:
        """An entry of the table, or a withdrawal (`way` 0), among others of its prefix; returns the newest way then."""
        cdef uint32_t feed = 2 * peer + (self.prefixes.family[id] == 6)
        cdef PathIds paths = self.pending_paths.get(feed)
        if not has_id:
            if paths is not None:
                paths.forget(id)
            return way
        if paths is None:
            paths = self.pending_paths[feed] = PathIds()
        if way == 0:
            return paths.withdraw(id, path_id)
        paths.announce(id, path_id, way)
        return way

    cdef int _swap(self) except -1:
        """Take over the table that was read, but where an update is as young as the table."""
        # Nothing can have happened since a gap began but another table.
        cdef uint32_t before = max(self.before_gap, self.last_swap)
        cdef bint in_gap = self.gap_begin <= self.table_to and (
            self.away or (self.table_to < self.gap_end and before < self.gap_end)
        )
        # A table that comes late is news only now.
        cdef uint32_t at = max(self.table_to, before if in_gap else self.now, self.last_swap)
        cdef uint32_t i, v6, number
        cdef Feed* feed
        cdef uint64_t marked = self.places.marked
        self.last_swap = at
        self.table_ready = False
        reach(self.places, self.log, self.place | NOT_ITSELF)
        self.places.mark(self.table_first)
        self.pending.room_for_peers(self.n_peers)
        self._note_table()
        self._keep_recent()
        self.lists = None
        number = 0
        for i in range(2 * self.n_peers):
            number += self.feeds[i].phase == UNSEEN and self.feeds[i].in_table > 0
        if number >= SHARING and self.prefixes.count > SMALL:
            self.lists = WayLists(self._list_ways())
        for i in range(self.n_peers):
            for v6 in range(2):
                feed = &self.feeds[2 * i + v6]
                number = feed.in_table
                feed.in_table = 0
                if number == 0:
                    self._absent(i, v6, at)
                elif self._is_newer(feed, number, at):
                    self._take_table(i, 6 if v6 else 4, at, in_gap)
            self._forget_pending(i)
        self.lists = None
        reach(self.places, self.log, 0)
        self.places.mark(marked)
        return 0

    cdef int _note_table(self) except -1:
        cdef uint32_t i, v6
        counts = {}
        for i in range(self.n_peers):
            for v6 in range(2):
                if self.feeds[2 * i + v6].in_table:
                    counts[(i, 6 if v6 else 4)] = self.feeds[2 * i + v6].in_table
        self.tables.append((self.table_from, self.table_to, bool(self.table_truncated), counts))
        return 0

    cdef int64_t _remembered_from(self) noexcept:
        """So far back updates are remembered; of what is older nothing counts, in whatever batches it came."""
        # The next table may begin where the updates end. A gap moves the clock, but tells nothing.
        cdef int64_t heard = self.before_gap if self.now == self.gap_end else self.now
        return heard - 2 * <int64_t>self.margin_s

    cdef int _keep_recent(self) except -1:
        """Where an update is as young as the table, the updates' state stands in the table's place."""
        cdef const uint32_t[::1] peers, ids
        cdef Py_ssize_t i
        cdef uint32_t current, feed
        cdef PathIds paths
        oldest = max(<int64_t>self.table_from - self.margin_s, self.recent_from)
        for named in self.recent.since(oldest):
            peers, ids = named
            for i in range(peers.shape[0]):
                current = way_at(self.held, peers[i], ids[i])
                if current or get(self.pending, peers[i], ids[i]):
                    self.pending.put_way(peers[i], ids[i], current)
                if self.paths or self.pending_paths:
                    feed = 2 * peers[i] + (self.prefixes.family[ids[i]] == 6)
                    if feed in self.pending_paths or feed in self.paths:
                        paths = self.pending_paths.setdefault(feed, PathIds())
                        paths.copy(self.paths.get(feed), ids[i])
        return 0

    cdef int _absent(self, uint32_t peer, uint32_t v6, uint32_t at) except -1:
        """A session of which the table holds nothing."""
        cdef Feed* feed = &self.feeds[2 * peer + v6]
        if feed.phase == ESTABLISHED and not self.table_truncated and at >= feed.last_heard + self.silent_s:
            self.log.add(at, UNKNOWN, peer, 6 if v6 else 4, SILENT_REASON)
            self.latest[peer] = max(self.latest[peer], at)
            feed.phase = UNSEEN
        return 0

    cdef bint _is_newer(self, Feed* feed, uint32_t number, uint32_t at) noexcept:
        """Whether a table says more of a feed than is known without it; `number`: routes it has there."""
        if feed.went_down and feed.went_down + self.margin_s >= self.table_from:
            # It may have been dumped before the session left.
            return False
        if feed.phase == DOWN:
            return not self.table_truncated
        if feed.phase == TRANSFER:
            if self.table_truncated:
                return False
            return (feed.former and number >= self.back_share * feed.former) or at >= feed.began + self.silent_s
        return True

    cdef int _take_table(self, uint32_t peer, uint8_t family, uint32_t at, bint in_gap) except -1:
        cdef Feed* feed = &self.feeds[2 * peer + (family == 6)]
        cdef uint32_t id, way
        cdef uint8_t value, new
        cdef uint8_t phase = feed.phase
        cdef bint first = phase == UNSEEN, other
        cdef bint merged = self.table_truncated and not first
        cdef uint8_t flag = UNCONFIRMED if in_gap else 0
        cdef uint32_t size = min(max(self.held.size[peer], self.pending.size[peer]), self.prefixes.count)
        cdef uint8_t* row
        if size:
            self.held.room_for(peer, size - 1)
        row = self.held.row[peer]
        if not first and not merged:
            self.log.add(at, TABLE, peer, family, 0)
        for id in range(size):
            if self.prefixes.family[id] != family:
                continue
            new = get(self.pending, peer, id)
            value = row[id]
            if new == 0 and merged:
                continue
            # A way has one small number, or none.
            other = (value & WAY) != new
            if new == ELSEWHERE:
                way = way_at(self.pending, peer, id)
                other = way != way_at(self.held, peer, id)
                self.held.elsewhere.put((<uint64_t>peer << 32) | id, way)
            elif other and (value & WAY) == ELSEWHERE:
                other = way_at(self.pending, peer, id) != way_at(self.held, peer, id)
            row[id] = new | flag if new else 0
            if other:
                feed.held += (new != 0) - ((value & WAY) != 0)
                if not first:
                    self.log.add(at, TABLE_FLIP, peer, id, way_at(self.held, peer, id))
            elif merged and value & (UNCONFIRMED | FORMER):
                self.log.add(at, HEARD, peer, id, way_at(self.held, peer, id))
            if merged and value & FORMER:
                feed.resolved += 1
        if self.paths or self.pending_paths:
            self._take_paths(2 * peer + (family == 6), merged)
        feed.last_heard = max(feed.last_heard, at)
        self.latest[peer] = max(self.latest[peer], at)
        if merged:
            return 0
        if first:
            self.loads[self.n_loads] = self._whole(peer, size)
            self.log.add(at, LOAD, peer, family, self.n_loads)
            self.n_loads += 1
            if self.table_truncated:
                self.log.add(at, CUT, peer, family, 0)
        if phase == TRANSFER or phase == TAIL:
            self.transfers -= 1
        feed.phase = ESTABLISHED
        feed.former = feed.resolved = 0
        feed.missed = False
        feed.gapped = in_gap or self.table_truncated
        if phase == ESTABLISHED or phase == TAIL:
            return 0
        if in_gap:
            self._note_return(peer, family, at)
        else:
            self.log.add(at, KNOWN, peer, family, 0)
        return 0

    cdef object _whole(self, uint32_t peer, uint32_t size):
        """All that a session holds now."""
        cdef uint32_t id
        cdef uint32_t[::1] way
        cdef uint8_t[::1] small
        if self.lists is not None and size > SMALL:
            numbers = np.zeros(size, np.uint8)
            small = numbers
            apart = {}
            for id in range(size):
                small[id] = get(self.held, peer, id) & WAY
                if small[id] == ELSEWHERE:
                    small[id] = 0
                    apart[id] = way_at(self.held, peer, id)
            return ListedWhole(numbers, self.lists, apart)
        ways = np.zeros(size, np.uint32)
        way = ways
        for id in range(size):
            way[id] = way_at(self.held, peer, id)
        return Whole(ways)

    def _list_ways(self):
        """The ways of all prefixes now, as `WayLists` takes them."""
        cdef Choices choices = self.held.choices
        cdef uint32_t begin, id, k, n, at, last, end = self.prefixes.count
        cdef uint8_t[::1] count
        cdef uint32_t[::1] way
        for begin in range(0, end, BLOCK):
            last = min(begin + <uint32_t>BLOCK, end)
            counts = np.zeros(BLOCK, np.uint8)
            ways = np.empty(<size_t>BLOCK * MOST, np.uint32)
            count, way = counts, ways
            at = 0
            for id in range(begin, last):
                if id < choices.count and choices.size[id]:
                    n = min(1 << (choices.size[id] - 1), MOST)
                    while n and ways_of(choices, id)[n - 1] == 0:
                        n -= 1
                    for k in range(n):
                        way[at + k] = ways_of(choices, id)[k]
                    count[id - begin] = n
                    at += n
            yield counts, ways[:at]

    cdef int _take_paths(self, uint32_t feed, bint merged) except -1:
        """The paths with identifiers of a table that is taken over: in place of those before, or of what it names."""
        cdef PathIds paths, new = self.pending_paths.pop(feed, None)
        if not merged:
            self.paths.pop(feed, None)
            if new is not None:
                self.paths[feed] = new
        elif new is not None:
            paths = self.paths.setdefault(feed, PathIds())
            for id in new.prefixes():
                paths.copy(new, id)
        return 0

    cdef int _forget_pending(self, uint32_t peer) except -1:
        """What a table has of a session is taken, or of no use."""
        self.pending.clear(peer)
        if self.pending_paths:
            self.pending_paths.pop(2 * peer, None)
            self.pending_paths.pop(2 * peer + 1, None)
        return 0
