"""The prefixes that could be routed within a country's space. Expected: by hand, and by counting every /24."""

from __future__ import annotations

from ipaddress import IPv4Network

import numpy as np
import pytest

from nightside.world.blocks import count_within, country_blocks, prefixes_within
from nightside.world.snapshot import Snapshot, load
from nightside.world.units import units_per_country


def made_up(*stretches: tuple[int, int]) -> Snapshot:
    """(number of /24s, country) from 0.0.0.0 on; the rest is nobody's."""
    rest = (1 << 24) - sum(length for length, _ in stretches)
    lengths, codes = zip(*stretches, (rest, 0), strict=True)
    none32, none64, none16 = (np.zeros(0, kind) for kind in (np.uint32, np.uint64, np.uint16))
    return Snapshot(
        name="made up",
        date="2020-05-01",
        codes=("", "AA", "BB"),
        ipv4_lengths=np.array(lengths, np.uint32),
        ipv4_codes=np.array(codes, np.uint8),
        asn_numbers=none32,
        asn_codes=none16,
        ipv6_first=none64,
        ipv6_last=none64,
        ipv6_codes=none16,
    )


def test_a_stretch_is_cut_where_prefixes_begin() -> None:
    # From 0.0.1.0 on seven /24s: one, then two, then four; and a single one later.
    world = made_up((1, 0), (7, 1), (1, 2), (1, 1))
    assert list(map(str, country_blocks(world, "AA"))) == [
        "0.0.1.0/24",
        "0.0.2.0/23",
        "0.0.4.0/22",
        "0.0.9.0/24",
    ]


def test_a_country_may_be_all_there_is() -> None:
    assert list(map(str, country_blocks(made_up((1 << 24, 1)), "AA"))) == ["0.0.0.0/0"]


def test_a_country_without_space_has_none() -> None:
    assert country_blocks(made_up((4, 1)), "BB") == []
    with pytest.raises(KeyError):
        country_blocks(made_up((4, 1)), "CC")


def test_north_korea_has_one_block_and_seven_prefixes() -> None:
    (block,) = country_blocks(load(), "KP")
    assert str(block) == "175.45.176.0/22"
    assert list(map(str, prefixes_within(block))) == [
        "175.45.176.0/22",
        "175.45.176.0/23",
        "175.45.178.0/23",
        "175.45.176.0/24",
        "175.45.177.0/24",
        "175.45.178.0/24",
        "175.45.179.0/24",
    ]


@pytest.mark.parametrize("length", [20, 22, 23, 24])
def test_the_count_is_that_of_the_prefixes(length: int) -> None:
    block = IPv4Network((0, length))
    found = list(prefixes_within(block))
    assert count_within(block) == len(found) == len(set(found)) == 2 * 2 ** (24 - length) - 1


def test_the_blocks_of_every_country_are_its_units() -> None:
    world = load()
    units = units_per_country(world)
    for number, code in enumerate(world.codes[1:], 1):
        if units[number] < 5000:
            assert sum(2 ** (24 - b.prefixlen) for b in country_blocks(world, code)) == units[number], code
