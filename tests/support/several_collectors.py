"""Archives of several collectors in which anything at all happens, from a seed."""

from __future__ import annotations

import random
from pathlib import Path

from small_archive import KP, PEERS, SLOT, T0, Archive, full_table, outage

NAMES = ("rrc00", "rrc01", "rrc03")
HOURS = 4
END = T0 + HOURS * 3600
ELSEWHERE = "8.8.8.0/24"


def write(folder: Path, seed: int) -> None:
    """Three collectors with a table each, an hour without North Korea at two of them, and chance."""
    for place, name in enumerate(NAMES):
        chance = random.Random(f"{seed} {name}")
        archive = Archive(folder, name)
        routes = full_table()
        # Each has its own order, and a prefix that nobody else has.
        order = [*routes, f"9.{place}.0.0/16"]
        chance.shuffle(order)
        usual = routes[ELSEWHERE]
        archive.table(T0, {prefix: routes.get(prefix, usual) for prefix in order})
        events = [chance.randrange(T0 + 600, END - 600) for _ in range(40)]
        for second in sorted(events):
            _anything(archive, chance, second, order)
        if place < 2:
            outage(archive, T0 + 3600, T0 + 7200)
        for slot in archive.slots.values():
            slot.sort(key=lambda record: record[:4])
        # The last slots of one are missing at all, so that it ends before the others.
        until = END - chance.randrange(3) * SLOT
        archive.finish(
            until, missing=[T0 + SLOT * chance.randrange(1, 40) for _ in range(chance.randrange(3))]
        )


def _anything(archive: Archive, chance: random.Random, second: int, prefixes: list[str]) -> None:
    peer = chance.choice(list(PEERS))
    what = chance.random()
    if what < 0.35:
        archive.withdraw(second, peer, chance.choice(prefixes))
    elif what < 0.75:
        path = (PEERS[peer], chance.choice((4837, 20485, 3356)), chance.choice((131279, 64500)))
        archive.announce(second, peer, chance.choice([*prefixes, "77.1.2.0/24"]), path=path)
    elif what < 0.85:
        archive.state(second, peer, 6, 1)
    else:
        archive.state(second, peer, 5, 6)
        archive.announce(second + 2, peer, *KP, ELSEWHERE)
