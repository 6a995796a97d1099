# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""MRT records to columns: the hot path. Every record is decoded without the interpreter's lock.

A record that turns out bad half-way leaves nothing behind: the columns, the paths and the peers are taken back
to where they were before it.
"""

import numpy as np

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

from nightside.wire.as_path cimport Path, read_path
from nightside.wire.attributes cimport MP_REACH_NLRI, MP_UNREACH_NLRI, Attributes, has, walk_attributes
from nightside.wire.bgp4mp cimport Bgp4mp, read_bgp4mp
from nightside.wire.faults cimport (
    FAMILY_UNREAD, NO_MEMORY, NO_PEER_TABLE, PEER_INDEX, SOUND, SUBTYPE_UNREAD, TYPE_UNREAD, Fault, FaultCode, fault,
)
from nightside.wire.framing cimport Records
from nightside.wire.nlri cimport Prefix, next_prefix, top_bits
from nightside.wire.peers cimport NO_PEER, PeerTable
from nightside.wire.record cimport BGP4MP, BGP4MP_ET, LONGEST_RECORD, TABLE_DUMP, TABLE_DUMP_V2, Header
from nightside.wire.table_dump cimport TableDump, read_table_dump
from nightside.wire.table_dump_v2 cimport (
    PEER_INDEX_TABLE, RIB_IPV4_UNICAST, RIB_IPV6_UNICAST, PeerEntry, RibEntry,
    begin_peer_table, begin_rib, next_entry, next_peer,
)
from nightside.wire.update cimport (
    AFI_IPV4, AFI_IPV6, SAFI_UNICAST, UPDATE, MpRoutes, Stretch, Update, read_reach, read_unreach, split_message,
)

cdef enum:
    # As in model.elements.
    ANNOUNCE = 1
    WITHDRAW = 2
    STATE = 3
    ROUTE = 4
    END_OF_RIB = 5
    # No record has more elements: a message is under 64 KiB and its prefixes have a byte at least; a RIB record
    # counts its entries in 16 bits.
    MOST_ELEMENTS = 65536
    # Ordinary paths per element; a batch that has longer ones is handed out before it is full.
    ASES_PER_ELEMENT = 8


cdef class Columns:
    """One batch of elements; the columns are described in `nightside.model.elements.Columns`.

    The arrays have room for more: only the first `count` elements count. They are used again for the next batch.
    """

    cdef readonly Py_ssize_t count
    cdef readonly object time_us, kind, flags, peer, family, prefix_hi, prefix_lo, prefix_len
    cdef readonly object origin, upstream, path_start, path_count, paths
    cdef readonly object attr_offset, attr_length, record_offset, old_state, new_state

    def __init__(self, Py_ssize_t room, Py_ssize_t paths_room):
        self.count = 0
        self.time_us = np.empty(room, np.int64)
        self.kind = np.empty(room, np.uint8)
        self.flags = np.empty(room, np.uint8)
        self.peer = np.empty(room, np.uint32)
        self.family = np.empty(room, np.uint8)
        self.prefix_hi = np.empty(room, np.uint64)
        self.prefix_lo = np.empty(room, np.uint64)
        self.prefix_len = np.empty(room, np.uint8)
        self.origin = np.empty(room, np.uint32)
        self.upstream = np.empty(room, np.uint32)
        self.path_start = np.empty(room, np.uint32)
        self.path_count = np.empty(room, np.uint16)
        self.paths = np.empty(paths_room, np.uint32)
        self.attr_offset = np.empty(room, np.int64)
        self.attr_length = np.empty(room, np.uint32)
        self.record_offset = np.empty(room, np.int64)
        self.old_state = np.empty(room, np.uint8)
        self.new_state = np.empty(room, np.uint8)


cdef struct Pointers:
    # The columns' first bytes.
    int64_t* time_us
    uint8_t* kind
    uint8_t* flags
    uint32_t* peer
    uint8_t* family
    uint64_t* prefix_hi
    uint64_t* prefix_lo
    uint8_t* prefix_len
    uint32_t* origin
    uint32_t* upstream
    uint32_t* path_start
    uint16_t* path_count
    uint32_t* paths
    int64_t* attr_offset
    uint32_t* attr_length
    int64_t* record_offset
    uint8_t* old_state
    uint8_t* new_state


cdef void* first_byte(array):
    cdef uint8_t[::1] view = array.view(np.uint8)
    return &view[0]


cdef struct Said:
    # What all elements of one attribute block, or one record, have in common.
    int64_t time_us
    uint32_t peer
    Path path
    uint32_t path_start
    int64_t attr_offset
    uint32_t attr_length
    int64_t record_offset


cdef class Decoder(Records):
    """Bytes of one collector's files, in pieces of any size, to batches of columns.

    `capacity` is the number of elements from which on a batch is handed out.
    """

    cdef Columns columns
    cdef Pointers to
    cdef Py_ssize_t count           # elements in hand
    cdef Py_ssize_t capacity
    cdef Py_ssize_t paths_count
    cdef Py_ssize_t paths_room
    cdef PeerTable peer_table
    cdef uint32_t* index            # the peer index table: dense peer by index
    cdef Py_ssize_t index_count     # -1: there was none
    cdef uint32_t* named            # dense peers that the file's tables named, in the order of first sight
    cdef Py_ssize_t named_count
    cdef Py_ssize_t named_room
    cdef uint8_t* is_named          # by dense peer
    cdef Py_ssize_t is_named_room

    def __cinit__(self, *args, **kwargs):
        self.index = NULL
        self.named = NULL
        self.is_named = NULL

    def __init__(self, Py_ssize_t capacity=65536):
        if capacity < 1:
            raise ValueError(f"capacity {capacity} is under 1")
        self.capacity = capacity
        self.paths_room = capacity * ASES_PER_ELEMENT + LONGEST_RECORD // 2
        self.columns = Columns(capacity + MOST_ELEMENTS, self.paths_room)
        self._point()
        self.peer_table = PeerTable()
        super().__init__()

    def __dealloc__(self):
        free(self.index)
        free(self.named)
        free(self.is_named)

    @property
    def peers(self):
        """Every peer so far, by its dense index; always the same list. It grows, over all files."""
        return self.peer_table.to_list()

    @property
    def table_peers(self):
        """Dense indexes of the peers that this file's tables name (TABLE_DUMP: that have a route there)."""
        return [self.named[i] for i in range(self.named_count)]

    # ---- for the framing --------------------------------------------------------------------------------

    cdef void forget(self):
        self.count = 0
        self.paths_count = 0
        self.index_count = -1
        self.named_count = 0
        if self.is_named is not NULL:
            memset(self.is_named, 0, self.is_named_room)

    cdef bint is_full(self, uint32_t next_length) noexcept nogil:
        # An AS takes two bytes at least, so no record has more than half its length of them.
        return self.count >= self.capacity or (
            self.count > 0 and self.paths_count + <Py_ssize_t>(next_length >> 1) > self.paths_room
        )

    cdef bint has_batch(self):
        return self.count > 0

    cdef object batch(self):
        self.columns.count = self.count
        self.count = 0
        self.paths_count = 0
        return self.columns

    cdef FaultCode take(self, const Header* h, const uint8_t* body) noexcept nogil:
        cdef Py_ssize_t count = self.count, paths_count = self.paths_count
        cdef uint32_t peers = self.peer_table.count
        cdef FaultCode code
        if h.type == TABLE_DUMP_V2:
            if h.subtype == RIB_IPV4_UNICAST:
                code = self._rib(h, body, 4)
            elif h.subtype == RIB_IPV6_UNICAST:
                code = self._rib(h, body, 6)
            elif h.subtype == PEER_INDEX_TABLE:
                code = self._peer_index_table(h, body)
            else:
                code = fault(&self.fault, SUBTYPE_UNREAD, h.type, h.subtype)
        elif h.type == BGP4MP or h.type == BGP4MP_ET:
            code = self._bgp4mp(h, body)
        elif h.type == TABLE_DUMP:
            code = self._table_dump(h, body)
        else:
            code = fault(&self.fault, TYPE_UNREAD, h.type, 0)
        if code != SOUND and code != FAMILY_UNREAD:
            self.count = count
            self.paths_count = paths_count
            self.peer_table.forget_from(peers)
        return code

    # ---- one record -------------------------------------------------------------------------------------

    cdef FaultCode _table_dump(self, const Header* h, const uint8_t* body) noexcept nogil:
        cdef TableDump route
        cdef Said said
        cdef FaultCode code = read_table_dump(h, body, &route, &self.fault)
        if code != SOUND:
            return code
        said.time_us = <int64_t>h.time_s * 1000000
        said.record_offset = h.offset
        code = self._read_route(&route.attributes, 2, route.peer_asn, body, &said)
        if code != SOUND:
            return code
        said.peer = self.peer_table.intern(&route.peer, route.peer_asn)
        if said.peer == NO_PEER or not self._name(said.peer):
            return fault(&self.fault, NO_MEMORY, 0, 0)
        self._add_route(ROUTE, 4 if h.subtype == AFI_IPV4 else 6, &route.prefix, &said)
        return SOUND

    cdef FaultCode _peer_index_table(self, const Header* h, const uint8_t* body) noexcept nogil:
        cdef const uint8_t* p = body
        cdef const uint8_t* end = body + h.length
        cdef uint16_t count = 0, i
        cdef PeerEntry entry
        cdef uint32_t* grown
        cdef FaultCode code = begin_peer_table(h, &p, &count, &self.fault)
        if code != SOUND:
            return code
        self.index_count = -1
        # Every entry is looked at before any is put in.
        for i in range(count):
            code = next_peer(&p, end, &entry, &self.fault)
            if code != SOUND:
                return code
        grown = <uint32_t*>realloc(self.index, (<Py_ssize_t>count + 1) * sizeof(uint32_t))
        if grown is NULL:
            return fault(&self.fault, NO_MEMORY, 0, 0)
        self.index = grown
        p = body
        begin_peer_table(h, &p, &count, &self.fault)
        for i in range(count):
            next_peer(&p, end, &entry, &self.fault)
            self.index[i] = self.peer_table.intern(&entry.address, entry.asn)
            if self.index[i] == NO_PEER or not self._name(self.index[i]):
                return fault(&self.fault, NO_MEMORY, 0, 0)
        self.index_count = count
        return SOUND

    cdef FaultCode _rib(self, const Header* h, const uint8_t* body, int family) noexcept nogil:
        cdef const uint8_t* p = body
        cdef const uint8_t* end = body + h.length
        cdef uint16_t count = 0, i
        cdef Prefix prefix
        cdef RibEntry entry
        cdef Said said
        cdef FaultCode code
        if self.index_count < 0:
            return fault(&self.fault, NO_PEER_TABLE, 0, 0)
        code = begin_rib(h, &p, family, &prefix, &count, &self.fault)
        if code != SOUND:
            return code
        said.time_us = <int64_t>h.time_s * 1000000
        said.record_offset = h.offset
        for i in range(count):
            code = next_entry(&p, end, &entry, &self.fault)
            if code != SOUND:
                return code
            if entry.peer_index >= self.index_count:
                return fault(&self.fault, PEER_INDEX, entry.peer_index, self.index_count)
            said.peer = self.index[entry.peer_index]
            code = self._read_route(&entry.attributes, 4, self.peer_table.keys[said.peer].asn, body, &said)
            if code != SOUND:
                return code
            self._add_route(ROUTE, family, &prefix, &said)
        return SOUND

    cdef FaultCode _bgp4mp(self, const Header* h, const uint8_t* body) noexcept nogil:
        cdef Bgp4mp record
        cdef Said said
        cdef FaultCode code = read_bgp4mp(h, body, &record, &self.fault)
        if code != SOUND:
            return code
        said.time_us = <int64_t>h.time_s * 1000000 + record.microseconds
        said.record_offset = h.offset
        said.peer = self.peer_table.intern(&record.peer, record.peer_asn)
        if said.peer == NO_PEER:
            return fault(&self.fault, NO_MEMORY, 0, 0)
        if record.is_state:
            self._add_plain(STATE, 0, NULL, &said)
            self.to.old_state[self.count - 1] = record.old_state
            self.to.new_state[self.count - 1] = record.new_state
            return SOUND
        return self._update(&record, body, &said)

    cdef FaultCode _update(self, const Bgp4mp* record, const uint8_t* body, Said* said) noexcept nogil:
        """The elements of one message: withdrawn routes, MP_UNREACH, MP_REACH, NLRI."""
        cdef Update update
        cdef Attributes attributes
        cdef MpRoutes reach, unreach
        cdef bint has_reach, has_unreach
        cdef Py_ssize_t before = self.count
        cdef FaultCode unread = SOUND
        cdef FaultCode code = split_message(record.message.begin, record.message.end, &update, &self.fault)
        if code != SOUND or update.type != UPDATE:
            return code
        code = walk_attributes(update.attributes.begin, update.attributes.end, &attributes, &self.fault)
        if code != SOUND:
            return code
        has_reach = has(&attributes, MP_REACH_NLRI)
        has_unreach = has(&attributes, MP_UNREACH_NLRI)
        code = self._add_stretch(WITHDRAW, 4, &update.withdrawn, said)
        if code != SOUND:
            return code
        if has_unreach:
            code = read_unreach(&attributes, &unreach, &self.fault)
            if code != SOUND:
                return code
            if not self._is_read(&unreach):
                unread = FAMILY_UNREAD
            else:
                code = self._add_stretch(WITHDRAW, 4 if unreach.afi == AFI_IPV4 else 6, &unreach.nlri, said)
                if code != SOUND:
                    return code
        if has_reach or update.nlri.begin != update.nlri.end:
            code = self._read_path(&attributes, record.asn_width, record.peer_asn, said)
            if code != SOUND:
                return code
            said.attr_offset = said.record_offset + 12 + (update.attributes.begin - body)
            said.attr_length = <uint32_t>(update.attributes.end - update.attributes.begin)
        if has_reach:
            code = read_reach(&attributes, &reach, &self.fault)
            if code != SOUND:
                return code
            if not self._is_read(&reach):
                unread = FAMILY_UNREAD
            else:
                code = self._add_stretch(ANNOUNCE, 4 if reach.afi == AFI_IPV4 else 6, &reach.nlri, said)
                if code != SOUND:
                    return code
        code = self._add_stretch(ANNOUNCE, 4, &update.nlri, said)
        if code != SOUND:
            return code
        # RFC 4724 section 2: nothing at all, or nothing but an MP_UNREACH_NLRI without a prefix.
        if unread == SOUND and self.count == before and not has_reach:
            if has_unreach:
                self._add_plain(END_OF_RIB, 4 if unreach.afi == AFI_IPV4 else 6, NULL, said)
            elif update.attributes.begin == update.attributes.end:
                self._add_plain(END_OF_RIB, 4, NULL, said)
        return unread

    cdef bint _is_read(self, const MpRoutes* routes) noexcept nogil:
        """Whether routes of this address family become elements; else the fault is noted."""
        if (routes.afi == AFI_IPV4 or routes.afi == AFI_IPV6) and routes.safi == SAFI_UNICAST:
            return True
        fault(&self.fault, FAMILY_UNREAD, routes.afi, routes.safi)
        return False

    # ---- elements ---------------------------------------------------------------------------------------

    cdef FaultCode _read_route(
        self, const Stretch* block, int width, uint32_t peer_asn, const uint8_t* body, Said* said
    ) noexcept nogil:
        """The attributes of one RIB entry."""
        cdef Attributes attributes
        cdef FaultCode code = walk_attributes(block.begin, block.end, &attributes, &self.fault)
        if code != SOUND:
            return code
        said.attr_offset = said.record_offset + 12 + (block.begin - body)
        said.attr_length = <uint32_t>(block.end - block.begin)
        return self._read_path(&attributes, width, peer_asn, said)

    cdef FaultCode _read_path(
        self, const Attributes* attributes, int width, uint32_t peer_asn, Said* said
    ) noexcept nogil:
        cdef FaultCode code = read_path(
            attributes, width, peer_asn, self.to.paths + self.paths_count, &said.path, &self.fault
        )
        said.path_start = <uint32_t>self.paths_count
        if code == SOUND:
            self.paths_count += said.path.count
        return code

    cdef FaultCode _add_stretch(self, uint8_t kind, int family, const Stretch* stretch, const Said* said) noexcept nogil:
        """One element for each prefix between two places."""
        cdef const uint8_t* p = stretch.begin
        cdef Prefix prefix
        cdef FaultCode code
        while p < stretch.end:
            code = next_prefix(&p, stretch.end, family, &prefix, &self.fault)
            if code != SOUND:
                return code
            if kind == WITHDRAW:
                self._add_plain(WITHDRAW, <uint8_t>family, &prefix, said)
            else:
                self._add_route(kind, <uint8_t>family, &prefix, said)
        return SOUND

    cdef void _add_route(self, uint8_t kind, uint8_t family, const Prefix* prefix, const Said* said) noexcept nogil:
        """An element that carries a path."""
        cdef Py_ssize_t i = self.count
        cdef Pointers* to = &self.to
        self._add_plain(kind, family, prefix, said)
        to.flags[i] = said.path.flags
        to.origin[i] = said.path.origin
        to.upstream[i] = said.path.upstream
        to.path_start[i] = said.path_start
        to.path_count[i] = <uint16_t>said.path.count
        to.attr_offset[i] = said.attr_offset
        to.attr_length[i] = said.attr_length

    cdef void _add_plain(self, uint8_t kind, uint8_t family, const Prefix* prefix, const Said* said) noexcept nogil:
        """An element without a path; `prefix` may be NULL."""
        cdef Py_ssize_t i = self.count
        cdef Pointers* to = &self.to
        to.time_us[i] = said.time_us
        to.kind[i] = kind
        to.flags[i] = 0
        to.peer[i] = said.peer
        to.family[i] = family
        if prefix is NULL:
            to.prefix_hi[i] = 0
            to.prefix_lo[i] = 0
            to.prefix_len[i] = 0
        else:
            to.prefix_hi[i] = prefix.high & top_bits(prefix.length)
            to.prefix_lo[i] = prefix.low & top_bits(<int>prefix.length - 64)
            to.prefix_len[i] = prefix.length
        to.origin[i] = 0
        to.upstream[i] = 0
        to.path_start[i] = 0
        to.path_count[i] = 0
        to.attr_offset[i] = -1
        to.attr_length[i] = 0
        to.record_offset[i] = said.record_offset
        to.old_state[i] = 0
        to.new_state[i] = 0
        self.count = i + 1

    # ---- peers of tables --------------------------------------------------------------------------------

    cdef bint _name(self, uint32_t peer) noexcept nogil:
        """Note that a table of this file names the peer; False where memory is short."""
        cdef Py_ssize_t room
        cdef void* grown
        if peer < self.is_named_room and self.is_named[peer]:
            return True
        if peer >= self.is_named_room:
            room = max(<Py_ssize_t>256, 2 * <Py_ssize_t>peer)
            grown = realloc(self.is_named, room)
            if grown is NULL:
                return False
            self.is_named = <uint8_t*>grown
            memset(self.is_named + self.is_named_room, 0, room - self.is_named_room)
            self.is_named_room = room
        if self.named_count == self.named_room:
            room = max(<Py_ssize_t>256, 2 * self.named_room)
            grown = realloc(self.named, room * sizeof(uint32_t))
            if grown is NULL:
                return False
            self.named = <uint32_t*>grown
            self.named_room = room
        self.is_named[peer] = 1
        self.named[self.named_count] = peer
        self.named_count += 1
        return True

    cdef void _point(self):
        """Take the addresses of the columns; the arrays never move."""
        cdef Columns c = self.columns
        self.to.time_us = <int64_t*>first_byte(c.time_us)
        self.to.kind = <uint8_t*>first_byte(c.kind)
        self.to.flags = <uint8_t*>first_byte(c.flags)
        self.to.peer = <uint32_t*>first_byte(c.peer)
        self.to.family = <uint8_t*>first_byte(c.family)
        self.to.prefix_hi = <uint64_t*>first_byte(c.prefix_hi)
        self.to.prefix_lo = <uint64_t*>first_byte(c.prefix_lo)
        self.to.prefix_len = <uint8_t*>first_byte(c.prefix_len)
        self.to.origin = <uint32_t*>first_byte(c.origin)
        self.to.upstream = <uint32_t*>first_byte(c.upstream)
        self.to.path_start = <uint32_t*>first_byte(c.path_start)
        self.to.path_count = <uint16_t*>first_byte(c.path_count)
        self.to.paths = <uint32_t*>first_byte(c.paths)
        self.to.attr_offset = <int64_t*>first_byte(c.attr_offset)
        self.to.attr_length = <uint32_t*>first_byte(c.attr_length)
        self.to.record_offset = <int64_t*>first_byte(c.record_offset)
        self.to.old_state = <uint8_t*>first_byte(c.old_state)
        self.to.new_state = <uint8_t*>first_byte(c.new_state)
