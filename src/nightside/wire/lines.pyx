# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""MRT records to the lines of `bgpdump -m`: one per element, with all attributes that it writes.

What can be read of a record with a fault becomes lines, as it becomes elements in `decoder`. A record that would
fill more than a batch is given again, and goes on behind the lines that it has already written.

Where bgpdump 1.6.2 and the RFCs differ, the lines follow the RFCs; docs/elements.md has each case.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free

from nightside.wire.add_path cimport are_paths, begins_like_id, next_path
from nightside.wire.attribute_text cimport (
    put_behind_next_hop, put_mp_next_hop, put_next_hop, put_origin, put_path,
)
from nightside.wire.attributes cimport MP_REACH_NLRI, MP_UNREACH_NLRI, Attributes, has, walk_attributes
from nightside.wire.bgp4mp cimport Bgp4mp, read_bgp4mp
from nightside.wire.faults cimport (
    FAMILY_UNREAD, NO_MEMORY, NO_PEER_TABLE, PEER_INDEX, ROUTE_REST, SOUND, SUBTYPE_UNREAD, TYPE_UNREAD,
    UNFINISHED, Fault, FaultCode, fault,
)
from nightside.wire.framing cimport Records
from nightside.wire.malformed cimport note, walk_update
from nightside.wire.nlri cimport Prefix, next_prefix
from nightside.wire.old_bgp cimport read_old_bgp
from nightside.wire.peer_index cimport PeerIndex
from nightside.wire.peers cimport Address
from nightside.wire.record cimport BGP4MP, BGP4MP_ET, OLD_BGP, TABLE_DUMP, TABLE_DUMP_V2, Header
from nightside.wire.table_dump cimport TableDump, read_table_dump
from nightside.wire.table_dump_batch cimport (
    VIEW_AND_SEQUENCE, bytes_left, is_batch, is_whole_batch, route_bytes,
)
from nightside.wire.table_dump_v2 cimport (
    GEO_PEER_TABLE, PEER_INDEX_TABLE, RIB_GENERIC, RIB_GENERIC_ADDPATH, RIB_IPV4_UNICAST,
    RIB_IPV4_UNICAST_ADDPATH, RIB_IPV6_UNICAST, RIB_IPV6_UNICAST_ADDPATH, PeerEntry, RibEntry,
    begin_generic_rib, begin_rib, next_entry, next_path_entry,
)
from nightside.wire.text cimport (
    Text, put_char, put_chars, put_ipv4, put_ipv6_as_bgpdump, put_number, put_padded, put_text,
)
from nightside.wire.update cimport (
    AFI_IPV4, AFI_IPV6, UPDATE, MpRoutes, Stretch, Update, read_reach, read_unreach, split_message, split_update,
)

cdef enum:
    # From this many bytes on, what has been written is handed out.
    BATCH_BYTES = 262144
    # RFC 2858 had one for unicast and multicast together.
    LAST_SAFI = 3


cdef void put_address(Text* text, const Address* address) noexcept nogil:
    if address.family == 4:
        put_ipv4(text, <uint32_t>(address.high >> 32))
    else:
        put_ipv6_as_bgpdump(text, address.high, address.low)


cdef class Lines(Records):
    """Bytes of files, in pieces of any size, to bytes of whole lines, each with its line feed."""

    cdef Text lines
    cdef Text head                  # of every line of the record in hand, up to the prefix
    cdef Text tail                  # behind the prefix
    cdef PeerIndex index
    cdef Py_ssize_t written         # lines of the record in hand that earlier batches hold
    cdef Py_ssize_t reached         # lines of the record in hand so far

    def __cinit__(self, *args, **kwargs):
        self.index = PeerIndex()

    def __dealloc__(self):
        free(self.lines.data)
        free(self.head.data)
        free(self.tail.data)

    # ---- for the framing --------------------------------------------------------------------------------

    cdef void forget(self):
        self.lines.size = 0
        self.lines.failed = self.head.failed = self.tail.failed = False
        self.index.count = -1
        self.written = 0

    cdef bint is_full(self, uint32_t next_length) noexcept nogil:
        return self.lines.size >= BATCH_BYTES

    cdef bint has_batch(self):
        return self.lines.size > 0

    cdef object batch(self):
        text = self.lines.data[:self.lines.size]
        self.lines.size = 0
        return text

    cdef FaultCode take(self, const Header* h, const uint8_t* body) noexcept nogil:
        cdef FaultCode code
        self.reached = 0
        if h.type == TABLE_DUMP_V2:
            if h.subtype == PEER_INDEX_TABLE:
                code = self.index.read(h, body, &self.fault)
            elif (
                h.subtype == RIB_IPV4_UNICAST or h.subtype == RIB_IPV4_UNICAST_ADDPATH
                or h.subtype == RIB_IPV6_UNICAST or h.subtype == RIB_IPV6_UNICAST_ADDPATH
                or h.subtype == RIB_GENERIC or h.subtype == RIB_GENERIC_ADDPATH
            ):
                code = self._rib(h, body)
            elif h.subtype == GEO_PEER_TABLE:
                code = SOUND        # where peers stand on the earth (RFC 6397): no line
            else:
                code = fault(&self.fault, SUBTYPE_UNREAD, h.type, h.subtype)
        elif h.type == BGP4MP or h.type == BGP4MP_ET or h.type == OLD_BGP:
            code = self._bgp4mp(h, body)
        elif h.type == TABLE_DUMP:
            code = self._table_dump(h, body)
        else:
            code = fault(&self.fault, TYPE_UNREAD, h.type, 0)
        if self.lines.failed or self.head.failed or self.tail.failed:
            return fault(&self.fault, NO_MEMORY, 0, 0)
        self.written = self.reached if code == UNFINISHED else 0
        return code

    # ---- one record -------------------------------------------------------------------------------------

    cdef FaultCode _table_dump(self, const Header* h, const uint8_t* body) noexcept nogil:
        """One route, or route behind route; a bad one is left out."""
        cdef Header one = h[0]
        cdef const uint8_t* p = body
        cdef const uint8_t* end = body + h.length
        cdef bint several = is_whole_batch(h, body)
        cdef TableDump route
        cdef Attributes attributes
        cdef Fault first
        cdef FaultCode code
        first.code = SOUND
        while True:
            # Four bytes before each route stand in for view and sequence number, which are not looked at.
            one.length = <uint32_t>(end - p)
            code = read_table_dump(&one, p, &route, &self.fault)
            if code == SOUND:
                code = walk_attributes(route.attributes.begin, route.attributes.end, &attributes, &self.fault)
            if code == SOUND:
                code = self._put_rib_tail(&attributes, 2)
            if code != SOUND:
                note(&first, self.fault.code, self.fault.value, self.fault.bound)
            else:
                self.head.size = 0
                put_chars(&self.head, b"TABLE_DUMP|", 11)
                self._put_head(h.time_s, b"B", &route.peer, route.peer_asn)
                if not self._put_line(4 if h.subtype == AFI_IPV4 else 6, &route.prefix, NULL):
                    return UNFINISHED
            if not several:
                if code == SOUND and is_batch(h, body):
                    note(&first, ROUTE_REST, bytes_left(h, body), 0)
                break
            p += route_bytes(&one, p)
            if end - p <= VIEW_AND_SEQUENCE:
                break
        self.kept = several or code == SOUND
        self.fault = first
        return first.code

    cdef FaultCode _rib(self, const Header* h, const uint8_t* body) noexcept nogil:
        """The entries of one prefix; a bad one is left out."""
        cdef bint has_ids = h.subtype >= RIB_IPV4_UNICAST_ADDPATH
        cdef int family = 4 if h.subtype == RIB_IPV4_UNICAST or h.subtype == RIB_IPV4_UNICAST_ADDPATH else 6
        cdef const uint8_t* p = body
        cdef const uint8_t* end = body + h.length
        cdef uint16_t count = 0, i
        cdef uint32_t path_id = 0
        cdef Prefix prefix
        cdef RibEntry entry
        cdef PeerEntry* peer
        cdef Attributes attributes
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
        for i in range(count):
            if has_ids:
                code = next_path_entry(&p, end, &entry, &path_id, &self.fault)
            else:
                code = next_entry(&p, end, &entry, &self.fault)
            if code != SOUND:
                note(&first, self.fault.code, self.fault.value, self.fault.bound)
                break
            if entry.peer_index >= self.index.count:
                note(&first, PEER_INDEX, entry.peer_index, self.index.count)
                continue
            code = walk_attributes(entry.attributes.begin, entry.attributes.end, &attributes, &self.fault)
            if code == SOUND:
                code = self._put_rib_tail(&attributes, 4)
            if code != SOUND:
                note(&first, self.fault.code, self.fault.value, self.fault.bound)
                continue
            self.head.size = 0
            if has_ids:
                put_chars(&self.head, b"TABLE_DUMP2_AP|", 15)
            else:
                put_chars(&self.head, b"TABLE_DUMP2|", 12)
            peer = &self.index.entries[entry.peer_index]
            self._put_head(h.time_s, b"B", &peer.address, peer.asn)
            if not self._put_line(family, &prefix, &path_id if has_ids else NULL):
                return UNFINISHED
        self.kept = True
        self.fault = first
        return first.code

    cdef FaultCode _bgp4mp(self, const Header* h, const uint8_t* body) noexcept nogil:
        """What a session said, or became: BGP4MP, or the BGP of before 2001."""
        cdef Bgp4mp record
        cdef Update update
        cdef FaultCode code
        if h.type == OLD_BGP:
            code = read_old_bgp(h, body, &record, &self.fault)
        else:
            code = read_bgp4mp(h, body, &record, &self.fault)
        if code != SOUND:
            return code
        if not record.is_state:
            if h.type != OLD_BGP:
                code = split_message(record.message.begin, record.message.end, &update, &self.fault)
            elif record.message.begin != record.message.end:
                code = split_update(record.message.begin, record.message.end, &update, &self.fault)
            else:
                return SOUND
            if code != SOUND or update.type != UPDATE:
                return code
            return self._update(h, &record, &update)
        self._begin_head(h, &record, b"STATE", False)
        put_number(&self.head, record.old_state)
        put_char(&self.head, b"|")
        put_number(&self.head, record.new_state)
        put_char(&self.head, b"\n")
        put_text(&self.lines, &self.head)
        return SOUND

    cdef FaultCode _update(self, const Header* h, const Bgp4mp* record, const Update* update) noexcept nogil:
        """The lines of one UPDATE: withdrawn routes, MP_UNREACH, NLRI, MP_REACH.

        Routes whose attributes are malformed are lines of withdrawals (RFC 7606).
        """
        cdef Attributes attributes
        cdef MpRoutes reach, unreach
        cdef bint has_reach, has_unreach, stand
        cdef bint is_old = h.type == OLD_BGP
        cdef int width = record.asn_width
        cdef Fault first
        first.code = SOUND
        stand = walk_update(update.attributes.begin, update.attributes.end, width, &attributes, &first)
        has_unreach = has(&attributes, MP_UNREACH_NLRI) and self._is_read(
            read_unreach(&attributes, &unreach, &self.fault), &unreach, &first
        )
        has_reach = has(&attributes, MP_REACH_NLRI) and self._is_read(
            read_reach(&attributes, &reach, &self.fault), &reach, &first
        )
        self.tail.size = 0
        put_char(&self.tail, b"\n")
        if not self._put_stretch(h, record, b"W", 4, &update.withdrawn, &first):
            return UNFINISHED
        if has_unreach and not self._put_stretch(
            h, record, b"W", 4 if unreach.afi == AFI_IPV4 else 6, &unreach.nlri, &first
        ):
            return UNFINISHED
        if update.nlri.begin != update.nlri.end:
            if stand:
                self._begin_tail(&attributes, width)
                put_next_hop(&self.tail, &attributes)
                put_behind_next_hop(&self.tail, &attributes, width, is_old)
            if not self._put_stretch(h, record, b"A" if stand else b"W", 4, &update.nlri, &first):
                return UNFINISHED
        if has_reach:
            if stand:
                self._begin_tail(&attributes, width)
                put_mp_next_hop(&self.tail, reach.next_hop.begin, reach.next_hop.end)
                put_behind_next_hop(&self.tail, &attributes, width, is_old)
            if not self._put_stretch(
                h, record, b"A" if stand else b"W", 4 if reach.afi == AFI_IPV4 else 6, &reach.nlri, &first
            ):
                return UNFINISHED
        self.kept = True
        self.fault = first
        return first.code

    cdef bint _is_read(self, FaultCode code, const MpRoutes* routes, Fault* first) noexcept nogil:
        """Whether routes of this address family become lines; else the fault is noted."""
        if code != SOUND:
            note(first, self.fault.code, self.fault.value, self.fault.bound)
            return False
        if (routes.afi == AFI_IPV4 or routes.afi == AFI_IPV6) and 1 <= routes.safi <= LAST_SAFI:
            return True
        note(first, FAMILY_UNREAD, routes.afi, routes.safi)
        return False

    # ---- text -------------------------------------------------------------------------------------------

    cdef void _begin_head(
        self, const Header* h, const Bgp4mp* record, const char* what, bint has_ids
    ) noexcept nogil:
        """Everything that all lines of one kind of one message begin with."""
        self.head.size = 0
        if h.type == OLD_BGP:
            put_chars(&self.head, b"BGP", 3)
        elif h.type == BGP4MP:
            put_chars(&self.head, b"BGP4MP", 6)
        else:
            put_chars(&self.head, b"BGP4MP_ET", 9)
        if record.is_local:
            put_chars(&self.head, b"_LOCAL", 6)
        if has_ids:
            put_chars(&self.head, b"_AP", 3)
        put_char(&self.head, b"|")
        put_number(&self.head, h.time_s)
        if h.type == BGP4MP_ET:
            put_char(&self.head, b".")
            put_padded(&self.head, record.microseconds)
        self._put_peer(what, &record.peer, record.peer_asn)

    cdef void _put_head(self, uint32_t time_s, const char* what, const Address* peer, uint32_t asn) noexcept nogil:
        put_number(&self.head, time_s)
        self._put_peer(what, peer, asn)

    cdef void _put_peer(self, const char* what, const Address* peer, uint32_t asn) noexcept nogil:
        put_char(&self.head, b"|")
        while what[0]:
            put_char(&self.head, what[0])
            what += 1
        put_char(&self.head, b"|")
        put_address(&self.head, peer)
        put_char(&self.head, b"|")
        put_number(&self.head, asn)
        put_char(&self.head, b"|")

    cdef FaultCode _begin_tail(self, const Attributes* attributes, int width) noexcept nogil:
        """From the bar behind the prefix to the bar before the next hop."""
        cdef FaultCode code
        self.tail.size = 0
        put_char(&self.tail, b"|")
        code = put_path(&self.tail, attributes, width, &self.fault)
        put_char(&self.tail, b"|")
        put_origin(&self.tail, attributes)
        put_char(&self.tail, b"|")
        return code

    cdef FaultCode _put_rib_tail(self, const Attributes* attributes, int width) noexcept nogil:
        """Everything behind the prefix, for one RIB entry.

        Its MP_REACH_NLRI is the next hop alone (RFC 6396 section 4.3.4), or whole, as some write it.
        """
        cdef MpRoutes reach
        cdef const uint8_t* p
        cdef const uint8_t* end
        cdef FaultCode code = self._begin_tail(attributes, width)
        if code != SOUND:
            return code
        if has(attributes, MP_REACH_NLRI) and attributes.length[MP_REACH_NLRI] >= 1:
            p = attributes.value[MP_REACH_NLRI]
            end = p + attributes.length[MP_REACH_NLRI]
            if p[0]:
                p += 1
            elif read_reach(attributes, &reach, &self.fault) == SOUND:
                p = reach.next_hop.begin
                end = reach.next_hop.end
            else:
                # Too short to be whole: there is none, and the route is one all the same.
                p = end
            put_mp_next_hop(&self.tail, p, end)
        else:
            put_next_hop(&self.tail, attributes)
        put_behind_next_hop(&self.tail, attributes, width)
        return SOUND

    cdef bint _put_stretch(
        self, const Header* h, const Bgp4mp* record, const char* what, int family, const Stretch* routes,
        Fault* first
    ) noexcept nogil:
        """One line for each prefix, as far as they can be read; False where the batch is full before the end."""
        cdef const uint8_t* p = routes.begin
        cdef uint32_t path_id = 0
        cdef bint has_ids = record.has_path_ids
        cdef Prefix prefix
        cdef FaultCode code
        if p == routes.end:
            return True
        if not has_ids:
            has_ids = begins_like_id(routes) and are_paths(routes, family)
        if not has_ids and not self._are_prefixes(family, routes):
            has_ids = are_paths(routes, family)
        self._begin_head(h, record, what, has_ids)
        while p < routes.end:
            if has_ids:
                code = next_path(&p, routes.end, family, &path_id, &prefix, &self.fault)
            else:
                code = next_prefix(&p, routes.end, family, &prefix, &self.fault)
            if code != SOUND:
                note(first, self.fault.code, self.fault.value, self.fault.bound)
                return True
            if not self._put_line(family, &prefix, &path_id if has_ids else NULL):
                return False
        return True

    cdef bint _are_prefixes(self, int family, const Stretch* routes) noexcept nogil:
        """Whether these bytes are plain prefixes, to the last byte."""
        cdef const uint8_t* p = routes.begin
        cdef Prefix prefix
        while p < routes.end:
            if next_prefix(&p, routes.end, family, &prefix, &self.fault) != SOUND:
                return False
        return True

    cdef bint _put_line(self, int family, const Prefix* prefix, const uint32_t* path_id) noexcept nogil:
        """Head, prefix, path identifier (NULL: none) and tail, unless an earlier batch has the line.

        False where it did not fit any more.
        """
        if self.reached >= self.written:
            if self.lines.size >= BATCH_BYTES:
                return False
            put_text(&self.lines, &self.head)
            if family == 4:
                put_ipv4(&self.lines, <uint32_t>(prefix.high >> 32))
            else:
                put_ipv6_as_bgpdump(&self.lines, prefix.high, prefix.low)
            put_char(&self.lines, b"/")
            put_number(&self.lines, prefix.length)
            if path_id is not NULL:
                put_char(&self.lines, b"|")
                put_number(&self.lines, path_id[0])
            put_text(&self.lines, &self.tail)
        self.reached += 1
        return True
