"""A grammar of MRT records (RFC 6396, 6397, 8050, and the old types): sound ones, as trees of fields."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from fuzz import bgp
from fuzz.fields import Bytes, Group, Measure, Number, Part, content_of, measured

TIME_S = 1419264900
OLD_BGP, TABLE_DUMP, TABLE_DUMP_V2, BGP4MP, BGP4MP_ET = 5, 12, 13, 16, 17
PEERS = 4


def record(kind: int, subtype: int, body: list[Part], time_s: int = TIME_S) -> Group:
    """A record with its header (RFC 6396, section 2)."""
    whole = Group("record body", body)
    return Group("record", [Number(time_s, 4), Number(kind, 2), Number(subtype, 2), *measured(4, whole)])


def _family(random_: random.Random) -> int:
    return random_.choice([4, 4, 4, 6])


def peer_table(random_: random.Random) -> Group:
    """PEER_INDEX_TABLE (RFC 6396, section 4.3.1)."""
    entries: list[Part] = []
    for _ in range(random_.choice([PEERS, PEERS, PEERS, 1, 0, 30])):
        family, width = _family(random_), random_.choice([2, 4])
        kind = (1 if family == 6 else 0) | (2 if width == 4 else 0)
        entry = [Number(kind, 1), Bytes(b"\x0a\0\0\1"), bgp.address(random_, family)]
        entries.append(Group("peer", [*entry, Number(bgp.asn(random_, width), width)]))
    listed = Group("peers", entries)
    name = Bytes(random_.choice([b"", b"view", b"a" * 40]))
    return record(
        TABLE_DUMP_V2, 1, [Bytes(b"\x0a\0\0\2"), *measured(2, name), *measured(2, listed, parts=True)]
    )


def geo_peer_table(random_: random.Random) -> Group:
    """GEO_PEER_TABLE (RFC 6397, section 4)."""
    entries: list[Part] = []
    for _ in range(random_.randint(0, PEERS)):
        family, width = _family(random_), random_.choice([2, 4])
        kind = (1 if family == 6 else 0) | (2 if width == 4 else 0)
        entry = [Number(kind, 1), Bytes(b"\x0a\0\0\1"), bgp.address(random_, family)]
        entries.append(Group("geo peer", [*entry, Number(bgp.asn(random_, width), width), Bytes(bytes(8))]))
    listed = Group("geo peers", entries)
    head = [Bytes(b"\x0a\0\0\2"), *measured(2, Bytes(b"view")), Bytes(bytes(8))]
    return record(TABLE_DUMP_V2, 7, [*head, *measured(2, listed, parts=True)])


def _entries(random_: random.Random, family: int, path_id: bool) -> list[Part]:
    entries: list[Part] = []
    for _ in range(random_.randint(0, 5)):
        extra: list[Part] = []
        if family == 6 or random_.random() < 0.05:
            extra = [bgp.reach(random_, family, whole=random_.random() < 0.1)]
        block = bgp.attributes(random_, 4, extra)
        head: list[Part] = [Number(random_.randrange(PEERS), 2), Number(TIME_S - 1000, 4)]
        if path_id:
            head.append(Number(random_.randint(0, 4), 4))
        entries.append(Group("entry", [*head, *measured(2, block)]))
    return measured(2, Group("entries", entries), parts=True)


def rib(random_: random.Random) -> Group:
    """RIB_IPV4/IPV6_UNICAST/MULTICAST, with path identifiers (RFC 8050) or without."""
    family, path_id, multicast = _family(random_), random_.random() < 0.25, random_.random() < 0.1
    subtype = (2 if family == 4 else 4) + (1 if multicast else 0) + (6 if path_id else 0)
    parts = [Number(random_.randrange(100), 4), bgp.prefix(random_, family)]
    # Some writers have put path identifiers into the plain subtypes.
    written = path_id if random_.random() < 0.9 else not path_id
    return record(TABLE_DUMP_V2, subtype, [*parts, *_entries(random_, family, written)])


def generic_rib(random_: random.Random) -> Group:
    """RIB_GENERIC, with path identifiers or without."""
    family, path_id = _family(random_), random_.random() < 0.25
    parts = [Number(1, 4), Number(1 if family == 4 else 2, 2), Number(random_.choice([1, 1, 2, 128]), 1)]
    nlri = bgp.prefix(random_, family, path_id and random_.random() < 0.5)
    return record(TABLE_DUMP_V2, 12 if path_id else 6, [*parts, nlri, *_entries(random_, family, path_id)])


def table_dump(random_: random.Random) -> Group:
    """TABLE_DUMP (section 4.2): one route, or several one behind the other, as the oldest files have them."""
    family = _family(random_)
    routes: list[Part] = []
    for _ in range(random_.choice([1, 1, 1, 1, 2, 5])):
        extra: list[Part] = [bgp.reach(random_, 6)] if family == 6 else []
        route = [Number(0, 2), Number(random_.randrange(65536), 2), Bytes(bgp.address(random_, family).value)]
        route += [Number(random_.choice([8, 16, 24, 24, 32]), 1), Number(1, 1), Number(TIME_S - 5, 4)]
        route += [bgp.address(random_, family), Number(bgp.asn(random_, 2), 2)]
        routes.append(Group("route", [*route, *measured(2, bgp.attributes(random_, 2, extra))]))
    made = record(TABLE_DUMP, 1 if family == 4 else 2, routes)
    if len(routes) > 1 and random_.random() < 0.5:
        length = made.parts[3]
        assert isinstance(length, Measure)
        length.says = len(content_of(routes[0]))
    return made


def _session(random_: random.Random, width: int) -> list[Part]:
    family = _family(random_)
    peer = random_.randrange(3)
    asns: list[Part] = [Number(65001 + peer, width), Number(12654, width)]
    far = Bytes(bgp.address(random.Random(peer), family).value)
    return [*asns, Number(0, 2), Number(1 if family == 4 else 2, 2), far, bgp.address(random_, family)]


def bgp4mp(random_: random.Random) -> Group:
    """BGP4MP and BGP4MP_ET: messages and state changes of every subtype (RFC 6396 section 4.4, RFC 8050)."""
    subtype = random_.choice([1, 1, 4, 4, 4, 0, 5, 6, 7, 8, 9, 10, 11])
    width = 2 if subtype in (0, 1, 6, 8, 10) else 4
    body = _session(random_, width)
    if subtype in (0, 5):
        body += [Number(random_.randint(1, 6), 2), Number(random_.choice([1, 6, 6, 6, 3]), 2)]
    else:
        # Some writers have put path identifiers into the plain subtypes.
        path_id = (subtype >= 8) != (random_.random() < 0.05)
        body.append(bgp.any_message(random_, width, path_id))
    time_s = TIME_S + random_.choice([0, 0, 0, 1, 5, 31, 120, 3600, -3])
    if random_.random() < 0.4:
        return record(BGP4MP_ET, subtype, [Number(random_.randrange(1_000_000), 4), *body], time_s)
    return record(BGP4MP, subtype, body, time_s)


def old_bgp4mp(random_: random.Random) -> Group:
    """BGP4MP_ENTRY and BGP4MP_SNAPSHOT, which RFC 6396 gives up (appendix B.1)."""
    if random_.random() < 0.5:
        return record(BGP4MP, 3, [Number(0, 2), Number(1, 2), Bytes(b"a file\0")])
    block = bgp.attributes(random_, 2, [])
    body = [*_session(random_, 2), Number(0, 2), Number(1, 2), Number(TIME_S, 4), Number(1, 2), Number(1, 1)]
    hop = measured(1, bgp.address(random_, 4))
    return record(BGP4MP, 2, [*body, *hop, bgp.prefix(random_, 4), *measured(2, block)])


def old_bgp(random_: random.Random) -> Group:
    """Type 5 of 1999 and 2000 (appendix B.2.4): updates, state changes, and the rest."""
    subtype = random_.choice([1, 1, 1, 1, 3, 3, 5, 7, 0, 2, 4, 6])
    body: list[Part] = [Number(65001, 2), bgp.address(random_, 4)]
    if subtype == 3:
        body += [Number(random_.randint(1, 6), 2), Number(6, 2)]
    elif subtype == 1:
        message = bgp.update(random_, 2).parts[-1]
        assert isinstance(message, Group)
        body += [Number(12654, 2), bgp.address(random_, 4), *message.parts]
    else:
        body += [Number(12654, 2), bgp.address(random_, 4), Bytes(random_.randbytes(8))]
    return record(OLD_BGP, subtype, body)


def unread(random_: random.Random) -> Group:
    """A type that holds no BGP, or that nobody has registered."""
    kind = random_.choice([0, 1, 9, 10, 11, 32, 33, 48, 49, 64, 65535])
    return record(kind, random_.randint(0, 12), [Bytes(random_.randbytes(random_.randint(0, 40)))])


KINDS: tuple[Callable[[random.Random], Group], ...] = (
    bgp4mp, rib, peer_table, table_dump, generic_rib, geo_peer_table, old_bgp, old_bgp4mp, unread,
)  # fmt: skip
_WEIGHTS = (10, 6, 1, 3, 1, 1, 2, 1, 1)


def records(random_: random.Random, most: int = 8) -> list[Group]:
    """A sound file, record by record: a table, updates, a mixture, or the old types."""
    what = random_.random()
    number = random_.randint(1, most)
    if what < 0.3:
        return [peer_table(random_), *(rib(random_) for _ in range(number))]
    if what < 0.55:
        return [bgp4mp(random_) for _ in range(number)]
    if what < 0.65:
        return [table_dump(random_) for _ in range(number)]
    if what < 0.75:
        return [old_bgp(random_) for _ in range(number)]
    return [peer_table(random_), *(kind(random_) for kind in random_.choices(KINDS, _WEIGHTS, k=number))]


def spliced(random_: random.Random, records: Sequence[bytes]) -> bytes:
    """Records in another order, one of them again, one inside another, one cut off."""
    parts = list(records)
    for _ in range(random_.choice([0, 0, 0, 1, 2])):
        at, other = random_.randrange(len(parts)), random_.randrange(len(parts))
        what = random_.random()
        inside = random_.randint(0, len(parts[at]))
        if what < 0.3:
            parts.insert(at, parts[other])
        elif what < 0.5:
            parts[at] = parts[at][:inside]
        elif what < 0.7:
            parts[at] = parts[at][:inside] + parts[other] + parts[at][inside:]
        elif what < 0.8:
            parts[at] = random_.randbytes(random_.choice([1, 5, 11, 12, 13, 100]))
        else:
            parts[at], parts[other] = parts[other], parts[at]
    return b"".join(parts)
