"""`nightside serve` and the end of `nightside demo`, as they are started by people."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from three_days import three_days_script

WAIT_S = 60
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\S*")


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """An environment without our settings, and with a home of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NIGHTSIDE")}
    return kept | dict.fromkeys(("HOME", "XDG_DATA_HOME", "MPLCONFIGDIR", "TMPDIR"), str(tmp_path))


@contextmanager
def started(env: dict[str, str], *words: object) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """(process, its terminal) of a `nightside` that was started on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "nightside", *map(str, words)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=env,
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def read_until(terminal: int, wanted: re.Pattern[str]) -> str:
    """What it says, up to where `wanted` is found."""
    said, deadline = "", time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                said += os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                break
            if wanted.search(said):
                return said
    pytest.fail(f"it did not say {wanted.pattern}, but:\n{said}")


def test_it_serves_until_ctrl_c(bare: dict[str, str], demo: Any) -> None:
    with started(bare, "serve", "--store", demo.store, "--port", 0) as (process, terminal):
        said = read_until(terminal, ADDRESS)
        address = ADDRESS.search(said)
        assert address is not None
        with httpx2.Client(base_url=address[0], timeout=WAIT_S) as client:
            answer = client.get("/api/1/incidents")
            assert [i["id"] for i in answer.json()["items"]] == ["KP-20141221T0310Z"]
            with client.stream("GET", "/api/1/events") as stream:
                assert stream.status_code == 200
                process.send_signal(signal.SIGINT)
                # An open stream does not keep it.
                assert process.wait(WAIT_S) == 0


def test_a_port_that_is_taken_is_an_error(nightside: Any, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = nightside("serve", "--store", tmp_path / "s", "--port", port)
    assert (ran.code, ran.out) == (1, "")
    assert len(ran.messages) == 2
    assert f"127.0.0.1:{port}" in ran.messages[0]
    assert "--port" in ran.messages[1]


def test_no_such_host_is_an_error(nightside: Any, tmp_path: Path) -> None:
    ran = nightside("serve", "--store", tmp_path / "s", "--host", "192.0.2.1")
    assert (ran.code, ran.out) == (1, "")
    assert "192.0.2.1" in ran.messages[0]


def test_a_store_that_is_none_is_an_error(nightside: Any, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "nightside.sqlite").write_bytes(b"no database" * 100)
    ran = nightside("serve", "--store", tmp_path / "s", "--port", 0)
    assert (ran.code, ran.out) == (1, "")
    assert "damaged" in ran.messages[0]


def test_the_demo_ends_with_the_page_served(bare: dict[str, str], tmp_path: Path) -> None:
    with started(bare, "demo", three_days_script(tmp_path)) as (process, terminal):
        said = read_until(terminal, re.compile("Ctrl-C ends it"))
        assert "9-hour 31-minute outage" in " ".join(said.split())
        address = ADDRESS.search(said)
        assert address is not None
        assert address[0].endswith("/incidents/KP-20141221T0310Z")
        root, _, id = address[0].rpartition("/incidents/")
        assert httpx2.get(f"{root}/api/1/incidents/{id}", timeout=WAIT_S).json()["severity"] == "total"
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT_S) == 0
