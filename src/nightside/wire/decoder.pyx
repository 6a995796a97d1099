# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""MRT records to columns: the hot path. Every record is decoded without the interpreter's lock.

A record that turns out bad half-way leaves nothing behind: the columns, the paths and the peers are taken back
to where they were before it. Where the fault leaves the rest readable (one entry of a table, one malformed
attribute, prefixes behind which the bytes are garbage, a family that is not read), the rest is given.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

from nightside.wire.add_path cimport are_paths, begins_like_id, next_path
from nightside.wire.as_path cimport SHORT_PATH, read_path, read_wide_path
from nightside.wire.attributes cimport MP_REACH_NLRI, MP_UNREACH_NLRI, Attributes, find_path, has, walk_attributes
from nightside.wire.bgp4mp cimport Bgp4mp, read_bgp4mp
from nightside.wire.columns cimport (
    FLAG_LOCAL, FLAG_PATH_ID, Columns, Pointers, Said, set_entry, set_plain, set_record, set_route,
)
from nightside.wire.faults cimport (
    FAMILY_UNREAD, NO_MEMORY, NO_PEER_TABLE, PEER_INDEX, ROUTE_REST, SOUND, SUBTYPE_UNREAD, TYPE_UNREAD, Fault,
    FaultCode, fault,
)
from nightside.wire.framing cimport Records
from nightside.wire.malformed cimport note, walk_update
from nightside.wire.nlri cimport Prefix, next_prefix
from nightside.wire.old_bgp cimport read_old_bgp
from nightside.wire.peer_index cimport PeerIndex
from nightside.wire.peers cimport NO_PEER, NamedPeers, PeerKey, PeerTable
from nightside.wire.record cimport (
    BGP4MP, BGP4MP_ET, HEADER_SIZE, LONGEST_RECORD, OLD_BGP, TABLE_DUMP, TABLE_DUMP_V2, Header,
)
from nightside.wire.table_dump cimport TableDump, read_table_dump
from nightside.wire.table_dump_batch cimport (
    VIEW_AND_SEQUENCE, bytes_left, is_batch, is_whole_batch, route_bytes,
)
from nightside.wire.table_dump_v2 cimport (
    GEO_PEER_TABLE, PEER_INDEX_TABLE, RIB_GENERIC, RIB_GENERIC_ADDPATH, RIB_IPV4_UNICAST,
    RIB_IPV4_UNICAST_ADDPATH, RIB_IPV6_UNICAST, RIB_IPV6_UNICAST_ADDPATH, PeerEntry, RibEntry,
    begin_generic_rib, begin_rib, next_entry, next_path_entry,
)
from nightside.wire.update cimport (
    AFI_IPV4, AFI_IPV6, SAFI_UNICAST, UPDATE, MpRoutes, Stretch, Update, read_reach, read_unreach, split_message,
    split_update,
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


cdef class Decoder(Records):
    """Bytes of one collector's files, in pieces of any size, to batches of columns.

    `capacity` is the number of elements from which on a batch is handed out.
    """

    cdef Columns columns
    cdef Py_ssize_t count           # elements in hand
    cdef Py_ssize_t capacity
    cdef Py_ssize_t paths_count
    cdef Py_ssize_t paths_room
    cdef PeerTable peer_table
    cdef PeerIndex index
    cdef uint32_t* dense            # the dense peers of the index
    cdef NamedPeers named           # by the tables of this file
    cdef Py_ssize_t ids_end         # from this element on, the column of path identifiers is all zero

    def __cinit__(self, *args, **kwargs):
        self.dense = NULL
        self.ids_end = 0

    def __init__(self, Py_ssize_t capacity=65536):
        if capacity < 1:
            raise ValueError(f"capacity {capacity} is under 1")
        self.capacity = capacity
        self.paths_room = capacity * ASES_PER_ELEMENT + LONGEST_RECORD // 2
        self.columns = Columns(capacity + MOST_ELEMENTS, self.paths_room + SHORT_PATH)
        self.peer_table = PeerTable()
        self.index = PeerIndex()
        self.named = NamedPeers()
        super().__init__()

    def __dealloc__(self):
        free(self.dense)

    @property
    def peers(self):
        """Every peer so far, by its dense index; always the same list. It grows, over all files."""
        return self.peer_table.to_list()

    @property
    def table_peers(self):
        """Dense indexes of the peers that this file's tables name (TABLE_DUMP: that have a route there)."""
        return self.named.to_list()

    # ---- for the framing --------------------------------------------------------------------------------

    cdef void forget(self):
        self.count = 0
        self.paths_count = 0
        self.index.count = -1
        self.named.forget()

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
        if self.ids_end and count == 0:
            self._forget_ids(0)
        if h.type == TABLE_DUMP_V2:
            if h.subtype == RIB_IPV4_UNICAST:
                code = self._rib(h, body, 4)
            elif h.subtype == RIB_IPV6_UNICAST:
                code = self._rib(h, body, 6)
            elif h.subtype == PEER_INDEX_TABLE:
                code = self._peer_index_table(h, body)
            elif (
                h.subtype == RIB_IPV4_UNICAST_ADDPATH or h.subtype == RIB_IPV6_UNICAST_ADDPATH
                or h.subtype == RIB_GENERIC or h.subtype == RIB_GENERIC_ADDPATH
            ):
                code = self._other_rib(h, body)
            elif h.subtype == GEO_PEER_TABLE:
                code = SOUND        # where peers stand on the earth (RFC 6397): no element
            else:
                code = fault(&self.fault, SUBTYPE_UNREAD, h.type, h.subtype)
        elif h.type == BGP4MP or h.type == BGP4MP_ET:
            code = self._bgp4mp(h, body)
        elif h.type == TABLE_DUMP:
            if is_whole_batch(h, body):
                code = self._table_dump_batch(h, body)
            else:
                code = self._table_dump(h, body)
                if code == SOUND and is_batch(h, body):
                    self.kept = True
                    code = fault(&self.fault, ROUTE_REST, bytes_left(h, body), 0)
        elif h.type == OLD_BGP:
            code = self._bgp4mp(h, body)
        else:
            code = fault(&self.fault, TYPE_UNREAD, h.type, 0)
        if code != SOUND and not self.kept:
            self.count = count
            self.paths_count = paths_count
            self.peer_table.forget_from(peers)
            self._forget_ids(count)
        return code

    cdef void _forget_ids(self, Py_ssize_t begin) noexcept nogil:
        """Take back the path identifiers of the elements from this one on."""
        if begin < self.ids_end:
            memset(self.columns.to.path_id + begin, 0, (self.ids_end - begin) * sizeof(uint32_t))
            self.ids_end = begin

    # ---- one record -------------------------------------------------------------------------------------

    cdef FaultCode _table_dump(self, const Header* h, const uint8_t* body) noexcept nogil:
        cdef TableDump route
        cdef Said said
        cdef FaultCode code = read_table_dump(h, body, &route, &self.fault)
        if code != SOUND:
            return code
        said.time_us = <int64_t>h.time_s * 1000000
        said.record_offset = h.offset
        said.marks = 0
        code = self._read_route(&route.attributes, 2, route.peer_asn, body, &said)
        if code != SOUND:
            return code
        said.peer = self.peer_table.intern(&route.peer, route.peer_asn)
        if said.peer == NO_PEER or not self.named.add(said.peer):
            return fault(&self.fault, NO_MEMORY, 0, 0)
        set_route(&self.columns.to, self.count, ROUTE, 4 if h.subtype == AFI_IPV4 else 6, &route.prefix, &said)
        self.count += 1
        return SOUND

    cdef FaultCode _table_dump_batch(self, const Header* h, const uint8_t* body) noexcept nogil:
        """Route behind route; a bad one is left out."""
        cdef Header one = h[0]
        cdef const uint8_t* p = body
        cdef const uint8_t* end = body + h.length
        cdef TableDump route
        cdef Said said
        cdef Fault first
        first.code = SOUND
        said.time_us = <int64_t>h.time_s * 1000000
        said.record_offset = h.offset
        said.marks = 0
        while end - p > VIEW_AND_SEQUENCE:
            # Four bytes before each route stand in for view and sequence number, which are not looked at.
            one.length = <uint32_t>(end - p)
            if read_table_dump(&one, p, &route, &self.fault) != SOUND:
                note(&first, self.fault.code, self.fault.value, self.fault.bound)
                p += route_bytes(&one, p)
                continue
            p = route.attributes.end - VIEW_AND_SEQUENCE
            if self._read_route(&route.attributes, 2, route.peer_asn, body, &said) != SOUND:
                note(&first, self.fault.code, self.fault.value, self.fault.bound)
                continue
            said.peer = self.peer_table.intern(&route.peer, route.peer_asn)
            if said.peer == NO_PEER or not self.named.add(said.peer):
                return fault(&self.fault, NO_MEMORY, 0, 0)
            set_route(&self.columns.to, self.count, ROUTE, 4 if h.subtype == AFI_IPV4 else 6, &route.prefix, &said)
            self.count += 1
        return self._keep_rest(&first)

    cdef FaultCode _keep_rest(self, const Fault* first) noexcept nogil:
        """The end of a record of which all that could be read is kept."""
        self.kept = True
        self.fault = first[0]
        return first.code

    cdef FaultCode _peer_index_table(self, const Header* h, const uint8_t* body) noexcept nogil:
        cdef Py_ssize_t i
        cdef PeerEntry* entry
        cdef uint32_t* grown
        cdef FaultCode code = self.index.read(h, body, &self.fault)
        if code != SOUND:
            return code
        grown = <uint32_t*>realloc(self.dense, (self.index.count + 1) * sizeof(uint32_t))
        if grown is NULL:
            return fault(&self.fault, NO_MEMORY, 0, 0)
        self.dense = grown
        for i in range(self.index.count):
            entry = &self.index.entries[i]
            self.dense[i] = self.peer_table.intern(&entry.address, entry.asn)
            if self.dense[i] == NO_PEER or not self.named.add(self.dense[i]):
                return fault(&self.fault, NO_MEMORY, 0, 0)
        return SOUND

    cdef FaultCode _rib(self, const Header* h, const uint8_t* body, int family) noexcept nogil:
        cdef const uint8_t* p = body
        cdef const uint8_t* end = body + h.length
        cdef const uint8_t* path
        cdef Py_ssize_t path_length
        cdef uint16_t entries = 0, i
        cdef Prefix prefix
        cdef RibEntry entry
        cdef Said said
        cdef Fault first
        cdef FaultCode code
        # Copies: what is behind `self` would be read again after every byte that is written.
        cdef Pointers to = self.columns.to
        cdef Py_ssize_t count = self.count, paths_count = self.paths_count, peers = self.index.count
        cdef const uint32_t* dense = self.dense
        cdef const PeerKey* keys = self.peer_table.keys
        first.code = SOUND
        if peers < 0:
            return fault(&self.fault, NO_PEER_TABLE, 0, 0)
        code = begin_rib(h, &p, family, &prefix, &entries, &self.fault)
        if code != SOUND:
            return code
        said.time_us = <int64_t>h.time_s * 1000000
        said.record_offset = h.offset
        for i in range(entries):
            code = next_entry(&p, end, &entry, &self.fault)
            if code != SOUND:
                note(&first, self.fault.code, self.fault.value, self.fault.bound)
                break
            if entry.peer_index >= peers:
                note(&first, PEER_INDEX, entry.peer_index, peers)
                continue
            said.peer = dense[entry.peer_index]
            code = find_path(entry.attributes.begin, entry.attributes.end, &path, &path_length, &self.fault)
            if code == SOUND:
                code = read_wide_path(
                    path, path_length, end, keys[said.peer].asn, to.paths + paths_count, &said.path, &self.fault
                )
            if code != SOUND:
                note(&first, self.fault.code, self.fault.value, self.fault.bound)
                continue
            said.path_start = <uint32_t>paths_count
            said.attr_offset = h.offset + HEADER_SIZE + (entry.attributes.begin - body)
            said.attr_length = <uint32_t>(entry.attributes.end - entry.attributes.begin)
            set_entry(&to, count, &said)
            paths_count += said.path.count
            count += 1
        set_record(&to, self.count, count, ROUTE, <uint8_t>family, &prefix, &said)
        self.count = count
        self.paths_count = paths_count
        return self._keep_rest(&first) if first.code != SOUND else SOUND

    cdef FaultCode _other_rib(self, const Header* h, const uint8_t* body) noexcept nogil:
        """A RIB record with path identifiers, or one that names its address family, or both."""
        cdef const uint8_t* p = body
        cdef bint has_ids = h.subtype != RIB_GENERIC
        cdef int family = 4 if h.subtype == RIB_IPV4_UNICAST_ADDPATH else 6
        cdef uint16_t count = 0, i
        cdef Prefix prefix
        cdef RibEntry entry
        cdef Said said
        cdef Fault first
        cdef FaultCode code
        first.code = SOUND
        if self.index.count < 0:
            return fault(&self.fault, NO_PEER_TABLE, 0, 0)
        if h.subtype == RIB_GENERIC or h.subtype == RIB_GENERIC_ADDPATH:
            code = begin_generic_rib(h, &p, &family, &prefix, &count, &self.fault)
        else:
            code = begin_rib(h, &p, family, &prefix, &count, &self.fault)
        if code != SOUND:
            return code
        said.time_us = <int64_t>h.time_s * 1000000
        said.record_offset = h.offset
        said.marks = FLAG_PATH_ID if has_ids else 0
        for i in range(count):
            if has_ids:
                code = next_path_entry(&p, body + h.length, &entry, &said.path_id, &self.fault)
            else:
                code = next_entry(&p, body + h.length, &entry, &self.fault)
            if code != SOUND:
                note(&first, self.fault.code, self.fault.value, self.fault.bound)
                break
            if entry.peer_index >= self.index.count:
                note(&first, PEER_INDEX, entry.peer_index, self.index.count)
                continue
            said.peer = self.dense[entry.peer_index]
            code = self._read_route(&entry.attributes, 4, self.peer_table.keys[said.peer].asn, body, &said)
            if code != SOUND:
                note(&first, self.fault.code, self.fault.value, self.fault.bound)
                continue
            set_route(&self.columns.to, self.count, ROUTE, <uint8_t>family, &prefix, &said)
            self.count += 1
            if has_ids:
                self.ids_end = self.count
        return self._keep_rest(&first)

    cdef FaultCode _bgp4mp(self, const Header* h, const uint8_t* body) noexcept nogil:
        """What a session said, or became: BGP4MP, or the BGP of before 2001."""
        cdef Bgp4mp record
        cdef Update update
        cdef Said said
        cdef FaultCode code
        if h.type == OLD_BGP:
            code = read_old_bgp(h, body, &record, &self.fault)
        else:
            code = read_bgp4mp(h, body, &record, &self.fault)
        if code != SOUND:
            return code
        said.time_us = <int64_t>h.time_s * 1000000 + record.microseconds
        said.record_offset = h.offset
        said.marks = FLAG_LOCAL if record.is_local else 0
        if record.is_state:
            said.peer = self.peer_table.intern(&record.peer, record.peer_asn)
            if said.peer == NO_PEER:
                return fault(&self.fault, NO_MEMORY, 0, 0)
            set_plain(&self.columns.to, self.count, STATE, 0, NULL, &said)
            self.columns.to.old_state[self.count] = record.old_state
            self.columns.to.new_state[self.count] = record.new_state
            self.count += 1
            return SOUND
        if h.type != OLD_BGP:
            code = split_message(record.message.begin, record.message.end, &update, &self.fault)
        elif record.message.begin != record.message.end:
            code = split_update(record.message.begin, record.message.end, &update, &self.fault)
        else:
            update.type = 0
        if code != SOUND:
            return code
        said.peer = self.peer_table.intern(&record.peer, record.peer_asn)
        if said.peer == NO_PEER:
            return fault(&self.fault, NO_MEMORY, 0, 0)
        if update.type != UPDATE:
            return SOUND
        if record.has_path_ids:
            said.marks |= FLAG_PATH_ID
        return self._update(&record, &update, body, &said)

    cdef FaultCode _update(
        self, const Bgp4mp* record, const Update* update, const uint8_t* body, Said* said
    ) noexcept nogil:
        """The elements of one UPDATE: withdrawn routes, MP_UNREACH, NLRI, MP_REACH.

        Routes whose attributes are malformed count as withdrawn (RFC 7606). All that can be read is kept.
        """
        cdef Attributes attributes
        cdef MpRoutes reach, unreach
        cdef bint has_reach, has_unreach
        cdef Py_ssize_t before = self.count
        cdef uint8_t family = 0, kind = ANNOUNCE
        cdef Fault first
        first.code = SOUND
        if not walk_update(
            update.attributes.begin, update.attributes.end, record.asn_width, &attributes, &first
        ):
            kind = WITHDRAW
        has_reach = has(&attributes, MP_REACH_NLRI)
        has_unreach = has(&attributes, MP_UNREACH_NLRI)
        self._add_stretch(WITHDRAW, 4, &update.withdrawn, said, &first)
        if has_unreach and self._is_read(read_unreach(&attributes, &unreach, &self.fault), &unreach, &first):
            self._add_stretch(WITHDRAW, 4 if unreach.afi == AFI_IPV4 else 6, &unreach.nlri, said, &first)
        if kind == ANNOUNCE and (has_reach or update.nlri.begin != update.nlri.end):
            if self._read_path(&attributes, record.asn_width, record.peer_asn, said) != SOUND:
                note(&first, self.fault.code, self.fault.value, self.fault.bound)
                kind = WITHDRAW
            said.attr_offset = said.record_offset + 12 + (update.attributes.begin - body)
            said.attr_length = <uint32_t>(update.attributes.end - update.attributes.begin)
        self._add_stretch(kind, 4, &update.nlri, said, &first)
        if has_reach and self._is_read(read_reach(&attributes, &reach, &self.fault), &reach, &first):
            self._add_stretch(kind, 4 if reach.afi == AFI_IPV4 else 6, &reach.nlri, said, &first)
        # RFC 4724 section 2: nothing at all, or nothing but an MP_UNREACH_NLRI without a prefix.
        if first.code == SOUND and self.count == before and not has_reach:
            if has_unreach:
                family = 4 if unreach.afi == AFI_IPV4 else 6
            elif update.attributes.begin == update.attributes.end:
                family = 4
            if family:
                said.marks &= ~FLAG_PATH_ID
                set_plain(&self.columns.to, self.count, END_OF_RIB, family, NULL, said)
                self.count += 1
        return self._keep_rest(&first)

    cdef bint _is_read(self, FaultCode code, const MpRoutes* routes, Fault* first) noexcept nogil:
        """Whether routes of this address family become elements; else the fault is noted."""
        if code != SOUND:
            note(first, self.fault.code, self.fault.value, self.fault.bound)
            return False
        if (routes.afi == AFI_IPV4 or routes.afi == AFI_IPV6) and routes.safi == SAFI_UNICAST:
            return True
        note(first, FAMILY_UNREAD, routes.afi, routes.safi)
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
            attributes, width, peer_asn, self.columns.to.paths + self.paths_count, &said.path, &self.fault
        )
        said.path_start = <uint32_t>self.paths_count
        if code == SOUND:
            self.paths_count += said.path.count
        return code

    cdef void _add_stretch(
        self, uint8_t kind, int family, const Stretch* routes, Said* said, Fault* first
    ) noexcept nogil:
        """One element for each prefix between two places, as far as they can be read."""
        cdef const uint8_t* p = routes.begin
        cdef Py_ssize_t before = self.count
        cdef uint8_t marks = said.marks
        cdef Prefix prefix
        if not marks & FLAG_PATH_ID and not (begins_like_id(routes) and are_paths(routes, family)):
            while p < routes.end:
                if next_prefix(&p, routes.end, family, &prefix, &self.fault) != SOUND:
                    break
                if kind == WITHDRAW:
                    set_plain(&self.columns.to, self.count, kind, <uint8_t>family, &prefix, said)
                else:
                    set_route(&self.columns.to, self.count, kind, <uint8_t>family, &prefix, said)
                self.count += 1
            if p == routes.end:
                return
            if not are_paths(routes, family):
                note(first, self.fault.code, self.fault.value, self.fault.bound)
                return
            self.count = before
            p = routes.begin
        said.marks |= FLAG_PATH_ID
        while p < routes.end:
            if next_path(&p, routes.end, family, &said.path_id, &prefix, &self.fault) != SOUND:
                note(first, self.fault.code, self.fault.value, self.fault.bound)
                break
            if kind == WITHDRAW:
                set_plain(&self.columns.to, self.count, kind, <uint8_t>family, &prefix, said)
            else:
                set_route(&self.columns.to, self.count, kind, <uint8_t>family, &prefix, said)
            self.count += 1
            self.ids_end = self.count
        said.marks = marks
