"""A grammar of BGP messages (RFC 4271, 4760, 6793, 7911, 8092): sound ones, as trees of fields."""

from __future__ import annotations

import random

from fuzz.fields import Bytes, Group, Measure, Number, Part, content_of, measured, numbers

MARKER = b"\xff" * 16
OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE_REFRESH = 1, 2, 3, 4, 5
ORIGIN, AS_PATH, NEXT_HOP, MED, LOCAL_PREF, ATOMIC, AGGREGATOR, COMMUNITIES = range(1, 9)
ORIGINATOR, CLUSTERS, REACH, UNREACH, EXTENDED_COMMUNITIES, AS4_PATH, AS4_AGGREGATOR = (
    9,
    10,
    14,
    15,
    16,
    17,
    18,
)
LARGE_COMMUNITIES, ONLY_TO_CUSTOMER, ATTR_SET = 32, 35, 128
NARROW_TRANS = 23456


def prefix(random_: random.Random, family: int, path_id: bool = False) -> Group:
    """One prefix as it stands in a list of them, with or without a path identifier."""
    bits = random_.choice([0, 1, 8, 15, 16, 19, 20, 22, 23, 24, 24, 24, 24, 25, 31, 32])
    if family == 6:
        bits = random_.choice([0, 1, 16, 29, 32, 32, 40, 48, 48, 48, 63, 64, 65, 127, 128])
    # Few different ones, so that what is announced is also withdrawn, and what a table holds is also updated.
    address = bytes([10 if family == 4 else 32, random_.randrange(4), random_.randrange(4)]).ljust(
        16, b"\x55"
    )
    parts: list[Part] = [Number(random_.randint(0, 4), 4)] if path_id else []
    return Group("prefix", [*parts, Number(bits, 1), Bytes(address[: (bits + 7) // 8])])


def prefixes(random_: random.Random, family: int, path_id: bool = False, most: int = 5) -> Group:
    """A list of prefixes."""
    return Group("prefixes", [prefix(random_, family, path_id) for _ in range(random_.randint(0, most))])


def asn(random_: random.Random, width: int) -> int:
    """An AS number that fits the width."""
    small = [0, 1, 64512, 65001, 65002, 65535, NARROW_TRANS, random_.randint(1, 65535)]
    return random_.choice(small if width == 2 else [*small, 65536, 4200000000, 2**32 - 1])


def path(random_: random.Random, width: int) -> Group:
    """The segments of a path: sequences, sets, confederations."""
    segments: list[Part] = []
    for _ in range(random_.choice([0, 1, 1, 1, 1, 2, 3])):
        kind = random_.choice([2, 2, 2, 2, 1, 3, 4])
        number = (
            random_.choice([0, 1, 2, 3, 4, 5, 8, 255]) if random_.random() < 0.3 else random_.randint(1, 5)
        )
        if random_.random() < 0.2:
            ases = [asn(random_, width)] * number
        else:
            ases = [asn(random_, width) for _ in range(number)]
        listed = Group("ases", numbers(ases, width))
        segments.append(Group("segment", [Number(kind, 1), *measured(1, listed, parts=True)]))
    return Group("path", segments)


def address(random_: random.Random, family: int) -> Bytes:
    """One of a few addresses."""
    low = random_.randrange(4)
    return Bytes(
        bytes([192, 0, 2, low]) if family == 4 else bytes.fromhex("20010db8").ljust(15, b"\0") + bytes([low])
    )


def attribute(kind: int, value: Part, flags: int = 0x40, *, long: bool = False) -> Group:
    """One attribute; long ones have a length of two bytes."""
    long = long or len(content_of(value)) > 255
    return Group(
        "attribute",
        [Number(flags | (0x10 if long else 0), 1), Number(kind, 1), *measured(2 if long else 1, value)],
    )


def reach(random_: random.Random, family: int, path_id: bool = False, *, whole: bool = True) -> Group:
    """MP_REACH_NLRI; in a table (`whole` is false) the next hop alone (RFC 6396, section 4.3.4)."""
    hop = Group("hop", [address(random_, family)] * random_.choice([1, 1, 1, 2, 0]))
    if not whole:
        return attribute(REACH, Group("reach", measured(1, hop)), 0x80)
    safi = random_.choice([1, 1, 1, 1, 1, 1, 2, 3, 4, 128])
    afi = Number(1 if family == 4 else 2, 2)
    parts = [afi, Number(safi, 1), *measured(1, hop), Number(0, 1), prefixes(random_, family, path_id)]
    return attribute(REACH, Group("reach", parts), 0x80)


def unreach(random_: random.Random, family: int, path_id: bool = False) -> Group:
    """MP_UNREACH_NLRI."""
    safi = random_.choice([1, 1, 1, 1, 1, 1, 2, 3, 128])
    parts: list[Part] = [
        Number(1 if family == 4 else 2, 2),
        Number(safi, 1),
        prefixes(random_, family, path_id),
    ]
    return attribute(UNREACH, Group("unreach", parts), 0x80)


def plain_attribute(random_: random.Random, kind: int, width: int) -> Group:
    """A sound attribute of one kind; of kinds that nobody reads, any bytes."""
    value: Part
    if kind == ORIGIN:
        value = Number(random_.randint(0, 2), 1)
    elif kind == AS_PATH:
        value = path(random_, width)
    elif kind == AS4_PATH:
        value = path(random_, 4)
    elif kind in (NEXT_HOP, ORIGINATOR):
        value = address(random_, 4)
    elif kind in (MED, LOCAL_PREF, ONLY_TO_CUSTOMER):
        value = Number(random_.choice([0, 100, 2**32 - 1]), 4)
    elif kind == ATOMIC:
        value = Bytes(b"")
    elif kind in (AGGREGATOR, AS4_AGGREGATOR):
        wide = 4 if kind == AS4_AGGREGATOR else width
        value = Group("aggregator", [Number(asn(random_, wide), wide), address(random_, 4)])
    elif kind in (COMMUNITIES, EXTENDED_COMMUNITIES, LARGE_COMMUNITIES, CLUSTERS):
        size = {COMMUNITIES: 4, EXTENDED_COMMUNITIES: 8, LARGE_COMMUNITIES: 12, CLUSTERS: 4}[kind]
        listed = [
            Bytes(random_.choice([random_.randbytes(size), b"\xff" * (size - 1) + b"\1"]))
            for _ in range(random_.randint(1, 4))
        ]
        value = Group("communities", list(listed))
    else:
        value = Bytes(random_.randbytes(random_.choice([0, 1, 4, 7, 300])))
    return attribute(kind, value, 0x40 if kind < 8 else 0xC0, long=random_.random() < 0.1)


KINDS = (
    ORIGIN, AS_PATH, NEXT_HOP, MED, LOCAL_PREF, ATOMIC, AGGREGATOR, COMMUNITIES, ORIGINATOR, CLUSTERS,
    EXTENDED_COMMUNITIES, AS4_PATH, AS4_AGGREGATOR, LARGE_COMMUNITIES, ONLY_TO_CUSTOMER, ATTR_SET, 63, 64, 255,
)  # fmt: skip


def attributes(random_: random.Random, width: int, extra: list[Part]) -> Group:
    """A block of attributes; nearly always with an origin and a path."""
    kinds = [kind for kind in (ORIGIN, AS_PATH, NEXT_HOP) if random_.random() < 0.95]
    kinds += random_.sample(KINDS[3:], random_.choice([0, 0, 1, 2, 3]))
    if width == 2 and random_.random() < 0.3:
        kinds += [AS4_PATH]
    parts: list[Part] = [plain_attribute(random_, kind, width) for kind in dict.fromkeys(kinds)]
    parts += extra
    if random_.random() < 0.2:
        random_.shuffle(parts)
    return Group("attributes", parts)


def message(kind: int, body: list[Part]) -> Group:
    """A message with its header."""
    whole = Group("body", body)
    return Group("message", [Bytes(MARKER), Measure(2, whole, plus=19), Number(kind, 1), whole])


def update(random_: random.Random, width: int, path_id: bool = False) -> Group:
    """An UPDATE: of IPv4, of IPv6, of both, withdrawals alone, or an End-of-RIB."""
    what = random_.random()
    extra: list[Part] = []
    nlri = withdrawn = Group("prefixes")
    block = Group("attributes")
    if what < 0.05:
        if random_.random() < 0.5:
            empty = Group("unreach", [Number(2, 2), Number(1, 1), Group("prefixes")])
            block = Group("attributes", [attribute(UNREACH, empty, 0x80)])
    elif what < 0.2:
        withdrawn = prefixes(random_, 4, path_id)
    else:
        if random_.random() < 0.4:
            extra.append(reach(random_, random_.choice([4, 6, 6, 6]), path_id))
        if random_.random() < 0.3:
            extra.append(unreach(random_, random_.choice([4, 6, 6, 6]), path_id))
        if random_.random() < 0.7:
            nlri = prefixes(random_, 4, path_id)
        if random_.random() < 0.2:
            withdrawn = prefixes(random_, 4, path_id)
        block = attributes(random_, width, extra)
    return message(UPDATE, [*measured(2, withdrawn), *measured(2, block), nlri])


def open_message(random_: random.Random) -> Group:
    """An OPEN with capabilities, ADD-PATH (RFC 7911) among them."""
    capabilities: list[Part] = []
    for kind, size in random_.sample([(1, 4), (2, 0), (64, 2), (65, 4), (69, 4), (69, 8), (70, 0)], 3):
        value = random_.randbytes(size)
        if kind == 69:
            value = b"".join(
                bytes([0, random_.choice([1, 2]), 1, random_.randint(1, 3)]) for _ in range(size // 4)
            )
        capabilities.append(Group("capability", [Number(kind, 1), *measured(1, Bytes(value))]))
    parameter = Group("parameter", [Number(2, 1), *measured(1, Group("capabilities", capabilities))])
    parameters = Group("parameters", [parameter] if random_.random() < 0.9 else [])
    body = [Number(4, 1), Number(65001, 2), Number(180, 2), address(random_, 4), *measured(1, parameters)]
    return message(OPEN, body)


def any_message(random_: random.Random, width: int, path_id: bool = False) -> Group:
    """Nearly always an UPDATE."""
    what = random_.random()
    if what < 0.9:
        return update(random_, width, path_id)
    if what < 0.93:
        return open_message(random_)
    if what < 0.96:
        return message(KEEPALIVE, [])
    return message(random_.choice([NOTIFICATION, ROUTE_REFRESH]), [Bytes(random_.randbytes(4))])
