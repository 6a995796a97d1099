"""Overrides: they move what they name and nothing else, on their days, and say so in the snapshot's name."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nightside.model.errors import InputError
from nightside.world.overrides import overridden
from nightside.world.snapshot import Snapshot, load

DAY = date(2014, 12, 22)
KP, AFTER = 0xAF2DB0, 0xAF2DB4
"""175.45.176.0/24, and the first /24 after North Korea's four."""
Apply = Callable[..., Snapshot]


def row(**changes: Any) -> dict[str, Any]:
    said = {"country": "SY", "from": None, "to": None, "reason": "a test", "source": "none"}
    if "asn" not in changes:
        said["prefix"] = "175.45.177.0/24"
    return said | changes


@pytest.fixture
def applied(tmp_path: Path) -> Apply:
    """The shipped snapshot with these rows, on a day."""

    def apply(*rows: Any, day: date = DAY) -> Snapshot:
        (tmp_path / "overrides.json").write_text(json.dumps(rows), encoding="utf-8")
        return overridden(load(), day, tmp_path)

    return apply


def test_without_a_file_and_without_rows_of_that_day_it_is_the_same(tmp_path: Path, applied: Apply) -> None:
    assert overridden(load(), DAY, tmp_path) is load()
    assert overridden(load(), DAY, tmp_path / "nowhere") is load()
    assert applied() is load()
    assert applied(row(**{"from": "2014-12-23"})) is load()
    assert applied(row(to="2014-12-21")) is load()
    assert applied(row(**{"from": "2014-12-22", "to": "2014-12-22"})) is not load()


def test_a_prefix_moves_and_nothing_else(applied: Apply) -> None:
    moved = applied(row(prefix="175.45.177.0/24"))
    assert [moved.country_of_ipv4(KP + i) for i in range(4)] == ["KP", "SY", "KP", "KP"]
    assert np.flatnonzero(moved.ipv4 != load().ipv4).tolist() == [KP + 1]
    assert int(moved.ipv4_lengths.sum(dtype=np.uint64)) == 1 << 24
    # Neighbours of one country are one stretch, as in every snapshot.
    assert (moved.ipv4_codes[1:] != moved.ipv4_codes[:-1]).all()
    assert moved.country_of_asn(131279) == "KP"


def test_the_edges_of_the_space_and_nobody(applied: Apply) -> None:
    moved = applied(
        row(prefix="255.0.0.0/8"), row(prefix="0.0.0.0/8"), row(prefix="175.45.176.0/22", country=None)
    )
    assert moved.country_of_ipv4(0) == moved.country_of_ipv4((1 << 24) - 1) == "SY"
    assert moved.country_of_ipv4(KP) is None
    assert (moved.ipv4[KP:AFTER] == 0).all()


def test_an_as_moves_comes_and_goes(applied: Apply) -> None:
    private = 4_200_000_001
    assert load().country_of_asn(private) is None
    moved = applied(row(asn=131279), row(asn=private), row(asn=4837, country=None))
    assert moved.country_of_asn(131279) == "SY"
    assert moved.country_of_asn(private) == "SY"
    assert moved.country_of_asn(4837) is None
    assert (moved.asn_numbers[1:] > moved.asn_numbers[:-1]).all()
    assert len(moved.asn_numbers) == len(moved.asn_codes) == len(load().asn_numbers)
    assert moved.country_of_ipv4(KP) == "KP"


def test_the_name_tells_which_rows_hold(applied: Apply) -> None:
    one, other = row(), row(asn=131279)
    names = {applied(one).name, applied(other).name, applied(one, other).name, load().name}
    assert len(names) == 4
    assert applied(other, one).name == applied(one, other).name
    # A row of another day is no part of what holds on this one.
    assert applied(one, row(asn=131279, to="2000-01-01")).name == applied(one).name
    assert applied(one).name.startswith(f"{load().name} + overrides ")


def test_what_changes_in_the_file_changes_at_once(applied: Apply) -> None:
    assert applied(row()).country_of_ipv4(KP + 1) == "SY"
    assert applied(row(country="EG")).country_of_ipv4(KP + 1) == "EG"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"prefix": "175.45.177.1/24"}, "host bits"),
        ({"prefix": "175.45.177.0/25"}, "no /8 to /24"),
        ({"prefix": "0.0.0.0/0"}, "no /8 to /24"),
        ({"prefix": "2001:db8::/32"}, "row 2"),
        ({"prefix": 5}, "no prefix"),
        ({"asn": -1}, "no AS number"),
        ({"asn": 2**32}, "no AS number"),
        ({"asn": True}, "no AS number"),
        ({"asn": "4837"}, "no AS number"),
        ({"asn": 1, "prefix": "10.0.0.0/8"}, "its keys"),
        ({"country": "EU"}, "no country's code"),
        ({"country": ["KP"]}, "no country's code"),
        ({"country": ""}, "no country's code"),
        ({"reason": " "}, "reason is no text"),
        ({"source": None}, "source is no text"),
        ({"from": "soon"}, "row 2"),
        ({"from": 2014}, "no day"),
        ({"from": "2015-01-01", "to": "2014-01-01"}, "to is before from"),
        ({"why": "more"}, "its keys"),
    ],
)
def test_a_row_that_is_none_refuses_the_whole_file(bad: dict[str, Any], why: str, applied: Apply) -> None:
    with pytest.raises(InputError, match=r"row 2: ") as refused:
        applied(row(prefix="10.0.0.0/24"), row(**bad))
    assert why in str(refused.value)
    assert "overrides.json" in str(refused.value)


def test_rows_that_overlap_on_a_day(applied: Apply) -> None:
    with pytest.raises(InputError, match="rows 1 and 3 overlap"):
        applied(row(prefix="175.45.176.0/22"), row(asn=1), row(prefix="175.45.179.0/24", country="EG"))
    early, late = row(to="2014-12-21"), row(**{"from": "2014-12-22"}, country="EG")
    assert applied(early, late).country_of_ipv4(KP + 1) == "EG"
    with pytest.raises(InputError, match="rows 1 and 2 overlap"):
        applied(row(to="2014-12-22"), late)


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", "[null]", '[{"asn": 1}', "\xff", "[" * 100_000, " " * (1 << 19)]
)
def test_a_file_that_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "overrides.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match="cannot be used"):
        overridden(load(), DAY, tmp_path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "overrides.json").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        overridden(load(), DAY, tmp_path)


def test_the_largest_file_does_not_take_long(applied: Apply) -> None:
    rows = [row(asn=number, reason="r", source="s") for number in range(1, 2_500)]
    begin = time.perf_counter()
    assert applied(*rows).country_of_asn(2_499) == "SY"
    assert time.perf_counter() - begin < 5
