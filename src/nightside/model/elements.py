"""Elements: what one MRT file says, as columns. The kinds, and the shape of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol


class Kind(IntEnum):
    """What one element is."""

    ANNOUNCE = 1
    WITHDRAW = 2
    STATE = 3
    ROUTE = 4
    """One RIB entry of a table."""
    END_OF_RIB = 5
    """The marker of RFC 4724, one per address family."""


FLAG_ORIGIN_SET = 1
"""The path ends in an AS_SET of several members; `origin` is its first."""
FLAG_NO_PATH = 2
"""The AS_PATH is empty or missing; `origin` is the peer's AS."""
FLAG_NO_UPSTREAM = 4
"""No AS beside the origin stands on the path; `upstream` is 0 and means nothing."""
FLAG_LOCAL = 8
"""The collector itself sent this to the peer (BGP4MP's LOCAL messages): it is no route of the peer."""
FLAG_PATH_ID = 16
"""It came with a path identifier (RFC 7911): a peer may hold several paths to one prefix, told apart by it."""


class Columns(Protocol):
    """One batch of elements as columns, in the order of the bytes; valid until the next batch is asked for.

    All columns are NumPy arrays of the length `count`, but `paths`, which is flat.
    """

    count: int
    time_us: Any
    """int64, microseconds since the epoch."""
    kind: Any
    """uint8, of `Kind`."""
    flags: Any
    """uint8, of the FLAG_ constants."""
    peer: Any
    """uint32, index into the decoder's peers."""
    family: Any
    """uint8, 4 or 6 (0 for STATE)."""
    prefix_hi: Any
    """uint64, the high 64 bits of the address, left-aligned (IPv4: the 32 bits in the top half), host bits zero."""
    prefix_lo: Any
    """uint64, the low 64 bits (0 for IPv4)."""
    prefix_len: Any
    """uint8, bits."""
    origin: Any
    """uint32; AS 0 is a value."""
    upstream: Any
    """uint32, the first AS beside the origin, prepending removed; see FLAG_NO_UPSTREAM."""
    path_start: Any
    """uint32, where this element's AS path (AS4_PATH merged) starts in `paths`."""
    path_count: Any
    """uint16, how many ASes it has."""
    paths: Any
    """uint32, flat; elements of one attribute block share their stretch."""
    attr_offset: Any
    """int64, byte offset in the (uncompressed) file of the attribute block; -1 where there is none."""
    attr_length: Any
    """uint32, its bytes."""
    record_offset: Any
    """int64, byte offset in the (uncompressed) file of the MRT record."""
    old_state: Any
    """uint8, RFC 4271 FSM state (1 to 6; Quagga writes 7 and 8 too) before; only for STATE."""
    new_state: Any
    """uint8, FSM state after; only for STATE."""
    path_id: Any
    """uint32, the path identifier; 0 without FLAG_PATH_ID (and a value with it)."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The far end of a session with a collector."""

    address: str
    asn: int


@dataclass(frozen=True, slots=True)
class Skip:
    """Bytes that could not be used: where in the (uncompressed) file, how many records, and why."""

    offset: int
    reason: str
    count: int = 1
