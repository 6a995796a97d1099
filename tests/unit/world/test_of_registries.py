"""Five files to one snapshot: what belongs to whom, and who is right where two registries claim the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from ipaddress import IPv4Address
from pathlib import Path

import numpy as np
import pytest
from delegation_files import WORLD, delegation_text, write_world

from nightside.model.errors import InputError
from nightside.world.delegation import Delegation, read_delegation
from nightside.world.of_registries import snapshot_of
from nightside.world.snapshot import Snapshot
from nightside.world.units import units_per_country


def made(folder: Path, **changed: Sequence[str]) -> Snapshot:
    return snapshot_of([read_delegation(p, today=date.today()) for p in write_world(folder, **changed)])[0]


def delegation(folder: Path, registry: str, day: str, *rows: str) -> Delegation:
    path = folder / f"{registry}-{day}"
    path.write_text(delegation_text(registry, day, rows))
    return read_delegation(path, today=date.today())


def of(snapshot: Snapshot, address: str) -> str | None:
    return snapshot.country_of_ipv4(int(IPv4Address(address)) >> 8)


def test_each_country_has_what_its_records_say(tmp_path: Path) -> None:
    world = made(tmp_path)
    units = dict(zip(world.codes, units_per_country(world).tolist(), strict=True))
    assert {code: n for code, n in units.items() if n and code} == {
        "BR": 16,
        "EG": 256,
        "KP": 4,
        "SY": 256,
        "US": 65536,
    }
    assert sum(units.values()) == 1 << 24
    assert [of(world, a) for a in ("175.45.175.255", "175.45.176.0", "175.45.179.255", "175.45.180.0")] == [
        None,
        "KP",
        "KP",
        None,
    ]
    assert {a: world.country_of_asn(a) for a in (700, 701, 702, 703, 131279, 1916)} == {
        700: None,
        701: "US",
        702: "US",
        703: None,
        131279: "KP",
        1916: "BR",
    }
    assert world.ipv6_first.tolist() == [0x2001_0200_0000_0000]
    assert world.ipv6_last.tolist() == [0x2001_0200_0000_0000 + (1 << 29) - 1]
    assert world.codes[int(world.ipv6_codes[0])] == "JP"


def test_the_snapshot_is_of_the_youngest_files_day_and_named_by_its_content(tmp_path: Path) -> None:
    world = made(tmp_path)
    assert world.date == "2014-10-08"
    assert made(tmp_path).name == world.name
    assert made(tmp_path, lacnic=["BR|asn|1917|1|19991116|allocated"]).name != world.name
    assert world.name.startswith("registry-2014-10 (delegations ")
    assert "," not in world.name


def test_the_country_of_a_24s_first_address_counts(tmp_path: Path) -> None:
    rows = [
        "NL|ipv4|5.0.0.0|128|20100101|assigned",
        "DE|ipv4|5.0.0.128|640|20100101|assigned",
        "FR|ipv4|5.0.3.64|192|20100101|assigned",
    ]
    world = made(tmp_path, ripencc=rows)
    assert [of(world, f"5.0.{i}.0") for i in range(4)] == ["NL", "DE", "DE", None]


@pytest.mark.parametrize("code", ["EU", "AP", "ZZ", "AN", "YU", ""])
def test_what_is_no_countrys_is_nobodys_and_told(tmp_path: Path, code: str) -> None:
    paths = write_world(tmp_path, ripencc=[f"{code}|ipv4|5.0.0.0|512|20100101|assigned"])
    world, about = snapshot_of([read_delegation(p, today=date.today()) for p in paths])
    assert of(world, "5.0.0.0") is None
    assert about["held"][code] == {"ripencc": [1, 512]}


def test_a_registry_without_a_file_is_not_a_world_without_its_countries(tmp_path: Path) -> None:
    paths = write_world(tmp_path)
    some = [read_delegation(p, today=date.today()) for p in paths[:3]]
    with pytest.raises(InputError, match="no file of lacnic, ripencc"):
        snapshot_of(some)
    with pytest.raises(InputError, match="2 files of apnic"):
        snapshot_of([*some, some[1]])


def test_afrinic_is_not_asked_for_before_it_was(tmp_path: Path) -> None:
    old = [
        read_delegation(p, today=date.today())
        for p in write_world(tmp_path, day="20050407")
        if "afrinic" not in p.name
    ]
    assert snapshot_of(old)[0].date == "2005-04-07"


def four_others(folder: Path, day: str) -> list[Delegation]:
    return [
        delegation(folder, registry, day, *rows) for registry, rows in WORLD.items() if registry != "ripencc"
    ]


def test_where_two_registries_claim_the_same_the_younger_file_is_right(tmp_path: Path) -> None:
    """The /16 of the US in ARIN's file went to Germany; and the other way round where ARIN's is younger."""
    older = delegation(tmp_path, "ripencc", "20140520", "DE|ipv4|8.8.0.0|65536|20100101|allocated")
    younger = delegation(tmp_path, "ripencc", "20141010", "DE|ipv4|8.8.0.0|65536|20100101|allocated")
    others = four_others(tmp_path, "20141008")
    assert of(snapshot_of([*others, older])[0], "8.8.8.0") == "US"
    assert of(snapshot_of([*others, younger])[0], "8.8.8.0") == "DE"
    for_germany = units_per_country(snapshot_of([*others, younger])[0])
    codes = snapshot_of([*others, younger])[0].codes
    assert for_germany[codes.index("US")] == 65536 - 256


def test_of_one_day_what_two_registries_claim_for_different_countries_is_nobodys(tmp_path: Path) -> None:
    same_day = delegation(
        tmp_path,
        "ripencc",
        "20141008",
        "DE|ipv4|8.8.0.0|65536|20100101|allocated",
        "US|ipv4|8.9.0.0|65536|20100101|allocated",
        "DE|asn|701|1|20100101|allocated",
    )
    world = snapshot_of([*four_others(tmp_path, "20141008"), same_day])[0]
    assert [of(world, a) for a in ("8.7.255.0", "8.8.0.0", "8.8.255.0", "8.9.0.0")] == [
        "US",
        None,
        None,
        "US",
    ]
    assert [world.country_of_asn(n) for n in (701, 702)] == [None, "US"]


def test_the_last_24_and_the_last_as_are_reached(tmp_path: Path) -> None:
    world = made(
        tmp_path,
        arin=["US|ipv4|255.255.255.0|256|20100101|allocated", "US|asn|4294967295|1|20100101|allocated"],
        apnic=["JP|ipv6|3fff::|16|20100101|allocated"],
    )
    assert of(world, "255.255.255.0") == "US"
    assert world.country_of_asn(2**32 - 1) == "US"
    assert world.ipv6_last.tolist() == [0x3FFF_FFFF_FFFF_FFFF]


def test_it_holds_against_reading_address_by_address(tmp_path: Path) -> None:
    """Random small delegations of three registries of different days, and the rule said the slow way."""
    random = np.random.default_rng(2014)
    codes = ["DE", "FR", "EU", "US"]
    others = [d for d in four_others(tmp_path, "20130101") if d.registry in ("afrinic", "lacnic")]
    claims: list[tuple[str, int, int, str]] = []
    files = []
    for registry, day in (("arin", "20130812"), ("ripencc", "20140520"), ("apnic", "20141008")):
        at, rows = int(IPv4Address("9.0.0.0")), []
        while at < int(IPv4Address("9.1.0.0")):
            size = int(random.integers(1, 2000))
            code = codes[int(random.integers(4))]
            if random.random() < 0.5:
                rows.append(f"{code}|ipv4|{IPv4Address(at)}|{size}|20100101|assigned")
                claims.append((day, at, at + size - 1, code))
            at += size
        files.append(delegation(tmp_path, registry, day, *rows))
    world = snapshot_of([*others, *files])[0]
    for unit in range(int(IPv4Address("9.0.0.0")) >> 8, int(IPv4Address("9.1.0.0")) >> 8):
        said = [(day, code) for day, first, last, code in claims if first <= unit << 8 <= last]
        expected = max(said)[1] if said else None
        assert world.country_of_ipv4(unit) == (None if expected == "EU" else expected)
