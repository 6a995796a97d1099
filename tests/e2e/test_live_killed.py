"""Killed again and again at any instant: the incidents and messages are those of an undisturbed run."""

from __future__ import annotations

import json
import os
import random
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from quiet_server import QuietServer, running

from nightside.model.instants import parse_iso
from nightside.store.location import open_store

LIVES = Path(__file__).parent.parent / "support" / "watch_lives.py"
KILLS = 200
FIRST_LIFE_S, LONGER = 0.2, 1.03
"""The longest life at first; each is this much longer, so that a slow machine gets on, too."""
SEED = 20141223
WITHIN_S = 400
# The second day's outage of December 2014, with flaps before and six quiet hours behind.
BEGIN, END = parse_iso("2014-12-23T08:00:00Z"), parse_iso("2014-12-23T20:00:00Z")


class Receiver(QuietServer):
    """Takes messages, and now and then only says that it will not now."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[dict[str, Any]] = []
        self.refuse = random.Random(SEED)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        taken = self.server.refuse.random() > 0.2
        if taken:
            assert self.headers["Idempotency-Key"] == body["key"]
            self.server.got.append(body)
        self.send_response(200 if taken else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def receiver() -> AbstractContextManager[Receiver]:
    return running(Receiver())


class Lives:
    """One life of the daemon after the other."""

    def __init__(self, archive: Path, said: Path) -> None:
        self.said = said
        with said.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, LIVES, archive, str(BEGIN), str(END)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,
                start_new_session=True,
            )
        assert self.line(120).startswith("ready")

    def line(self, within_s: float) -> str:
        """The next line, or nothing where none comes in this time."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], within_s)
        return self.process.stdout.readline().decode() if ready else ""

    def begin(self, store: Path, webhook: str) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{store} {webhook}\n".encode())
        return int(self.line(10))


@pytest.fixture(scope="module")
def lives(december: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    found = Lives(december, tmp_path_factory.mktemp("killed") / "said")
    yield found
    # A life that a failed test left behind, too: it would hold the pipes open for ever.
    os.killpg(found.process.pid, signal.SIGKILL)
    found.process.communicate()


def kept(store_folder: Path) -> dict[str, Any]:
    """Everything about incidents in a store."""
    with open_store(store_folder) as store:
        return {
            one["id"]: {
                "revisions": [store.revision(one["id"], n) for n in store.revisions(one["id"])],
                "messages": store.messages(one["id"]),
            }
            for one in store.incidents()
        }


@pytest.fixture(scope="module")
def undisturbed(lives: Lives, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[Any]]:
    store = tmp_path_factory.mktemp("undisturbed")
    with receiver() as server:
        lives.begin(store, server.url)
        assert lives.line(WITHIN_S).strip() == "0"
    return kept(store), server.got


def test_the_undisturbed_run_tells_the_outage(undisturbed: tuple[dict[str, Any], list[Any]]) -> None:
    stored, got = undisturbed
    restored = [m for m in got if m["kind"] == "restored"]
    # Documented: 31 minutes from 15:41 UTC.
    assert [(m["onset"], m["end"]) for m in restored] == [("2014-12-23T15:41:00Z", "2014-12-23T16:12:00Z")]
    keys = [m["key"] for m in got]
    assert len(keys) == len(set(keys))
    assert sorted(keys) == sorted(m["key"] for one in stored.values() for m in one["messages"])


def test_two_hundred_kills_lose_and_double_nothing(
    lives: Lives, undisturbed: tuple[dict[str, Any], list[Any]], tmp_path: Path
) -> None:
    """The stream is played to its end again and again, each time into a new store, until there were that many.

    From then on a life is left to itself.
    """
    chance = random.Random(SEED)
    kills = played = 0
    deadline = time.monotonic() + WITHIN_S
    stored, got = undisturbed
    while kills < KILLS:
        store = tmp_path / str(played)
        longest_s = FIRST_LIFE_S
        with receiver() as server:
            while True:
                assert time.monotonic() < deadline, f"only {kills} kills in time"
                pid = lives.begin(store, server.url)
                ended = lives.line(chance.uniform(0, longest_s) if kills < KILLS else WITHIN_S)
                if ended:
                    assert int(ended) == 0, f"it fell over by itself after {kills} kills"
                    break
                os.kill(pid, signal.SIGKILL)
                assert int(lives.line(10)) == signal.SIGKILL
                kills += 1
                longest_s *= LONGER
        played += 1
        assert kept(store) == stored
        # Delivery is at least once: what comes again is the same, and known by its key.
        assert {m["key"]: m for m in server.got} == {m["key"]: m for m in got}
        assert all(m in got for m in server.got)


def test_a_full_disk_loses_nothing(
    lives: Lives, undisturbed: tuple[dict[str, Any], list[Any]], tmp_path: Path
) -> None:
    """No file may grow beyond this for a while: to the program that is a full disk."""
    with receiver() as server:
        pid = lives.begin(tmp_path, server.url)
        wait_for(lambda: any((tmp_path / "live").glob("state-*")), "no first state")
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, hard))
        wait_for(lambda: "is tried again" in lives.said.read_text(), "nobody noticed the full disk")
        wait_for(lambda: "cannot be written down" in lives.said.read_text(), "the journal was not full")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert lives.line(WITHIN_S).strip() == "0"
    stored, got = undisturbed
    assert kept(tmp_path) == stored
    assert {m["key"]: m for m in server.got} == {m["key"]: m for m in got}


def wait_for(what: Callable[[], bool], why: str, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)
