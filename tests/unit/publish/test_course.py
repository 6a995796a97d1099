"""The course cut to pieces and to CSV, against every second counted one by one."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightside.model.series import IncidentSeries, Lane, UpstreamCourse
from nightside.publish import course, series_csv

T = 1_419_264_900


def seconds(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())


@st.composite
def any_series(draw: st.DrawFn) -> IncidentSeries:
    width = draw(st.integers(1, 400))
    begin = T + draw(st.integers(0, 100))
    inner = draw(st.lists(st.integers(begin + 1, begin + width), unique=True, max_size=12))
    times = [begin, *sorted(t for t in inner if t < begin + width)]
    units = [draw(st.integers(0, 8)) for _ in times]
    baseline = [draw(st.integers(0, 8)) for _ in times]
    edges = sorted(draw(st.lists(st.integers(begin, begin + width), unique=True, max_size=6)))
    unknown = [(a, b, "gap") for a, b in zip(edges[::2], edges[1::2], strict=False)]
    return IncidentSeries(begin, begin + width, times, units, baseline, unknown)


def by_second(series: IncidentSeries) -> dict[int, tuple[int, int] | None]:
    """(units, baseline) at each second; None without sight."""
    found: dict[int, tuple[int, int] | None] = {}
    for second in range(series.begin, series.end):
        i = max(k for k, time in enumerate(series.times) if time <= second)
        blind = any(a <= second < b for a, b, _ in series.unknown)
        found[second] = None if blind else (series.units[i], series.baseline[i])
    return found


@settings(max_examples=150, deadline=None)
@given(any_series(), st.integers(1, 9))
def test_a_piece_is_the_lowest_of_its_seconds(series: IncidentSeries, parts: int) -> None:
    truth = by_second(series)
    pieces = course.in_parts(series, parts)
    assert [p.begin for p in pieces[1:]] == [p.end for p in pieces[:-1]]
    assert (pieces[0].begin, pieces[-1].end) == (series.begin, series.end)
    for piece in pieces:
        values = [truth[s] for s in range(piece.begin, piece.end)]
        seen = [v for v in values if v is not None]
        assert piece.unseen_s == len(values) - len(seen)
        if not seen:
            assert piece.units is None
            assert piece.share is None
        else:
            lowest = min(units / baseline if baseline else 1.0 for units, baseline in seen)
            assert piece.units is not None
            if piece.share is not None:
                assert piece.share == pytest.approx(lowest)


@given(st.integers(1, 40 * 365 * 86400), st.integers(2, 60))
def test_a_round_step_is_never_too_short(width_s: int, most: int) -> None:
    step = course.round_step(width_s, most)
    assert width_s / step <= most


def test_steps_stand_at_round_times() -> None:
    series = IncidentSeries(T + 7, T + 7 + 7200, [T + 7], [4], [4])
    pieces = course.in_steps(series, 3600)
    assert [p.begin % 3600 == 0 for p in pieces] == [False, True, True]


@settings(max_examples=150, deadline=None)
@given(any_series())
def test_the_csv_says_every_second_once(series: IncidentSeries) -> None:
    truth = by_second(series)
    rows = list(csv.DictReader(StringIO(series_csv.share_csv(series), newline="")))
    said: dict[int, tuple[int, int] | None] = {}
    for row in rows:
        for second in range(seconds(row["from_utc"]), seconds(row["to_utc"])):
            assert second not in said
            if row["quality"] == "unknown":
                assert row["reachable_units"] == row["share"] == ""
                said[second] = None
            else:
                said[second] = int(row["reachable_units"]), int(row["baseline_units"])
    assert said == truth


def test_the_view_and_the_networks_have_their_own() -> None:
    lane = Lane("175.45.176.0/24", [(T, T + 60, "up"), (T + 60, T + 120, "down")])
    series = IncidentSeries(T, T + 120, [T], [4], [4], [], [lane], [(T, 23, 25), (T + 30, 25, 25)])
    files = {file.panel: file.text for file in series_csv.files(series)}
    assert list(files) == ["share", "networks", "view"]
    assert files["networks"].split("\r\n")[:2] == [
        "prefix,from_utc,to_utc,state",
        "175.45.176.0/24,2014-12-22T16:15:00Z,2014-12-22T16:16:00Z,up",
    ]
    assert files["view"].split("\r\n")[2] == "2014-12-22T16:15:30Z,2014-12-22T16:17:00Z,25,25"


def test_upstreams_are_told_with_what_is_not_known_left_empty() -> None:
    carried = [
        UpstreamCourse(4837, "China Unicom", [(T, 0.75), (T + 60, None)]),
        UpstreamCourse(None, None, [(T, 0.25)]),
    ]
    series = IncidentSeries(T, T + 120, [T], [4], [4], upstreams=carried)
    files = {file.panel: file.text for file in series_csv.files(series)}
    assert files["upstreams"].split("\r\n")[:-1] == [
        "upstream_asn,upstream_name,from_utc,to_utc,share",
        "4837,China Unicom,2014-12-22T16:15:00Z,2014-12-22T16:16:00Z,0.750000",
        "4837,China Unicom,2014-12-22T16:16:00Z,2014-12-22T16:17:00Z,",
        ",all others,2014-12-22T16:15:00Z,2014-12-22T16:17:00Z,0.250000",
    ]


@pytest.mark.parametrize("prefix", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_field_is_a_formula(prefix: str) -> None:
    series = IncidentSeries(T, T + 60, [T], [4], [4], [], [Lane(prefix, [(T, T + 60, "up")])])
    rows = list(csv.reader(StringIO(series_csv.networks_csv(series), newline="")))
    assert rows[1][0] == f"'{prefix}"
