# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""MRT records to the lines of `bgpdump -m`: one per element, with all attributes that it writes.

A record is looked at whole before its first line is written, so a bad one leaves no line. A record that would
fill more than a batch is given again, and goes on behind the lines that it has already written.

Where bgpdump 1.6.2 and the RFCs differ, the lines follow the RFCs: it merges AS4_PATH wrongly into an AS_PATH of
several segments, and writes what it could read of a record that is cut short.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free

from nightside.wire.attribute_text cimport (
    put_behind_next_hop, put_mp_next_hop, put_next_hop, put_origin, put_path,
)
from nightside.wire.attributes cimport MP_REACH_NLRI, MP_UNREACH_NLRI, Attributes, has, walk_attributes
from nightside.wire.bgp4mp cimport Bgp4mp, read_bgp4mp
from nightside.wire.faults cimport (
    FAMILY_UNREAD, NO_MEMORY, NO_PEER_TABLE, PEER_INDEX, SOUND, SUBTYPE_UNREAD, TYPE_UNREAD, UNFINISHED,
    FaultCode, fault,
)
from nightside.wire.framing cimport Records
from nightside.wire.nlri cimport Prefix, next_prefix
from nightside.wire.peer_index cimport PeerIndex
from nightside.wire.peers cimport Address
from nightside.wire.record cimport BGP4MP, BGP4MP_ET, TABLE_DUMP, TABLE_DUMP_V2, Header
from nightside.wire.table_dump cimport TableDump, read_table_dump
from nightside.wire.table_dump_v2 cimport (
    PEER_INDEX_TABLE, RIB_IPV4_UNICAST, RIB_IPV6_UNICAST, PeerEntry, RibEntry, begin_rib, next_entry,
)
from nightside.wire.text cimport (
    Text, put_char, put_chars, put_ipv4, put_ipv6_as_bgpdump, put_number, put_padded, put_text,
)
from nightside.wire.update cimport (
    AFI_IPV4, AFI_IPV6, UPDATE, MpRoutes, Stretch, Update, read_reach, read_unreach, split_message,
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
            if h.subtype == RIB_IPV4_UNICAST:
                code = self._rib(h, body, 4)
            elif h.subtype == RIB_IPV6_UNICAST:
                code = self._rib(h, body, 6)
            elif h.subtype == PEER_INDEX_TABLE:
                code = self.index.read(h, body, &self.fault)
            else:
                code = fault(&self.fault, SUBTYPE_UNREAD, h.type, h.subtype)
        elif h.type == BGP4MP or h.type == BGP4MP_ET:
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
        cdef TableDump route
        cdef Attributes attributes
        cdef FaultCode code = read_table_dump(h, body, &route, &self.fault)
        if code == SOUND:
            code = walk_attributes(route.attributes.begin, route.attributes.end, &attributes, &self.fault)
        if code == SOUND:
            code = self._put_rib_tail(&attributes, 2)
        if code != SOUND:
            return code
        self.head.size = 0
        put_chars(&self.head, b"TABLE_DUMP|", 11)
        self._put_head(h.time_s, b"B", &route.peer, route.peer_asn)
        self._put_line(4 if h.subtype == AFI_IPV4 else 6, &route.prefix)
        return SOUND

    cdef FaultCode _rib(self, const Header* h, const uint8_t* body, int family) noexcept nogil:
        cdef const uint8_t* begin = body
        cdef const uint8_t* p
        cdef const uint8_t* end = body + h.length
        cdef uint16_t count = 0, i
        cdef Prefix prefix
        cdef RibEntry entry
        cdef PeerEntry* peer
        cdef Attributes attributes
        cdef bint writing
        cdef FaultCode code
        if self.index.count < 0:
            return fault(&self.fault, NO_PEER_TABLE, 0, 0)
        code = begin_rib(h, &begin, family, &prefix, &count, &self.fault)
        if code != SOUND:
            return code
        for writing in range(2):
            p = begin
            for i in range(count):
                code = next_entry(&p, end, &entry, &self.fault)
                if code != SOUND:
                    return code
                if entry.peer_index >= self.index.count:
                    return fault(&self.fault, PEER_INDEX, entry.peer_index, self.index.count)
                code = walk_attributes(entry.attributes.begin, entry.attributes.end, &attributes, &self.fault)
                if code == SOUND:
                    code = self._put_rib_tail(&attributes, 4)
                if code != SOUND:
                    return code
                if writing:
                    self.head.size = 0
                    put_chars(&self.head, b"TABLE_DUMP2|", 12)
                    peer = &self.index.entries[entry.peer_index]
                    self._put_head(h.time_s, b"B", &peer.address, peer.asn)
                    if not self._put_line(family, &prefix):
                        return UNFINISHED
        return SOUND

    cdef FaultCode _bgp4mp(self, const Header* h, const uint8_t* body) noexcept nogil:
        cdef Bgp4mp record
        cdef FaultCode code = read_bgp4mp(h, body, &record, &self.fault)
        if code != SOUND:
            return code
        if not record.is_state:
            return self._update(h, &record)
        self._begin_head(h, &record, b"STATE")
        put_number(&self.head, record.old_state)
        put_char(&self.head, b"|")
        put_number(&self.head, record.new_state)
        put_char(&self.head, b"\n")
        put_text(&self.lines, &self.head)
        return SOUND

    cdef FaultCode _update(self, const Header* h, const Bgp4mp* record) noexcept nogil:
        cdef Update update
        cdef Attributes attributes
        cdef MpRoutes reach, unreach
        cdef bint has_reach, has_unreach
        cdef FaultCode unread = SOUND
        cdef FaultCode code = split_message(record.message.begin, record.message.end, &update, &self.fault)
        if code != SOUND or update.type != UPDATE:
            return code
        code = walk_attributes(update.attributes.begin, update.attributes.end, &attributes, &self.fault)
        if code != SOUND:
            return code
        has_reach = has(&attributes, MP_REACH_NLRI)
        has_unreach = has(&attributes, MP_UNREACH_NLRI)
        if has_unreach:
            code = read_unreach(&attributes, &unreach, &self.fault)
            if code == SOUND and not self._is_read(&unreach):
                has_unreach = False
                unread = FAMILY_UNREAD
        if has_reach and code == SOUND:
            code = read_reach(&attributes, &reach, &self.fault)
            if code == SOUND and not self._is_read(&reach):
                has_reach = False
                unread = FAMILY_UNREAD
        if code == SOUND:
            code = self._check_prefixes(4, &update.withdrawn)
        if code == SOUND and has_unreach:
            code = self._check_prefixes(4 if unreach.afi == AFI_IPV4 else 6, &unreach.nlri)
        if code == SOUND and has_reach:
            code = self._check_prefixes(4 if reach.afi == AFI_IPV4 else 6, &reach.nlri)
        if code == SOUND:
            code = self._check_prefixes(4, &update.nlri)
        if code != SOUND:
            return code
        if has_reach or update.nlri.begin != update.nlri.end:
            code = self._begin_tail(&attributes, record.asn_width)
            if code != SOUND:
                return code
        # Nothing can be wrong from here on.
        self._begin_head(h, record, b"W")
        self.tail.size = 0
        put_char(&self.tail, b"\n")
        if not self._put_stretch(4, &update.withdrawn):
            return UNFINISHED
        if has_unreach and not self._put_stretch(4 if unreach.afi == AFI_IPV4 else 6, &unreach.nlri):
            return UNFINISHED
        self._begin_head(h, record, b"A")
        if has_reach:
            self._begin_tail(&attributes, record.asn_width)
            put_mp_next_hop(&self.tail, reach.next_hop.begin, reach.next_hop.end)
            put_behind_next_hop(&self.tail, &attributes, record.asn_width)
            if not self._put_stretch(4 if reach.afi == AFI_IPV4 else 6, &reach.nlri):
                return UNFINISHED
        if update.nlri.begin != update.nlri.end:
            self._begin_tail(&attributes, record.asn_width)
            put_next_hop(&self.tail, &attributes)
            put_behind_next_hop(&self.tail, &attributes, record.asn_width)
            if not self._put_stretch(4, &update.nlri):
                return UNFINISHED
        return unread

    cdef bint _is_read(self, const MpRoutes* routes) noexcept nogil:
        if (routes.afi == AFI_IPV4 or routes.afi == AFI_IPV6) and 1 <= routes.safi <= LAST_SAFI:
            return True
        fault(&self.fault, FAMILY_UNREAD, routes.afi, routes.safi)
        return False

    cdef FaultCode _check_prefixes(self, int family, const Stretch* stretch) noexcept nogil:
        """Whether every prefix of a stretch can be read."""
        cdef const uint8_t* p = stretch.begin
        cdef Prefix prefix
        cdef FaultCode code
        while p < stretch.end:
            code = next_prefix(&p, stretch.end, family, &prefix, &self.fault)
            if code != SOUND:
                return code
        return SOUND

    # ---- text -------------------------------------------------------------------------------------------

    cdef void _begin_head(self, const Header* h, const Bgp4mp* record, const char* what) noexcept nogil:
        """Everything that all lines of one message begin with."""
        self.head.size = 0
        if h.type == BGP4MP:
            put_chars(&self.head, b"BGP4MP|", 7)
            put_number(&self.head, h.time_s)
        else:
            put_chars(&self.head, b"BGP4MP_ET|", 10)
            put_number(&self.head, h.time_s)
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

    cdef bint _put_stretch(self, int family, const Stretch* stretch) noexcept nogil:
        """One line for each prefix; False where the batch is full before the end."""
        cdef const uint8_t* p = stretch.begin
        cdef Prefix prefix
        while p < stretch.end:
            next_prefix(&p, stretch.end, family, &prefix, &self.fault)
            if not self._put_line(family, &prefix):
                return False
        return True

    cdef bint _put_line(self, int family, const Prefix* prefix) noexcept nogil:
        """Head, prefix and tail, unless an earlier batch has the line; False where it did not fit any more."""
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
            put_text(&self.lines, &self.tail)
        self.reached += 1
        return True
