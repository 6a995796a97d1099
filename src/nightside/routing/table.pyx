# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""What every session of one collector holds, and what changed: elements in, flips out.

What becomes of single sessions is in `routing.sessions`; here are the elements' ways, the bounds, and the
tables: read beside the state, and swapped in whole when the updates have reached their end.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

import copyreg

import numpy as np

from nightside.routing.log cimport CUT, GAP_END, HEARD, KNOWN, LOAD, TABLE, TABLE_FLIP, UNKNOWN
from nightside.routing.places cimport BEHIND, NOT_ITSELF, Places, reach
from nightside.routing.prefixes cimport PrefixIndex
from nightside.routing.rows cimport Rows, get, put
from nightside.routing.sessions cimport (
    DOWN, ESTABLISHED, FORMER, GAP_REASON, SILENT_REASON, TAIL, TRANSFER, UNCONFIRMED, UNSEEN, WAY, Feed, Sessions,
)
from nightside.routing.ways cimport NO_AS, WayIndex

from nightside.routing.recent import RecentUpdates
from nightside.routing.saved import must

REASONS = ("", "session left Established", "no file from the collector", "silent and absent from the table")
REASON_GAP = GAP_REASON

cdef enum:
    # Element kinds (nightside.model.elements.Kind).
    ANNOUNCE = 1
    WITHDRAW = 2
    STATE = 3
    ROUTE = 4
    END_OF_RIB = 5
    # nightside.model.elements.FLAG_NO_UPSTREAM
    NO_UPSTREAM = 4
    # RFC 4271 section 8.2.2
    FSM_ESTABLISHED = 6


cdef class CollectorTable(Sessions):
    """The state of one collector. Feed it batches in the order of time, then `close`."""

    cdef WayIndex ways
    cdef Rows pending
    cdef bint table_open, table_ready, table_truncated
    cdef uint32_t table_from, table_to, last_swap
    cdef uint64_t table_first   # the element that its table began with
    cdef uint16_t place         # of the element at hand
    cdef uint32_t silent_s, margin_s
    cdef const uint16_t[::1] prefix_country
    cdef object recent
    cdef readonly dict loads    # whole first tables by number; who has taken one over may take it out
    cdef uint32_t n_loads
    cdef readonly list tables
    cdef readonly Places places
    cdef readonly uint64_t elements
    cdef readonly long long out_of_time

    def __init__(self, PrefixIndex prefixes not None, WayIndex ways not None, *, transfer_quiet_s=30, silent_s=3600,
                 table_margin_s=60, transfer_back_share=0.95):
        self.prefixes = prefixes
        self.ways = ways
        self.pending = Rows()
        self.places = Places()
        self.quiet_s = transfer_quiet_s
        self.silent_s = silent_s
        self.margin_s = table_margin_s
        self.back_share = transfer_back_share
        self.recent = RecentUpdates()
        self.loads = {}
        self.tables = []

    def __reduce__(self):
        """A state between two batches; it shares the prefixes and ways with whoever is pickled beside it."""
        state = (
            self._saved(), self.ways, self.pending, bool(self.table_open), bool(self.table_ready),
            bool(self.table_truncated), self.table_from, self.table_to, self.last_swap, self.table_first, self.place,
            self.silent_s, self.margin_s, self.recent, self.loads, self.n_loads, self.tables, self.places,
            self.elements, self.out_of_time,
        )
        return copyreg.__newobj__, (CollectorTable,), state

    def __setstate__(self, state):
        (saved, self.ways, self.pending, self.table_open, self.table_ready, self.table_truncated, self.table_from,
         self.table_to, self.last_swap, self.table_first, self.place, self.silent_s, self.margin_s, self.recent,
         self.loads, self.n_loads, self.tables, self.places, self.elements, self.out_of_time) = state
        must(
            None not in (self.ways, self.pending, self.places, self.loads, self.tables),
            "a part of a collector's state is missing",
        )
        self._restore(saved)
        must(self.recent.fits(self.n_peers, self.prefixes.count), "updates of sessions and prefixes that there are not")

    # -- what comes in ------------------------------------------------------------------------------

    def apply(self, columns, const uint32_t[::1] ids, const uint16_t[::1] prefix_country, uint32_t n_peers,
              int64_t earliest_s, int64_t latest_s):
        """Take one batch of elements.

        `ids` are the prefixes' dense numbers, `prefix_country` the country of each dense number, `n_peers` how
        many peers the decoder knows by now. Elements outside [earliest_s, latest_s] are counted and left out. An
        element dated before its session's last one is taken as of that: bytes are in order, clocks step back.
        Raises IndexError where an element names a peer, prefix or path that is not there.
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
        cdef const uint8_t[::1] new_state = columns.new_state
        cdef Py_ssize_t i
        cdef int64_t wide
        cdef uint32_t second, way, prefixes
        if ids.shape[0] < count:
            raise IndexError("fewer prefix numbers than elements")
        self.prefix_country = prefix_country
        prefixes = min(self.prefixes.count, <uint32_t>prefix_country.shape[0])
        self._room_for_peers(n_peers)
        self._remember(columns, ids, earliest_s, latest_s)
        self._mark(0)
        for i in range(count):
            if self.place == BEHIND:
                self._mark(i)
            else:
                self.place += i > 0
            wide = time_us[i] // 1000000
            if wide < earliest_s or wide > latest_s:
                self.out_of_time += 1
                continue
            second = <uint32_t>wide
            if peer[i] >= self.n_peers:
                raise IndexError(f"element {i} is of peer {peer[i]} of {self.n_peers}")
            if kind[i] != STATE and kind[i] != END_OF_RIB:
                if ids[i] >= prefixes:
                    raise IndexError(f"element {i} is of prefix {ids[i]} of {prefixes}")
                if <size_t>path_start[i] + path_count[i] > <size_t>paths.shape[0] and kind[i] != WITHDRAW:
                    raise IndexError(f"the path of element {i} ends behind the paths")
            if kind[i] == ROUTE:
                way = self._way(ids[i], origin[i], upstream[i], flags[i], &paths[0] + path_start[i], path_count[i])
                self._stage(peer[i], ids[i], way, second)
                continue
            if second > self.now:
                self._advance(second)
            second = max(second, self.latest[peer[i]], self.gap_end)
            self.latest[peer[i]] = second
            reach(self.places, self.log, self.place | NOT_ITSELF)
            if kind[i] == ANNOUNCE:
                way = self._way(ids[i], origin[i], upstream[i], flags[i], &paths[0] + path_start[i], path_count[i])
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
            reach(self.places, self.log, self.place)
        self.elements += <uint64_t>count
        self._mark(0)

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
        """No file covers the seconds from `begin` to before `end`; nothing where there are none."""
        if end <= begin:
            return
        self._advance(begin)
        self._enter_gap(begin, end)
        if self.table_ready and self.table_to < end:
            self._swap()
        reach(self.places, self.log, self.place | NOT_ITSELF)

    def lost(self, uint32_t at):
        """From this second on nothing is heard of the collector: a `gap` whose end is not known yet."""
        if self.away:
            return
        self._advance(at)
        self.away = True
        self._enter_gap(at, at)
        reach(self.places, self.log, self.place | NOT_ITSELF)

    def back(self, uint32_t at):
        """The collector is heard again from this second on."""
        if not self.away:
            return
        at = max(at, self.gap_begin)
        if self.table_ready and self.table_to < at:
            self._swap()
        self.away = False
        self.gap_end = at
        self.now = max(self.now, at)
        for peer, family, begin in self.to_return:
            self._note_return(peer, family, begin)
        self.to_return.clear()
        reach(self.places, self.log, self.place | NOT_ITSELF)

    def come(self, uint32_t second):
        """This second has come, whether anybody was heard or not: transfers that are over by then end, and a table
        is taken over."""
        self._advance(second)
        reach(self.places, self.log, self.place | NOT_ITSELF)

    def close(self, uint32_t end):
        """The input ends at second `end`: end the transfers that are over by then."""
        self._advance(end)
        if self.table_ready:
            self._swap()
        reach(self.places, self.log, self.place | NOT_ITSELF)

    cdef int _mark(self, Py_ssize_t i) except -1:
        """Places count from this element of the batch at hand."""
        self.places.mark(self.elements + <uint64_t>i)
        self.place = 0
        return 0

    cdef int _advance(self, uint32_t second) except -1:
        """Let the time come that transfers end, and that a table is swapped in, in this order."""
        if self.table_ready and second >= self.table_to:
            self._end_transfers(self.table_to)
            self._swap()
        self._end_transfers(second)
        self.now = max(self.now, second)
        return 0

    cdef uint32_t _way(self, uint32_t id, uint32_t origin, uint32_t upstream, uint8_t flags, const uint32_t* path,
                       uint16_t length) except? 4294967295:
        cdef uint16_t country = self.prefix_country[id]
        cdef uint32_t border = NO_AS
        cdef uint32_t k = length
        if flags & NO_UPSTREAM:
            upstream = NO_AS
        if country == 0:
            border = upstream
        else:
            while k > 0:
                k -= 1
                if self.ways.country_of_as(path[k]) != country:
                    border = path[k]
                    break
        return self.ways.intern(origin, upstream, border)

    def _remember(self, columns, ids, earliest_s, latest_s):
        """Keep what the updates have named for as long as a table may be older than they are."""
        youngest = self.recent.add(columns, ids, earliest_s, latest_s)
        if youngest is None:
            return
        # The next table may begin where these updates end; one in hand may be swapped in much later than it began.
        oldest = youngest - 2 * self.margin_s
        if self.table_open or self.table_ready:
            oldest = min(oldest, <int64_t>self.table_from - self.margin_s)
        self.recent.forget(oldest)

    # -- tables -------------------------------------------------------------------------------------

    cdef int _stage(self, uint32_t peer, uint32_t id, uint32_t way, uint32_t second) except -1:
        if not self.table_open:
            if self.table_ready:
                self._swap()
            self.table_open = True
            self.table_first = self.places.marked + self.place
            self.table_from = self.table_to = second
            self.pending.room_for_peers(self.n_peers)
        elif self.pending.count < self.n_peers:
            self.pending.room_for_peers(self.n_peers)
        self.table_from = min(self.table_from, second)
        self.table_to = max(self.table_to, second)
        if get(self.pending, peer, id) == 0:
            self.feeds[2 * peer + (self.prefixes.family[id] == 6)].in_table += 1
        put(self.pending, peer, id, way)
        return 0

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
        for i in range(self.n_peers):
            for v6 in range(2):
                feed = &self.feeds[2 * i + v6]
                number = feed.in_table
                feed.in_table = 0
                if number == 0:
                    self._absent(i, v6, at)
                elif self._is_newer(feed, number, at):
                    self._take_table(i, 6 if v6 else 4, at, in_gap)
            self.pending.clear(i)
        reach(self.places, self.log, 0)
        self.places.mark(marked)
        return 0

    def fill(self, columns, const uint32_t[::1] ids, const uint16_t[::1] prefix_country, uint32_t at,
             const uint8_t[::1] anew, const uint64_t[::1] heard):
        """What a gap has hidden of the sessions that were known before it and are known now, as a table of the gap's
        end would say it; False, and nothing done, while a table is being read.

        `columns` are announcements and withdrawals, each (peer, prefix) once, of none that was heard since; `ids` and
        `prefix_country` as for `apply`. `anew`: by peer, 1 where its session came up in the gap, so that what it did
        not announce there is gone, but for what was heard since: `heard`, each as peer * 2**32 + prefix.
        Raises IndexError where an element names a peer, prefix or path that is not there.
        """
        cdef Py_ssize_t i, count = columns.count
        cdef const uint8_t[::1] kind = columns.kind
        cdef const uint8_t[::1] flags = columns.flags
        cdef const uint32_t[::1] peer = columns.peer
        cdef const uint32_t[::1] origin = columns.origin
        cdef const uint32_t[::1] upstream = columns.upstream
        cdef const uint32_t[::1] path_start = columns.path_start
        cdef const uint16_t[::1] path_count = columns.path_count
        cdef const uint32_t[::1] paths = columns.paths
        cdef uint32_t p, id, v6, way
        cdef Feed* feed
        if self.table_open or self.table_ready:
            return False
        if anew.shape[0] < self.n_peers or ids.shape[0] < count:
            raise IndexError("fewer marks than peers, or fewer prefix numbers than elements")
        for i in range(count):
            if peer[i] >= self.n_peers:
                raise IndexError(f"element {i} is of peer {peer[i]} of {self.n_peers}")
            if ids[i] >= min(self.prefixes.count, <uint32_t>prefix_country.shape[0]):
                raise IndexError(f"element {i} is of prefix {ids[i]}, which is not there")
            if kind[i] == ANNOUNCE and <size_t>path_start[i] + path_count[i] > <size_t>paths.shape[0]:
                raise IndexError(f"the path of element {i} ends behind the paths")
        at = max(at, self.now)
        self._advance(at)
        self.prefix_country = prefix_country
        self.table_truncated = False
        self.pending.room_for_peers(self.n_peers)
        for p in range(self.n_peers):
            if self._was_gapped(p) and not anew[p]:
                for id in range(min(self.held.size[p], self.prefixes.count)):
                    if self.held.row[p][id] & WAY:
                        put(self.pending, p, id, self.held.row[p][id] & WAY)
        for i in range(heard.shape[0]):
            p, id = <uint32_t>(heard[i] >> 32), <uint32_t>(heard[i] & 0xFFFFFFFF)
            if p < self.n_peers and anew[p] and get(self.held, p, id) & WAY:
                put(self.pending, p, id, get(self.held, p, id) & WAY)
        for i in range(count):
            way = 0
            if kind[i] == ANNOUNCE:
                way = self._way(ids[i], origin[i], upstream[i], flags[i], &paths[0] + path_start[i], path_count[i])
            put(self.pending, peer[i], ids[i], way)
        for p in range(self.n_peers):
            for v6 in range(2):
                feed = &self.feeds[2 * p + v6]
                if feed.phase == ESTABLISHED and feed.gapped:
                    self._take_table(p, 6 if v6 else 4, at, False)
            self.pending.clear(p)
        reach(self.places, self.log, self.place | NOT_ITSELF)
        return True

    cdef bint _was_gapped(self, uint32_t peer) noexcept:
        """Whether any of a peer's feeds is known, and was not heard whole since a gap."""
        cdef uint32_t v6
        for v6 in range(2):
            if self.feeds[2 * peer + v6].phase == ESTABLISHED and self.feeds[2 * peer + v6].gapped:
                return True
        return False

    cdef int _note_table(self) except -1:
        cdef uint32_t i, v6
        counts = {}
        for i in range(self.n_peers):
            for v6 in range(2):
                if self.feeds[2 * i + v6].in_table:
                    counts[(i, 6 if v6 else 4)] = self.feeds[2 * i + v6].in_table
        self.tables.append((self.table_from, self.table_to, bool(self.table_truncated), counts))
        return 0

    cdef int _keep_recent(self) except -1:
        """Where an update is as young as the table, the updates' state stands in the table's place."""
        cdef const uint32_t[::1] peers, ids
        cdef Py_ssize_t i
        cdef uint32_t current
        # The batch at hand may hold updates that are still to come.
        for named in self.recent.between(<int64_t>self.table_from - self.margin_s, self.now):
            peers, ids = named
            for i in range(peers.shape[0]):
                current = get(self.held, peers[i], ids[i]) & WAY
                if current or get(self.pending, peers[i], ids[i]):
                    put(self.pending, peers[i], ids[i], current)
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
        cdef uint32_t id, value, new
        cdef uint8_t phase = feed.phase
        cdef bint first = phase == UNSEEN
        cdef bint merged = self.table_truncated and not first
        cdef uint32_t flag = UNCONFIRMED if in_gap else 0
        cdef uint32_t size = min(max(self.held.size[peer], self.pending.size[peer]), self.prefixes.count)
        cdef uint32_t* row
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
            row[id] = new | flag if new else 0
            if (value & WAY) != new:
                feed.held += (new != 0) - ((value & WAY) != 0)
                if not first:
                    self.log.add(at, TABLE_FLIP, peer, id, new)
            elif merged and value & (UNCONFIRMED | FORMER):
                self.log.add(at, HEARD, peer, id, new)
            if merged and value & FORMER:
                feed.resolved += 1
        feed.last_heard = max(feed.last_heard, at)
        self.latest[peer] = max(self.latest[peer], at)
        if merged:
            return 0
        if first:
            self.loads[self.n_loads] = np.asarray(<uint32_t[:size]>row) & WAY
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

    # -- what one may ask ---------------------------------------------------------------------------

    def routes(self, uint32_t peer, const uint32_t[::1] ids):
        """The way of each of these prefixes at one peer now (uint32; 0: no route)."""
        cdef Py_ssize_t i
        cdef uint32_t[::1] out = np.zeros(ids.shape[0], np.uint32)
        self._must_have(peer)
        for i in range(ids.shape[0]):
            out[i] = get(self.held, peer, ids[i]) & WAY
        return np.asarray(out)

    def held_routes(self, uint32_t peer, uint8_t family):
        """How many routes a peer's session holds now."""
        self._must_have(peer)
        return self.feeds[2 * peer + (family == 6)].held

    def standing(self, uint32_t peer, uint8_t family):
        """`known`, `transfer` (its table is coming in), or `unknown`."""
        self._must_have(peer)
        cdef uint8_t phase = self.feeds[2 * peer + (family == 6)].phase
        if phase == ESTABLISHED or phase == TAIL:
            return "known"
        return "transfer" if phase == TRANSFER else "unknown"

    cdef int _must_have(self, uint32_t peer) except -1:
        if peer >= self.n_peers:
            raise IndexError(f"peer {peer} of {self.n_peers}")
        return 0
