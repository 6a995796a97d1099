"""The shipped snapshot: what is known of it from outside, and its own consistency."""

from __future__ import annotations

import gzip
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from iptocc import country_code

from nightside.world.names import country_codes
from nightside.world.snapshot import Snapshot, label, load

PYONGYANG = (175 << 16) + (45 << 8) + 176
"""The first of the four /24s of 175.45.176.0/22, North Korea's only delegation."""


def small() -> Snapshot:
    return Snapshot(
        name="made up",
        date="2020-05-01",
        codes=("", "DE", "FR"),
        ipv4_lengths=np.array([1 << 24], np.uint32),
        ipv4_codes=np.array([0], np.uint8),
        asn_numbers=np.array([7, 9], np.uint32),
        asn_codes=np.array([1, 2], np.uint16),
        ipv6_first=np.array([1 << 61, (1 << 61) + 16], np.uint64),
        ipv6_last=np.array([(1 << 61) + 15, (1 << 61) + 31], np.uint64),
        ipv6_codes=np.array([1, 2], np.uint16),
    )


def test_north_korea_is_four_units_and_one_as() -> None:
    world = load()
    of_korea = np.flatnonzero(world.ipv4 == world.index_of("KP"))
    assert of_korea.tolist() == [PYONGYANG, PYONGYANG + 1, PYONGYANG + 2, PYONGYANG + 3]
    assert world.country_of_ipv4(PYONGYANG) == "KP"
    assert world.country_of_asn(131279) == "KP"
    assert world.codes[world.index_of("KP")] == "KP"


@pytest.mark.parametrize(
    ("asn", "country"),
    [(4837, "CN"), (20485, "RU"), (22351, "US"), (6762, "IT"), (29386, "SY"), (8452, "EG"), (1299, "SE")],
)
def test_ases_of_the_incidents_have_their_countries(asn: int, country: str) -> None:
    assert load().country_of_asn(asn) == country


@pytest.mark.parametrize("asn", [0, 23456, 64512, 4200000000, 2**32 - 1])
def test_reserved_ases_have_no_country(asn: int) -> None:
    """AS 0, AS_TRANS and private numbers (RFC 7607, 6793, 6996, 7300)."""
    assert load().country_of_asn(asn) is None


@pytest.mark.parametrize("first_octet", [0, 10, 127, *range(224, 256)])
def test_reserved_addresses_are_nobodys(first_octet: int) -> None:
    assert not load().ipv4[first_octet << 16 : (first_octet + 1) << 16].any()
    assert load().country_of_ipv4(first_octet << 16) is None


def test_the_codes_are_the_countries_after_nobody() -> None:
    world = load()
    assert world.codes[0] == ""
    assert list(world.codes[1:]) == sorted(country_codes())
    for no_country in ("EU", "AP", "ZZ", ""):
        with pytest.raises(KeyError):
            world.index_of(no_country)


def test_the_arrays_have_the_shapes_they_say_and_are_sorted() -> None:
    world = load()
    assert world.ipv4.shape == (2**24,)
    assert world.ipv4.max() < len(world.codes)
    assert (np.diff(world.asn_numbers.astype(np.int64)) > 0).all()
    assert world.asn_codes.min() > 0
    assert len(world.asn_numbers) == len(world.asn_codes)
    assert (world.ipv6_first <= world.ipv6_last).all()
    assert (world.ipv6_last[:-1] < world.ipv6_first[1:]).all()
    assert world.ipv6_codes.min() > 0


def test_the_snapshot_is_shared_and_cannot_be_changed() -> None:
    assert load() is load()
    with pytest.raises(ValueError, match="read-only"):
        load().ipv4[0] = 1


def test_the_name_says_which_month_the_date_says() -> None:
    world = load()
    assert world.name.startswith(f"registry-{date.fromisoformat(world.date):%Y-%m} (iptocc ")


def test_the_label_says_when_the_snapshot_is_younger_than_the_input() -> None:
    assert label(small(), date(2014, 12, 21)) == "made up, 2020-05-01, later_than_input"
    assert label(small(), date(2020, 4, 30)) == "made up, 2020-05-01, later_than_input"
    assert label(small(), date(2020, 5, 1)) == "made up, 2020-05-01"
    assert label(small(), date(2026, 1, 1)) == "made up, 2020-05-01"


def test_ipv6_runs_fill_the_gaps_with_nobody() -> None:
    starts, codes = small().ipv6_runs
    assert starts.tolist() == [0, 1 << 61, (1 << 61) + 16, (1 << 61) + 32]
    assert codes.tolist() == [0, 1, 2, 0]


def test_iptocc_says_the_same() -> None:
    """The source as oracle; `pyproject.toml` pins the version that the snapshot was built from."""
    world = load()
    assert f"iptocc {version('iptocc')})" in world.name
    random = np.random.default_rng(2014)
    units = random.integers(0, 1 << 24, 20_000)
    said = country_code([f"{u >> 16}.{u >> 8 & 255}.{u & 255}.0" for u in units.tolist()])
    ours = [world.country_of_ipv4(int(u)) for u in units]
    assert ours == [code if code in country_codes() else None for code in said]

    starts, codes = world.ipv6_runs
    highs = np.concatenate([starts[1:], starts[1:] - np.uint64(1)])
    asked = random.choice(highs, 20_000, replace=False)
    at = np.searchsorted(starts, asked, "right") - 1
    said = country_code(
        [f"{h >> 48:x}:{h >> 32 & 65535:x}:{h >> 16 & 65535:x}:{h & 65535:x}::" for h in asked.tolist()]
    )
    assert [world.codes[c] for c in codes[at]] == [code if code in country_codes() else "" for code in said]


@pytest.mark.shared_data
def test_north_koreas_delegation_of_2014_is_still_its_own(shared_data: Path) -> None:
    world = load()
    units, ases = [], []
    with gzip.open(shared_data / "registry" / "delegated-apnic-20141009.gz", "rt") as lines:
        for line in lines:
            row = line.strip().split("|")
            if row[1:3] == ["KP", "ipv4"]:
                octets = [int(o) for o in row[3].split(".")]
                begin = (octets[0] << 16) + (octets[1] << 8) + octets[2]
                units += range(begin, begin + int(row[4]) // 256)
            if row[1:3] == ["KP", "asn"]:
                ases += range(int(row[3]), int(row[3]) + int(row[4]))
    assert len(units) == 4
    assert [world.country_of_ipv4(u) for u in units] == ["KP"] * 4
    assert 131279 in ases
    assert world.country_of_asn(131279) == "KP"
