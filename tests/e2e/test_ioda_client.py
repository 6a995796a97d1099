"""A reader of IODA's API reads us with only its address changed, and reads what our own API says."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from ioda_script import Ioda, IodaError
from served_process import nightside_serve

from nightside.model.instants import iso, parse_iso

DAY_S = 86_400
BEGIN = parse_iso("2014-12-22T00:00:00Z")
UNTIL = BEGIN + 2 * DAY_S


@pytest.fixture(scope="module")
def address(demo: Any) -> Iterator[str]:
    """A real `nightside serve` over the store of the demo."""
    with nightside_serve(demo.store) as found:
        yield found


@pytest.fixture
def ioda(address: str) -> Ioda:
    """The script; its base address is all that is ours."""
    return Ioda(f"{address}v2")


def own_samples(address: str, kind: str, code: str) -> dict[int, int | None]:
    """What our API says held at every fifth minute, by its change points."""
    path = f"{address}api/1/signals/{kind}/{code}"
    columns = httpx2.get(path, params={"from": iso(BEGIN), "to": iso(UNTIL)}).json()["columns"]
    times = [parse_iso(time) for time in columns["time"]]
    held = {}
    for at in range(BEGIN, UNTIL, 300):
        row = bisect_right(times, at) - 1
        held[at] = columns["units"][row] if row >= 0 else None
    return held


def test_signals_are_our_own_samples(ioda: Ioda, address: str) -> None:
    (series,) = ioda.signals("country", "KP", BEGIN, UNTIL)
    assert (series.entity, series.name, series.datasource) == ("KP", "North Korea", "bgp")
    assert series.points == own_samples(address, "country", "KP")
    # The long outage of the 22nd is among them.
    assert {series.points[parse_iso(f"2014-12-22T{hour}:00:00Z")] for hour in (15, 20)} == {4, 0}


def test_fewer_points_are_means_of_the_same(ioda: Ioda, address: str) -> None:
    (series,) = ioda.signals("country", "KP", BEGIN, UNTIL, points=48, source="bgp")
    own = own_samples(address, "country", "KP")
    for at, value in series.points.items():
        known = [units for second in range(at, at + 3600, 300) if (units := own[second]) is not None]
        assert value == (pytest.approx(sum(known) / len(known), abs=1e-6) if known else None)


def test_events_are_our_incidents(ioda: Ioda, address: str) -> None:
    (incident,) = httpx2.get(f"{address}api/1/incidents", params={"code": "KP"}).json()["items"]
    events = ioda.events(BEGIN, UNTIL, entityType="country", entityCode="KP")
    spans = [(parse_iso(e["onset"]), parse_iso(e["end"])) for e in incident["episodes"]]
    # Deeper episodes lie within shallower ones: the outermost are the events.
    outermost = [
        (a, b) for a, b in set(spans) if not any(c <= a and b <= d for c, d in set(spans) - {(a, b)})
    ]
    assert [(e.start, e.end) for e in events] == sorted(
        s for s in outermost if s[0] <= UNTIL and s[1] >= BEGIN
    )
    for event in events:
        assert (event.entity_type, event.name, event.datasource) == ("country", "North Korea", "bgp")
        assert event.overlaps == (event.start < BEGIN or event.end > UNTIL)
    assert any(event.start <= parse_iso(incident["onset"]) < event.end for event in events)
    # Of an outage that is total all the time the score is 100 % times its minutes; never more.
    for event in events:
        assert 0 < event.score <= 100 * (event.end - event.start) / 60 + 1e-6
    assert ioda.summary(BEGIN, UNTIL) == {
        "KP": (pytest.approx(sum(event.score for event in events)), len(events))
    }


def test_alerts_come_before_and_after_each_event(ioda: Ioda) -> None:
    alerts = ioda.alerts(BEGIN, UNTIL, entityType="country", entityCode="KP")
    events = ioda.events(BEGIN, UNTIL, entityType="country", entityCode="KP")
    assert [a[0] for a in alerts] == sorted(a[0] for a in alerts)
    assert {a[0] for a in alerts} >= {t for e in events for t in (e.start, e.end)}
    starts = {event.start for event in events}
    for at, code, level, value, usual in alerts:
        assert (code, usual) == ("KP", 4)
        # Between the two an episode goes on while it has not been above for ten minutes.
        assert at not in starts or value < 0.9 * usual
        assert level != "normal" or value >= 0.9 * usual


def test_who_there_is(ioda: Ioda) -> None:
    assert ioda.datasources() == ["bgp"]
    assert ("country", "KP", "North Korea") in ioda.entities("country")
    assert ioda.entities(search="North Korea", limit=15)[0] == ("country", "KP", "North Korea")
    assert max(s for s in ioda.event_signals("country", "KP", BEGIN, UNTIL) if s is not None) > 0


def test_what_is_refused_is_said_as_there(ioda: Ioda) -> None:
    with pytest.raises(IodaError, match="from"):
        ioda.events(UNTIL, BEGIN)
    with pytest.raises(IodaError, match="ZZ"):
        ioda.signals("country", "ZZ", BEGIN, UNTIL)
