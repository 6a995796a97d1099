# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""What a router sends by BMP (RFC 7854) to MRT records (RFC 6396), which the decoder reads like those of a file.

Route monitoring messages become BGP4MP_ET messages, peer up and peer down become state changes; the router's
name is kept.

Each peer of a router has one view, that of its routes before the router's own policy (Adj-RIB-In, pre-policy).
Routes after policy stand in for it until the first of a peer's routes before policy comes; from then on they
are left out. Always left out are what the router sends out (Adj-RIB-Out, RFC 8671), its own choice (Loc-RIB,
RFC 9069: a second vote made of the others), peers inside VPNs, and a peer without an address: the routes that
the router announces itself. All that is left out is counted.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from nightside.wire.as_width cimport is_narrow
from nightside.wire.bigendian cimport be16
from nightside.wire.bmp_framing cimport (
    COMMON_HEADER, TYPE_PEER_UP, TYPE_ROUTE_MIRRORING, TYPE_ROUTE_MONITORING, TYPE_STATISTICS, TYPE_TERMINATION,
    Messages,
)
from nightside.wire.bmp_peer cimport (
    AFTER_POLICY, GLOBAL_PEER, HAS_PATH_IDS, HAS_PATH_IDS_IPV4, HAS_PATH_IDS_IPV6, HAS_PRE_POLICY, LOC_RIB,
    LOCAL_PEER, NARROW_PATH, OUTWARD, PEER_HEADER, VPN_PEER, PeerHeader, has_path_ids, read_peer_header,
)
from nightside.wire.faults cimport (
    BMP_NO_UPDATE, BMP_PEERS, BMP_REST, BMP_SHORT, BMP_TLV, BMP_TYPE, MESSAGE_LENGTH, MESSAGE_SHORT, NO_MEMORY,
    SOUND, FaultCode, fault,
)
from nightside.wire.mrt_out cimport (
    MADE_MESSAGE, MADE_MESSAGE_ADDPATH, MADE_MESSAGE_AS4, MADE_MESSAGE_AS4_ADDPATH, MADE_STATE_CHANGE_AS4,
    make_record, put16,
)
from nightside.wire.open_message cimport CAN_RECEIVE, CAN_SEND, Open, read_open
from nightside.wire.peers cimport NO_PEER, PeerTable
from nightside.wire.update cimport MESSAGE_HEADER, UPDATE

cdef enum:
    LOCAL_SIDE = 20             # address and ports in a peer up message, in bytes
    # States of a session (RFC 4271 section 8.2.2).
    IDLE = 1
    OPEN_CONFIRM = 5
    ESTABLISHED = 6
    # What a router's name or description may have; the rest is cut off.
    LONGEST_TEXT = 255

# A message's own time is taken from when the router connected, or a quarter of an hour ago where that is later
# (a router or we ourselves may have been busy that long), to half a minute ahead (clocks differ). Outside of
# this its arrival stands for it: what a router tells when it connects came to it long before we could see it.
cdef int64_t LATE_US = 900000000
cdef int64_t AHEAD_US = 30000000

cdef tuple NAMES = (
    "messages", "route monitoring", "statistics", "peer down", "peer up", "route mirroring",
    "left out: after the router's policy", "left out: Adj-RIB-Out", "left out: Loc-RIB", "left out: peers in VPNs",
    "left out: peers of an unknown type", "left out: the router's own routes",
    "time missing", "time past", "time in the future",
)

# RFC 7854 section 4.5.
cdef dict TERMINATIONS = {
    0: "closed by its administrator", 1: "for no reason given", 2: "out of resources",
    3: "a redundant connection", 4: "closed by its administrator for good",
}


cdef class Bmp(Messages):
    """The bytes of one router's connection, in pieces of any size, to the bytes of MRT records.

    `begun_us` is when the router connected (microseconds since the epoch). `longest` bounds a message in bytes,
    `most_peers` the peers of the router.
    """

    def __cinit__(self, *args, **kwargs):
        self.marks = self.made.bytes = NULL
        self.made.count = self.made.room = 0

    def __init__(self, int64_t begun_us, Py_ssize_t longest=262144, uint32_t most_peers=4096):
        super().__init__(longest)
        self.begun_us = begun_us
        self.most_peers = most_peers
        self.peers = PeerTable()
        self.system_name = self.system_description = self.terminated = None
        memset(self.counted, 0, sizeof(self.counted))
        free(self.marks)
        self.marks = <uint8_t*>calloc(<size_t>most_peers + 1, 1)
        if self.marks is NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.made.bytes)
        free(self.marks)

    def feed(self, piece, int64_t now_us):
        """The next bytes, which came at `now_us`: the records that they make. Nothing more comes once `broken`."""
        cdef const uint8_t[::1] view = piece
        if view.shape[0] == 0:
            return b""
        self.now_us = now_us
        self.made.count = 0
        self.read(&view[0], &view[0] + view.shape[0])
        return self.made.bytes[:self.made.count] if self.made.count else b""

    @property
    def counts(self):
        """How many messages there were, of which types, and what was left out."""
        return {name: self.counted[i] for i, name in enumerate(NAMES)}

    cdef object listen(self, int told, const uint8_t* p, Py_ssize_t count):
        """An initiation or a termination (sections 4.3 to 4.5): information in TLVs; the first of a kind counts."""
        cdef const uint8_t* end = p + count
        cdef int type
        cdef Py_ssize_t size
        self.counted[<int>MESSAGES] += 1
        if told == TYPE_TERMINATION and self.terminated is None:
            self.terminated = TERMINATIONS[1]
        while p < end:
            if end - p < 4 or be16(p + 2) > end - p - 4:
                size = 4 if end - p < 4 else be16(p + 2)
                fault(&self.fault, BMP_TLV, size, end - p if end - p < 4 else end - p - 4)
                self.refuse()
                return
            type = be16(p)
            size = be16(p + 2)
            p += 4
            if told == TYPE_TERMINATION:
                if type == 1 and size == 2:
                    self.terminated = TERMINATIONS.get(be16(p), f"for reason {be16(p)}")
            elif type == 1 and self.system_description is None:
                self.system_description = p[:min(size, <Py_ssize_t>LONGEST_TEXT)].decode("utf-8", "replace")
            elif type == 2 and self.system_name is None:
                self.system_name = p[:min(size, <Py_ssize_t>LONGEST_TEXT)].decode("utf-8", "replace")
            p += size

    # ---- messages ---------------------------------------------------------------------------------------

    cdef FaultCode take(self, int type, const uint8_t* p, const uint8_t* end) noexcept nogil:
        """One message behind its common header."""
        cdef PeerHeader h
        cdef FaultCode code
        self.counted[<int>MESSAGES] += 1
        if type > TYPE_ROUTE_MIRRORING:
            return fault(&self.fault, BMP_TYPE, type, TYPE_ROUTE_MIRRORING)
        if end - p < PEER_HEADER:
            return fault(&self.fault, BMP_SHORT, COMMON_HEADER + (end - p), COMMON_HEADER + PEER_HEADER)
        if type == TYPE_STATISTICS:
            self.counted[<int>STATISTICS] += 1
            return SOUND
        if type == TYPE_ROUTE_MIRRORING:
            self.counted[<int>ROUTE_MIRRORING] += 1
            return SOUND
        if self._leave_out(p[0], p[1]):
            return SOUND
        code = read_peer_header(p, &h, &self.fault)
        if code != SOUND:
            return code
        if h.address.high == 0 and h.address.low == 0:
            self.counted[<int>LEFT_OWN_ROUTES] += 1
            return SOUND
        p += PEER_HEADER
        if type == TYPE_ROUTE_MONITORING:
            self.counted[<int>ROUTE_MONITORING] += 1
            return self._routes(&h, p, end)
        if type == TYPE_PEER_UP:
            self.counted[<int>PEER_UP] += 1
            return self._peer_up(&h, p, end)
        self.counted[<int>PEER_DOWN] += 1
        return self._state(&h, ESTABLISHED, IDLE)

    cdef bint _leave_out(self, int type, int flags) noexcept nogil:
        """Whether all that is said of this peer, or of this side of it, is left out; then it is counted."""
        if type == GLOBAL_PEER:
            if not flags & OUTWARD:
                return False
            self.counted[<int>LEFT_ADJ_RIB_OUT] += 1
        elif type == VPN_PEER or type == LOCAL_PEER:
            self.counted[<int>LEFT_VPN_PEER] += 1
        elif type == LOC_RIB:
            self.counted[<int>LEFT_LOC_RIB] += 1
        else:
            self.counted[<int>LEFT_OTHER_PEER] += 1
        return True

    cdef int64_t _time(self, const PeerHeader* h) noexcept nogil:
        """A message's own time, where it can be."""
        cdef int64_t time_us = <int64_t>h.seconds * 1000000 + h.microseconds
        if h.seconds == 0:
            self.counted[<int>TIME_MISSING] += 1
        elif h.microseconds > 999999 or time_us > self.now_us + AHEAD_US:
            self.counted[<int>TIME_FUTURE] += 1
        elif time_us < max(self.begun_us, self.now_us - LATE_US):
            self.counted[<int>TIME_PAST] += 1
        else:
            return time_us
        return self.now_us

    cdef FaultCode _find(self, const PeerHeader* h, uint32_t* peer) noexcept nogil:
        """The dense index of the peer; a new one where it is new and there may be one more."""
        cdef uint32_t slot = self.peers._slot(&h.address, h.asn)
        if self.peers.slots[slot]:
            peer[0] = self.peers.slots[slot] - 1
            return SOUND
        if self.peers.count >= self.most_peers:
            return fault(&self.fault, BMP_PEERS, self.peers.count, self.most_peers)
        peer[0] = self.peers.intern(&h.address, h.asn)
        return fault(&self.fault, NO_MEMORY, 0, 0) if peer[0] == NO_PEER else SOUND

    cdef FaultCode _routes(self, const PeerHeader* h, const uint8_t* p, const uint8_t* end) noexcept nogil:
        """Route monitoring (section 4.6): one UPDATE."""
        cdef Py_ssize_t size
        cdef uint32_t peer = 0
        cdef int subtype
        cdef uint8_t* body
        cdef FaultCode code
        if end - p < MESSAGE_HEADER:
            return fault(&self.fault, MESSAGE_SHORT, end - p, MESSAGE_HEADER)
        size = be16(p + 16)
        if size < MESSAGE_HEADER:
            return fault(&self.fault, MESSAGE_SHORT, size, MESSAGE_HEADER)
        if size > end - p:
            return fault(&self.fault, MESSAGE_LENGTH, size, end - p)
        if p[18] != UPDATE:
            return fault(&self.fault, BMP_NO_UPDATE, p[18], UPDATE)
        code = self._find(h, &peer)
        if code != SOUND:
            return code
        if not h.flags & AFTER_POLICY:
            self.marks[peer] |= HAS_PRE_POLICY
        elif self.marks[peer] & HAS_PRE_POLICY:
            self.counted[<int>LEFT_POST_POLICY] += 1
            return SOUND
        # Routers say it with a flag, and some say it wrongly. None can be so narrow with a peer of a longer number.
        subtype = MADE_MESSAGE_AS4
        if h.asn < 65536 and (h.flags & NARROW_PATH or is_narrow(p, p + size)):
            subtype = MADE_MESSAGE
        if self.marks[peer] & HAS_PATH_IDS and has_path_ids(p, p + size, self.marks[peer]):
            subtype = MADE_MESSAGE_ADDPATH if subtype == MADE_MESSAGE else MADE_MESSAGE_AS4_ADDPATH
        body = make_record(&self.made, subtype, self._time(h), &h.address, h.asn, size)
        if body is NULL:
            return fault(&self.fault, NO_MEMORY, 0, 0)
        memcpy(body, p, size)
        if end - p > size:
            return fault(&self.fault, BMP_REST, end - p - size, 0)
        return SOUND

    cdef FaultCode _peer_up(self, const PeerHeader* h, const uint8_t* p, const uint8_t* end) noexcept nogil:
        """Peer up (section 4.10): local address and ports, the OPEN that was sent, and the one that came."""
        cdef Open sent, received
        cdef uint32_t peer = 0
        cdef Py_ssize_t size
        cdef FaultCode code
        if end - p < LOCAL_SIDE:
            size = COMMON_HEADER + PEER_HEADER
            return fault(&self.fault, BMP_SHORT, size + (end - p), size + LOCAL_SIDE)
        p += LOCAL_SIDE
        code = read_open(p, end, &sent, &self.fault)
        if code == SOUND:
            code = read_open(p + sent.size, end, &received, &self.fault)
        if code == SOUND:
            code = self._find(h, &peer)
        if code != SOUND:
            return code
        self.marks[peer] = 0
        if sent.paths_ipv4 & CAN_RECEIVE and received.paths_ipv4 & CAN_SEND:
            self.marks[peer] |= HAS_PATH_IDS_IPV4
        if sent.paths_ipv6 & CAN_RECEIVE and received.paths_ipv6 & CAN_SEND:
            self.marks[peer] |= HAS_PATH_IDS_IPV6
        return self._state(h, OPEN_CONFIRM, ESTABLISHED)

    cdef FaultCode _state(self, const PeerHeader* h, int old, int new) noexcept nogil:
        """The session becomes another."""
        cdef uint8_t* p = make_record(&self.made, MADE_STATE_CHANGE_AS4, self._time(h), &h.address, h.asn, 4)
        if p is NULL:
            return fault(&self.fault, NO_MEMORY, 0, 0)
        put16(p, old)
        put16(p + 2, new)
        return SOUND
