"""A series: the same minute on several days, by the clocks of the place."""

from __future__ import annotations

import random
from typing import Any

from known_outages import DAY_S, HOUR_S, at, outage

from nightside.incidents.same_time_of_day import series_of

# April 2016: three hours from 23:40 at +08:30, then five minutes soon after 23:45 on each of the next four nights.
FIRST = outage("2016-04-06T15:10:00Z", 10_200)
NIGHTS = [FIRST, *(outage(f"2016-04-{day:02}T15:15:10Z", 300) for day in (7, 8, 9, 10))]


def ids(series: Any) -> list[str]:
    return [] if series is None else [b.id for b in series.of]


def test_the_nights_of_april_2016_are_one_series_by_each_of_them() -> None:
    for night in NIGHTS:
        found = series_of(night, NIGHTS)
        assert found is not None
        assert ids(found) == [n["id"] for n in NIGHTS]
        assert found.zone == "Asia/Pyongyang"
        assert found.days == 5
        assert found.first_clock_s == 23 * HOUR_S + 40 * 60
        assert found.last_clock_s == 23 * HOUR_S + 45 * 60 + 10
        assert found.all == 5


def test_two_nights_are_no_series() -> None:
    assert series_of(NIGHTS[0], NIGHTS[:2]) is None
    assert series_of(NIGHTS[0], NIGHTS[:3]) is not None


def test_three_days_within_ten_and_no_more() -> None:
    days = [outage(f"2016-05-{day:02}T12:00:00Z", 300) for day in (1, 6, 11)]
    assert ids(series_of(days[0], days)) == [d["id"] for d in days]
    spread = [outage(f"2016-05-{day:02}T12:00:00Z", 300) for day in (1, 6, 12)]
    assert series_of(spread[0], spread) is None


def test_half_an_hour_from_the_first_to_the_last_by_the_clock() -> None:
    minutes = (0, 15, 30)
    fit = [outage(f"2016-05-0{day}T12:{m:02}:00Z", 300) for day, m in enumerate(minutes, 1)]
    assert len(ids(series_of(fit[1], fit))) == 3
    apart = [outage(f"2016-05-0{day}T12:{m:02}:00Z", 300) for day, m in enumerate((0, 15, 31), 1)]
    assert series_of(apart[1], apart) is None


def test_over_midnight_by_the_clock() -> None:
    # 23:55, 00:05 and 23:50 in Pyongyang (+09:00): 14:55, 15:05 and 14:50 UTC.
    some = [outage(t, 300) for t in ("2020-03-01T14:55:00Z", "2020-03-02T15:05:00Z", "2020-03-03T14:50:00Z")]
    found = series_of(some[0], some)
    assert found is not None
    assert (found.first_clock_s, found.last_clock_s) == (23 * HOUR_S + 50 * 60, 5 * 60)
    assert found.days == 3


def test_by_the_clocks_of_the_place_where_they_change() -> None:
    # Central Europe went to summer time on 27 March 2016: 02:00 UTC, then 01:00 UTC, are 03:00 there.
    some = [
        outage(t, 300, zone="Europe/Berlin")
        for t in ("2016-03-25T02:00:00Z", "2016-03-26T02:00:00Z", "2016-03-28T01:00:00Z")
    ]
    found = series_of(some[0], some)
    assert found is not None
    assert found.zone == "Europe/Berlin"
    # By UTC where the clocks of the place do not agree.
    utc = [
        outage(t, 300, zone="Europe/Berlin")
        for t in ("2016-03-25T02:00:00Z", "2016-03-26T02:00:00Z", "2016-03-28T02:00:00Z")
    ]
    by_utc = series_of(utc[0], utc)
    assert by_utc is not None
    assert by_utc.zone == "UTC"


def test_without_a_zone_by_utc() -> None:
    some = [outage(f"2016-05-0{day}T12:00:00Z", 300, zone=None) for day in (1, 2, 3)]
    found = series_of(some[0], some)
    assert found is not None
    assert found.zone == "UTC"


def test_where_something_is_lost_at_all_hours_no_series_is_made_of_it() -> None:
    every_six = [outage(at("2016-05-01T00:00:00Z") + n * 6 * HOUR_S, 300) for n in range(40)]
    assert series_of(every_six[0], every_six) is None


def test_another_incident_of_the_same_days_is_not_in_it() -> None:
    other = outage("2016-04-08T03:00:00Z", 300)
    found = series_of(FIRST, [*NIGHTS, other])
    assert found is not None
    assert other["id"] not in ids(found)
    assert found.all == 6
    assert series_of(other, [*NIGHTS, other]) is None


def test_several_on_one_day_are_one_day() -> None:
    some = [outage(at("2016-05-01T12:00:00Z") + n * 500, 60) for n in range(3)]
    assert series_of(some[0], some) is None


def test_what_was_withdrawn_is_not_in_it() -> None:
    gone = [{**n, "closed_as": "withdrawn"} for n in NIGHTS[2:]]
    assert series_of(NIGHTS[0], [*NIGHTS[:2], *gone]) is None


def test_the_order_of_incidents_does_not_matter() -> None:
    chance = random.Random(4)
    some = [*NIGHTS, *(outage(at("2016-04-01T00:00:00Z") + d * DAY_S, 60) for d in (1, 3, 7))]
    expected = [series_of(n, some) for n in NIGHTS]
    for _ in range(5):
        chance.shuffle(some)
        assert [series_of(n, some) for n in NIGHTS] == expected
