from libc.stdint cimport uint8_t, uint32_t

from nightside.routing.log cimport EventLog
from nightside.routing.prefixes cimport PrefixIndex
from nightside.routing.rows cimport Rows

cdef enum:
    # Phases of a feed.
    UNSEEN = 0
    ESTABLISHED = 1
    DOWN = 2
    TRANSFER = 3
    TAIL = 4
    # Why a feed became unknown (REASONS of routing.table).
    STATE_REASON = 1
    GAP_REASON = 2
    SILENT_REASON = 3

cdef struct Feed:
    uint8_t phase
    bint gapped            # since its last whole table or transfer there was a gap (or only a part of a table)
    bint missed            # there was a gap while it was down
    uint32_t held          # routes held now
    uint32_t former        # routes held when the session went down
    uint32_t resolved      # of these: heard again since
    uint32_t went_down     # second in which it last left Established, 0: not seen
    uint32_t began         # second in which the transfer began
    uint32_t last_announced
    uint32_t last_heard
    uint32_t tail_ends
    uint32_t in_table      # routes of the table being read


cdef class Sessions:
    cdef PrefixIndex prefixes
    cdef readonly EventLog log
    cdef Rows held
    cdef dict paths         # by 2 * peer, and one for IPv6: its `PathIds`, where it has paths with identifiers
    cdef Feed* feeds
    cdef uint32_t* latest   # per peer the second of its youngest event
    cdef readonly uint32_t n_peers
    cdef readonly uint32_t now   # the youngest second there was news of
    cdef uint32_t gap_begin, gap_end, before_gap
    cdef readonly bint away      # in a gap whose end is not known yet
    cdef list to_return          # (peer, family, begin of its gap): who is known again when that ends
    cdef int transfers
    cdef uint32_t quiet_s
    cdef double back_share
    cdef readonly list transfer_ends
    cdef tuple _saved(self)
    cdef int _restore(self, state) except -1
    cdef int _announce(self, uint32_t peer, uint32_t id, uint32_t way, uint32_t second) except -1
    cdef int _withdraw(self, uint32_t peer, uint32_t id, uint32_t second) except -1
    cdef int _down(self, uint32_t peer, uint32_t second) except -1
    cdef int _established(self, uint32_t peer, uint32_t second) except -1
    cdef void _begin_transfer(self, Feed* feed, uint32_t second) noexcept
    cdef int _begin_tail(self, uint32_t peer, int v6, uint32_t second) except -1
    cdef int _end_of_rib(self, uint32_t peer, uint8_t family, uint32_t second) except -1
    cdef int _finish(self, uint32_t peer, int v6, uint32_t second) except -1
    cdef int _end_transfers(self, uint32_t second) except -1
    cdef int _enter_gap(self, uint32_t begin, uint32_t end) except -1
    cdef int _note_return(self, uint32_t peer, uint8_t family, uint32_t begin) except -1
    cdef uint32_t _mark_former(self, uint32_t peer, uint8_t family) noexcept
    cdef void _mark_unconfirmed(self, uint32_t peer, uint8_t family) noexcept
    cdef int _drop(self, uint32_t peer, uint8_t family, uint32_t second, bint only_former) except -1
    cdef int _room_for_peers(self, uint32_t n_peers) except -1
