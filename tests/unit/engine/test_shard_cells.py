"""Which prefixes a shard needs: all within the outermost ones that hold a unit of its countries."""

from __future__ import annotations

import random
from ipaddress import IPv4Network

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nightside.engine.shards.cells import EVERY, NOBODY, cells_of, cells_with, shards_of, stretches
from nightside.engine.unit_stretches import Units
from nightside.world.snapshot import load

WORLD = load()


def columns(networks: list[IPv4Network]) -> tuple[np.ndarray, np.ndarray]:
    hi = np.array([int(n.network_address) << 32 for n in networks], np.uint64)
    return hi, np.array([n.prefixlen for n in networks], np.uint8)


def random_networks(chance: random.Random) -> list[IPv4Network]:
    """Within few addresses, so that many lie within each other."""
    base = int(IPv4Network("10.0.0.0/8").network_address)
    found = []
    for _ in range(chance.randint(1, 40)):
        length = chance.choice([6, 7, 8, 9, 16, 18, 20, 22, 23, 24])
        address = base + chance.randrange(1 << 14) * 256 * chance.choice([1, 1, 64])
        found.append(IPv4Network((address % (1 << 32) >> (32 - length) << (32 - length), length)))
    return found


@given(st.integers(0, 10**9))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_what_is_needed_is_closed_and_no_more(seed: int) -> None:
    chance = random.Random(seed)
    some = random_networks(chance)
    first = int(IPv4Network("10.0.0.0/8").network_address) >> 8
    units = sorted(first + chance.randrange(1 << 14) for _ in range(chance.randint(0, 6)))
    # By the words of it: those that overlap a needed one are needed, until nothing is added.
    covers = [n for n in some if n.prefixlen >= 8]
    wanted = {n for n in covers if any(IPv4Network((u << 8, 24)).subnet_of(n) for u in units)}
    while more := {n for n in covers if n not in wanted and any(n.overlaps(w) for w in wanted)}:
        wanted |= more
    half = len(some) // 2
    parts = [columns(some[:half]), columns(some[half:])]
    held = stretches(parts, Units.of(np.array(sorted(set(units)), np.int64))).hold(*columns(some))
    assert [n in wanted or n.prefixlen < 8 for n in some] == held.tolist()
    # And all of them lie in the cells that are read.
    cells = cells_with(Units.of(np.array(sorted(set(units)), np.int64)))
    hi, length = columns(some)
    of = cells_of(hi, length, np.full(len(some), 4, np.uint8))
    assert set(of[held].tolist()) <= set(cells)


def test_what_nobody_looks_at_has_a_cell_of_its_own() -> None:
    hi = np.array([0x0A000000 << 32, 0x0A000000 << 32, 0, 0x20010DB8 << 32], np.uint64)
    length, family = np.array([24, 25, 0, 32], np.uint8), np.array([4, 4, 4, 6], np.uint8)
    assert cells_of(hi, length, family).tolist() == [10, NOBODY, EVERY, NOBODY]


def test_countries_are_dealt_out_once_each_and_evenly() -> None:
    everybody = list(range(1, len(WORLD.codes)))
    units = np.bincount(WORLD.ipv4_codes, WORLD.ipv4_lengths, len(WORLD.codes))
    for count in (1, 2, 7, 16, 400):
        groups = shards_of(WORLD, everybody, count)
        assert len(groups) == min(count, len(everybody))
        assert sorted(number for group in groups for number in group) == everybody
        assert all(groups)
        sizes = sorted(units[group].sum() for group in groups)
        # None is larger than the largest country, or than twice an even part.
        assert sizes[-1] <= max(units[1:].max(), 2 * units[1:].sum() / count)


def test_units_of_a_country_are_what_the_map_says() -> None:
    number = WORLD.index_of("KP")
    mine = np.flatnonzero(WORLD.ipv4 == number)
    one, other = Units.of(mine), Units.of_countries(WORLD, [number])
    assert (one.first.tolist(), one.behind.tolist()) == (other.first.tolist(), other.behind.tolist())
