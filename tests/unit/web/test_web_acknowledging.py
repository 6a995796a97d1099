"""POST and DELETE of acknowledgements: who may, how much, how often, and that it is seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import web_store
from referencing import Registry, Resource
from starlette.testclient import TestClient

from nightside.engine.acknowledging import Acknowledgements
from nightside.model.errors import NightsideError
from nightside.model.token import Token
from nightside.store.location import open_store
from nightside.store.token_form import digest_of, new_token
from nightside.web import acknowledging, writing_desk, writing_queue
from nightside.web.app import create_app

NOW = 1_795_345_200
ID = web_store.KP_ID
ROUTE = f"/api/1/incidents/{ID}/acknowledgements"
SEEN = {"by": "Ana", "note": "the operator was asked"}
SCHEMAS = [
    json.loads(f.read_text(encoding="utf-8")) for f in (files("nightside.model") / "schemas").iterdir()
]
REGISTRY: Any = Registry().with_resources((s["$id"], Resource.from_contents(s)) for s in SCHEMAS)


def validate(name: str, item: Any) -> None:
    (schema,) = [s for s in SCHEMAS if s["$id"] == f"urn:nightside:schema:{name}:1"]
    jsonschema.Draft202012Validator(schema, registry=REGISTRY).validate(item)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with open_store(tmp_path / "store") as store:
        store.put_incident(*web_store.finding(web_store.KP, web_store.ONSET, web_store.BACK))
    return tmp_path / "store"


def made(folder: Path, scope: Any, name: str) -> str:
    token = new_token(name)
    with open_store(folder) as store:
        store.put_token(Token(scope, name, digest_of(token), NOW))
    return token


@pytest.fixture
def token(folder: Path) -> str:
    return made(folder, "acknowledgements", "on-call")


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    with open_store(folder) as store:
        app = create_app(folder, acknowledging=Acknowledgements(store, now=lambda: NOW))
        with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
            yield client


def post(client: TestClient, token: str | None, said: Any = SEEN, route: str = ROUTE, **headers: str) -> Any:
    given = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    if token is not None:
        given["Authorization"] = f"Bearer {token}"
    content = said if isinstance(said, bytes) else json.dumps(said).encode()
    return client.post(route, content=content, headers=given)


def delete(client: TestClient, token: str, id: str) -> Any:
    return client.delete(f"{ROUTE}/{id}", headers={"Authorization": f"Bearer {token}"})


def test_it_is_kept_and_seen(client: TestClient, token: str, folder: Path) -> None:
    answer = post(client, token)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    validate("acknowledged", answer.json())
    validate("acknowledging", SEEN)
    incident = client.get(f"/api/1/incidents/{ID}").json()
    validate("incident", incident)
    assert incident["acknowledgements"] == [answer.json()["acknowledgement"]]
    assert incident["acknowledgements"][0] | {"id": ""} == {
        "id": "",
        "acknowledged": ID,
        "at": "2026-11-22T11:00:00Z",
        "by": "Ana",
        "token": "on-call",
        "note": "the operator was asked",
        "revision": 1,
        "severity": "total",
        "worsened": None,
        "withdrawn": None,
    }
    assert client.get(f"/api/1/incidents/{ID}/revisions/1").json()["acknowledgements"] == []
    assert "acknowledgements" not in client.get("/api/1/incidents").json()["items"][0]
    assert "the operator was asked" in client.get(f"/incidents/{ID}").text
    for feed in ("/feeds/incidents.atom", "/feeds/incidents.json"):
        assert "the operator was asked" not in client.get(feed).text
    assert post(client, token).json()["outcome"] == "known"
    with open_store(folder) as store:
        assert store.tokens("acknowledgements")[0].heard == NOW


def test_it_is_taken_back_by_its_own_token_alone(client: TestClient, token: str, folder: Path) -> None:
    id = post(client, token).json()["acknowledgement"]["id"]
    assert delete(client, made(folder, "acknowledgements", "somebody"), id).status_code == 404
    assert delete(client, token, "0" * 32).status_code == 404
    assert delete(client, token, "nonsense").status_code == 400
    for _ in range(2):
        answer = delete(client, token, id)
        assert answer.status_code == 200
        validate("acknowledged", answer.json())
        assert answer.json()["outcome"] == "withdrawn"
    (kept,) = client.get(f"/api/1/incidents/{ID}").json()["acknowledgements"]
    assert kept["withdrawn"] == {"at": "2026-11-22T11:00:00Z", "by": "on-call", "why": None}
    assert "the operator was asked" not in client.get(f"/incidents/{ID}").text


def test_without_a_token_of_its_own_scope_nobody_may(client: TestClient, folder: Path, token: str) -> None:
    for given in (None, made(folder, "reports", "on-call"), "nonsense"):
        answer = post(client, given)
        assert answer.status_code == 401
        assert "--scope acknowledgements" in answer.json()["error"]["advice"]
    assert delete(client, "nonsense", "0" * 32).status_code == 401
    assert client.get(f"/api/1/incidents/{ID}").json()["acknowledgements"] == []


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, 422),
        ({"note": "x" * 501}, 422),
        ({"note": "a\u0007b"}, 422),
        ({"note": "seen", "revision": 1}, 422),
        (b"{", 422),
        (b"", 422),
        (b" " * (acknowledging.BODY_BYTES + 1), 413),
    ],
)
def test_what_is_none_is_refused_and_nothing_stored(
    client: TestClient, token: str, said: Any, status: int
) -> None:
    answer = post(client, token, said)
    assert answer.status_code == status
    validate("error", answer.json())
    assert client.get(f"/api/1/incidents/{ID}").json()["acknowledgements"] == []


def test_another_incident_another_kind(client: TestClient, token: str) -> None:
    assert post(client, token, route=ROUTE.replace("2014", "2099")).status_code == 404
    assert post(client, token, route=ROUTE.replace(ID, "nonsense")).status_code == 400
    assert post(client, token, Content_Type="text/plain").status_code == 415


def test_a_hundred_are_enough(client: TestClient, token: str, folder: Path) -> None:
    with open_store(folder) as store:
        for n in range(100):
            store.put_acknowledgement(ID, at=NOW, by="Ana", token="here", note=f"seen {n}")
    answer = post(client, token)
    assert answer.status_code == 422
    assert "100 acknowledgements already" in answer.json()["error"]["what"]


def test_who_comes_too_often_is_told_when_to_come_back(
    client: TestClient, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of this file alone: a clock that stands still for the whole process stops the loops of other servers in it.
    monkeypatch.setattr(writing_queue, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    told = [post(client, token) for _ in range(writing_desk.PER_TOKEN.burst + 1)]
    assert [answer.status_code for answer in told] == [200] * writing_desk.PER_TOKEN.burst + [429]
    # One in five seconds comes back.
    assert told[-1].headers["retry-after"] == "5"
    monkeypatch.setattr(writing_queue, "time", SimpleNamespace(monotonic=lambda: 1003.5))
    assert post(client, token).headers["retry-after"] == "2"
    monkeypatch.setattr(writing_queue, "time", SimpleNamespace(monotonic=lambda: 1005.0))
    assert post(client, token).status_code == 200


def test_without_being_told_to_the_server_takes_none(folder: Path, token: str) -> None:
    with TestClient(create_app(folder), base_url="http://127.0.0.1") as client:
        assert post(client, token).status_code in (404, 405)
        assert delete(client, token, "0" * 32).status_code in (404, 405)


def test_a_store_that_cannot_be_written_keeps_its_words_to_the_log(folder: Path, token: str) -> None:
    class Fails:
        def acknowledge(self, *_: object) -> dict[str, Any]:
            raise NightsideError("the disk is full", where="/secret/path")

        withdraw = acknowledge

    with TestClient(create_app(folder, acknowledging=Fails()), base_url="http://127.0.0.1") as client:
        for answer in (post(client, token), delete(client, token, "0" * 32)):
            assert answer.status_code == 503
            assert "secret" not in answer.text
