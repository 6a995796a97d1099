# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Pieces of a file to whole MRT records (RFC 6396 section 2); what to do where the framing breaks.

No length field is trusted: a record is looked at once all of its bytes have come, and what a piece ends in is
carried over as it arrives. A header that cannot be one (a record over 16 MiB, a type that nobody uses with a
time that is days off) loses the framing: then every byte is tried as the begin of a record, until one looks
like what came before. What is passed over is counted, at its offset.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memmove

from nightside.model.elements import Skip
from nightside.model.errors import NotMrtError

from nightside.wire.bigendian cimport be16, be32
from nightside.wire.faults cimport (
    FAMILY_UNREAD, RECORD_LENGTH, SOUND, SUBTYPE_UNREAD, TYPE_UNREAD, UNFINISHED, Fault, FaultCode, fault, reason,
)
from nightside.wire.record cimport (
    BGP4MP, BGP4MP_ET, HEADER_SIZE, LONGEST_RECORD, OLD_BGP, TABLE_DUMP, TABLE_DUMP_V2, Header, is_registered,
)
from nightside.wire.table_dump_batch cimport uncounted_bytes

cdef enum:
    # What a header may say that is found again after the framing was lost, or that begins a file.
    LONGEST_FOUND = 1048576
    LAST_SUBTYPE = 64
    NEAR_S = 86400

# One file can be bad in as many ways as it has records; what is told of them stays small.
MOST_REASONS = 256
OTHER_REASONS = "further bad records, each for another reason"


cdef inline void read_header(const uint8_t* p, int64_t offset, Header* out) noexcept nogil:
    out.time_s = be32(p)
    out.type = be16(p + 4)
    out.subtype = be16(p + 6)
    out.length = be32(p + 8)
    out.offset = offset


cdef class Records:
    """Feeds whole records to `take`, which a subclass has; hands on what the subclass makes of them."""

    def __cinit__(self, *args, **kwargs):
        self.carried = NULL
        self.carried_room = 0

    def __init__(self):
        self.start()

    def __dealloc__(self):
        free(self.carried)

    # ---- for the subclass -------------------------------------------------------------------------------

    cdef FaultCode take(self, const Header* header, const uint8_t* body) noexcept nogil:
        """One whole record of header.length bytes.

        SOUND; or what is wrong, with `fault` set, and `kept` where what could be read of the record is kept (else
        nothing is); or UNFINISHED.
        """
        return SOUND

    cdef bint is_full(self, uint32_t next_length) noexcept nogil:
        """Whether a record of this length might not fit any more."""
        return False

    cdef object batch(self):
        """What has been gathered; from then on a new batch is begun."""
        return None

    cdef bint has_batch(self):
        """Whether anything has been gathered."""
        return False

    cdef void forget(self):
        """A new file begins."""

    # ---- for the caller ---------------------------------------------------------------------------------

    def start(self, str name=""):
        """A new file begins; `name` is what messages call it. Everything that is told per file begins anew."""
        self.name = name
        self.position = 0
        self.carried_count = 0
        self.lost = False
        self.time_known = False
        self._records = 0
        self._skips = {}
        self.ended = False
        self.forget()

    def feed(self, piece):
        """Decode the next bytes of the file (of any length), and yield each batch that is full.

        Exhaust it before the next call: what is not asked for is not decoded. Raises NotMrtError where the
        file does not begin with an MRT record.
        """
        cdef const uint8_t[::1] view = piece
        cdef Py_ssize_t size = view.shape[0]
        cdef const uint8_t* cursor
        cdef const uint8_t* end
        cdef Stop stop
        if size == 0:
            return
        cursor = &view[0]
        end = cursor + size
        while True:
            with nogil:
                stop = self._run(&cursor, end)
            if stop == PIECE_USED_UP:
                return
            if stop == BATCH_FULL:
                yield self.batch()
            else:
                self._answer(stop)

    def finish(self):
        """The file ends here: note what is left of an unfinished record, and yield the last batch."""
        cdef int64_t size
        if self.lost:
            # Fewer bytes than a header has are still in hand; they belong to what was passed over.
            self.position += self.carried_count
            self.carried_count = 0
            self._found()
        elif self.carried_count:
            self.ended = True
            if self.position == 0 and self.carried_count < HEADER_SIZE:
                raise NotMrtError(
                    f"the file has {self.carried_count} bytes, and the header of an MRT record has {HEADER_SIZE}",
                    where=self._where(0),
                    advice="Fetch the file again, or leave it out.",
                )
            what = "its header"
            if self.carried_count >= HEADER_SIZE:
                read_header(self.carried, self.position, &self.header)
                size = HEADER_SIZE + <int64_t>self.header.length
                if self.carried_count >= size:
                    size += uncounted_bytes(&self.header, self.carried + HEADER_SIZE)
                what = f"{size} bytes"
            self._skip(self.position, f"the file ends inside a record: {self.carried_count} bytes of {what} are there")
            self.carried_count = 0
        if self.has_batch():
            yield self.batch()

    @property
    def skipped(self):
        """What could not be used, in the order of the offsets: one Skip per reason, at its first offset."""
        return [Skip(offset, why, count) for why, (offset, count) in self._skips.items()]

    @property
    def records(self):
        """Whole records so far in this file, the skipped ones too."""
        return self._records

    @property
    def truncated(self):
        """Whether the file ended inside a record."""
        return self.ended

    # ---- inside -----------------------------------------------------------------------------------------

    def _where(self, int64_t offset):
        return f"{self.name}: byte {offset}" if self.name else f"byte {offset}"

    cdef object _skip(self, int64_t offset, str why):
        if why not in self._skips and len(self._skips) >= MOST_REASONS:
            why = OTHER_REASONS
        entry = self._skips.setdefault(why, [offset, 0])
        entry[1] += 1

    cdef object _found(self):
        """The framing is found again (or the file has ended): tell what was passed over."""
        self._skip(self.lost_at, f"{self.lost_reason}: {self.position - self.lost_at} bytes passed over")
        self.lost = False

    cdef object _answer(self, Stop stop):
        """Tell of what made the inner loop stop."""
        if stop == RECORD_REFUSED:
            self._skip(self.header.offset, reason(&self.fault))
        elif stop == FRAMING_LOST:
            if self.lost:
                self._found()
            else:
                self.lost = True
                self.lost_at = self.position
                self.lost_reason = reason(&self.fault)
        elif stop == NOT_MRT:
            raise NotMrtError(
                f"not an MRT file: type {self.header.type}, subtype {self.header.subtype}, "
                f"length {self.header.length} stand where the first record's header should",
                where=self._where(0),
                advice="Give files of MRT records (RFC 6396), plain or packed with gzip or bzip2.",
            )
        else:
            raise MemoryError

    cdef bint _keep(self, const uint8_t* p, Py_ssize_t size) noexcept nogil:
        """Append to what is carried over."""
        cdef Py_ssize_t needed = self.carried_count + size, room = self.carried_room
        cdef uint8_t* moved
        if size == 0:
            return True
        if needed > room:
            room = max(2 * room, needed, <Py_ssize_t>65536)
            moved = <uint8_t*>realloc(self.carried, room)
            if moved is NULL:
                return False
            self.carried = moved
            self.carried_room = room
        memcpy(self.carried + self.carried_count, p, size)
        self.carried_count += size
        return True

    cdef bint _fill(self, const uint8_t** cursor, const uint8_t* end, Py_ssize_t size) noexcept nogil:
        """Carry over as much as there is, up to `size` bytes in all; False where memory is short."""
        cdef const uint8_t* p = cursor[0]
        cdef Py_ssize_t count = min(size - self.carried_count, end - p)
        if count <= 0:
            return True
        cursor[0] = p + count
        return self._keep(p, count)

    cdef FaultCode _check(self) noexcept nogil:
        """Whether the header in hand can be one; else what is wrong with it."""
        cdef Header* h = &self.header
        if h.length > LONGEST_RECORD:
            return fault(&self.fault, RECORD_LENGTH, h.length, LONGEST_RECORD)
        if not is_registered(h) and not self._is_near(h.time_s):
            return fault(&self.fault, TYPE_UNREAD, h.type, 0)
        return SOUND

    cdef bint _is_near(self, uint32_t time_s) noexcept nogil:
        """Whether a time can be one of this file, by what came before."""
        cdef int64_t away = <int64_t>time_s - <int64_t>self.last_time_s
        return not self.time_known or -NEAR_S <= away <= NEAR_S

    cdef bint _believes(self, FaultCode code) noexcept nogil:
        """Whether the time of the record that was taken is the file's: it was read, or is of a kind that is not.

        The same for every reader, though one may read routes that another leaves out: so all find a framing that
        was lost at the same place.
        """
        if code == SOUND or self.kept:
            return True
        return (code == TYPE_UNREAD or code == SUBTYPE_UNREAD or code == FAMILY_UNREAD) and (
            self._is_near(self.header.time_s)
        )

    cdef bint _plausible(self, const uint8_t* p) noexcept nogil:
        """Whether these 12 bytes look like a header of a record of this file."""
        cdef Header h
        read_header(p, 0, &h)
        return (
            h.type in (OLD_BGP, TABLE_DUMP, TABLE_DUMP_V2, BGP4MP, BGP4MP_ET)
            and h.subtype <= LAST_SUBTYPE and h.length <= LONGEST_FOUND and self._is_near(h.time_s)
        )

    cdef bint _seek(self, const uint8_t** cursor, const uint8_t* end) noexcept nogil:
        """Carry over the next plausible header; False where the piece ends before one.

        The refused header is carried over when this begins, so the search starts at its second byte.
        """
        cdef const uint8_t* p = cursor[0]
        cdef bint found = False
        while not found:
            if self.carried_count == HEADER_SIZE:
                self.carried_count -= 1
                memmove(self.carried, self.carried + 1, self.carried_count)
                self.position += 1
            if p == end:
                break
            self.carried[self.carried_count] = p[0]
            self.carried_count += 1
            p += 1
            found = self.carried_count == HEADER_SIZE and self._plausible(self.carried)
        cursor[0] = p
        return found

    cdef Stop _run(self, const uint8_t** cursor, const uint8_t* end) noexcept nogil:
        """Take records until something must be told or handed on; the cursor is then where to go on."""
        cdef const uint8_t* p
        cdef const uint8_t* body
        cdef Py_ssize_t size
        cdef uint32_t extra
        cdef FaultCode code
        while True:
            p = cursor[0]
            if self.lost:
                return FRAMING_LOST if self._seek(cursor, end) else PIECE_USED_UP
            if self.carried_count == 0:
                if end - p < HEADER_SIZE:
                    cursor[0] = end
                    return PIECE_USED_UP if self._keep(p, end - p) else OUT_OF_MEMORY
                read_header(p, self.position, &self.header)
            else:
                if self.carried_count < HEADER_SIZE:
                    size = min(HEADER_SIZE - self.carried_count, end - p)
                    cursor[0] = p = p + size
                    if not self._keep(p - size, size):
                        return OUT_OF_MEMORY
                    if self.carried_count < HEADER_SIZE:
                        return PIECE_USED_UP
                read_header(self.carried, self.position, &self.header)
            if self.position == 0 and not (
                is_registered(&self.header) and self.header.subtype <= LAST_SUBTYPE
                and self.header.length <= LONGEST_RECORD
            ):
                return NOT_MRT
            if self._check() != SOUND:
                if self.carried_count == 0:
                    cursor[0] = p + HEADER_SIZE
                    if not self._keep(p, HEADER_SIZE):
                        return OUT_OF_MEMORY
                return FRAMING_LOST
            size = HEADER_SIZE + <Py_ssize_t>self.header.length
            if self.carried_count == 0:
                if end - p < size:
                    cursor[0] = end
                    return PIECE_USED_UP if self._keep(p, end - p) else OUT_OF_MEMORY
                body = p + HEADER_SIZE
            else:
                if not self._fill(cursor, end, size):
                    return OUT_OF_MEMORY
                if self.carried_count < size:
                    return PIECE_USED_UP
                body = self.carried + HEADER_SIZE
            if self.header.type == TABLE_DUMP:
                extra = uncounted_bytes(&self.header, body)
                if extra:
                    self.header.length += extra
                    size += extra
                    if self.carried_count == 0:
                        if end - p < size:
                            cursor[0] = end
                            return PIECE_USED_UP if self._keep(p, end - p) else OUT_OF_MEMORY
                    else:
                        if not self._fill(cursor, end, size):
                            return OUT_OF_MEMORY
                        if self.carried_count < size:
                            return PIECE_USED_UP
                        body = self.carried + HEADER_SIZE
            if self.is_full(self.header.length):
                return BATCH_FULL
            self.kept = False
            code = self.take(&self.header, body)
            if code == UNFINISHED:
                return BATCH_FULL
            if self.carried_count == 0:
                cursor[0] = p + size
            self.carried_count = 0
            self.position += size
            self._records += 1
            if self._believes(code):
                self.time_known = True
                self.last_time_s = self.header.time_s
            if code != SOUND:
                return RECORD_REFUSED
