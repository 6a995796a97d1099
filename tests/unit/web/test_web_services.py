"""What answered, as it is served: what the engine says, asked once, beside the incidents of its country alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from december_services import services
from referencing import Registry, Resource
from starlette.testclient import TestClient
from web_store import BACK, KP_ID, ONSET, fill

from nightside.model.check import CheckResult
from nightside.model.instants import iso
from nightside.model.services import Services
from nightside.store.location import open_store
from nightside.store.protocol import Store
from nightside.web.answering import MOST_KEPT, Answering
from nightside.web.app import create_app

STAR_ID = "AS131279-20141222T1615Z"
RANGE = {"country": "KP", "from": "2014-12-21T00:00Z", "to": "2014-12-24T00:00Z"}
RESULT = CheckResult(float(ONSET), "A", "KP", "KCNA", "state media", "http", "", 4, None, "ok", None, None)


class Asked:
    """In the engine's place: remembers what it was asked."""

    def __init__(self) -> None:
        self.questions: list[tuple[str, int, int]] = []
        self.nothing = False

    def __call__(self, store: Store, country: str, begin: int, end: int) -> Services | None:
        self.questions.append((country, begin, end))
        return None if self.nothing else replace(services(), country=country, begin=begin, end=end)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("checked") / "store"
    fill(made)
    with open_store(made) as store:
        store.put_results([RESULT])
    return made


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def client(folder: Path, asked: Asked) -> Iterator[TestClient]:
    with TestClient(create_app(folder, services_of=asked), raise_server_exceptions=False) as client:
        yield client


def validate(item: Any, name: str) -> None:
    """Against the schema of this name, and those that it refers to."""
    schemas = [json.loads(f.read_text()) for f in (files("nightside.model") / "schemas").iterdir()]
    registry: Registry[Any] = Registry().with_resources(
        (s["$id"], Resource.from_contents(s)) for s in schemas
    )
    (schema,) = [s for s in schemas if s["$id"] == f"urn:nightside:schema:{name}:1"]
    jsonschema.Draft202012Validator(schema, registry=registry).validate(item)


def test_a_country_is_answered_as_the_engine_says(client: TestClient, asked: Asked) -> None:
    got = client.get("/api/1/checks", params=RANGE | {"country": "kp"})
    assert got.status_code == 200
    validate(got.json(), "services")
    ((country, begin, end),) = asked.questions
    assert (country, iso(begin), iso(end)) == ("KP", "2014-12-21T00:00:00Z", "2014-12-24T00:00:00Z")
    assert Services.from_json(got.json()) == replace(services(), begin=begin, end=end)


def test_the_same_is_asked_once_and_known_by_its_tag(client: TestClient, asked: Asked) -> None:
    first = client.get("/api/1/checks", params=RANGE)
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/api/1/checks", params=RANGE, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert len(asked.questions) == 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"country": "Korea"}, 400),
        ({"country": "K1"}, 400),
        ({"from": "yesterday"}, 400),
        ({"from": "2014-12-24T00:00Z"}, 400),
        ({"to": "2015-12-24T00:00Z"}, 413),
        ({"country": "SY"}, 404),
        ({"colour": "red"}, 400),
    ],
)
def test_what_cannot_be_answered_says_why(client: TestClient, changes: dict[str, str], status: int) -> None:
    got = client.get("/api/1/checks", params=RANGE | changes)
    assert got.status_code == status
    assert got.json()["error"]["what"]


@pytest.mark.parametrize("missing", ["country", "from", "to"])
def test_nothing_is_guessed(client: TestClient, missing: str) -> None:
    got = client.get("/api/1/checks", params={k: v for k, v in RANGE.items() if k != missing})
    assert got.status_code == 400


def test_nothing_checked_is_nothing_there(client: TestClient, asked: Asked) -> None:
    asked.nothing = True
    got = client.get("/api/1/checks", params=RANGE)
    validate(got.json(), "services")
    assert (got.status_code, got.json()["services"], got.json()["unwatched"]) == (200, [], False)
    page = client.get("/countries/KP").text
    assert "Services: not known" in page
    assert "What services say" not in page


def test_a_series_has_services_of_its_country_and_time(client: TestClient, asked: Asked) -> None:
    got = client.get(f"/api/1/incidents/{KP_ID}/series").json()
    validate(got, "series")
    assert asked.questions == [("KP", ONSET - 600, BACK + 600)]
    assert (got["services"]["from"], got["services"]["to"]) == (got["from"], got["to"])
    own = client.get(f"/api/1/incidents/{STAR_ID}/series").json()
    validate(own, "series")
    assert own["services"] is None
    assert len(asked.questions) == 1


def test_chart_and_page_tell_them_from_one_answer(client: TestClient, asked: Asked) -> None:
    page = client.get(f"/incidents/{KP_ID}").text
    assert "Services" in page
    assert "Of 6 sites checked from 3 places, none answered" in page
    assert "sites (6)" in page
    assert "services are not checked" not in page
    assert client.get(f"/api/1/incidents/{KP_ID}/chart.svg").status_code == 200
    assert len(asked.questions) == 1


def test_where_nobody_says_anything_the_page_is_as_it_was(folder: Path) -> None:
    with TestClient(create_app(folder)) as client:
        assert client.get(f"/api/1/incidents/{KP_ID}/series").json()["services"] is None
        assert "services are not checked" in client.get(f"/incidents/{KP_ID}").text
        assert client.get("/api/1/checks", params=RANGE).status_code == 404


def test_a_chart_is_drawn_anew_when_results_come_in(tmp_path: Path, asked: Asked) -> None:
    folder = tmp_path / "store"
    fill(folder)
    with open_store(folder) as store:
        store.put_results([RESULT])
        with TestClient(create_app(folder, services_of=asked)) as client:
            first = client.get(f"/api/1/incidents/{KP_ID}/chart.svg")
            asked.nothing = True
            store.put_results([replace(RESULT, at=RESULT.at + 60)])
            client.app.state.house.memory.refresh(store)  # type: ignore[attr-defined]
            second = client.get(f"/api/1/incidents/{KP_ID}/chart.svg")
    assert len(asked.questions) == 2
    assert first.headers["etag"] != second.headers["etag"]


class Store1:
    """Knows which countries were checked, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def result_countries(self) -> list[str]:
        self.asked += 1
        return ["KP"]


def test_answers_are_kept_within_bounds_and_dropped_when_something_is_stored(asked: Asked) -> None:
    store: Any = Store1()
    answering = Answering(asked)
    for _ in range(2):
        assert answering.of(store, 1, "KP", 0, 60) is not None
    assert answering.of(store, 1, "SY", 0, 60) is None
    assert answering.of(store, 1, "KP", 60, 60) is None
    assert (len(asked.questions), store.asked) == (1, 1)
    for n in range(MOST_KEPT):
        answering.of(store, 1, "KP", n, 1_000)
    answering.of(store, 1, "KP", 0, 60)
    assert len(asked.questions) == 1 + MOST_KEPT + 1
    answering.of(store, 2, "KP", 0, 60)
    assert (len(asked.questions), store.asked) == (MOST_KEPT + 3, 2)


def test_the_country_s_page_says_how_many_answer_and_what_services_say(
    client: TestClient, asked: Asked
) -> None:
    page = client.get("/countries/KP").text
    assert "Services answering" in page
    assert "2 name servers, 1 of 1 mail server, 6 of 6 sites. Seen from 3 places." in page
    assert "The return was slow" in page
    assert "Services not checked" not in page
    # Of the newest moment, whatever other times are looked at.
    client.get("/countries/KP", params={"from": "2014-12-22T00:00Z", "to": "2014-12-23T00:00Z"})
    assert [iso(end) for _, _, end in asked.questions[-2:]] == [
        "2014-12-25T00:00:00Z",
        "2014-12-23T00:00:00Z",
    ]


@pytest.mark.parametrize("path", ["/countries/SY", "/asns/131279"])
def test_who_is_not_checked_is_said_to_be_not_checked(client: TestClient, asked: Asked, path: str) -> None:
    page = client.get(path).text
    assert "Services not checked" in page
    assert "What services say" not in page
    assert asked.questions == []
