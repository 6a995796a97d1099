"""MRT records as bytes (RFC 6396): TABLE_DUMP_V2 tables, BGP4MP messages and state changes with AS4."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from struct import pack

from nightside.scenes.bgp_writer import address_bytes

_TABLE_DUMP_V2, _BGP4MP = 13, 16
_PEER_INDEX_TABLE, _RIB_IPV4_UNICAST, _RIB_IPV6_UNICAST = 1, 2, 4
_STATE_CHANGE_AS4, _MESSAGE_AS4 = 5, 4
_PEER_IS_IPV6, _PEER_HAS_AS4 = 1, 2


class State(IntEnum):
    """States of the session (RFC 4271, 8.2.2), as BGP4MP_STATE_CHANGE numbers them."""

    IDLE = 1
    CONNECT = 2
    ACTIVE = 3
    OPEN_SENT = 4
    OPEN_CONFIRM = 5
    ESTABLISHED = 6


@dataclass(slots=True)
class Tally:
    """What was written, counted as a reader should find it: prefixes and state changes, not messages."""

    announced: int = 0
    withdrawn: int = 0
    states: int = 0
    ends_of_rib: int = 0
    table_entries: int = 0


def session_header(peer_asn: int, local_asn: int, peer_address: str, local_address: str) -> bytes:
    """What every BGP4MP record of one session begins with (RFC 6396, 4.4.3)."""
    peer, local = address_bytes(peer_address), address_bytes(local_address)
    return pack(">IIHH", peer_asn, local_asn, 0, 1 if len(peer) == 4 else 2) + peer + local


def message_record(second: int, header: bytes, message: bytes) -> bytes:
    """BGP4MP_MESSAGE_AS4."""
    return _record(second, _BGP4MP, _MESSAGE_AS4, header + message)


def state_record(second: int, header: bytes, old: State, new: State) -> bytes:
    """BGP4MP_STATE_CHANGE_AS4."""
    return _record(second, _BGP4MP, _STATE_CHANGE_AS4, header + pack(">HH", old, new))


def peer_index_record(second: int, collector_address: str, peers: Iterable[tuple[str, int]]) -> bytes:
    """PEER_INDEX_TABLE for the peers (address, ASN) of a collector, without a view name."""
    entries = []
    for address, asn in peers:
        packed = address_bytes(address)
        kind = _PEER_HAS_AS4 | (_PEER_IS_IPV6 if len(packed) == 16 else 0)
        # The BGP identifier of an IPv6 peer is not known from its address: its last four bytes serve.
        entries.append(bytes((kind,)) + packed[-4:] + packed + pack(">I", asn))
    body = address_bytes(collector_address) + pack(">HH", 0, len(entries)) + b"".join(entries)
    return _record(second, _TABLE_DUMP_V2, _PEER_INDEX_TABLE, body)


def rib_entry(peer_index: int, originated: int, attributes: bytes) -> bytes:
    """One peer's route in a table (RFC 6396, 4.3.4); `originated` is when the route was heard."""
    return pack(">HIH", peer_index, originated, len(attributes)) + attributes


def rib_record(second: int, sequence: int, family: int, prefix: bytes, entries: Sequence[bytes]) -> bytes:
    """RIB_IPV4_UNICAST or RIB_IPV6_UNICAST: one prefix (as NLRI bytes) and all its entries."""
    subtype = _RIB_IPV4_UNICAST if family == 4 else _RIB_IPV6_UNICAST
    body = pack(">I", sequence) + prefix + pack(">H", len(entries)) + b"".join(entries)
    return _record(second, _TABLE_DUMP_V2, subtype, body)


def gz(content: bytes) -> bytes:
    """The content as a gzip file without name and time: the same content gives the same bytes."""
    return zlib.compress(content, level=6, wbits=31)


def _record(second: int, kind: int, subtype: int, body: bytes) -> bytes:
    return pack(">IHHI", second, kind, subtype, len(body)) + body
