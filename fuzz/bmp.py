"""A grammar of BMP messages (RFC 7854, 8671, 9069): sound ones, as trees of fields."""

from __future__ import annotations

import random

from fuzz import bgp
from fuzz.fields import Bytes, Group, Measure, Number, Part, measured

NOW_US = 1_419_264_901_000_000
MONITORING, STATISTICS, PEER_DOWN, PEER_UP, INITIATION, TERMINATION, MIRRORING = range(7)


def message(kind: int, body: list[Part]) -> Group:
    """A message with its common header."""
    whole = Group("bmp body", body)
    return Group("bmp", [Number(3, 1), Measure(4, whole, plus=6), Number(kind, 1), whole])


def peer_header(random_: random.Random) -> Group:
    """The per-peer header (RFC 7854, section 4.2)."""
    family = random_.choice([4, 4, 4, 6])
    flags = (0x80 if family == 6 else 0) | random_.choice([0, 0, 0, 0x40, 0x20, 0x10])
    far = bgp.address(random.Random(random_.randrange(3)), family).value.rjust(16, b"\0")
    seconds = NOW_US // 1_000_000 - random_.choice([0, 1, 100, 100_000, -100])
    parts: list[Part] = [
        Number(random_.choice([0, 0, 0, 0, 0, 1, 2, 3, 4]), 1),
        Number(flags, 1),
        Bytes(bytes(8)),
    ]
    if random_.random() < 0.02:
        far = bytes(16)
    parts += [Bytes(far), Number(65001, 4), Bytes(b"\x0a\0\0\2")]
    return Group(
        "peer header", [*parts, Number(random_.choice([seconds, seconds, 0]), 4), Number(250_000, 4)]
    )


def tlvs(random_: random.Random, kinds: list[int]) -> list[Part]:
    """Information as initiation and termination carry it."""
    made: list[Part] = []
    for kind in kinds:
        value = Bytes(
            random_.choice([b"edge1", b"a router", bytes([0, random_.randrange(6)]), b"\xff\xfe", b""])
        )
        made.append(Group("tlv", [Number(kind, 2), *measured(2, value)]))
    return made


def any_message(random_: random.Random) -> Group:
    """One sound message."""
    kind = random_.choice([MONITORING] * 8 + [PEER_UP, PEER_UP, PEER_DOWN, STATISTICS, MIRRORING, INITIATION])
    if random_.random() < 0.02:
        kind = TERMINATION
    if kind in (INITIATION, TERMINATION):
        return message(kind, tlvs(random_, random_.choices([0, 1, 2, 3], k=random_.randint(0, 3))))
    head = peer_header(random_)
    if kind == MONITORING:
        return message(
            kind, [head, bgp.update(random_, random_.choice([2, 4, 4, 4]), random_.random() < 0.2)]
        )
    if kind == PEER_UP:
        opens = [bgp.open_message(random_), bgp.open_message(random_)]
        return message(kind, [head, Bytes(bytes(16)), Number(179, 2), Number(40000, 2), *opens])
    if kind == PEER_DOWN:
        return message(kind, [head, Number(random_.randint(1, 5), 1)])
    return message(kind, [head, Bytes(random_.randbytes(random_.randint(0, 12)))])


def messages(random_: random.Random, most: int = 8) -> list[Group]:
    """A sound conversation."""
    first = message(INITIATION, tlvs(random_, [1, 2]))
    return [first, *(any_message(random_) for _ in range(random_.randint(1, most)))]
