"""The headers that keep a page safe stand on every answer, whoever makes it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from web_server import served
from web_store import KP_ID

from nightside.web.app import create_app
from nightside.web.limits import Limits

API = "/api/1"


def check_headers(answer: Any) -> None:
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert "unsafe" not in str(policy)
    # What is not named falls back to default-src; what is named may not be wider.
    assert not {"script-src", "style-src", "connect-src"} & policy.keys()
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{API}/incidents", 200),
        (f"{API}/incidents/{KP_ID}/series?format=csv", 200),
        (f"{API}/world", 200),
        ("/openapi.json", 200),
        (f"{API}/incidents?limit=0", 400),
        (f"{API}/nothing", 404),
        ("/nothing.php", 404),
        ("/docs", 404),
        ("/redoc", 404),
        (f"{API}/signals/country/KP?from=1970-01-01&to=2100-01-01", 413),
    ],
)
def test_every_answer_has_them(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    check_headers(answer)


def test_so_has_what_is_not_modified_or_not_allowed(client: TestClient) -> None:
    tag = client.get(f"{API}/world").headers["etag"]
    answer = client.get(f"{API}/world", headers={"If-None-Match": tag})
    assert answer.status_code == 304
    check_headers(answer)
    check_headers(client.post(f"{API}/world"))


def test_so_has_a_refusal(web_store: Path) -> None:
    with TestClient(create_app(web_store, Limits(requests_per_s=0.0, burst=0))) as client:
        answer = client.get(f"{API}/incidents")
        assert answer.status_code == 429
        check_headers(answer)


def test_so_has_a_mistake_of_ours_which_tells_nothing(web_store: Path) -> None:
    app = create_app(web_store)

    @app.get("/mistake")
    async def mistake() -> None:
        raise RuntimeError("the secret of the house")

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/mistake")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    check_headers(answer)


def test_a_store_that_breaks_is_503_and_its_place_is_not_told(
    web_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nightside.model.errors import NightsideError

    app = create_app(web_store)

    def broken(*_args: object) -> None:
        raise NightsideError("the store is damaged", where="/home/somebody/store")

    monkeypatch.setattr(app.state.house.store, "samples", broken)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get(f"{API}/signals/country/KP")
    assert answer.status_code == 503
    assert "somebody" not in answer.text
    check_headers(answer)


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x00\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"]
)
def test_so_has_the_answer_to_what_is_no_http(web_store: Path, sent: bytes) -> None:
    with served(web_store) as address:
        port = int(address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.sendall(sent)
            said = b"".join(iter(lambda: line.recv(65536), b"")).decode()
    assert said.startswith("HTTP/1.1 400 ")
    assert "content-security-policy: default-src 'self'" in said.lower()
