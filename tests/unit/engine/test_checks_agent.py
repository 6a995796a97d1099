"""An agent before servers that answer as the test says: what is taken, put off, split, and told."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import repeat
from pathlib import Path
from typing import Any, cast

import pytest
from check_results import result
from quiet_server import QuietServer

from nightside.engine.checks.agent import Agent, AskedAgent, asked_agent
from nightside.model.handed_in import HandedIn
from nightside.model.instants import iso_ms
from nightside.store.token_form import new_token

Json = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]


def taken(lines: list[Json], **changed: Any) -> Answer:
    said = HandedIn("tokyo-1", time.time(), len(lines), 0, 0, (), len(lines)).to_json()
    return 200, {}, json.dumps({**said, **changed}).encode()


def failed(status: int, **headers: str) -> Answer:
    said = {"error": {"what": "because", "where": "there", "advice": ""}}
    return (
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        json.dumps(said).encode(),
    )


@dataclass
class Server:
    """Answers by `answers` in turn, then takes everything; keeps what it took."""

    answers: list[Callable[[list[Json]], Answer]] = field(default_factory=list)
    asked: list[tuple[float, int, dict[str, str]]] = field(default_factory=list)
    took: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, headers: dict[str, str], content: bytes) -> Answer:
        lines = [json.loads(line) for line in gzip.decompress(content).splitlines()]
        self.asked.append((time.monotonic(), len(lines), headers))
        say = self.answers.pop(0) if self.answers else taken
        status, given, said = say(lines)
        if status == 200 and said.startswith(b'{"schema"'):
            self.took += [line["target"] for line in lines]
        return status, given, said


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        server = cast(Any, self.server).script
        status, headers, said = server.answer(dict(self.headers), content)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(said))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    script = Server()
    listening = QuietServer(("127.0.0.1", 0), _Handler)
    cast(Any, listening).script = script
    script.url = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield script
    listening.shutdown()
    listening.server_close()
    thread.join(10)


@pytest.fixture
def asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> AskedAgent:
    monkeypatch.setenv("NIGHTSIDE_AGENT_TOKEN", new_token("tokyo-1"))
    return asked_agent(server.url)


@contextmanager
def agent(asked: AskedAgent, folder: Path, said: list[str], **other: Any) -> Iterator[Agent]:
    made = Agent(asked, folder, warn=said.append, wait=lambda: repeat(0.01), **other)
    yield made
    made.spool.close()


def handed_in(asked: AskedAgent, folder: Path, count: int, within_s: float = 10.0, **other: Any) -> list[str]:
    """Keep so many results, and hand them in; what was told."""
    said: list[str] = []
    with agent(asked, folder, said, **other) as made:
        made.keep([result(time.time() + i / 1000, target=f"t{i}") for i in range(count)])
        asyncio.run(made.finish(within_s))
    return said


def targets(count: int) -> list[str]:
    return [f"t{i}" for i in range(count)]


def test_the_token_goes_in_the_header_and_the_body_is_packed(
    server: Server, asked: AskedAgent, tmp_path: Path
) -> None:
    assert handed_in(asked, tmp_path, 3) == []
    (_, count, headers) = server.asked[0]
    assert (count, headers["Authorization"]) == (3, f"Bearer {asked.token}")
    assert headers["Content-Type"] == "application/x-ndjson"
    assert headers["User-Agent"].startswith("nightside/")
    assert server.took == targets(3)


def test_much_goes_in_several_requests_in_order(server: Server, asked: AskedAgent, tmp_path: Path) -> None:
    assert handed_in(asked, tmp_path, 4_500) == []
    assert [count for _, count, _ in server.asked] == [2_000, 2_000, 500]
    assert server.took == targets(4_500)


def test_too_much_at_once_is_split(server: Server, asked: AskedAgent, tmp_path: Path) -> None:
    def picky(lines: list[Json]) -> Answer:
        return failed(413) if len(lines) > 2 else taken(lines)

    server.answers = [picky] * 20
    assert handed_in(asked, tmp_path, 9) == []
    assert server.took == targets(9)
    assert [count for _, count, _ in server.asked[:3]] == [9, 4, 2]
    assert max(count for _, count, _ in server.asked[1:]) <= 4


def test_one_line_that_is_too_much_does_not_hold_up_the_rest(
    server: Server, asked: AskedAgent, tmp_path: Path
) -> None:
    def no_third(lines: list[Json]) -> Answer:
        return failed(413) if any(line["target"] == "t2" for line in lines) else taken(lines)

    server.answers = [no_third] * 40
    said = handed_in(asked, tmp_path, 5)
    assert server.took == ["t0", "t1", "t3", "t4"]
    assert len(said) == 1
    assert "1 results refused for good: answers 413" in said[0]


def test_what_is_refused_for_good_is_told_and_not_tried_again(
    server: Server, asked: AskedAgent, tmp_path: Path
) -> None:
    server.answers = [lambda _: failed(422)]
    said = handed_in(asked, tmp_path, 3)
    assert len(server.asked) == 1
    assert "3 results refused for good: answers 422: because (there)" in said[0]
    assert handed_in(asked, tmp_path, 0) == []


def test_retry_after_is_honoured(server: Server, asked: AskedAgent, tmp_path: Path) -> None:
    server.answers = [lambda _: failed(503, Retry_After="1"), lambda _: failed(429, Retry_After="1")]
    said = handed_in(asked, tmp_path, 1)
    first, second, third = (at for at, _, _ in server.asked)
    assert second - first >= 1
    assert third - second >= 1
    assert server.took == ["t0"]
    # That it comes too often is told only where it lasts.
    assert [("503" in words, "429" in words, "again" in words) for words in said] == [
        (True, False, False),
        (False, False, True),
    ]


@pytest.mark.parametrize(
    "portal",
    [
        lambda _: (200, {"Content-Type": "text/html"}, b"<html>Welcome to the hotel</html>"),
        lambda _: (302, {"Location": "http://127.0.0.1:1/"}, b""),
        lambda _: (200, {}, b"x" * 1_000_000),
        lambda _: (204, {}, b""),
        lambda _: failed(401),
        lambda _: failed(500),
        lambda lines: taken(lines[1:]),
    ],
)
def test_nothing_is_given_up_on_anybody_elses_word(
    server: Server, asked: AskedAgent, tmp_path: Path, portal: Callable[[list[Json]], Answer]
) -> None:
    server.answers = [portal] * 3
    said = handed_in(asked, tmp_path, 2)
    assert server.took[-2:] == targets(2)
    assert len(server.asked) == 4
    # Told once when it began, and once when it was over.
    assert len(said) == 2
    assert "results are taken again" in said[1]


@pytest.mark.parametrize(("off_s", "told"), [(0, None), (50, None), (-90, "behind"), (3_600, "ahead of")])
def test_a_clock_that_is_off_is_told_once(
    server: Server, asked: AskedAgent, tmp_path: Path, off_s: int, told: str | None
) -> None:
    server.answers = [lambda lines: taken(lines, at=iso_ms(time.time() - off_s))] * 3
    said = handed_in(asked, tmp_path, 4_500)
    assert len(said) == (0 if told is None else 1)
    assert told is None or f"s {told} the server's" in said[0]


def test_what_is_left_at_the_end_is_told_and_handed_in_next_time(
    server: Server, asked: AskedAgent, tmp_path: Path
) -> None:
    server.answers = [lambda _: failed(503)] * 10_000
    said = handed_in(asked, tmp_path, 7, within_s=0.3)
    assert "7 results wait in" in said[-1]
    server.answers = []
    assert handed_in(asked, tmp_path, 0) == []
    # What was under way when the time was up may be taken late by a busy server: at least once, and in order.
    assert list(dict.fromkeys(server.took)) == targets(7)


def test_what_is_kept_while_it_is_at_work_is_handed_in_at_once(
    server: Server, asked: AskedAgent, tmp_path: Path
) -> None:
    said: list[str] = []

    async def work() -> float:
        made = Agent(asked, tmp_path, warn=said.append)
        async with made.at_work():
            await asyncio.sleep(0.2)
            begun = time.monotonic()
            await asyncio.to_thread(made.keep, [result(time.time(), target="t0")])
            while not server.took:
                assert time.monotonic() < begun + 10
                await asyncio.sleep(0.01)
            return time.monotonic() - begun

    assert asyncio.run(work()) < 2
    assert said == []


def test_the_token_is_in_no_word_of_it(server: Server, asked: AskedAgent, tmp_path: Path) -> None:
    server.answers = [lambda _: failed(401), lambda _: failed(500)]
    said = handed_in(asked, tmp_path, 1)
    on_disk = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
    assert asked.token not in " ".join(said)
    assert asked.token.encode() not in on_disk
