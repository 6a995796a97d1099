"""Units by who announces them: the longest prefix wins, both must agree, and what a reader said stays."""

from __future__ import annotations

import json
from datetime import date
from ipaddress import IPv4Network
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nightside.world.by_origin import NOT_ANNOUNCED, is_overridden, most_specific, snapshot_by
from nightside.world.overrides import overridden
from nightside.world.snapshot import Snapshot, load

KP = 0xAF2DB0
"""175.45.176.0/24"""


def columns(*prefixes: str) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    networks = [IPv4Network(p) for p in prefixes]
    hi = np.array([int(n.network_address) << 32 for n in networks], np.uint64)
    return hi, np.array([n.prefixlen for n in networks], np.uint8)


def painted(**countries: str) -> NDArray[np.uint8]:
    """By country the prefixes that its ASes announce, with commas between them."""
    rows = [(p, load().index_of(code)) for code, some in countries.items() for p in some.split(",")]
    return most_specific(*columns(*(p for p, _ in rows)), np.array([n for _, n in rows], np.uint8))


def test_the_longest_prefix_has_the_unit_in_whatever_order() -> None:
    one = painted(SY="175.45.0.0/16,175.45.177.0/24", EG="175.45.176.0/22", KP="175.0.0.0/8")
    codes = load().codes
    assert [codes[n] for n in one[KP : KP + 5]] == ["EG", "SY", "EG", "EG", "SY"]
    assert codes[one[KP + 4096]] == "KP"
    assert one[0] == one[176 << 16] == one[(175 << 16) - 1] == NOT_ANNOUNCED
    assert np.count_nonzero(one != NOT_ANNOUNCED) == 1 << 16
    other = painted(KP="175.0.0.0/8", EG="175.45.176.0/22", SY="175.45.177.0/24,175.45.0.0/16")
    assert (one == other).all()


def test_the_ends_of_the_space() -> None:
    units = painted(SY="0.0.0.0/24,255.255.255.0/24", EG="0.0.0.0/0")
    codes = load().codes
    assert codes[units[0]] == codes[units[-1]] == "SY"
    assert codes[units[1]] == codes[units[-2]] == "EG"
    assert (most_specific(*columns(), np.zeros(0, np.uint8)) == NOT_ANNOUNCED).all()


def test_origin_takes_the_origin_s_word_and_both_what_the_registry_says_too() -> None:
    units = painted(KP="175.45.176.0/23,8.8.8.0/24", SY="175.45.178.0/24")
    origin, both = (snapshot_by(basis, load(), units) for basis in ("origin", "both"))  # type: ignore[arg-type]
    assert [origin.country_of_ipv4(KP + i) for i in range(4)] == ["KP", "KP", "SY", None]
    assert [both.country_of_ipv4(KP + i) for i in range(4)] == ["KP", "KP", None, None]
    assert (origin.country_of_ipv4(0x080808), both.country_of_ipv4(0x080808)) == ("KP", None)
    for made in (origin, both):
        assert int(made.ipv4_lengths.sum(dtype=np.uint64)) == 1 << 24
        assert (made.ipv4_codes[1:] != made.ipv4_codes[:-1]).all()
        assert made.country_of_asn(131279) == "KP"
        assert (made.date, made.ipv6_codes is load().ipv6_codes) == (load().date, True)
    assert origin.name == f"{load().name} by origin AS"
    assert both.name == f"{load().name} by registry and origin AS"


@pytest.fixture
def said(tmp_path: Path) -> Snapshot:
    """A reader: 175.45.178.0/23 is Syria's, and 175.45.177.0/24 nobody's."""
    common = {"from": None, "to": None, "reason": "a test", "source": "none"}
    rows = [
        {"prefix": "175.45.178.0/23", "country": "SY", **common},
        {"prefix": "175.45.177.0/24", "country": None, **common},
    ]
    (tmp_path / "overrides.json").write_text(json.dumps(rows))
    return overridden(load(), date(2014, 12, 22), tmp_path)


@pytest.mark.parametrize("basis", ["origin", "both"])
def test_what_a_reader_said_stays_whoever_announces_it(basis: str, said: Snapshot) -> None:
    made = snapshot_by(basis, said, painted(KP="175.45.176.0/23,175.45.178.0/24"))  # type: ignore[arg-type]
    assert [made.country_of_ipv4(KP + i) for i in range(4)] == ["KP", None, "SY", "SY"]
    assert made.name.startswith(said.name)


def test_a_prefix_is_overridden_where_all_of_it_is(said: Snapshot) -> None:
    prefixes = columns(
        "175.45.178.0/23", "175.45.178.0/24", "175.45.179.128/25", "175.45.176.0/22", "175.45.180.0/24"
    )
    assert is_overridden(said, *prefixes).tolist() == [True, True, True, False, False]
    assert not is_overridden(load(), *prefixes).any()
