# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""What every session of one collector holds, and what changed: elements in, flips out.

What becomes of single sessions is in `routing.sessions`, of tables in `routing.dumps`; here are the elements, and
what is asked.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc

import copyreg

import numpy as np

from nightside.routing.dumps cimport Dumps
from nightside.routing.path_ids cimport PathIds
from nightside.routing.places cimport BEHIND, NOT_ITSELF, reach
from nightside.routing.prefixes cimport PrefixIndex
from nightside.routing.rows cimport WAY, Choices, get, way_at, ways_of
from nightside.routing.soon cimport SOON
from nightside.routing.sessions cimport ESTABLISHED, GAP_REASON, TAIL, TRANSFER, Feed
from nightside.routing.ways cimport Routes, WayIndex

from nightside.routing.saved import must

REASONS = ("", "session left Established", "no file from the collector", "silent and absent from the table")
REASON_GAP = GAP_REASON

cdef enum:
    # Element kinds (nightside.model.elements.Kind); NOTHING is left out.
    NOTHING = 0
    ANNOUNCE = 1
    WITHDRAW = 2
    STATE = 3
    ROUTE = 4
    END_OF_RIB = 5
    # nightside.model.elements: FLAG_LOCAL, FLAG_PATH_ID
    LOCAL = 8
    HAS_PATH_ID = 16
    # RFC 4271 section 8.2.2
    FSM_ESTABLISHED = 6
    AHEAD = 8   # so many elements ahead memory is asked for, what it points to; twice as many, what points


cdef class CollectorTable(Dumps):
    """The state of one collector. Feed it batches in the order of time, then `close`."""

    cdef WayIndex ways
    # Of the elements of the batch at hand: kind, second and way.
    cdef uint8_t* kind
    cdef uint32_t* second
    cdef uint32_t* way
    cdef Py_ssize_t room
    cdef readonly uint64_t elements
    cdef readonly long long out_of_time

    def __init__(self, PrefixIndex prefixes not None, WayIndex ways not None, *, transfer_quiet_s=30, silent_s=3600,
                 table_margin_s=60, transfer_back_share=0.95):
        super().__init__(silent_s, table_margin_s)
        self.prefixes = prefixes
        self.ways = ways
        self.quiet_s = transfer_quiet_s
        self.back_share = transfer_back_share

    def __dealloc__(self):
        free(self.kind)
        free(self.second)
        free(self.way)

    def __reduce__(self):
        """A state between two batches; it shares the prefixes and ways with whoever is pickled beside it."""
        state = (self._saved_dumps(), self.ways, self.elements, self.out_of_time)
        return copyreg.__newobj__, (CollectorTable,), state

    def __setstate__(self, state):
        saved, self.ways, self.elements, self.out_of_time = state
        must(self.ways is not None, "a part of a collector's state is missing")
        self._restore_dumps(saved)

    # -- what comes in ------------------------------------------------------------------------------

    def apply(self, columns, const uint32_t[::1] ids, const uint16_t[::1] prefix_country, uint32_t n_peers,
              int64_t earliest_s, int64_t latest_s):
        """Take one batch of elements.

        `ids` are the prefixes' dense numbers, `prefix_country` the country of each dense number, `n_peers` how
        many peers the decoder knows by now. Elements outside [earliest_s, latest_s] are counted and left out. An
        element dated before its session's last one is taken as of that: bytes are in order, clocks step back.
        Raises IndexError where an element names a peer, prefix or path that is not there.
        """
        cdef Py_ssize_t i, count = columns.count, remembered = 0
        cdef const uint8_t[::1] family = columns.family
        cdef const uint8_t[::1] flags = columns.flags
        cdef const uint32_t[::1] peer = columns.peer
        cdef const uint8_t[::1] new_state = columns.new_state
        cdef const uint32_t[::1] path_id = None
        cdef uint32_t second
        cdef uint8_t kind
        cdef uint32_t size
        cdef Choices choices
        cdef bint plain
        if ids.shape[0] < count:
            raise IndexError("fewer prefix numbers than elements")
        self._room_for_peers(n_peers)
        plain = self._look_at(columns, ids, prefix_country, earliest_s, latest_s)
        if not plain:
            path_id = columns.path_id
        self._mark(0)
        # Only what may be read already: it is enough for all but the newest prefixes.
        choices = self.held.choices
        size = choices.count
        for i in range(count):
            if self.place == BEHIND:
                self._mark(i)
            else:
                self.place += i > 0
            # Not in a function of its own: compilers take such for one that does nothing.
            if i + 2 * AHEAD < count and ids[i + 2 * AHEAD] < size:
                if self.kind[i + 2 * AHEAD] != NOTHING and ids[i + 2 * AHEAD] < self.held.size[peer[i + 2 * AHEAD]]:
                    SOON(&self.held.row[peer[i + 2 * AHEAD]][ids[i + 2 * AHEAD]])
                SOON(&choices.list[ids[i + 2 * AHEAD]])
                SOON(&choices.size[ids[i + 2 * AHEAD]])
            if i + AHEAD < count and ids[i + AHEAD] < size and choices.size[ids[i + AHEAD]]:
                SOON(ways_of(choices, ids[i + AHEAD]))
            kind = self.kind[i]
            if kind == NOTHING:
                continue
            second = self.second[i]
            if kind == ROUTE:
                if self.table_ready:
                    remembered = self._remember(peer, ids, remembered, i)
                self._stage(peer[i], ids[i], self.way[i], second)
                if not plain or self.pending_paths:
                    self._stage_path(peer[i], ids[i], flags[i] & HAS_PATH_ID, 0 if plain else path_id[i], self.way[i])
                continue
            if second > self.now:
                if self.table_ready and second >= self.table_to:
                    remembered = self._remember(peer, ids, remembered, i)
                self._advance(second)
                reach(self.places, self.log, self.place | NOT_ITSELF)
            second = max(second, self.latest[peer[i]], self.gap_end)
            self.latest[peer[i]] = second
            if kind == ANNOUNCE or kind == WITHDRAW:
                if not plain or self.paths:
                    kind = self._path(peer[i], ids[i], kind, flags[i] & HAS_PATH_ID, 0 if plain else path_id[i], &self.way[i])
                if kind == ANNOUNCE:
                    self._announce(peer[i], ids[i], self.way[i], second)
                else:
                    self._withdraw(peer[i], ids[i], second)
            elif kind == STATE:
                if new_state[i] == FSM_ESTABLISHED:
                    self._established(peer[i], second)
                else:
                    self._down(peer[i], second)
            elif kind == END_OF_RIB:
                self._end_of_rib(peer[i], family[i], second)
            reach(self.places, self.log, self.place)
        self._remember(peer, ids, remembered, count)
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

    # -- the elements of a batch --------------------------------------------------------------------

    cdef bint _look_at(self, columns, const uint32_t[::1] ids, const uint16_t[::1] prefix_country, int64_t earliest_s,
                       int64_t latest_s) except -1:
        """Fill `kind`, `second` and `way`; whether none has a path identifier.

        Elements out of time, and those that the collector itself sent, are NOTHING.
        """
        cdef Py_ssize_t i, count = columns.count
        cdef const int64_t[::1] time_us = columns.time_us
        cdef const uint8_t[::1] kind = columns.kind
        cdef const uint8_t[::1] flags = columns.flags
        cdef const uint32_t[::1] peer = columns.peer
        cdef int64_t wide
        cdef uint32_t prefixes = min(self.prefixes.count, <uint32_t>prefix_country.shape[0])
        cdef bint plain = True
        self._room_for_batch(count)
        for i in range(count):
            wide = time_us[i] // 1000000
            self.kind[i] = NOTHING
            if wide < earliest_s or wide > latest_s:
                self.out_of_time += 1
                continue
            if flags[i] & LOCAL:
                continue
            if peer[i] >= self.n_peers:
                raise IndexError(f"element {i} is of peer {peer[i]} of {self.n_peers}")
            if kind[i] != STATE and kind[i] != END_OF_RIB and ids[i] >= prefixes:
                raise IndexError(f"element {i} is of prefix {ids[i]} of {prefixes}")
            self.kind[i] = kind[i]
            self.second[i] = <uint32_t>wide
            if flags[i] & HAS_PATH_ID:
                plain = False
        self._ways_of(columns, ids, prefix_country, self.kind, self.way)
        return plain

    cdef int _ways_of(self, columns, const uint32_t[::1] ids, const uint16_t[::1] prefix_country, const uint8_t* kind,
                      uint32_t* way) except -1:
        """The ways of the announcements and table entries among elements of these kinds."""
        cdef Py_ssize_t i, count = columns.count
        cdef const uint8_t[::1] flags = columns.flags
        cdef const uint32_t[::1] origin = columns.origin
        cdef const uint32_t[::1] upstream = columns.upstream
        cdef const uint32_t[::1] path_start = columns.path_start
        cdef const uint16_t[::1] path_count = columns.path_count
        cdef const uint32_t[::1] paths = columns.paths
        cdef Routes routes
        cdef bint any_route = False
        for i in range(count):
            if kind[i] == ANNOUNCE or kind[i] == ROUTE:
                any_route = True
                if <size_t>path_start[i] + path_count[i] > <size_t>paths.shape[0]:
                    raise IndexError(f"the path of element {i} ends behind the paths")
        if not any_route:
            return 0
        routes.kind = kind
        routes.flags, routes.origin, routes.upstream = &flags[0], &origin[0], &upstream[0]
        routes.path_start, routes.path_count = &path_start[0], &path_count[0]
        routes.paths = &paths[0] if paths.shape[0] else NULL
        with nogil:
            self.ways.intern_routes(&routes, &ids[0], &prefix_country[0], 0, count, way)
        return 0

    cdef int _room_for_batch(self, Py_ssize_t count) except -1:
        if count <= self.room:
            return 0
        free(self.kind)
        free(self.second)
        free(self.way)
        self.room = 0
        self.kind = <uint8_t*>malloc(count)
        self.second = <uint32_t*>malloc(count * sizeof(uint32_t))
        self.way = <uint32_t*>malloc(count * sizeof(uint32_t))
        if self.kind == NULL or self.second == NULL or self.way == NULL:
            raise MemoryError
        self.room = count
        return 0

    cdef Py_ssize_t _remember(self, const uint32_t[::1] peer, const uint32_t[::1] ids, Py_ssize_t begin,
                              Py_ssize_t end) except -1:
        """Keep what the updates among these elements of the batch at hand have named, for as long as a table may be
        older than they are; returns `end`.

        Of elements that have come alone: one that is still to come may bear a time that is over.
        """
        cdef uint32_t[:, ::1] named
        cdef Py_ssize_t i, n = 0
        cdef uint32_t youngest = 0
        cdef int64_t oldest
        for i in range(begin, end):
            n += self.kind[i] == ANNOUNCE or self.kind[i] == WITHDRAW
        if n == 0:
            return end
        whole = np.empty((3, n), np.uint32)
        named = whole
        n = 0
        for i in range(begin, end):
            if self.kind[i] == ANNOUNCE or self.kind[i] == WITHDRAW:
                named[0, n], named[1, n], named[2, n] = self.second[i], peer[i], ids[i]
                youngest = max(youngest, self.second[i])
                n += 1
        self.recent.add(int(youngest), *whole)
        # One in hand may be swapped in much later than it began.
        oldest = self._remembered_from()
        if self.table_open or self.table_ready:
            oldest = min(oldest, self.recent_from)
        self.recent.forget(oldest)
        return end

    cdef uint8_t _path(self, uint32_t peer, uint32_t id, uint8_t kind, bint has_id, uint32_t path_id,
                       uint32_t* way) except 255:
        """What an update means for a session some of whose updates have path identifiers: its kind, and its way."""
        cdef uint32_t feed = 2 * peer + (self.prefixes.family[id] == 6), left
        cdef PathIds paths = self.paths.get(feed)
        if not has_id:
            # Of all paths to the prefix.
            if paths is not None:
                paths.forget(id)
            return kind
        if paths is None:
            paths = self.paths[feed] = PathIds()
        if kind == ANNOUNCE:
            paths.announce(id, path_id, way[0])
            return ANNOUNCE
        left = paths.withdraw(id, path_id)
        if left == 0:
            return WITHDRAW
        way[0] = left
        return ANNOUNCE

    def fill(self, columns, const uint32_t[::1] ids, const uint16_t[::1] prefix_country, uint32_t at,
             const uint8_t[::1] anew, const uint64_t[::1] heard):
        """What a gap has hidden of the sessions that were known before it and are known now, as a table of the gap's
        end would say it; False, and nothing done, while a table is being read.

        `columns` are announcements and withdrawals in the order of time, of no (peer, prefix) that was heard since; `ids` and
        `prefix_country` as for `apply`. `anew`: by peer, 1 where its session came up in the gap, so that what it did
        not announce there is gone, but for what was heard since: `heard`, each as peer * 2**32 + prefix.
        Raises IndexError where an element names a peer, prefix or path that is not there.
        """
        cdef Py_ssize_t i, count = columns.count
        cdef const uint8_t[::1] kind = columns.kind
        cdef const uint8_t[::1] flags = columns.flags
        cdef const uint32_t[::1] peer = columns.peer
        cdef const uint32_t[::1] path_id = None
        cdef uint32_t p, id, v6, way
        cdef bint plain = True
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
            if flags[i] & HAS_PATH_ID:
                plain = False
        if not plain:
            path_id = columns.path_id
        at = max(at, self.now)
        self._advance(at)
        self.table_truncated = False
        self.pending.room_for_peers(self.n_peers)
        for p in range(self.n_peers):
            if self._was_gapped(p) and not anew[p]:
                for id in range(min(self.held.size[p], self.prefixes.count)):
                    if self.held.row[p][id] & WAY:
                        self._as_held(p, id)
        for i in range(heard.shape[0]):
            p, id = <uint32_t>(heard[i] >> 32), <uint32_t>(heard[i] & 0xFFFFFFFF)
            if p < self.n_peers and anew[p] and get(self.held, p, id) & WAY:
                self._as_held(p, id)
        self._room_for_batch(count)
        if count:
            self._ways_of(columns, ids, prefix_country, &kind[0], self.way)
        for i in range(count):
            if flags[i] & LOCAL:
                continue
            way = self.way[i] if kind[i] == ANNOUNCE else 0
            if not plain or self.pending_paths:
                way = self._stage_path(peer[i], ids[i], flags[i] & HAS_PATH_ID, 0 if plain else path_id[i], way)
            self.pending.put_way(peer[i], ids[i], way)
        for p in range(self.n_peers):
            for v6 in range(2):
                feed = &self.feeds[2 * p + v6]
                if feed.phase == ESTABLISHED and feed.gapped:
                    self._take_table(p, 6 if v6 else 4, at, False)
            self._forget_pending(p)
        reach(self.places, self.log, self.place | NOT_ITSELF)
        return True

    cdef int _as_held(self, uint32_t peer, uint32_t id) except -1:
        """A table that is put together has here what is held."""
        cdef uint32_t feed = 2 * peer + (self.prefixes.family[id] == 6)
        cdef PathIds paths
        self.pending.put_way(peer, id, way_at(self.held, peer, id))
        if self.paths and feed in self.paths:
            paths = self.pending_paths.setdefault(feed, PathIds())
            paths.copy(self.paths[feed], id)
        return 0

    cdef bint _was_gapped(self, uint32_t peer) noexcept:
        """Whether any of a peer's feeds is known, and was not heard whole since a gap."""
        cdef uint32_t v6
        for v6 in range(2):
            if self.feeds[2 * peer + v6].phase == ESTABLISHED and self.feeds[2 * peer + v6].gapped:
                return True
        return False

    # -- what one may ask ---------------------------------------------------------------------------

    def routes(self, uint32_t peer, const uint32_t[::1] ids):
        """The way of each of these prefixes at one peer now (uint32; 0: no route)."""
        cdef Py_ssize_t i
        cdef uint32_t[::1] out = np.zeros(ids.shape[0], np.uint32)
        self._must_have(peer)
        for i in range(ids.shape[0]):
            out[i] = way_at(self.held, peer, ids[i])
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
