"""Archives in which what happens to one country's networks hangs on those of others, from a seed.

Networks of several countries lie below the same shorter prefixes, which strangers announce while some of them are
gone: who is a stranger goes by how much of the whole prefix is reachable.
"""

from __future__ import annotations

import random
from ipaddress import IPv4Network
from pathlib import Path

import numpy as np
from small_archive import KP, PEERS, SLOT, T0, Archive

from nightside.world.snapshot import load

NAMES = ("rrc00", "rrc01", "rrc03")
HOURS = 5
END = T0 + HOURS * 3600
ABOVE = (
    "175.45.176.0/22",
    "175.45.160.0/19",
    "175.45.128.0/17",
    "175.45.0.0/16",
    "175.40.0.0/13",
    "175.32.0.0/11",
    "174.0.0.0/7",
    "0.0.0.0/0",
)
"""Each holds those before it; the last two are too short to count as cover."""
BELOW = ("175.45.176.128/25", "175.45.179.0/25")
"""Longer than a unit."""
ORIGINS = (131279, 4837, 64500, 15169, 9318, 4766)


def networks(chance: random.Random) -> list[str]:
    """The /24s of North Korea, and some of at least three other countries below the same prefixes."""
    world = load()
    first = int(IPv4Network("175.40.0.0/13").network_address) >> 8
    units = np.arange(first, first + (1 << 11))
    of = world.ipv4[units]
    found = [*KP]
    others = [n for n in np.unique(of).tolist() if n and n != world.index_of("KP")]
    assert len(others) >= 3
    for number in others:
        mine = units[of == number].tolist()
        found += [str(IPv4Network((unit << 8, 24))) for unit in chance.sample(mine, min(2, len(mine)))]
    return [*found, "8.8.8.0/24", "41.0.0.0/16", "1.1.1.0/24"]


def write(folder: Path, seed: int) -> None:
    """Three collectors that see the same losses, each in its own way."""
    chance = random.Random(seed)
    some = networks(chance)
    outages = [_outage(chance, some) for _ in range(3)]
    strangers = [
        (chance.randrange(T0 + 900, END - 900), chance.choice(ABOVE), chance.choice(ORIGINS), chance.random())
        for _ in range(12)
    ]
    for place, name in enumerate(NAMES):
        _collector(Archive(folder, name), random.Random(f"{seed} {name}"), place, some, outages, strangers)


def _outage(chance: random.Random, some: list[str]) -> tuple[int, int, list[str]]:
    begin = chance.randrange(T0 + 900, END - 5400)
    return begin, begin + chance.randrange(300, 5000), chance.sample(some, chance.randint(3, len(some) - 4))


def _collector(
    archive: Archive,
    chance: random.Random,
    place: int,
    some: list[str],
    outages: list[tuple[int, int, list[str]]],
    strangers: list[tuple[int, str, int, float]],
) -> None:
    # Each has its own order of numbers, and a prefix above that nobody else has.
    order = [*some, *BELOW, *ABOVE[: 2 * place]]
    chance.shuffle(order)
    table: dict[str, dict[str, tuple[int, ...]]] = {}
    for prefix in order:
        origin = chance.choice(ORIGINS)
        table[prefix] = {
            peer: (asn, chance.choice((4837, 3356)), origin)
            for peer, asn in PEERS.items()
            if chance.random() < (0.95 if prefix in some else 0.5)
        }
    archive.table(T0, table)
    for begin, end, lost in outages:
        for peer, asn in PEERS.items():
            archive.withdraw(begin + chance.randrange(20), peer, *lost)
            archive.announce(
                end + chance.randrange(20), peer, *lost, path=(asn, 4837, chance.choice(ORIGINS))
            )
    for at, prefix, origin, share in strangers:
        for peer, asn in PEERS.items():
            if chance.random() < 0.3 + 0.7 * share:
                archive.announce(at + chance.randrange(20), peer, prefix, path=(asn, 3356, origin))
            if chance.random() < 0.5:
                archive.withdraw(at + 600 + chance.randrange(1200), peer, prefix)
    if chance.random() < 0.5:
        peer = chance.choice(list(PEERS))
        archive.state(T0 + 7200, peer, 6, 1)
        archive.state(T0 + 7500, peer, 5, 6)
        archive.announce(T0 + 7502, peer, *some, path=(PEERS[peer], 3356, 131279))
    for slot in archive.slots.values():
        slot.sort(key=lambda record: record[:4])
    archive.finish(END - place * SLOT, missing=[T0 + SLOT * chance.randrange(1, 40)] if place else [])


# ---- a country that is reached because others are ----------------------------------------------------------

SHARED = "175.45.160.0/19"
"""Eight /24s of South Korea, eight of Japan, four each of North Korea and Australia, eight of Indonesia."""
LOST, SAVED, ALONE, BACK = T0 + 3600, T0 + 5400, T0 + 9000, T0 + 10800


def write_saved_by_others(folder: Path) -> None:
    """North Korea is lost; then its AS, a stranger there, announces what holds its networks and those of others: as
    most of that is reachable, it is let in. Later it goes again. Neither collector sees half of the others.
    """
    others = [str(net) for net in IPv4Network(SHARED).subnets(new_prefix=24) if str(net) not in KP]
    home = {prefix: {peer: (asn, 4837, 131279) for peer, asn in PEERS.items()} for prefix in KP}
    for place, name in enumerate(NAMES[:2]):
        archive = Archive(folder, name)
        mine = others[place::2]
        away = {prefix: {peer: (asn, 3356, 9318) for peer, asn in PEERS.items()} for prefix in mine}
        archive.table(T0, away | home if place else home | away)
        for peer, asn in PEERS.items():
            archive.withdraw(LOST, peer, *KP)
            if place:
                archive.announce(SAVED, peer, SHARED, path=(asn, 4837, 131279))
                archive.withdraw(ALONE, peer, SHARED)
            archive.announce(BACK, peer, *KP)
        archive.finish(END)
