"""What is usual: availability, crossings and the longest loss, in worlds that are counted by hand."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from known_outages import DAY_S, HOUR_S, at, hours, outage

from nightside.incidents.observed import Observed
from nightside.incidents.usual import usual_of

BEGIN, END = "2015-01-01T00:00:00Z", "2017-01-01T00:00:00Z"


def usual(observed: Observed, incidents: list[dict[str, Any]], until: str = END) -> dict[int, dict[str, Any]]:
    return {u["days"]: u for u in usual_of(observed, incidents, at(until))}


def test_two_whole_years_with_one_loss_of_a_day() -> None:
    # Down for 24 of the 720 hours of the last 30 days, of 2,160 and of 8,760.
    seen = hours(BEGIN, END, down=[("2016-12-10T00:00:00Z", "2016-12-11T00:00:00Z")])
    found = usual(seen, [outage("2016-12-10T00:00:00Z", DAY_S)])
    assert found[30]["availability"] == round(1 - 24 / 720, 6)
    assert found[90]["availability"] == round(1 - 24 / 2160, 6)
    assert found[365]["availability"] == round(1 - 24 / 8760, 6)
    for period in found.values():
        assert period["coverage"] == 1
        assert period["whole"]
        assert period["crossings"] == {"partial": 1, "severe": 1, "total": 1}
        assert period["longest_s"] == {"partial": DAY_S, "severe": DAY_S, "total": DAY_S}


def test_365_days_reach_into_the_year_before_over_a_leap_day() -> None:
    # 2016 has 366 days.
    found = usual(hours(BEGIN, END), [])
    assert found[365]["from"] == "2016-01-02T00:00:00Z"
    assert found[365]["observed_days"] == 365


def test_unknown_time_is_neither_up_nor_down() -> None:
    # Ten days blind within the last forty: thirty observed days lie in forty, and the loss of half in one of them.
    seen = hours(
        BEGIN,
        END,
        blind=[("2016-12-10T00:00:00Z", "2016-12-20T00:00:00Z")],
        down=[
            ("2016-12-09T00:00:00Z", "2016-12-10T00:00:00Z"),
            ("2016-12-12T00:00:00Z", "2016-12-15T00:00:00Z"),
        ],
        left=0.5,
    )
    found = usual(seen, [])[30]
    assert found["from"] == "2016-11-22T00:00:00Z"
    assert found["coverage"] == 0.75
    assert found["availability"] == round((29 + 0.5) / 30, 6)


def test_hours_that_are_partly_known_count_for_their_part() -> None:
    seen = Observed(
        np.array([at("2016-12-31T22:00:00Z"), at("2016-12-31T23:00:00Z")]),
        np.array([3600, 900]),
        np.array([1.0, 0.0]),
    )
    found = usual(seen, [])[30]
    assert found["availability"] == 0.8
    assert found["observed_days"] == round(4500 / DAY_S, 3)
    assert found["coverage"] == round(4500 / 7200, 6)
    assert not found["whole"]


def test_less_than_asked_is_what_there_is_and_says_so() -> None:
    found = usual(hours("2016-12-20T00:00:00Z", END), [])
    assert [found[d]["observed_days"] for d in (30, 90, 365)] == [12, 12, 12]
    assert not any(found[d]["whole"] for d in found)
    assert found[30]["from"] == "2016-12-20T00:00:00Z"


def test_what_lies_beyond_twice_the_days_is_another_time() -> None:
    # Ten days now, and two years ago a hundred: not the thirty days of now.
    seen = hours("2014-01-01T00:00:00Z", END, blind=[("2014-04-11T00:00:00Z", "2016-12-22T00:00:00Z")])
    found = usual(seen, [])
    assert found[30]["observed_days"] == 10
    assert found[30]["from"] == "2016-12-22T00:00:00Z"


def test_nothing_observed_is_nothing_usual() -> None:
    nothing = Observed(np.array([], np.int64), np.array([], np.int64), np.array([]))
    assert usual_of(nothing, [], at(END)) == []
    assert usual_of(hours(BEGIN, END, blind=[(BEGIN, END)]), [], at(END)) == []


def test_before_the_first_hour_nothing_is_known() -> None:
    assert usual_of(hours(BEGIN, END), [], at(BEGIN) - DAY_S) == []


def test_depths_are_counted_each_for_itself_and_lasting_ones_are_cut() -> None:
    shallow = outage("2016-12-20T00:00:00Z", 2 * HOUR_S, "partial")
    deep = outage("2016-12-25T00:00:00Z", HOUR_S, "severe")
    lasting = outage("2016-12-31T12:00:00Z", None, "total")
    found = usual(hours(BEGIN, END), [shallow, deep, lasting])[30]
    assert found["crossings"] == {"partial": 3, "severe": 2, "total": 1}
    # The lasting one: twelve hours until then.
    assert found["longest_s"] == {"partial": 12 * HOUR_S, "severe": 12 * HOUR_S, "total": 12 * HOUR_S}


def test_a_loss_that_reaches_in_is_cut_and_is_no_crossing_within() -> None:
    # 30 days before the end of 2016 is the 2nd of December.
    early = outage("2016-12-01T00:00:00Z", DAY_S + HOUR_S)
    found = usual(hours(BEGIN, END), [early])
    assert found[30]["crossings"]["total"] == 0
    assert found[30]["longest_s"]["total"] == HOUR_S
    assert found[90]["crossings"]["total"] == 1
    assert found[90]["longest_s"]["total"] == DAY_S + HOUR_S


def test_what_came_later_does_not_count() -> None:
    later = outage("2016-12-31T23:30:00Z", HOUR_S)
    found = usual(hours(BEGIN, END), [later], "2016-12-31T23:30:00Z")[30]
    assert found["to"] == "2016-12-31T23:00:00Z"
    assert found["crossings"]["total"] == 0


@pytest.mark.parametrize("how", ["withdrawn", "merged"])
def test_what_never_was_does_not_count(how: str) -> None:
    gone = outage("2016-12-20T00:00:00Z", HOUR_S, closed_as=how)
    assert usual(hours(BEGIN, END), [gone])[30]["crossings"]["total"] == 0


def test_the_order_of_incidents_does_not_matter() -> None:
    chance = random.Random(8)
    some = [
        outage(at(BEGIN) + chance.randrange(730) * DAY_S, chance.randrange(1, 40) * HOUR_S, depth)
        for depth in ("partial", "severe", "total")
        for _ in range(20)
    ]
    seen = hours(BEGIN, END)
    expected = usual(seen, some)
    for _ in range(5):
        chance.shuffle(some)
        assert usual(seen, some) == expected
