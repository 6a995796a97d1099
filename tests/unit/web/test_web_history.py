"""History over HTTP: filled in where one incident is asked for, empty in lists and revisions; what is usual."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient
from web_store import BACK, DAY_S, DAYS, KP, KP_ID, ONSET, T, fill, finding

from nightside.engine.shown import entity_history, shown_incident
from nightside.model.instants import iso
from nightside.store.location import open_store
from nightside.web.app import create_app


@pytest.fixture
def telling(web_store: Path) -> Iterator[TestClient]:
    """The app as `nightside serve` makes it."""
    app = create_app(web_store, shown_of=shown_incident, history_of=entity_history)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def validate(name: str, item: Any) -> None:
    text = (files("nightside.model") / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    jsonschema.Draft202012Validator(json.loads(text)).validate(item)


def test_one_incident_has_its_history_and_a_revision_has_none(telling: TestClient) -> None:
    incident = telling.get(f"/api/1/incidents/{KP_ID}").json()
    validate("incident-1", incident)
    history = incident["history"]
    # The instability that others told of ended where the outage began.
    assert [d["id"] for d in history["documented"]] == ["kp-2014-12-21", "kp-2014-12-22"]
    # From midnight to 16:00, a minute of it blind.
    assert history["usual"][0]["observed_days"] == round((16 * 3600 - 60) / DAY_S, 3)
    assert history["usual"][0]["availability"] == 1
    assert history["rank_text"] is None
    revision = telling.get(f"/api/1/incidents/{KP_ID}/revisions/{incident['revision']}").json()
    assert revision["history"]["usual"] is None
    assert revision["history"]["documented"] == []
    listed = telling.get("/api/1/incidents?code=KP&type=country").json()["items"][0]
    assert listed["history"]["usual"] is None


def test_what_is_usual_for_a_country(telling: TestClient) -> None:
    answer = telling.get("/api/1/entities/country/kp/history")
    assert answer.status_code == 200
    found = answer.json()
    validate("history-1", found)
    assert (found["from"], found["to"]) == (iso(T), iso(T + DAYS * DAY_S))
    # Three days but for a blind minute, 34,260 s of them without anything.
    known_s = DAYS * DAY_S - 60
    month = found["usual"][0]
    assert month["availability"] == round(1 - (BACK - ONSET) / known_s, 6)
    assert month["crossings"]["total"] == 1
    assert month["longest_s"]["total"] == BACK - ONSET
    assert not month["whole"]
    here = {d["id"]: (d["here"], d["incidents"]) for d in found["documented"]}
    assert here["kp-2014-12-22"] == ("found", [KP_ID])
    assert here["kp-2014-12-27"] == ("not_stored", [])


def test_an_as_has_no_catalogue(telling: TestClient) -> None:
    found = telling.get("/api/1/entities/asn/131279/history").json()
    validate("history-1", found)
    assert found["documented"] == []
    assert found["usual"][0]["crossings"]["total"] == 1


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/1/entities/country/DE/history", 404),
        ("/api/1/entities/planet/KP/history", 400),
        ("/api/1/entities/country/KP/history?days=3", 400),
    ],
)
def test_what_is_not_there_or_wrong_is_refused(telling: TestClient, address: str, status: int) -> None:
    assert telling.get(address).status_code == status


def test_a_server_without_an_engine_says_so(client: TestClient) -> None:
    assert client.get("/api/1/entities/country/KP/history").status_code == 404
    incident = client.get(f"/api/1/incidents/{KP_ID}").json()
    assert incident["history"]["usual"] is None
    assert "What is usual" not in client.get("/countries/KP").text


def test_the_page_of_a_country_tells_it(telling: TestClient) -> None:
    page = telling.get("/countries/KP").text
    assert "What is usual" in page
    assert "9 hours 31 minutes (total)" in page
    assert f'<a href="/incidents/{KP_ID}">{KP_ID}</a>' in page
    assert "nothing of that time is stored here" in page
    assert "/api/1/entities/country/KP/history" in page


def test_the_page_of_an_incident_tells_it(telling: TestClient) -> None:
    page = telling.get(f"/incidents/{KP_ID}").text
    assert "In history" in page
    assert "No place is given: of 2014" in page
    assert "Roughly two days." in page
    assert "Contradicted: Dyn" in page
    old = telling.get(f"/incidents/{KP_ID}/revisions/1").text
    assert "In history" not in old


def test_an_answer_stays_until_something_new_is_stored(tmp_path: Path) -> None:
    fill(tmp_path)
    asked = []

    def counted(store: Any, incident: dict[str, Any]) -> dict[str, Any]:
        asked.append(incident["id"])
        return shown_incident(store, incident)

    with TestClient(create_app(tmp_path, shown_of=counted)) as client:
        first = client.get(f"/api/1/incidents/{KP_ID}")
        assert client.get(f"/api/1/incidents/{KP_ID}").content == first.content
        assert asked == [KP_ID]
        with open_store(tmp_path) as store:
            store.put_incident(*finding(KP, T - 30 * DAY_S, T - 29 * DAY_S))
        for _ in range(100):
            client.get(f"/api/1/incidents/{KP_ID}")
            if len(asked) > 1:
                break
            time.sleep(0.1)
        assert asked == [KP_ID, KP_ID]


def test_both_schemas_say_the_same_of_the_same_things() -> None:
    folder = files("nightside.model") / "schemas"
    one, other = (
        json.loads((folder / name).read_text(encoding="utf-8"))["$defs"]
        for name in ("incident-1.json", "history-1.json")
    )
    shared = one.keys() & other.keys()
    assert shared >= {"usual", "claim", "moment", "lasted_s"}
    assert {k: one[k] for k in shared} == {k: other[k] for k in shared}
