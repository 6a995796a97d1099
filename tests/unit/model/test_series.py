"""The series of an incident comes back from a store as it went in."""

from __future__ import annotations

import json
from dataclasses import fields

from nightside.model.series import IncidentSeries, Lane, UpstreamCourse

WHOLE = IncidentSeries(
    begin=1000,
    end=5000,
    times=[1000, 2000],
    units=[4, 0],
    baseline=[4, 4],
    unknown=[(1500, 1600, "a gap")],
    lanes=[Lane("175.45.176.0/24", [(1000, 2000, "up"), (2000, 5000, "down")])],
    view=[(1000, 23, 23), (1500, 9, 23)],
    upstreams=[
        UpstreamCourse(4837, "China Unicom", [(1000, 1.0), (1500, None), (2000, 0.0)]),
        UpstreamCourse(None, None, [(1000, 0.0)]),
    ],
)


def test_a_series_with_everything_comes_back_whole() -> None:
    # Each field is filled, so that one which is forgotten on the way is seen.
    stored = {field.name for field in fields(WHOLE)} - {"services"}
    assert all(getattr(WHOLE, name) for name in stored)
    assert set(WHOLE.to_json()) == stored
    assert IncidentSeries.from_json(json.loads(json.dumps(WHOLE.to_json()))) == WHOLE


def test_what_was_stored_before_there_were_views_and_upstreams_is_read() -> None:
    old = {k: v for k, v in WHOLE.to_json().items() if k not in ("view", "upstreams")}
    found = IncidentSeries.from_json(old)
    assert (found.view, found.upstreams) == ([], [])
    assert found.lanes == WHOLE.lanes
