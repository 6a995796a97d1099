"""Figures of the server for Prometheus, read by its own parser."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from web_store import DAY_S, DAYS, HOSTILE, KP, SY, VIEW, T, finding

from nightside.model.signal import Signal, UnknownStretch
from nightside.store.location import open_store
from nightside.web import metrics
from nightside.web.app import create_app
from nightside.web.memory import Latest, Short

Key = tuple[str, tuple[tuple[str, str], ...]]


def figures(client: TestClient) -> dict[Key, float]:
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(answer.text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def of(type: str, code: str) -> tuple[tuple[str, str], ...]:
    return (("code", code), ("type", type))


def test_every_entity_has_its_state(client: TestClient) -> None:
    found = figures(client)
    assert found["nightside_units", of("country", "SY")] == 40
    assert found["nightside_baseline_units", of("country", "SY")] == 80
    assert found["nightside_share", of("country", "SY")] == 0.5
    assert found["nightside_known", of("country", "SY")] == 1
    assert found["nightside_share", of("asn", "131279")] == 1
    assert (
        found[
            "nightside_entity_info", (*of("country", "KP")[:1], ("name", "North Korea"), ("type", "country"))
        ]
        == 1
    )
    hostile = (("code", "XK"), ("name", HOSTILE.name), ("type", "country"))
    assert found["nightside_entity_info", hostile] == 1
    assert found["nightside_entities_left_out", ()] == 0
    assert not any(value for (name, labels), value in found.items() if ("type", "view") in labels)


def test_incidents_by_severity_and_the_view(client: TestClient) -> None:
    found = figures(client)
    opened = {
        dict(labels)["severity"]: v
        for (name, labels), v in found.items()
        if name == "nightside_incidents_open"
    }
    # One of Syria goes on; a severity of which there is none is 0, which is known.
    assert opened == {"instability": 0, "partial": 0, "severe": 1, "total": 0}
    made_up = {
        dict(labels)["severity"]: v
        for (name, labels), v in found.items()
        if name == "nightside_reconstructions_open"
    }
    # All of this store is made up.
    assert made_up == opened
    assert found["nightside_peer_ases_known", ()] == 20
    assert found["nightside_sample_age_seconds", ()] > 300 * DAY_S


@pytest.fixture
def blind(tmp_path: Path) -> Iterator[TestClient]:
    """A server over a store in which one country is unknown at the end."""
    end = T + DAYS * DAY_S
    with open_store(tmp_path / "store") as store:
        store.put_samples(
            [
                Signal(KP, [T], [4], end, [UnknownStretch(end - 60, end, "blind")]),
                Signal(SY, [T], [0], end),
                Signal(VIEW, [T], [3], end),
            ],
            {KP: [(T, 4)], SY: [(T, 80)]},
        )
        store.put_incident(*finding(SY, end - 600, None))
    with TestClient(create_app(tmp_path / "store")) as client:
        yield client


def test_unknown_is_absent_and_a_zero_is_a_zero(blind: TestClient) -> None:
    found = figures(blind)
    for name in ("nightside_units", "nightside_share"):
        assert (name, of("country", "KP")) not in found
        assert found[name, of("country", "SY")] == 0
    assert found["nightside_known", of("country", "KP")] == 0
    # What it is held against is known all the same.
    assert found["nightside_baseline_units", of("country", "KP")] == 4
    assert found["nightside_peer_ases_known", ()] == 3
    assert not any(math.isnan(value) for value in found.values())


def test_an_empty_store_has_figures_too(tmp_path: Path) -> None:
    open_store(tmp_path / "store").close()
    with TestClient(create_app(tmp_path / "store")) as client:
        names = {name for name, _ in figures(client)}
    assert {"nightside_build_info", "nightside_incidents_open", "process_resident_memory_bytes"} <= names
    assert not {"nightside_sample_age_seconds", "nightside_peer_ases_known", "nightside_units"} & names


def test_series_are_bounded(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MOST_ENTITIES", 2)
    found = figures(client)
    told = {labels for name, labels in found if name == "nightside_known"}
    # Countries first.
    assert told == {of("country", "KP"), of("country", "SY")}
    assert found["nightside_entities_left_out", ()] == 2


def test_answers_are_counted_by_route_and_not_by_what_somebody_makes_up(client: TestClient) -> None:
    for path in ("/api/1/entities/country/KP", "/api/1/entities/country/SY", "/api/1/entities/country/ZZ"):
        client.get(path)
    for n in range(5):
        client.get(f"/made/up/{n}")
    counts: dict[tuple[str, str], Any] = {
        (dict(labels)["route"], dict(labels)["status"]): value
        for (name, labels), value in figures(client).items()
        if name == "nightside_requests_total"
    }
    route = "/api/1/entities/{type}/{code}"
    assert (counts[route, "2xx"], counts[route, "4xx"], counts["other", "4xx"]) == (2, 1, 5)


def test_the_shapes_of_requests_are_refused_as_everywhere(client: TestClient) -> None:
    assert client.get("/metrics?x=1").status_code == 400
    assert client.post("/metrics").status_code == 405


def test_what_was_recorded_is_no_reconstruction() -> None:
    shorts = [
        Short((0, "country", code, code), None, 3, "ongoing", made_up, b"{}")
        for code, made_up in (("KP", True), ("SY", False), ("IQ", False))
    ]
    latest = Latest(1, {}, shorts, 1, complete=True)
    told = {
        family.name: {sample.labels["severity"]: sample.value for sample in family.samples}
        for family in metrics._incidents(latest)
    }
    assert told["nightside_incidents_open"]["total"] == 3
    assert told["nightside_reconstructions_open"]["total"] == 1
