"""POST /api/1/incidents/{id}/reports: who may, how much, how often, and that it is seen."""

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
from said_reports import CONTEXT, NINE_HOURS, TWO_DAYS, changed
from starlette.testclient import TestClient

from nightside.engine.reports.taking import ReportTaking
from nightside.model.errors import NightsideError
from nightside.model.token import Token
from nightside.store.location import open_store
from nightside.store.token_form import digest_of, new_token
from nightside.web import reporting, writing_desk, writing_queue
from nightside.web.app import create_app

NOW = 1_795_345_200
ID = web_store.KP_ID
ROUTE = f"/api/1/incidents/{ID}/reports"
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


@pytest.fixture
def token(folder: Path) -> str:
    return made(folder, "reports", "newsroom")


def made(folder: Path, scope: Any, name: str) -> str:
    token = new_token(name)
    with open_store(folder) as store:
        store.put_token(Token(scope, name, digest_of(token), NOW))
    return token


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    with open_store(folder) as store:
        app = create_app(folder, attach=ReportTaking(store, now=lambda: NOW).attach)
        with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
            yield client


def post(client: TestClient, token: str | None, said: Any, route: str = ROUTE, **headers: str) -> Any:
    given = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    if token is not None:
        given.setdefault("Authorization", f"Bearer {token}")
    content = said if isinstance(said, bytes) else json.dumps(said).encode()
    return client.post(route, content=content, headers=given)


def test_it_is_attached_and_seen(client: TestClient, token: str, folder: Path) -> None:
    answer = post(client, token, {"reports": [TWO_DAYS, CONTEXT]})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    validate("reports-taken", answer.json())
    assert [i["outcome"] for i in answer.json()["items"]] == ["attached", "attached"]
    incident = client.get(f"/api/1/incidents/{ID}").json()
    validate("incident", incident)
    assert [(r["report"]["by"], r["verdict"]) for r in incident["reports"]] == [
        ("The White House", "not_comparable"),
        ("a news site", "contradicts"),
    ]
    assert {(r["attached"]["by"], r["attached"]["at"]) for r in incident["reports"]} == {
        ("newsroom", "2026-11-22T11:00:00Z")
    }
    for page in (f"/incidents/{ID}", "/countries/KP"):
        text = client.get(page).text
        assert "offline for roughly two days" in text
        assert "near in time, not evidence" in text
        assert "contradicts what was measured" in text
    with open_store(folder) as store:
        assert store.tokens("reports")[0].heard == NOW


def test_again_it_is_known(client: TestClient, token: str) -> None:
    post(client, token, TWO_DAYS)
    assert [i["outcome"] for i in post(client, token, TWO_DAYS).json()["items"]] == ["known"]
    assert len(client.get(f"/api/1/incidents/{ID}").json()["reports"]) == 1


def test_without_a_token_of_its_own_scope_nobody_may(client: TestClient, folder: Path, token: str) -> None:
    checks = made(folder, "checks", "tokyo-1")
    for given in (None, checks, "nonsense", token[:-1] + ("A" if token[-1] != "A" else "B")):
        answer = post(client, given, TWO_DAYS)
        assert answer.status_code == 401
        assert "--scope reports" in answer.json()["error"]["advice"]
        validate("error", answer.json())
    with open_store(folder) as store:
        store.revoke_token("reports", "newsroom", NOW)
        assert store.reports(ID) == []
    assert post(client, token, TWO_DAYS).status_code == 401


@pytest.mark.parametrize(
    ("said", "where"),
    [
        (changed(TWO_DAYS, source=None), "report"),
        (changed(TWO_DAYS, said_on="2027-01-01"), "report.said_on"),
        (changed(TWO_DAYS, about={"at": "2014-12-22T16:15", "zone": "EST"}), "report.about.zone"),
        ({"reports": [TWO_DAYS, changed(TWO_DAYS, kind="rumour")]}, "reports[1]"),
        (b"{", "document"),
        (b"", "document"),
    ],
)
def test_what_is_no_report_is_refused_and_nothing_stored(
    client: TestClient, token: str, folder: Path, said: Any, where: str
) -> None:
    answer = post(client, token, said)
    assert (answer.status_code, answer.json()["error"]["where"]) == (422, where)
    validate("error", answer.json())
    with open_store(folder) as store:
        assert store.reports(ID) == []


def test_an_incident_that_is_not_there_is_not_found(client: TestClient, token: str) -> None:
    assert post(client, token, TWO_DAYS, "/api/1/incidents/KP-20991231T0000Z/reports").status_code == 404
    assert post(client, token, TWO_DAYS, "/api/1/incidents/nonsense/reports").status_code == 400


def test_what_is_too_large_or_of_another_kind_is_refused(client: TestClient, token: str) -> None:
    assert post(client, token, b" " * (reporting.BODY_BYTES + 1)).status_code == 413
    assert post(client, token, TWO_DAYS, Content_Type="text/plain").status_code == 415


def test_who_comes_too_often_is_put_off(
    client: TestClient, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of this file alone: a clock that stands still for the whole process stops the loops of other servers in it.
    monkeypatch.setattr(writing_queue, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    told = [post(client, token, TWO_DAYS).status_code for _ in range(writing_desk.PER_TOKEN.burst + 1)]
    assert told == [200] * writing_desk.PER_TOKEN.burst + [429]


def test_without_being_told_to_the_server_takes_none(folder: Path, token: str) -> None:
    with TestClient(create_app(folder), base_url="http://127.0.0.1") as client:
        assert post(client, token, TWO_DAYS).status_code in (404, 405)


def test_a_store_that_cannot_be_written_keeps_its_words_to_the_log(folder: Path, token: str) -> None:
    def fails(*_: object) -> dict[str, Any]:
        raise NightsideError("the disk is full", where="/secret/path")

    with TestClient(create_app(folder, attach=fails), base_url="http://127.0.0.1") as client:
        answer = post(client, token, NINE_HOURS)
    assert answer.status_code == 503
    assert "secret" not in answer.text
