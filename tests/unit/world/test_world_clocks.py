"""Clocks of countries. Expected values: what each country's law said about its clocks at the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from struct import unpack_from

import pytest

from nightside.model.errors import UsageError
from nightside.world.clocks import CAPITALS, local_iso, require_zone, zone_of
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


def transitions(zone: str) -> list[tuple[int, int]]:
    """(second, offset from UTC in seconds) of each change that the zone's file tells, read by RFC 8536 alone."""
    content = (files("tzdata") / "zoneinfo" / zone).read_bytes()

    def header(start: int) -> tuple[int, ...]:
        assert content[start : start + 4] == b"TZif"
        return unpack_from(">6l", content, start + 20)

    isut, isstd, leap, times, types, chars = header(0)
    second = 44 + times * 5 + types * 6 + chars + leap * 8 + isstd + isut
    _isut, _isstd, _leap, times, types, _chars = header(second)
    at = second + 44
    seconds = unpack_from(f">{times}q", content, at)
    which = content[at + 8 * times : at + 9 * times]
    offsets = [unpack_from(">l", content, at + 9 * times + 6 * n)[0] for n in range(types)]
    return [(when, offsets[n]) for when, n in zip(seconds, which, strict=True)]


def test_pyongyang_changed_its_clocks_twice_in_this_century() -> None:
    """Half an hour back on 15 August 2015, and forth again on 5 May 2018, both at midnight there."""
    changes = [(when, offset) for when, offset in transitions("Asia/Pyongyang") if when >= at("2000-01-01")]
    assert changes == [(at("2015-08-14T15:00:00"), 30600), (at("2018-05-04T15:00:00"), 32400)]


@pytest.mark.parametrize("zone", ["Asia/Pyongyang", "Asia/Damascus", "Africa/Cairo", "America/Caracas"])
def test_clocks_follow_the_file_of_the_tz_database(zone: str) -> None:
    changes = [one for one in transitions(zone) if one[0] >= at("1990-01-01")]
    assert len(changes) >= 2
    for when, offset in changes:
        local = datetime.fromisoformat(local_iso(when, zone))
        assert local.utcoffset() == timedelta(seconds=offset)
    for (_before, offset), (when, _offset) in pairwise(changes):
        local = datetime.fromisoformat(local_iso(when - 1, zone))
        assert local.utcoffset() == timedelta(seconds=offset)


@pytest.mark.parametrize(
    ("asked", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" asia/pyongyang ", "Asia/Pyongyang"),
        ("America/New York", "America/New_York"),
        ("utc", "UTC"),
        ("US/Eastern", "US/Eastern"),
    ],
)
def test_a_zone_is_found_however_it_is_spelled(asked: str, zone: str) -> None:
    assert require_zone(asked) == zone


@pytest.mark.parametrize(
    ("asked", "advice"),
    [
        ("Berlin", "Did you mean Europe/Berlin?"),
        ("Asia/Pyonyang", "Did you mean Asia/Pyongyang?"),
        ("", "Give a name"),
        ("+08:30", "Give a name"),
        ("../../etc/passwd", "Give a name"),
        ("zone.tab", "Give a name"),
    ],
)
def test_what_is_no_zone_is_refused_with_one_that_is_near(asked: str, advice: str) -> None:
    with pytest.raises(UsageError) as refused:
        require_zone(asked)
    assert refused.value.advice.startswith(advice)
