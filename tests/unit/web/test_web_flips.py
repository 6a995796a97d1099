"""/api/1/incidents/{id}/flips: pages, peers, and what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
from starlette.testclient import TestClient
from web_store import KP_ID, T, fill

from nightside.model.ndjson import dumps
from nightside.store.embedded import EmbeddedStore
from nightside.web.app import create_app

COUNT = 250
SESSIONS = [["rrc00", "192.0.2.1", 100], ["rrc00", "2001:db8::1", 200], ["rrc00", "192.0.2.3", 300]]


def table() -> pa.Table:
    """One flip a second, in turn of the first two sessions."""
    odd = [i % 2 for i in range(COUNT)]
    columns = {
        "time": pa.array([T + i for i in range(COUNT)], pa.int64()).cast(pa.timestamp("s", "UTC")),
        "collector": pa.array(["rrc00"] * COUNT),
        "peer_address": pa.array([SESSIONS[o][1] for o in odd], pa.string()),
        "peer_asn": pa.array([SESSIONS[o][2] for o in odd], pa.uint32()),
        "prefix": pa.array(["175.45.176.0/24"] * COUNT),
        "kind": pa.array(["lost"] * COUNT),
        "source": pa.array(["update"] * COUNT),
        "origin": pa.array([131279] * COUNT, pa.uint32()),
        "path": pa.array([None, "200 131279"] * (COUNT // 2), pa.string()),
        "file": pa.array(["rrc00/a.gz"] * COUNT),
        "offset": pa.array(range(COUNT), pa.int64()),
    }
    return pa.table(columns, metadata={"peers": dumps(SESSIONS)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which one incident has flips."""
    folder = tmp_path_factory.mktemp("flips") / "store"
    fill(folder)
    with EmbeddedStore(folder) as store:
        store.put_flips(KP_ID, table())
    return folder


@pytest.fixture
def flipped(folder: Path) -> Iterator[TestClient]:
    with TestClient(create_app(folder), raise_server_exceptions=False) as client:
        yield client


def ask(client: TestClient, id: str = KP_ID, **params: Any) -> Any:
    return client.get(f"/api/1/incidents/{id}/flips", params=params)


def test_a_page_is_as_its_schema_says(flipped: TestClient) -> None:
    schema = json.loads((files("nightside.model") / "schemas" / "flips-1.json").read_text(encoding="utf-8"))
    answer = ask(flipped)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    jsonschema.validate(page, schema)
    assert [item["offset"] for item in page["items"]] == list(range(100))
    assert page["items"][0] == {
        "time": "2014-12-22T00:00:00Z",
        "collector": "rrc00",
        "peer_address": "192.0.2.1",
        "peer_asn": 100,
        "prefix": "175.45.176.0/24",
        "kind": "lost",
        "source": "update",
        "origin": 131279,
        "path": None,
        "file": "rrc00/a.gz",
        "offset": 0,
    }


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        (None, list(range(COUNT))),
        ("AS100", list(range(0, COUNT, 2))),
        ("200", list(range(1, COUNT, 2))),
        ("2001:DB8::1", list(range(1, COUNT, 2))),
        ("AS300", []),
    ],
)
@pytest.mark.parametrize("limit", [1000, 125, 49])
def test_pages_add_up_to_the_whole(
    flipped: TestClient, peer: str | None, expected: list[int], limit: int
) -> None:
    found: list[int] = []
    params: dict[str, Any] = {"limit": limit} | ({} if peer is None else {"peer": peer})
    while True:
        page = ask(flipped, **params).json()
        assert len(page["items"]) <= limit
        found += [item["offset"] for item in page["items"]]
        if page["next"] is None:
            break
        assert len(page["items"]) == limit
        params["cursor"] = page["next"]
    assert found == expected


@pytest.mark.parametrize(
    ("params", "status", "where"),
    [
        ({"peer": "nobody"}, 400, "peer"),
        ({"peer": "AS9999999999"}, 400, ""),
        ({"peer": "AS64999"}, 404, "peer"),
        ({"peer": "198.51.100.1"}, 404, "peer"),
        ({"cursor": "x"}, 400, "cursor"),
        ({"cursor": "9" * 200}, 400, "cursor"),
        ({"limit": 0}, 400, "limit"),
        ({"limit": 1001}, 400, "limit"),
    ],
)
def test_what_is_wrong_is_told(flipped: TestClient, params: dict[str, Any], status: int, where: str) -> None:
    answer = ask(flipped, **params)
    assert answer.status_code == status
    assert answer.json()["error"]["where"] == where
    assert answer.json()["error"]["what"]


def test_a_cursor_behind_the_end_finds_nothing(flipped: TestClient) -> None:
    assert ask(flipped, cursor="999999").json()["items"] == []


def test_no_flips_stored_and_no_such_incident_are_told_apart(flipped: TestClient) -> None:
    others = [i["id"] for i in flipped.get("/api/1/incidents").json()["items"] if i["id"] != KP_ID]
    without, unknown = ask(flipped, id=others[0]), ask(flipped, id="KP-20000101T0000Z")
    assert (without.status_code, unknown.status_code) == (404, 404)
    assert "no flips are stored" in without.json()["error"]["what"]
    assert "replay" in without.json()["error"]["advice"]
    assert "no incident" in unknown.json()["error"]["what"]
