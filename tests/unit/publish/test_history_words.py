"""An outage's place in history in words: each names its set and how much was observed, or there is none."""

from __future__ import annotations

from typing import Any

import pytest

from nightside.publish.history_tables import documented, past, usual_table
from nightside.publish.history_words import (
    comparison_text,
    history,
    not_ranked,
    ordinal,
    rank_text,
    series_text,
)


def rank(**changed: Any) -> dict[str, Any]:
    return {
        "period": "2016",
        "severity": "total",
        "from": "2016-01-01T00:00:00Z",
        "to": "2016-04-06T18:00:00Z",
        "coverage": 0.992,
        "known": 3,
        "documented": 0,
        "place": [1, 1],
        "as_long": 0,
        "reconstruction": False,
        "ongoing": False,
        **changed,
    }


def period(days: int = 365, **changed: Any) -> dict[str, Any]:
    return {
        "days": days,
        "from": "2015-04-07T15:00:00Z",
        "to": "2016-04-06T15:00:00Z",
        "observed_days": float(days),
        "whole": True,
        "coverage": 1.0,
        "availability": 0.99726,
        "crossings": {"partial": 2, "severe": 1, "total": 1},
        "longest_s": {"partial": 86_400, "severe": 86_400, "total": 86_400},
        **changed,
    }


def incident(**changed: Any) -> dict[str, Any]:
    return {
        "entity": {"type": "country", "code": "KP", "name": "North Korea"},
        "history": {
            "rank_text": None,
            "ranks": [],
            "usual": None,
            "comparison": None,
            "series": None,
            "documented": [],
            "catalogue": None,
            **changed,
        },
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "longest of the 3 total losses known here for 2016 so far (99.2 % of that time observed)"),
        ({"known": 1}, "the only total loss known here for 2016 so far (99.2 % of that time observed)"),
        ({"place": [2, 2]}, "2nd longest of the 3 total losses known here for 2016 so far"),
        ({"place": [1, 2]}, "between the longest and the 2nd longest of the 3 total losses"),
        ({"place": [2, 4], "known": 9}, "between the 2nd and the 4th longest of the 9 total losses"),
        ({"documented": 1}, "(1 documented by others, not measured here; 99.2 %"),
        ({"as_long": 1}, "(with one other exactly as long; 99.2 %"),
        ({"as_long": 2}, "with 2 others exactly as long"),
        ({"reconstruction": True}, "reconstructions among them"),
        ({"ongoing": True}, "by its length until now longest of the 3"),
        ({"period": "365 days"}, "longest of the 3 total losses known here for the 365 days to its end"),
        ({"severity": "partial"}, "longest of the 3 partial losses"),
        # Never rounded up.
        ({"coverage": 0.99999}, "99.9 % of that time observed"),
    ],
)
def test_a_place_names_its_set_and_what_was_observed(changed: dict[str, Any], said: str) -> None:
    assert said in str(rank_text([rank(**changed)]))


def test_no_place_is_no_text_and_the_page_says_why() -> None:
    nothing = rank(place=None, coverage=0.3)
    assert rank_text([nothing]) is None
    assert rank_text([]) is None
    assert not_ranked([nothing]) == (
        "No place is given: of 2016 up to its end 30 % was observed here, and a place needs 90 %."
    )
    assert not_ranked([rank()]) is None
    assert not_ranked([]) is None


def test_two_periods_stand_side_by_side_where_their_sets_differ() -> None:
    year, days = rank(), rank(period="365 days", known=4, place=[2, 2])
    assert " so far (99.2 % of that time observed); and 2nd longest of the 4 " in str(rank_text([year, days]))
    assert "365" not in str(rank_text([year, rank(period="365 days")]))
    # Early in a year of which little was observed, the 365 days alone.
    assert "365 days" in str(rank_text([rank(place=None), days]))


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (13, "13th"),
        (22, "22nd"),
        (111, "111th"),
    ],
)
def test_ordinals(number: int, said: str) -> None:
    assert ordinal(number) == said


def test_whole_countries_are_compared_by_somebodys_word() -> None:
    rare = {"says": "It is rare", "by": "Dyn Research", "date": "2014-12-22", "url": "https://example.org/"}
    egypt = {"name": "Egypt", "from": "2011-01-27T22:34:00Z", "lasted_s": [471_240, 471_360]}
    open_ = {"name": "Libya", "from": "2011-03-03T16:35:00Z", "lasted_s": [0, None]}
    assert comparison_text(rare, [egypt, open_]) == (
        "It is rare (Dyn Research, 2014-12-22); compare Egypt in 2011 (5 days 10 hours, from 22:34 UTC on "
        "27 January 2011 on), Libya in 2011 (from 16:35 UTC on 3 March 2011 on)."
    )
    assert comparison_text(rare, []) is None


def series(**changed: Any) -> dict[str, Any]:
    return {
        "zone": "Asia/Pyongyang",
        "days": 5,
        "first_clock": "23:40:00",
        "last_clock": "23:45:10",
        "from": "2016-04-06T15:10:00Z",
        "to": "2016-04-10T15:15:10Z",
        "ids": ["a"] * 5,
        "all": 6,
        **changed,
    }


def test_a_series_tells_its_clocks() -> None:
    assert series_text(series()) == (
        "Began at about the same time of day on 5 days from 6 April 2016 to 10 April 2016, between 23:40:00 and "
        "23:45:10 in Pyongyang. 5 of the 6 outages that began in these days are in this series."
    )
    assert "between 23:40:00 and 23:45:10 UTC." in series_text(series(zone="UTC"))
    assert ", at 23:40:00 in Pyongyang." in series_text(series(last_clock="23:40:00"))


def test_what_was_usual_by_the_longest_whole_period() -> None:
    told = history(incident(usual=[period(30), period(90), period(365)]))
    assert told == [
        "On average 99.7 % of North Korea's Internet could be reached in the last 365 observed days before it: "
        "1 total loss, the longest of 1 day."
    ]
    part = period(30, whole=False, observed_days=6.413, **{"from": "2016-03-31T00:00:00Z"})
    quiet = {
        "crossings": {"partial": 0, "severe": 0, "total": 0},
        "longest_s": {"partial": 0, "severe": 0, "total": 0},
        "availability": 1.0,
    }
    assert history(incident(usual=[part | quiet] * 3)) == [
        "On average 100 % of North Korea's Internet could be reached in the 6.4 days before it that are observed here, "
        "from 31 March 2016 on: not one loss of more than a tenth."
    ]


def test_of_less_than_a_day_nothing_is_called_usual() -> None:
    assert history(incident(usual=[period(30, whole=False, observed_days=0.125)] * 3)) == []


def test_an_incident_as_it_is_stored_says_nothing() -> None:
    assert history(incident()) == []
    old = {"entity": incident()["entity"], "history": {"rank_text": None, "usual": None}}
    assert history(old) == []
    found = past(old)
    assert (found.lines, found.usual.rows, found.documented) == ((), [], ())


def test_a_table_has_one_row_for_one_stretch_of_time() -> None:
    part = period(30, whole=False, observed_days=6.413)
    table = usual_table([part, part | {"days": 90}, part | {"days": 365}], "x")
    assert len(table.rows) == 1
    assert "6.4 observed days" in table.rows[0][0].text  # type: ignore[union-attr]


def test_claims_stand_side_by_side_with_what_contradicts_them() -> None:
    claim = {
        "by": "Dyn",
        "says": "Down.",
        "source": "its blog",
        "date": "2014-12-22",
        "url": "https://example.org/",
        "contradicted": None,
    }
    false = claim | {"by": "A\u202eB", "url": None, "contradicted": "am for pm"}
    row = {"id": "kp-2014-12-22", "kind": "total", "what": "all", "note": None, "claims": [claim, false]}
    (told,) = documented([row])
    assert [c.against for c in told.claims] == ["", "Contradicted: am for pm"]
    assert told.claims[1].text == "AB: Down."
    assert told.here == ""
    (listed,) = documented([row | {"from": "2014-12-21T10:00:00Z", "here": "not_found", "incidents": []}])
    assert listed.title == "22 December 2014: all (told of as total)"
    assert "why is not known" in listed.here
