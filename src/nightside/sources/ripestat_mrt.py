"""What BGPlay tells, as MRT records (RFC 6396, section 4.4), so that there is one reader of routes.

BGPlay knows no tables and no sessions. So each source's routes at the beginning are written as what they amount to:
its session comes up, announces them, and says that this is all (End-of-RIB, RFC 4724); from there on it is known. A
source of which nothing is told at the beginning comes up with its first announcement, and is known when that has
been quiet for as long as the end of a transfer takes. What BGPlay does not tell (next hops, local addresses) is left
out or zero.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator
from struct import pack

from nightside.sources.ripestat import Answer, Path, Said, Source

_BGP4MP, _MESSAGE_AS4, _STATE_CHANGE_AS4 = 16, 4, 5
_OPEN_CONFIRM, _ESTABLISHED = 5, 6
_UPDATE = 2
_TRANSITIVE_EXTENDED = 0x50
_AS_PATH, _AS_SET, _AS_SEQUENCE = 2, 1, 2
_SEGMENT_ASES = 255


def collector_records(answer: Answer) -> dict[str, bytes]:
    """For each collector that is told of, the records of its peers in the order of time."""
    records: dict[str, list[bytes]] = defaultdict(list)
    held: dict[Source, list[Said]] = defaultdict(list)
    for row in answer.state:
        held[row.source].append(row)
    for source, rows in sorted(held.items()):
        mine = records[source.collector]
        mine.append(_comes_up(source, answer.begin))
        mine += [_record(row) for row in rows]
        mine.append(_message(source, answer.begin, b"\0\0\0\0"))
    up = set(held)
    for row in answer.events:
        if row.source not in up and row.path is not None:
            up.add(row.source)
            records[row.source.collector].append(_comes_up(row.source, row.second))
        records[row.source.collector].append(_record(row))
    return {collector: b"".join(mine) for collector, mine in sorted(records.items())}


def _record(row: Said) -> bytes:
    prefix = _nlri(row.prefix)
    if row.path is None:
        return _message(row.source, row.second, pack("!H", len(prefix)) + prefix + b"\0\0")
    path = b"".join(_segments(row.path))
    attributes = pack("!BBH", _TRANSITIVE_EXTENDED, _AS_PATH, len(path)) + path
    return _message(row.source, row.second, b"\0\0" + pack("!H", len(attributes)) + attributes + prefix)


def _segments(path: Path) -> Iterator[bytes]:
    """The path's segments: a sequence until a set comes, each of at most 255 ASes."""
    sequence: list[int] = []
    for step in path:
        if isinstance(step, int):
            sequence.append(step)
            continue
        yield from _segment(_AS_SEQUENCE, sequence)
        sequence = []
        yield from _segment(_AS_SET, step)
    yield from _segment(_AS_SEQUENCE, sequence)


def _segment(kind: int, ases: Iterable[int]) -> Iterator[bytes]:
    every = list(ases)
    for first in range(0, len(every), _SEGMENT_ASES):
        part = every[first : first + _SEGMENT_ASES]
        yield pack(f"!BB{len(part)}I", kind, len(part), *part)


def _nlri(prefix: str) -> bytes:
    network = ipaddress.IPv4Network(prefix)
    return bytes((network.prefixlen,)) + network.network_address.packed[: (network.prefixlen + 7) // 8]


def _comes_up(source: Source, second: int) -> bytes:
    return _mrt(source, second, _STATE_CHANGE_AS4, pack("!HH", _OPEN_CONFIRM, _ESTABLISHED))


def _message(source: Source, second: int, body: bytes) -> bytes:
    """An UPDATE (RFC 4271, section 4.3); one of nothing is the End-of-RIB of IPv4."""
    return _mrt(source, second, _MESSAGE_AS4, b"\xff" * 16 + pack("!HB", 19 + len(body), _UPDATE) + body)


def _mrt(source: Source, second: int, subtype: int, body: bytes) -> bytes:
    address = ipaddress.ip_address(source.address).packed
    family = 1 if len(address) == 4 else 2
    body = pack("!IIHH", source.asn, 0, 0, family) + address + bytes(len(address)) + body
    return pack("!IHHI", second, _BGP4MP, subtype, len(body)) + body
