"""What a replay leaves in the store beside its incidents: messages, baselines, hours and states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from three_days import three_days

from nightside.model.instants import parse
from nightside.scenes.truth import truth
from nightside.store.location import open_store
from nightside.store.protocol import Store

TOLERANCE_S = 30
ID = "KP-20141221T0310Z"
LOSSES = [("2014-12-22T16:15Z", "2014-12-23T01:46Z"), ("2014-12-23T15:41Z", "2014-12-23T16:12Z")]
"""The two losses of all four networks that are documented (FACTS.md)."""


@pytest.fixture(scope="module")
def store(demo: Any) -> Iterator[Store]:
    assert demo.ran.code == 0, demo.ran.err
    with open_store(demo.store, read_only=True) as opened:
        yield opened


def about(seconds: str, other: str) -> bool:
    return abs(parse(seconds) - parse(other)) <= TOLERANCE_S


def test_the_documented_losses_are_told_once_each_and_in_time(store: Store) -> None:
    told = store.messages(ID)
    assert [m["at"] for m in told] == sorted(m["at"] for m in told)
    assert len({m["key"] for m in told}) == len(told)
    for onset, end in LOSSES:
        (restored,) = [m for m in told if m["kind"] == "restored" and about(m["onset"], onset)]
        assert about(restored["end"], end)
        assert restored["severity"] == "total"
        # Ten minutes after the crossing of the outermost of its episodes.
        assert 600 - TOLERANCE_S <= parse(restored["at"]) - parse(restored["end"]) <= 600 + TOLERANCE_S
        assert len([m for m in told if m["kind"] == "opened" and about(m["onset"], onset)]) == 1
    assert store.messages("SY-20141221T0310Z") == []


def test_nobody_is_told_of_what_did_not_happen(store: Store) -> None:
    severe = [e for e in truth(three_days())["KP"] if e.severity != "partial"]
    for m in store.messages(ID):
        if m["kind"] in ("opened", "restored"):
            assert any(abs(parse(m["onset"]) - e.onset) <= TOLERANCE_S for e in severe)


def test_the_baseline_is_all_four_units_throughout(store: Store) -> None:
    (kp,) = [e for e in store.entities("country") if e.code == "KP"]
    assert (kp.baseline_units, kp.units) == (4, 4)
    samples = store.samples("country", "KP", kp.first_s, kp.last_s)
    assert set(samples["baseline"].to_pylist()) == {4}


def test_every_country_has_a_baseline_and_is_about_there(store: Store) -> None:
    # Nothing happened to the others, and the scene's noise moves them little.
    countries = store.entities("country")
    assert len(countries) == 53
    for country in countries:
        assert country.baseline_units is not None
        assert country.units is not None
        assert 0.9 * country.baseline_units <= country.units <= 1.1 * country.baseline_units
        assert country.name != country.code
    assert {e.code for e in store.entities("view")} >= {"all"}
    assert {e.baseline_units for e in store.entities("view")} == {None}


def test_the_hours_of_the_outage_say_so(store: Store) -> None:
    onset, end = (parse(t) for t in LOSSES[0])
    hours = store.rollup("country", "KP", onset, end).to_pylist()
    assert [int(h["time"].timestamp()) for h in hours] == list(range(onset - onset % 3600, end, 3600))
    assert all(h["lowest"] == 0 and h["baseline"] == 4 for h in hours)
    whole = hours[1:-1]
    assert len(whole) == 8
    assert all((h["mean"], h["highest"]) == (0.0, 0) for h in whole)
    incident = store.incident(ID)
    assert incident is not None
    dark = [(parse(u["from"]), parse(u["to"])) for u in incident["view"]["unknown"]]
    assert sum(h["unknown_s"] for h in whole) == sum(b - a for a, b in dark if onset < a and b < end) > 0


def test_what_was_stored_has_numbers(store: Store) -> None:
    changes = store.changes(0, 1000)
    assert store.last_change() == changes[-1].number
    # Results of checks lie beside the archive, and are stored with it.
    assert {c.kind for c in changes} == {"incident", "samples", "results"}
    assert {(c.id, c.revision) for c in changes if c.kind == "incident"} == {(ID, 1)}
