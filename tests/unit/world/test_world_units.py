"""Units per country, and the country of a prefix: by hand on a small world, by counting on the real one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network

import numpy as np
import pytest

from nightside.world.snapshot import Snapshot, load
from nightside.world.units import prefix_country, units_per_country

ONE, TWO, THREE = 1, 2, 3


@pytest.fixture(scope="module")
def small() -> Snapshot:
    """10.0.0.0/22 is ONE's, 10.0.4.0/23 and 10.0.8.0/24 TWO's, 10.0.6.0/24 THREE's, the rest nobody's."""
    base = 10 << 16
    stretches = [(base, 0), (4, ONE), (2, TWO), (1, THREE), (1, 0), (1, TWO), ((1 << 24) - base - 9, 0)]
    sixes = [
        IPv6Network("2001:db8::/33"),
        IPv6Network("2001:db8:8000::/34"),
        IPv6Network("2001:db8:c000::/48"),
    ]
    return Snapshot(
        name="made up",
        date="2020-05-01",
        codes=("", "AA", "BB", "CC"),
        ipv4_lengths=np.array([n for n, _ in stretches], np.uint32),
        ipv4_codes=np.array([code for _, code in stretches], np.uint8),
        asn_numbers=np.zeros(0, np.uint32),
        asn_codes=np.zeros(0, np.uint16),
        ipv6_first=np.array([int(n.network_address) >> 64 for n in sixes], np.uint64),
        ipv6_last=np.array([int(n.broadcast_address) >> 64 for n in sixes], np.uint64),
        ipv6_codes=np.array([ONE, TWO, THREE], np.uint16),
    )


def country(world: Snapshot, *prefixes: str) -> list[int]:
    networks = [IPv6Network(p) if ":" in p else IPv4Network(p) for p in prefixes]
    high = [
        int(n.network_address) >> 64 if n.version == 6 else int(n.network_address) << 32 for n in networks
    ]
    return prefix_country(
        world,
        np.array(high, np.uint64),
        np.array([n.prefixlen for n in networks], np.uint8),
        np.array([n.version for n in networks], np.uint8),
    ).tolist()


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("10.0.0.0/22", ONE),
        ("10.0.3.0/24", ONE),
        ("10.0.6.0/24", THREE),
        ("10.0.6.128/25", THREE),
        ("10.0.6.255/32", THREE),
        ("10.0.7.0/24", 0),
        ("10.0.0.0/21", ONE),  # 4 of 8
        ("10.0.4.0/22", TWO),  # 2, 1 and 1 nobody's
        ("10.0.6.0/23", THREE),  # a tie with nobody: the lowest address
        ("10.0.8.0/23", TWO),  # a tie with nobody: the lowest address
        ("10.0.8.0/22", 0),  # 1 of 4
        ("0.0.0.0/0", 0),
        ("128.0.0.0/1", 0),
        ("255.255.255.0/24", 0),
        ("2001:db8::/32", ONE),  # a half, a quarter, a little
        ("2001:db8:8000::/33", TWO),
        ("2001:db8:c000::/34", 0),
        ("2001:db8:c000::/47", THREE),  # a tie with nobody: the lowest address
        ("2001:db8:c000::/48", THREE),
        ("2001:db8:c000::/64", THREE),
        ("2001:db8:c000::8/128", THREE),
        ("2001:db8:c001::/48", 0),
        ("::/0", 0),
        ("ffff::/16", 0),
    ],
)
def test_a_prefix_is_the_country_of_most_of_it(small: Snapshot, prefix: str, expected: int) -> None:
    assert country(small, prefix) == [expected]


def test_a_tie_goes_to_the_lowest_address_not_the_lowest_code(small: Snapshot) -> None:
    swapped = np.array([0, THREE, TWO, ONE], np.uint8)[small.ipv4_codes]
    other = replace(small, ipv4_codes=swapped)
    assert country(other, "10.0.6.0/23") == [ONE]
    assert country(other, "10.0.5.0/24", "10.0.4.0/22") == [TWO, TWO]
    # 10.0.0.0/20: four of one country, three of TWO, one of the other, eight nobody's.
    assert country(other, "10.0.0.0/20") == [0]


def test_many_prefixes_at_once_keep_their_order(small: Snapshot) -> None:
    asked = ["10.0.4.0/22", "2001:db8::/32", "10.0.0.0/22", "10.0.4.0/22", "::/0", "10.0.8.0/22"]
    assert country(small, *asked) == [TWO, ONE, ONE, TWO, 0, 0]
    assert country(small) == []


def test_on_the_real_world_it_is_what_counting_every_unit_gives() -> None:
    world = load()
    random = np.random.default_rng(131279)
    lengths = random.integers(8, 25, 200)
    for length in lengths.tolist():
        size = 1 << (24 - length)
        first = int(random.integers(0, 1 << length)) * size
        units = Counter(world.ipv4[first : first + size].tolist())
        # A Counter keeps its keys in the order in which it met them, and max takes the first of equals.
        expected = max(units, key=units.__getitem__)
        address = np.array([first << 40], np.uint64)
        got = prefix_country(world, address, np.array([length], np.uint8), np.array([4], np.uint8))
        assert got.tolist() == [expected], f"/24 number {first}, length {length}"


def test_units_per_country_counts_each_unit_once(small: Snapshot) -> None:
    assert units_per_country(small).tolist() == [2**24 - 8, 4, 3, 1]
    world = load()
    counts = units_per_country(world)
    assert counts.sum() == 2**24
    assert counts[world.index_of("KP")] == 4
    assert (counts == np.bincount(world.ipv4, minlength=len(world.codes))).all()
