"""Times as people write them: what each covers, and which are refused because they may mean two."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nightside.model.errors import UsageError
from nightside.model.report import Precision
from nightside.world.said_times import require_said_zone, said_time


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "zone", "precision", "first", "length_s"),
    [
        ("2014-12-27T19:30", "Asia/Pyongyang", None, utc(2014, 12, 27, 10, 30), 60),
        ("2014-12-27 19:30:05", "Asia/Pyongyang", None, utc(2014, 12, 27, 10, 30, 5), 1),
        # Pyongyang was at +08:30 from August 2015 to May 2018.
        ("2016-04-06T23:40", "Asia/Pyongyang", None, utc(2016, 4, 6, 15, 10), 60),
        ("2014-12-22T16:15Z", None, None, utc(2014, 12, 22, 16, 15), 60),
        ("2014-12-23T01:15+09:00", "Asia/Pyongyang", None, utc(2014, 12, 22, 16, 15), 60),
        ("2014-12-22T08:15-08:00", None, "hour", utc(2014, 12, 22, 16, 15), 3600),
        ("2014-12-23", "America/New_York", None, utc(2014, 12, 23, 5), 86_400),
        ("2014-12-23", "-05:00", None, utc(2014, 12, 23, 5), 86_400),
        # Days on which the clocks are set: 23 and 25 hours.
        ("2014-03-30", "Europe/Berlin", None, utc(2014, 3, 29, 23), 23 * 3600),
        ("2014-10-26", "Europe/Berlin", None, utc(2014, 10, 25, 22), 25 * 3600),
        # Clocks in Damascus went from midnight to 01:00 on 30 March 2012: that day began at 01:00.
        ("2012-03-30", "Asia/Damascus", None, utc(2012, 3, 29, 22), 23 * 3600),
        ("2014-10-26T02:30+02:00", "Europe/Berlin", None, utc(2014, 10, 26, 0, 30), 60),
        ("2014-10-26T02:30+01:00", "Europe/Berlin", None, utc(2014, 10, 26, 1, 30), 60),
    ],
)
def test_a_time_covers_what_it_says(
    text: str, zone: str | None, precision: Precision | None, first: int, length_s: int
) -> None:
    assert said_time(text, zone, precision).covers == (first, first + length_s)


@pytest.mark.parametrize(
    ("text", "zone", "said", "to_do"),
    [
        ("2014-12-27T19:30", None, "has no zone", "Asia/Pyongyang"),
        (
            "2014-10-26T02:30",
            "Europe/Berlin",
            "twice",
            "2014-10-26T02:30:00+02:00 or 2014-10-26T02:30:00+01:00",
        ),
        ("2014-03-30T02:30", "Europe/Berlin", "never showed", "offset"),
        ("2016-04-06T23:40+09:00", "Asia/Pyongyang", r"\+08:30", "two that agree"),
        ("2014-02-30", "UTC", "no such time", "date"),
        ("2014-12-27T24:30", "UTC", "no such time", "date"),
        ("0014-12-27", "UTC", "outside of 1970", "year"),
        ("27.12.2014", "UTC", "not a time", "2014-12-27"),
        ("2014-12-27T19:30 CST", "UTC", "not a time", "zone apart"),
        ("2014-12-27T7:30 PM", "UTC", "not a time", "2014-12-27"),
        ("2014-12-27T19:30:05.5", "UTC", "not a time", "2014-12-27"),
        ("", "UTC", "not a time", "2014-12-27"),
    ],
)
def test_what_may_mean_two_is_refused_with_what_to_write(
    text: str, zone: str | None, said: str, to_do: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        said_time(text, zone)
    assert to_do in caught.value.advice


def test_nothing_is_more_precise_than_it_is_written() -> None:
    with pytest.raises(UsageError, match="says the day, and not the minute"):
        said_time("2014-12-27", "UTC", "minute")


@pytest.mark.parametrize(
    "name", ["CST", "IST", "EST", "PT", "KST", "cet", "GB", "PRC", "Etc/GMT+9", "local", ""]
)
def test_an_abbreviation_is_no_zone(name: str) -> None:
    with pytest.raises(UsageError, match="more than one zone") as caught:
        require_said_zone(name)
    assert "/" in caught.value.advice


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("UTC", "UTC"),
        ("z", "UTC"),
        ("GMT", "UTC"),
        ("+08:30", "+08:30"),
        ("asia/pyongyang", "Asia/Pyongyang"),
    ],
)
def test_a_zone_that_is_one(name: str, zone: str) -> None:
    assert require_said_zone(name) == zone


def test_a_place_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="no time zone"):
        require_said_zone("Asia/Pyongjang")
