from libc.stdint cimport uint8_t, uint16_t, uint32_t

cdef enum:
    # Of a session to a prefix.
    HAS = 1
    OUT = 2        # stale: neither in the numerator nor in the denominator
    STRANGER = 4   # has a route, to an origin that is a stranger to the prefix
    USUAL = 8      # usually has a route
    UNSURE = 16    # not heard since a gap in which nobody saw
    FOLLOWS = 32   # neither since the prefix changed after sight was lost there: speaks for what it became
    # Of an AS to a prefix.
    AS_HAS = 1
    AS_OUT = 2
    AS_USUAL = 4      # votes, and usually has a route
    AS_UNSURE = 8     # votes, and none of its sessions was heard since a gap in which nobody saw
    AS_FOLLOWS = 16   # and all of these speak for what the prefix became


cdef class Votes:
    cdef uint32_t n_prefixes, n_sessions, n_ases
    cdef const uint32_t[::1] as_of
    cdef uint8_t[:, ::1] state            # by session and prefix
    cdef uint8_t[::1] absent              # by session: the same to prefixes that nobody has named yet
    cdef uint8_t[::1] voting              # by session
    cdef uint16_t[::1] voting_sessions    # by AS
    cdef uint16_t[::1] have               # by prefix: ASes that vote and have a route
    cdef uint16_t[::1] out                # ASes all of whose voting sessions are stale
    cdef uint16_t[::1] unsure             # ASes all of whose voting sessions are stale or unsure, but not all stale
    cdef uint16_t[::1] follows            # those of them whose sessions all speak for what the prefix became
    cdef uint16_t[::1] follows_have       # of these, those that had a route when last heard
    cdef uint16_t[::1] usual              # ASes that vote and usually have a route
    cdef uint16_t[::1] usual_total        # the same, whether they vote now or not
    cdef uint32_t[::1] session_list       # the sessions, those of one AS beside each other
    cdef uint32_t[::1] session_start      # by AS its first place in that list
    cdef uint8_t[::1] touched
    cdef uint32_t[::1] touched_list       # prefixes to be judged anew
    cdef uint32_t n_touched
    cdef bint all_touched
    cdef uint32_t known                   # ASes that vote
    cdef int _list_sessions(self) except -1
    cdef int grow(self, uint32_t n_prefixes, as_of) except -1
    cdef int _meet(self, uint32_t begin) except -1
    cdef uint32_t absent_ases(self, uint8_t what) noexcept
    cdef void set(self, uint32_t session, uint32_t p, uint8_t new) noexcept nogil
    cdef int set_voting(self, uint32_t session, bint votes) except -1
    cdef bint has_sure_sibling(self, uint32_t session, uint32_t p) noexcept
    cdef void _recount(self, uint32_t session, bint votes) noexcept nogil
    cdef void learn_usual(self, const uint8_t[::1] visible, double fewest_viewers) noexcept nogil
    cdef void _learn_usual(self, uint32_t begin, uint32_t size, const uint8_t[::1] visible,
                           double fewest_viewers) noexcept nogil
    cdef uint8_t as_state(self, uint32_t a, uint32_t p) noexcept nogil
    cdef void count(self, uint32_t p, uint8_t before, uint8_t after) noexcept nogil
    cdef void touch(self, uint32_t p) noexcept nogil
    cdef void follow(self, uint32_t p) noexcept nogil
