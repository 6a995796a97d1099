"""Names of countries and of ASes."""

from __future__ import annotations

import json
import re
from datetime import date
from importlib.resources import files

import pytest

from nightside.model.errors import UsageError
from nightside.world.names import (
    NAMED_ON,
    as_name,
    country_codes,
    country_name,
    registered_as_name,
    require_country,
)
from nightside.world.snapshot import load

IN_USE = json.loads((files("nightside.world") / "data" / "as_names.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("KP", "North Korea"),
        ("XK", "Kosovo"),
        ("SY", "Syria"),
        ("HK", "Hong Kong"),
        ("CD", "DR Congo"),
        ("RU", "Russia"),
    ],
)
def test_countries_are_called_as_people_call_them(code: str, name: str) -> None:
    assert country_name(code) == name


def test_every_country_has_a_name_of_its_own() -> None:
    names = [country_name(code) for code in country_codes()]
    assert all(name and name not in country_codes() for name in names)
    assert len(set(names)) == len(names)
    assert len(names) == 249 + 1  # ISO 3166-1 has 249 entries; Kosovo


def test_no_name_for_what_is_no_country() -> None:
    with pytest.raises(KeyError):
        country_name("EU")


@pytest.mark.parametrize("asked", ["KP", "kp", " Kp "])
def test_a_code_is_taken_in_either_case(asked: str) -> None:
    assert require_country(asked) == "KP"


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("UK", "GB"),
        ("el", "GR"),
        ("North Korea", "KP"),
        ("north corea", "KP"),
        ("Syria", "SY"),
        ("kosovo", "XK"),
    ],
)
def test_an_unknown_code_says_which_one_was_meant(asked: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"Did you mean {meant} ") as caught:
        require_country(asked)
    assert asked in caught.value.what
    assert caught.value.exit_code == 2
    assert len(str(caught.value).splitlines()) <= 2


@pytest.mark.parametrize("asked", ["", "ZZ", "EU", "AP", "XX", "PRK", "12", "a\nb"])
def test_an_unknown_code_without_a_near_one_gets_no_guess(asked: str) -> None:
    with pytest.raises(UsageError) as caught:
        require_country(asked)
    assert "Did you mean" not in str(caught.value)
    assert "KP" in caught.value.advice
    assert len(str(caught.value).splitlines()) <= 2


@pytest.mark.parametrize(
    ("asn", "name"),
    [(131279, "Star Joint Venture"), (4837, "China Unicom"), (20485, "TransTeleCom"), (22351, "Intelsat")],
)
def test_ases_of_the_mission_are_called_as_people_call_them(asn: int, name: str) -> None:
    assert as_name(asn) == name


def test_the_day_of_the_names_is_that_of_the_package_they_came_in() -> None:
    readme = (files("nightside.world") / "data" / "README.md").read_text(encoding="utf-8")
    (row,) = [line for line in readme.splitlines() if line.startswith("| `as_registered.npz`")]
    assert row.split("|")[4].strip() == NAMED_ON


def test_an_as_without_a_name_in_use_has_its_registered_one() -> None:
    assert "3352" not in IN_USE
    assert as_name(3352) == registered_as_name(3352)
    assert "telefonica" in str(as_name(3352)).lower()


@pytest.mark.parametrize("asn", [0, 64512, 2**32 - 1])
def test_an_unknown_as_has_no_name(asn: int) -> None:
    assert as_name(asn) is None
    assert registered_as_name(asn) is None


@pytest.mark.parametrize("asn", sorted(IN_USE, key=int))
def test_every_name_in_use_stands_with_its_source(asn: str) -> None:
    """The registered name that is quoted as the source is the one in the data; a country has a source too."""
    entry = IN_USE[asn]
    assert set(entry) - {"country", "url", "date"} == {"name", "source"}
    # The registered name's own source and date stand in data/README.md; who says more is named with both.
    assert ("url" in entry) == ("date" in entry)
    if "url" in entry:
        assert entry["url"].startswith("https://")
        assert date.fromisoformat(entry["date"]) <= date.today()
    assert load().country_of_asn(int(asn)) is not None
    quoted = re.match(r"registered: (.+?)(?:; |$)", entry["source"])
    assert quoted is not None
    assert quoted[1] == registered_as_name(int(asn))
    if "country" in entry:
        assert "; country: " in entry["source"]
        assert load().country_of_asn(int(asn)) == entry["country"]
