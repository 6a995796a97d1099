"""The proxy of docs/operations.md before a real server, and `nightside check --agent` through it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from certificate_authority import Authority
from free_port import free_port
from nginx_server import have_nginx
from tests.conftest import missing

from nightside.store.location import open_store

WAIT_S = 60
DOCS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
WHOLE = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/errors;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
{server}
}}
"""
TARGETS = """
country = "KP"
allow_private = true

[[target]]
name = "open"
kind = "tcp"
group = "state media"
host = "127.0.0.1"
port = {open}

[[target]]
name = "shut"
kind = "tcp"
group = "ministry"
host = "127.0.0.2"
port = {shut}
"""
CANARIES = """
allow_private = true

[[target]]
name = "near"
kind = "tcp"
group = "canary"
host = "127.0.0.3"
port = {open}
"""


@contextmanager
def running(command: list[str], port: int, env: dict[str, str] | None = None) -> Iterator[None]:
    """A program within the block, from when it listens at its port."""
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + WAIT_S
        while True:
            assert process.poll() is None, f"{command[0]} has ended"
            assert time.monotonic() < deadline
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(WAIT_S)


def configuration(folder: Path, authority: Authority, tls_port: int, behind: int) -> str:
    """The server of the documentation, with its names and ports exchanged for ours."""
    found = re.search(r"```nginx\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    ours = authority.issue(["localhost", "127.0.0.1"])
    server = found[1]
    for theirs, own in (
        ("listen 443 ssl", f"listen 127.0.0.1:{tls_port} ssl"),
        ("nightside.example", "localhost"),
        ("/etc/ssl/nightside/chain.pem", str(ours.certificate)),
        ("/etc/ssl/nightside/key.pem", str(ours.key)),
        ("127.0.0.1:8000", f"127.0.0.1:{behind}"),
    ):
        assert theirs in server
        server = server.replace(theirs, own)
    return WHOLE.format(folder=folder, server=server)


def test_the_documented_proxy_takes_what_a_place_checks(tmp_path: Path) -> None:
    program = have_nginx()
    if program is None:
        missing("nginx is not installed")
    (tmp_path / "tls").mkdir()
    authority = Authority(tmp_path / "tls")
    tls_port, behind = free_port(), free_port()
    (tmp_path / "nginx.conf").write_text(configuration(tmp_path, authority, tls_port, behind))
    (tmp_path / "config" / "targets").mkdir(parents=True)
    (tmp_path / "config" / "nightside.toml").touch()
    listening = socket.create_server(("", free_port()), backlog=100)
    ports = {"open": listening.getsockname()[1], "shut": free_port()}
    (tmp_path / "config" / "targets" / "canaries.toml").write_text(CANARIES.format(**ports))
    targets = tmp_path / "mine.toml"
    targets.write_text(TARGETS.format(**ports))
    server = {k: v for k, v in os.environ.items() if not k.startswith("NIGHTSIDE")} | {
        "HOME": str(tmp_path),
        "NIGHTSIDE_STORE": str(tmp_path / "server"),
    }
    nightside = [sys.executable, "-m", "nightside"]
    token = subprocess.run(
        [*nightside, "tokens", "--allow", "tokyo-1", "--scope", "checks"],
        env=server,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    there = server | {
        "NIGHTSIDE_STORE": str(tmp_path / "place"),
        "NIGHTSIDE_CONFIG": str(tmp_path / "config" / "nightside.toml"),
        "NIGHTSIDE_AGENT_TOKEN": token,
        "SSL_CERT_FILE": str(authority.file),
    }
    check = [*nightside, "check", str(targets), "--agent", f"https://localhost:{tls_port}", "--json"]

    # Nobody is there: what is found waits, and the end is in order.
    with (tmp_path / "first.err").open("w") as errors:
        cut_off = subprocess.Popen(
            [*check, "--every", "30s"], env=there, stdout=subprocess.DEVNULL, stderr=errors
        )
    spool = tmp_path / "place" / "spool" / "tokyo-1"
    deadline = time.monotonic() + WAIT_S
    while sum(len(one.read_bytes().splitlines()) for one in spool.glob("*.ndjson")) < 1:
        assert time.monotonic() < deadline
        assert cut_off.poll() is None, (tmp_path / "first.err").read_text()
        time.sleep(0.1)
    cut_off.send_signal(signal.SIGTERM)
    assert cut_off.wait(WAIT_S) == 0
    said = (tmp_path / "first.err").read_text()
    assert "cannot be reached" in said
    assert "for the next start" in said
    waited = [json.loads(line) for one in spool.glob("*.ndjson") for line in one.read_bytes().splitlines()]

    serve = [*nightside, "serve", "--agents", "--port", str(behind)]
    nginx = [program, "-p", str(tmp_path), "-e", str(tmp_path / "errors"), "-c", str(tmp_path / "nginx.conf")]
    with listening, running(serve, behind, server), running(nginx, tls_port):
        done = subprocess.run(
            [*check, "--once"], env=there, capture_output=True, text=True, timeout=WAIT_S, check=False
        )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(one["target"], one["outcome"]) for one in found} == {
        ("open", "ok"),
        ("shut", "refused"),
        ("near", "ok"),
    }
    assert {one["place"] for one in found} == {"tokyo-1"}
    assert stored(tmp_path / "server") == sorted(key(one) for one in [*waited, *found])
    assert not (tmp_path / "place" / "nightside.sqlite").exists()


def key(one: dict[str, Any]) -> tuple[str, ...]:
    return (one["at"], one["place"], one["country"], one["target"], one["outcome"])


def stored(folder: Path) -> list[tuple[str, ...]]:
    with open_store(folder, read_only=True) as store:
        rows = [row for country in ("", "KP") for row in store.results(country, 0, 1 << 32).to_pylist()]
    return sorted(
        key({**row, "at": row["at"].isoformat(timespec="milliseconds").replace("+00:00", "Z")})
        for row in rows
    )


WRONG = [
    (["KP", "--agent", "http://nightside.example"], "not an address that results may go to"),
    (["KP", "--agent", "https://nightside.example", "--place", "x"], "the token says which place this is"),
    (["--read", "x.ndjson", "--agent", "https://nightside.example"], "--read checks nothing"),
    ([], "nothing is named"),
]


@pytest.mark.parametrize(("words", "why"), WRONG)
def test_wrong_words_are_refused(
    quick: Any, monkeypatch: pytest.MonkeyPatch, words: list[str], why: str
) -> None:
    monkeypatch.setenv("NIGHTSIDE_AGENT_TOKEN", "nightside_tokyo-1_" + "A" * 43)
    ran = quick("check", *words)
    assert (ran.code, ran.out) == (2, "")
    assert why in ran.err


def test_without_a_token_there_is_no_agent(quick: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NIGHTSIDE_AGENT_TOKEN", raising=False)
    ran = quick("check", "KP", "--agent", "https://nightside.example")
    assert (ran.code, "NIGHTSIDE_AGENT_TOKEN holds no token" in ran.err) == (2, True)


@pytest.mark.parametrize("words", [["--tls-cert", "x.pem"], ["--tls-key", "x.pem"]])
def test_half_a_certificate_is_refused(quick: Any, words: list[str]) -> None:
    ran = quick("serve", *words)
    assert (ran.code, "needs its key" in ran.err) == (2, True)


def test_a_certificate_that_is_none_is_told(quick: Any, tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nonsense")
    ran = quick("serve", "--tls-cert", str(tmp_path / "x.pem"), "--tls-key", str(tmp_path / "x.pem"))
    assert (ran.code, ran.out) == (1, "")
    assert "no certificate with its key" in ran.err
    ran = quick("serve", "--tls-cert", str(tmp_path / "y.pem"), "--tls-key", str(tmp_path / "x.pem"))
    assert (ran.code, "cannot be read" in ran.err) == (1, True)
