"""Clocks of countries. Expected values: what each country's law said about its clocks at the time."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files

import pytest

from nightside.world.clocks import CAPITALS, local_iso, zone_of
from nightside.world.names import country_codes


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("utc", "zone", "local"),
    [
        ("2014-12-22T16:15:00", "Asia/Pyongyang", "2014-12-23T01:15:00+09:00"),
        ("2016-04-06T15:10:00", "Asia/Pyongyang", "2016-04-06T23:40:00+08:30"),
        ("2015-08-14T14:59:59", "Asia/Pyongyang", "2015-08-14T23:59:59+09:00"),
        ("2015-08-14T15:00:00", "Asia/Pyongyang", "2015-08-14T23:30:00+08:30"),
        ("2018-05-04T14:59:59", "Asia/Pyongyang", "2018-05-04T23:29:59+08:30"),
        ("2018-05-04T15:00:00", "Asia/Pyongyang", "2018-05-05T00:00:00+09:00"),
        ("2012-11-29T10:26:00", "Asia/Damascus", "2012-11-29T12:26:00+02:00"),
        ("2013-05-07T18:45:00", "Asia/Damascus", "2013-05-07T21:45:00+03:00"),
        ("2011-01-27T22:34:00", "Africa/Cairo", "2011-01-28T00:34:00+02:00"),
    ],
)
def test_local_time_has_the_offset_of_its_day(utc: str, zone: str, local: str) -> None:
    assert local_iso(at(utc), zone) == local


@pytest.mark.parametrize(
    ("code", "zone"),
    [
        ("KP", "Asia/Pyongyang"),
        ("SY", "Asia/Damascus"),
        ("RU", "Europe/Moscow"),
        ("AU", "Australia/Sydney"),
        ("US", "America/New_York"),
        ("XK", "Europe/Belgrade"),
        ("NO", "Europe/Oslo"),
        ("BV", None),
        ("ZZ", None),
    ],
)
def test_a_country_keeps_its_capitals_time(code: str, zone: str | None) -> None:
    assert zone_of(code) == zone


def test_every_country_has_a_zone_that_tzdata_knows() -> None:
    without = {code for code in country_codes() if zone_of(code) is None}
    assert without == {"BV", "HM"}  # Bouvet, Heard and McDonald: uninhabited
    for code in country_codes() - without:
        zone = zone_of(code)
        assert zone is not None
        assert local_iso(0, zone).startswith(("1970-01-01T", "1969-12-31T"))


def test_every_reviewed_capital_zone_is_its_countrys_own() -> None:
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    rows = {tuple(line.split("\t")[0:3:2]) for line in table.splitlines() if line and line[0] != "#"}
    for code, zone in CAPITALS.items():
        assert (code, zone) in rows or code == "XK"


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        local_iso(0, "Asia/Nowhere")
