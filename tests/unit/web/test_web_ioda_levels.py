"""Levels, events and scores of episodes, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from nightside.model.instants import iso
from nightside.model.series import IncidentSeries
from nightside.web.ioda.levels import alerts_of, events_of, pieces, score_of
from nightside.web.ioda.samples import grid, step_of


def incident(*episodes: tuple[str, int, int | None]) -> dict[str, Any]:
    return {
        "episodes": [
            {"severity": severity, "onset": iso(onset), "end": None if end is None else iso(end)}
            for severity, onset, end in episodes
        ]
    }


NESTED = incident(("partial", 1000, 1100), ("severe", 1010, 1060), ("total", 1020, 1030))


def test_nested_episodes_are_one_event_and_a_level_each() -> None:
    assert [(a.at, a.level, a.condition) for a in alerts_of(NESTED, None)] == [
        (1000, "warning", "partial"),
        (1010, "critical", "severe"),
        (1060, "warning", "partial"),
        (1100, "normal", "normal"),
    ]
    (event,) = events_of(NESTED, None, 5000)
    assert (event.start, event.until, event.ongoing, event.severity) == (1000, 1100, False, "total")
    assert len(event.alerts) == 4


def test_without_a_series_there_is_no_score() -> None:
    assert events_of(NESTED, None, 5000)[0].score is None
    assert alerts_of(NESTED, None)[0].units is None


def test_a_cliff_is_one_alert() -> None:
    cliff = incident(("partial", 1000, 1100), ("severe", 1000, 1100), ("total", 1000, 1100))
    assert [(a.at, a.level) for a in alerts_of(cliff, None)] == [(1000, "critical"), (1100, "normal")]


def test_two_that_do_not_touch_are_two() -> None:
    two = incident(("partial", 1000, 1100), ("total", 2000, None))
    events = events_of(two, None, 2500)
    assert [(e.start, e.until, e.ongoing) for e in events] == [(1000, 1100, False), (2000, 2500, True)]
    assert [len(e.alerts) for e in events] == [2, 1]
    # It is told of up to an instant before its begin: it has no length then.
    assert events_of(two, None, 1500)[1].until == 2000


def test_what_is_unknown_is_in_no_piece() -> None:
    series = IncidentSeries(0, 600, [0, 300], [10, 5], [10, 10], [(240, 360, "blind")])
    assert list(pieces(series)) == [(0, 240, 10, 10), (360, 600, 5, 10)]
    assert score_of(list(pieces(series)), 0, 600) == pytest.approx(50 * 4)
    assert score_of(list(pieces(series)), 0, 420) == pytest.approx(50 * 1)


def test_more_than_usual_is_no_drop() -> None:
    assert score_of([(0, 600, 12, 10), (600, 660, 9, 10), (660, 900, 3, 0)], 0, 900) == pytest.approx(10)


@pytest.mark.parametrize(
    ("span", "points", "step"),
    [(86_400, None, 300), (86_400, 288, 300), (86_400, 287, 600), (86_400, 24, 3600), (10**9, 1, 31_536_000)],
)
def test_the_step_is_the_smallest_that_fits(span: int, points: int | None, step: int) -> None:
    assert step_of(0, span, points) == step


def test_a_range_is_in_whole_steps() -> None:
    assert grid(601, 1199, 300) == (600, 2)
    assert grid(600, 1200, 300) == (600, 2)
    assert grid(600, 1201, 300) == (600, 3)
    assert grid(600, 600, 300) == (600, 0)
