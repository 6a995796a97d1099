"""Whose AS an address is."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from nightside.world.address_asn import about_addresses, asn_of_address

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("address", "asn"),
    [
        # Rows of asn-ipv4.csv and asn-ipv6.csv of the source, read by eye: first, middle and last addresses.
        ("175.45.176.0", 131279),
        ("175.45.177.200", 131279),
        ("175.45.179.255", 131279),
        ("1.1.1.0", 13335),
        ("8.8.8.255", 15169),
        ("223.255.254.255", 55415),
        # 67386816-67386879 is 203's, within a block of 3356: not whole /24s.
        ("4.4.61.191", 3356),
        ("4.4.61.192", 203),
        ("4.4.61.255", 203),
        ("4.4.62.0", 3356),
        ("2001:678:1::", 25192),
        ("2001:678:2:ffff:ffff:ffff:ffff:ffff", 31529),
        ("2001:4860:4804:ffff:ffff:ffff:ffff:ffff", 15169),
        ("2001:4860:4805::", 43515),
        ("2001:4860:4806::8888", 15169),
        # 749 has 3596550144-3607166975; 721 begins within it, and ends behind it.
        ("214.255.255.255", 749),
        ("215.0.0.0", 721),
        ("215.1.3.255", 721),
        ("::ffff:8.8.8.8", 15169),
        # Nobody's.
        ("0.0.0.0", None),
        ("10.0.0.1", None),
        ("192.168.255.255", None),
        ("255.255.255.255", None),
        ("::", None),
        ("fe80::1", None),
        ("ffff:ffff::1", None),
    ],
)
def test_the_as_of_an_address_is_the_source_s(address: str, asn: int | None) -> None:
    assert asn_of_address(address) == asn


@pytest.mark.parametrize("bad", ["", "kcna.kp", "1.2.3", "1.2.3.4/24", "1.2.3.400", ":::"])
def test_what_is_no_address_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        asn_of_address(bad)


def test_the_table_says_where_it_is_from_and_is_small() -> None:
    said = about_addresses()
    assert said == {
        "source": "@ip-location-db/asn 2.3.2026061719",
        "date": "2026-06-17",
        "licence": "CC BY 4.0",
    }
    assert len((files("nightside.world") / "data" / "address_asn.npz").read_bytes()) < 2_000_000


def test_nothing_is_read_before_somebody_asks() -> None:
    code = "import sys, nightside.world.address_asn as a; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.fixture(scope="module")
def tool() -> Any:
    spec = importlib.util.spec_from_file_location(
        "build_address_asn", ROOT / "tools" / "build_address_asn.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_overlapping_blocks_become_what_an_array_painted_in_order_holds(tool: Any) -> None:
    chance = Random(20141221)
    for _ in range(300):
        blocks = sorted(
            (first, first + chance.randrange(20), chance.randrange(1, 4))
            for first in chance.sample(range(60), 8)
        )
        painted = [0] * 90
        for first, last, asn in blocks:  # the later begins, the more it is right
            painted[first : last + 1] = [asn] * (last + 1 - first)
        apart = tool.without_overlap(blocks)
        again = [0] * 90
        for first, last, asn in apart:
            assert not any(again[first : last + 1])
            again[first : last + 1] = [asn] * (last + 1 - first)
        assert again == painted
        assert all(a[1] + 1 < b[0] or a[2] != b[2] for a, b in pairwise(apart))


def test_blocks_of_ipv6_without_a_whole_slash_64_are_left_out(tool: Any) -> None:
    unit = 1 << 64
    rows = [
        (5 * unit, 6 * unit - 1, 1),
        (7 * unit + 1, 8 * unit - 1, 2),
        (8 * unit + 1, 10 * unit - 1, 3),
        (20 * unit, 30 * unit + 5, 4),
    ]
    assert list(tool.slash_64s(rows)) == [(5, 5, 1), (9, 9, 3), (20, 29, 4)]
