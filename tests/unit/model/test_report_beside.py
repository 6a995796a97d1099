"""Verdicts by arithmetic: 22 December 2014, 16:15 to 01:46, is 9 h 31 min; 23 December, 15:41 to 16:12, is 31 min."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from said_reports import CONTEXT, DENIAL, NINE_HOURS, TWO_DAYS, TWO_OUTAGES, XINHUA, ZONE_ERROR, report

from nightside.model import report_beside
from nightside.model.instants import iso, parse
from nightside.model.report import KeptReport
from nightside.model.report_beside import nearness, shown_reports

Json = dict[str, Any]
ID = "KP-20141221T0310Z"


def episode(onset: str, end: str | None, severity: str = "total", **ranges: list[str]) -> Json:
    return {
        "severity": severity,
        "onset": iso(parse(onset)),
        "end": None if end is None else iso(parse(end)),
        "onset_range": ranges.get("onset_range"),
        "end_range": ranges.get("end_range"),
    }


FIRST = episode("2014-12-22T16:15Z", "2014-12-23T01:46Z")
SECOND = episode("2014-12-23T15:41Z", "2014-12-23T16:12Z")
FLAP = episode("2014-12-23T06:00Z", "2014-12-23T06:05Z")
AROUND = episode("2014-12-22T16:14Z", "2014-12-23T01:47Z", "severe")


def incident(*episodes: Json, ended: str | None = "2014-12-23T16:12:00Z") -> Json:
    return {
        "id": ID,
        "began": "2014-12-21T03:10:00Z",
        "ended": ended,
        "severity": "total",
        "episodes": list(episodes),
    } | episode("2014-12-21T03:10Z", ended, "instability")


DECEMBER = incident(AROUND, FIRST, SECOND)


def beside(given: Json, found: Json = DECEMBER, **changes: Any) -> Json:
    kept = KeptReport(report(given, **changes), ID, parse("2026-11-22T12:00Z"), "here")
    (shown,) = shown_reports([kept], found)
    return shown


def test_what_was_measured_agrees() -> None:
    found = beside(NINE_HOURS)
    assert [f["verdict"] for f in found["figures"]] == ["agrees", "agrees"]
    assert found["verdict"] == "agrees"
    assert found["figures"][0]["measured"] == [34_260, 34_260]


def test_two_days_are_contradicted_by_nine_hours() -> None:
    found = beside(TWO_DAYS)
    assert found["verdict"] == "contradicts"
    assert found["figures"][0]["measured"] == [34_260, 34_260]


def test_a_report_of_the_second_day_is_put_beside_the_second_outage() -> None:
    figures = [{"what": "duration_s", "value": 31 * 60}]
    assert beside(TWO_OUTAGES, figures=figures)["verdict"] == "agrees"
    # 7:41 in Los Angeles is 15:41 UTC.
    about = {"at": "2014-12-23T07:41", "zone": "America/Los_Angeles"}
    onset = [{"what": "onset", "value": "2014-12-23T07:41"}]
    assert beside(TWO_OUTAGES, figures=onset, about=about)["verdict"] == "agrees"


def test_a_wrong_zone_contradicts() -> None:
    found = beside(ZONE_ERROR)
    assert found["measured"] == []
    assert found["verdict"] == "contradicts"


@pytest.mark.parametrize(
    ("rule", "value", "verdict"),
    [
        ("at_least", 9 * 3600, "agrees"),
        ("at_least", 10 * 3600, "agrees"),  # ten hours to the hour may be 9 h 31 min
        ("at_least", 11 * 3600, "contradicts"),
        ("at_most", 9 * 3600, "agrees"),
        ("at_most", 8 * 3600, "contradicts"),
        ("about", 9 * 3600, "agrees"),
        ("about", 8 * 3600, "contradicts"),
    ],
)
def test_at_least_and_at_most(rule: str, value: int, verdict: str) -> None:
    figures = [{"what": "duration_s", "value": value, "rule": rule}]
    assert beside(NINE_HOURS, figures=figures)["verdict"] == verdict


def test_how_many_outages_depends_on_the_short_ones() -> None:
    assert beside(TWO_OUTAGES)["verdict"] == "contradicts"
    found = beside(TWO_OUTAGES, incident(AROUND, FIRST, FLAP, SECOND))
    assert found["figures"][0]["measured"] == [1, 2]
    assert (found["verdict"], found["figures"][0]["why"]) == ("not_comparable", report_beside.SHORT_ONES)


def test_of_many_outages_the_longest_stand_there_in_order() -> None:
    flaps = [episode(f"2014-12-23T0{h}:00Z", f"2014-12-23T0{h}:0{h}Z") for h in range(2, 9)]
    found = beside(TWO_OUTAGES, incident(FIRST, *flaps, SECOND))
    assert [m["onset"] for m in found["measured"]] == [
        "2014-12-23T07:00:00Z",
        "2014-12-23T08:00:00Z",
        "2014-12-23T15:41:00Z",
    ]
    # Of the day in New York, from 05:00 UTC on: 05:00 to 08:00, and the second outage.
    assert found["measured_count"] == 5


def test_a_range_that_is_wider_than_what_was_said_cannot_be_compared() -> None:
    blind = episode(
        "2014-12-22T16:00Z", "2014-12-23T01:46Z", onset_range=["2014-12-22T16:00:00Z", "2014-12-22T16:30:00Z"]
    )
    found = beside(NINE_HOURS, incident(blind))
    assert [f["verdict"] for f in found["figures"]] == ["not_comparable", "not_comparable"]
    assert {f["why"] for f in found["figures"]} == {report_beside.ONLY_A_RANGE}
    early = [{"what": "onset", "value": "2014-12-22T15:30Z"}]
    assert beside(NINE_HOURS, incident(blind), figures=early)["verdict"] == "contradicts"


def test_an_outage_that_goes_on_has_no_length() -> None:
    found = beside(NINE_HOURS, incident(episode("2014-12-22T16:15Z", None), ended=None))
    assert [(f["verdict"], f["why"]) for f in found["figures"]] == [
        ("not_comparable", report_beside.NOT_ENDED),
        ("agrees", None),
    ]


def test_far_away_it_is_marked_and_not_compared() -> None:
    found = beside(XINHUA, about={"at": "2016-04-06T23:40", "zone": "Asia/Pyongyang"}, said_on="2016-04-07")
    assert (found["nearness"], found["verdict"]) == ("far", "not_comparable")
    assert found["figures"][0]["why"] == report_beside.NOTHING_THERE


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2014-12-22T00:00:00Z", "within"),
        ("2014-12-19", "near"),
        ("2014-12-30", "near"),
        ("2014-12-31", "far"),
        ("2014-12-13", "far"),
    ],
)
def test_near_is_within_a_week(at: str, told: str) -> None:
    assert nearness(report(CONTEXT, about={"at": at, "zone": "UTC"}), DECEMBER) == told


def test_without_figures_nothing_is_said() -> None:
    for given in (DENIAL, CONTEXT):
        found = beside(given)
        assert (found["figures"], found["verdict"]) == ([], "not_comparable")
    assert [m["severity"] for m in beside(DENIAL)["measured"]] == ["total", "total"]


def test_an_instability_that_stands_alone_is_what_it_is_put_beside() -> None:
    figures = [{"what": "onset", "value": "2014-12-21T03:10Z"}]
    about = {"at": "2014-12-21T03:10Z"}
    assert beside(NINE_HOURS, incident(), figures=figures, about=about)["verdict"] == "agrees"


def test_they_stand_in_the_order_of_what_they_are_about() -> None:
    kept = [
        KeptReport(report(given), ID, at, "here")
        for at, given in enumerate((TWO_OUTAGES, CONTEXT, NINE_HOURS))
    ]
    assert [s["report"]["by"] for s in shown_reports(kept, DECEMBER)] == [
        "The White House",
        "Dyn Research",
        "USA Today",
    ]
    later = [replace(kept[0], attached_at=9, attached_to="X"), kept[0]]
    assert [s["attached_to"] for s in shown_reports(later, DECEMBER)] == [ID, "X"]
