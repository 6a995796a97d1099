"""POST /api/1/checks: who may, how much, how often, and what is answered."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from check_results import body, result
from starlette.testclient import TestClient

from nightside.model.errors import NightsideError
from nightside.model.handed_in import HandedIn
from nightside.model.token import Token
from nightside.store.location import open_store
from nightside.store.token_form import digest_of, new_token
from nightside.web import desk, handing_in, writing_queue
from nightside.web.app import create_app

NOW = 1_795_345_200
ROUTE = "/api/1/checks"
LINES = body(result(NOW + i) for i in range(3))


class Took:
    """Stands for what stores: remembers lines, and says that it has stored them."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, bytes, list[bytes]]] = []
        self.raises: Exception | None = None
        self.before: Callable[[], object] = lambda: None

    def __call__(self, place: str, digest: bytes, lines: Sequence[bytes]) -> HandedIn:
        self.before()
        if self.raises:
            raise self.raises
        self.calls.append((place, digest, list(lines)))
        count = sum(1 for line in lines if line.startswith(b"{"))
        return HandedIn(place, float(NOW), count, 0, 0, (), count)


@pytest.fixture
def took() -> Took:
    return Took()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    open_store(tmp_path / "store").close()
    return tmp_path / "store"


@pytest.fixture
def token(folder: Path) -> str:
    made = new_token("tokyo-1")
    with open_store(folder) as store:
        store.put_token(Token("checks", "tokyo-1", digest_of(made), NOW))
    return made


@pytest.fixture
def client(folder: Path, took: Took) -> Iterator[TestClient]:
    with TestClient(create_app(folder, take=took), raise_server_exceptions=False) as client:
        yield client


def post(client: TestClient, token: str | None, content: Any = LINES, **headers: str) -> Any:
    given = {"Content-Type": "application/x-ndjson"} | {k.replace("_", "-"): v for k, v in headers.items()}
    if token is not None:
        given.setdefault("Authorization", f"Bearer {token}")
    return client.post(ROUTE, content=content, headers=given)


def test_lines_reach_what_stores_as_the_place_of_the_token(
    client: TestClient, took: Took, token: str
) -> None:
    answer = post(client, token)
    assert answer.status_code == 200
    assert answer.json() == {
        "schema": "nightside.handed-in/1",
        "place": "tokyo-1",
        "at": "2026-11-22T11:00:00.000Z",
        "taken": 3,
        "known": 0,
        "refused_count": 0,
        "refused": [],
    }
    assert answer.headers["cache-control"] == "no-store"
    assert took.calls == [("tokyo-1", digest_of(token), LINES.split(b"\n"))]


def test_gzip_is_unpacked(client: TestClient, took: Took, token: str) -> None:
    assert post(client, token, gzip.compress(LINES), Content_Encoding="gzip").status_code == 200
    assert took.calls[0][2] == LINES.split(b"\n")


def test_without_being_told_to_nobody_may(folder: Path, token: str) -> None:
    with TestClient(create_app(folder)) as client:
        assert post(client, token).status_code in (404, 405)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic dG9reW8tMTp4",
        "Bearer nightside_tokyo-1_" + "A" * 43,
        "Bearer " + "x" * 5_000,
        "Bearer é",
        "Token {}",
        "{}",
        "Bearer {}x",
    ],
)
def test_a_wrong_token_is_refused(client: TestClient, took: Took, token: str, given: str) -> None:
    answer = post(client, None, Authorization=given.format(token).encode("latin-1"))  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "retry-after" not in answer.headers
    assert took.calls == []


def test_no_token_at_all_is_refused_before_the_body_is_read(client: TestClient, took: Took) -> None:
    def endless() -> Iterator[bytes]:
        yield b"x" * (desk.BODY_BYTES + 1)

    assert post(client, None, endless()).status_code == 401


def test_a_revoked_token_is_refused_from_then_on(
    client: TestClient, took: Took, token: str, folder: Path
) -> None:
    assert post(client, token).status_code == 200
    with open_store(folder) as store:
        assert store.revoke_token("checks", "tokyo-1", NOW)
    assert post(client, token).status_code == 401
    assert len(took.calls) == 1


def test_the_token_is_never_said_back(
    client: TestClient, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    answer = post(client, wrong)
    assert wrong not in answer.text + str(answer.headers) + caplog.text


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "multipart/form-data"])
def test_another_kind_of_body_is_refused(client: TestClient, took: Took, token: str, kind: str) -> None:
    answer = post(client, token, Content_Type=kind)
    assert (answer.status_code, answer.json()["error"]["where"]) == (415, "Content-Type")
    assert took.calls == []


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "deflate", "zstd"])
def test_another_coding_is_refused(client: TestClient, token: str, coding: str) -> None:
    answer = post(client, token, Content_Encoding=coding)
    assert (answer.status_code, answer.json()["error"]["where"]) == (415, "Content-Encoding")


@pytest.mark.parametrize(
    "packed",
    [b"no gzip", gzip.compress(LINES)[:-5], gzip.compress(LINES) + b"more", b"", gzip.compress(LINES) * 2],
)
def test_gzip_that_is_none_is_refused(client: TestClient, took: Took, token: str, packed: bytes) -> None:
    assert post(client, token, packed, Content_Encoding="gzip").status_code == 400
    assert took.calls == []


def test_a_bomb_is_not_unpacked(client: TestClient, took: Took, token: str) -> None:
    bomb = gzip.compress(b"\0" * (1 << 30), 9)
    assert len(bomb) < desk.BODY_BYTES
    answer = post(client, token, bomb, Content_Encoding="gzip")
    assert (answer.status_code, took.calls) == (413, [])


@pytest.mark.parametrize("streamed", [False, True])
def test_a_body_that_is_too_long_is_refused(
    client: TestClient, took: Took, token: str, streamed: bool
) -> None:
    content: Any = b"x" * (desk.BODY_BYTES + 1)
    assert post(client, token, iter([content[:9], content[9:]]) if streamed else content).status_code == 413
    assert took.calls == []


def test_a_body_of_too_many_lines_is_refused(client: TestClient, took: Took, token: str) -> None:
    assert post(client, token, b"{\n" * desk.MOST_LINES).status_code == 200
    assert post(client, token, b"{\n" * (desk.MOST_LINES + 1)).status_code == 413
    assert len(took.calls) == 1


@pytest.mark.parametrize("content", [b"", b"\n\n", b"nonsense\n"])
def test_what_holds_no_result_is_refused(client: TestClient, token: str, content: bytes) -> None:
    answer = post(client, token, content)
    assert answer.status_code == 422
    assert answer.json()["error"]["what"].startswith("no result of a check")


def test_who_comes_too_often_is_told_when_to_come_back(client: TestClient, took: Took, token: str) -> None:
    codes = []
    for _ in range(desk.PER_PLACE.burst + 5):
        answer = post(client, token)
        codes.append(answer.status_code)
    assert codes[: desk.PER_PLACE.burst] == [200] * desk.PER_PLACE.burst
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


def test_who_hands_in_too_much_is_told_when_to_come_back(client: TestClient, took: Took, token: str) -> None:
    most = desk.LINES_PER_PLACE.burst // desk.MOST_LINES
    many = gzip.compress(b"{\n" * desk.MOST_LINES)
    answers = [post(client, token, many, Content_Encoding="gzip") for _ in range(most + 1)]
    assert [a.status_code for a in answers[:most]] == [200] * most
    assert (answers[-1].status_code, answers[-1].headers["retry-after"]) == (429, "10")
    assert len(took.calls) == most


def test_a_store_that_cannot_write_is_told_without_its_words(
    client: TestClient, took: Took, token: str
) -> None:
    took.raises = NightsideError(
        "the store cannot be written (disk full)", where="/srv/secret/nightside.sqlite"
    )
    answer = post(client, token)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "secret" not in answer.text
    took.raises = None
    assert post(client, token).status_code == 200


def test_no_more_wait_than_there_is_room_for(client: TestClient, took: Took, token: str) -> None:
    go, began = threading.Event(), threading.Event()

    def hold() -> None:
        began.set()
        go.wait(20)

    took.before = hold
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(post(client, token).status_code))
        for _ in range(writing_queue.WAITING)
    ]
    threads[0].start()
    assert began.wait(20)
    for thread in threads[1:]:
        thread.start()
    inside: desk.Desk = client.app.state.house.desk  # type: ignore[attr-defined]
    while inside._waiting < writing_queue.WAITING:
        pass
    assert post(client, token).status_code == 503
    # Whoever reads does not wait for it.
    assert client.get("/api/1/incidents").status_code == 200
    go.set()
    for thread in threads:
        thread.join(20)
    assert codes == [200] * writing_queue.WAITING


def test_a_body_that_does_not_come_is_not_waited_for(
    folder: Path, took: Took, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    from web_server import served

    monkeypatch.setattr(handing_in, "BODY_S", 0.2)
    with served(folder, take=took) as address:
        host, _, port = address.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=20) as line:
            line.sendall(
                f"POST {ROUTE} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
                "Content-Type: application/x-ndjson\r\nContent-Length: 900\r\n\r\n{".encode()
            )
            assert line.recv(4096).startswith(b"HTTP/1.1 408 ")
    assert took.calls == []
