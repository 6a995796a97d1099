# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Pieces of a connection to whole BMP messages (RFC 7854 section 4.1).

No length field is trusted: a message is looked at once all of its bytes have come, and what a piece ends in is
carried over as it arrives. What is wrong inside a message costs that message. What is wrong with the framing (a
version that is not 3, a length that cannot be) breaks the stream: there is no way to find the next message.
"""

from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

from nightside.model.elements import Skip

from nightside.wire.bigendian cimport be32
from nightside.wire.faults cimport (
    BMP_LENGTH, BMP_SHORT, BMP_VERSION, NO_MEMORY, SOUND, Fault, FaultCode, fault, reason,
)

cdef enum:
    VERSION = 3

# One router can be bad in as many ways as it sends messages; what is told of them stays small.
MOST_REASONS = 256
OTHER_REASONS = "further bad messages, each for another reason"


cdef class Messages:
    """Feeds whole messages to `take`, and those that only people read to `listen`; a subclass has both."""

    def __cinit__(self, *args, **kwargs):
        self.carried = NULL
        self.carried_count = self.carried_room = 0

    def __init__(self, Py_ssize_t longest):
        self.longest = longest
        self.position = self.next_position = 0
        self.carried_count = 0
        self.broken = None
        self._skips = {}

    def __dealloc__(self):
        free(self.carried)

    # ---- for the subclass -------------------------------------------------------------------------------

    cdef FaultCode take(self, int type, const uint8_t* p, const uint8_t* end) noexcept nogil:
        """One whole message behind its common header: SOUND, or what is wrong, with `fault` set."""
        return SOUND

    cdef object listen(self, int type, const uint8_t* p, Py_ssize_t size):
        """One whole initiation or termination behind its common header."""

    # ---- for the caller ---------------------------------------------------------------------------------

    @property
    def skipped(self):
        """What was wrong, in the order of the offsets: one Skip per reason, at its first offset in the stream."""
        return [Skip(offset, why, count) for why, (offset, count) in self._skips.items()]

    # ---- inside -----------------------------------------------------------------------------------------

    cdef object read(self, const uint8_t* p, const uint8_t* end):
        """Everything between two places, which are the next bytes; until the framing breaks."""
        cdef const uint8_t* cursor = p
        cdef Halt halt
        while self.broken is None:
            with nogil:
                halt = self._run(&cursor, end)
            if halt == PIECE_USED_UP:
                return
            if halt == MESSAGE_REFUSED:
                self.refuse()
            elif halt == ROUTER_SPEAKS:
                self.listen(self.told_type, self.told, self.told_size)
            elif halt == FRAMING_BROKEN:
                self.broken = f"byte {self.next_position}: {reason(&self.fault)}"
            else:
                raise MemoryError

    cdef object refuse(self):
        """Note what is wrong with the message in hand."""
        cdef str why = reason(&self.fault)
        if why not in self._skips and len(self._skips) >= MOST_REASONS:
            why = OTHER_REASONS
        entry = self._skips.setdefault(why, [self.position, 0])
        entry[1] += 1

    cdef bint _keep(self, const uint8_t* p, Py_ssize_t size) noexcept nogil:
        """Append to what is carried over; it stays within `longest`."""
        cdef Py_ssize_t room = self.carried_room
        cdef uint8_t* moved
        if self.carried_count + size > room:
            room = max(2 * room, self.carried_count + size, <Py_ssize_t>4096)
            moved = <uint8_t*>realloc(self.carried, room)
            if moved is NULL:
                return False
            self.carried = moved
            self.carried_room = room
        memcpy(self.carried + self.carried_count, p, size)
        self.carried_count += size
        return True

    cdef Halt _run(self, const uint8_t** cursor, const uint8_t* end) noexcept nogil:
        """Take messages until something must be told, or the piece is used up."""
        cdef const uint8_t* p
        cdef const uint8_t* head
        cdef Py_ssize_t have, needed, size
        cdef FaultCode code
        while True:
            p = cursor[0]
            if self.carried_count:
                head = self.carried
                have = self.carried_count
            else:
                head = p
                have = end - p
            if have == 0:
                return PIECE_USED_UP
            if head[0] != VERSION:
                fault(&self.fault, BMP_VERSION, head[0], VERSION)
                return FRAMING_BROKEN
            needed = COMMON_HEADER
            if have >= COMMON_HEADER:
                needed = be32(head + 1)
                if needed < COMMON_HEADER:
                    fault(&self.fault, BMP_SHORT, needed, COMMON_HEADER)
                    return FRAMING_BROKEN
                if needed > self.longest:
                    fault(&self.fault, BMP_LENGTH, needed, self.longest)
                    return FRAMING_BROKEN
            if have < needed or have < COMMON_HEADER:
                # Wanting: as much of it as is there is carried over, then it is looked at again.
                size = min(needed - self.carried_count, end - p)
                if size == 0:
                    return PIECE_USED_UP
                if not self._keep(p, size):
                    return OUT_OF_MEMORY
                cursor[0] = p + size
                continue
            if self.carried_count:
                self.carried_count = 0
            else:
                cursor[0] = p + needed
            self.position = self.next_position
            self.next_position += needed
            if head[5] == TYPE_INITIATION or head[5] == TYPE_TERMINATION:
                self.told = head + COMMON_HEADER
                self.told_size = needed - COMMON_HEADER
                self.told_type = head[5]
                return ROUTER_SPEAKS
            code = self.take(head[5], head + COMMON_HEADER, head + needed)
            if code == NO_MEMORY:
                return OUT_OF_MEMORY
            if code != SOUND:
                return MESSAGE_REFUSED
