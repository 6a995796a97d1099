"""`nightside watch` as a supervisor runs it: asked how it is, told to end, and what it says meanwhile."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from free_port import free_port

WAIT_S = 60.0


@contextmanager
def watching(tmp_path: Path, port: int, *words: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NIGHTSIDE")}
    env = kept | {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "NIGHTSIDE_STORE": str(tmp_path / "store"),
        "NIGHTSIDE_CACHE": str(tmp_path / "cache"),
        "NIGHTSIDE_BMP_LISTEN": "127.0.0.1:0",
        "NIGHTSIDE_HEALTH_LISTEN": f"127.0.0.1:{port}",
        **more,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "nightside", "watch", "KP", "--source", "bmp", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def until_alive(process: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).is_success:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(process.communicate(timeout=5) if process.poll() is not None else "never alive")


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_alive_then_ended_in_order_with_0_and_a_log_of_objects(tmp_path: Path, by: signal.Signals) -> None:
    port = free_port()
    with watching(tmp_path, port, "--json") as process:
        until_alive(process, port)
        ready = httpx2.get(f"http://127.0.0.1:{port}/readyz", trust_env=False)
        figures = httpx2.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        process.send_signal(by)
        said, log = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "")
    assert ready.status_code == 503
    assert "nothing is known yet" in ready.json()["why"][0]
    assert "nightside_ready 0.0" in figures
    lines = [json.loads(line) for line in log.splitlines()]
    assert all(list(line)[:5] == ["time", "level", "event", "source", "kind"] for line in lines)
    assert any(line["event"].startswith("BMP at port ") for line in lines)
    assert lines[-1]["event"].startswith(f"{by.name}: ending")


def test_a_supervisor_is_told_when_it_has_begun_and_when_it_ends(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    port = free_port()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(path)
        supervisor.settimeout(WAIT_S)
        with watching(tmp_path, port, NOTIFY_SOCKET=path, WATCHDOG_USEC="1000000") as process:
            assert supervisor.recv(4096) == b"READY=1"
            assert supervisor.recv(4096).startswith(b"WATCHDOG=1\n")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
            assert process.returncode == 0
            last = b""
            while last != b"STOPPING=1":
                last = supervisor.recv(4096)


def test_the_doctor_finds_it(tmp_path: Path) -> None:
    port = free_port()
    with watching(tmp_path, port) as process:
        until_alive(process, port)
        env = os.environ | {
            "NIGHTSIDE_HEALTH_LISTEN": f"127.0.0.1:{port}",
            "NIGHTSIDE_STORE": str(tmp_path / "store"),
        }
        done = subprocess.run(
            [sys.executable, "-m", "nightside", "doctor", "--json"],
            capture_output=True,
            text=True,
            env=env,
            timeout=60,
            check=False,
        )
    found = {one["check"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert found["watch"]["said"].startswith("running, not ready: nothing is known yet")


def test_a_taken_health_address_is_an_error_in_words(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        watching(tmp_path, taken.getsockname()[1]) as process,
    ):
        _said, log = process.communicate(timeout=WAIT_S)
    assert process.returncode == 1
    assert "NIGHTSIDE_HEALTH_LISTEN" in log
    assert "Traceback" not in log


def test_channels_are_in_its_figures(tmp_path: Path) -> None:
    (tmp_path / "nightside").mkdir()
    text = '[ops]\nkind = "webhook"\nurl_env = "OPS_URL"\n[pager]\nkind = "alertmanager"\nurl = "http://127.0.0.1:9"\n'
    (tmp_path / "nightside" / "channels.toml").write_text(text)
    port = free_port()
    with watching(tmp_path, port, OPS_URL="http://127.0.0.1:9/T0KEN") as process:
        until_alive(process, port)
        figures = httpx2.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        process.send_signal(signal.SIGTERM)
        _said, log = process.communicate(timeout=30)
    assert process.returncode == 0
    for channel in ("ops", "pager"):
        assert f'nightside_channel_waiting{{channel="{channel}"}} 0.0' in figures
    assert "T0KEN" not in log + figures


def test_channels_that_make_no_sense_end_it_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "nightside").mkdir()
    path = tmp_path / "nightside" / "channels.toml"
    path.write_text('[ops]\nkind = "webhook"\nurl_env = "OPS_URL"\n')
    with watching(tmp_path, free_port()) as process:
        said, log = process.communicate(timeout=30)
    assert (process.returncode, said) == (2, "")
    assert log.splitlines() == [
        f"nightside: {path}:3: url_env: the environment has no OPS_URL",
        "Set OPS_URL, or name a file by its whole path.",
    ]
