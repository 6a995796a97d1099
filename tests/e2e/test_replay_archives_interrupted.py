"""`nightside replay COLLECTOR...` as a process: stopped at any instant and taken up; watched at a terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_server import ArchiveServer, Fault, archive_server, use_archive

SHORT = ("--from", "2014-12-22T15:00Z", "--to", "2014-12-22T18:00Z", "--country", "KP")


@pytest.fixture
def server(december: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ArchiveServer]:
    with archive_server(december) as archive:
        use_archive(archive, monkeypatch, tmp_path)
        yield archive


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_is_taken_up(server: ArchiveServer, tmp_path: Path, how: signal.Signals) -> None:
    server.always["/rrc00/2014.12/updates"] = Fault(bytes_per_s=5000)
    command = [
        sys.executable,
        "-m",
        "nightside",
        "replay",
        "rrc00",
        *SHORT,
        "--store",
        str(tmp_path / "store"),
    ]
    first = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while len(list((tmp_path / "cache").rglob("updates.*.gz"))) < 6 and time.monotonic() < until:
            time.sleep(0.05)
        first.send_signal(how)
        assert first.wait(30) == (130 if how == signal.SIGINT else -signal.SIGKILL)
    finally:
        first.kill()
        first.wait()
    here = len(list((tmp_path / "cache").rglob("updates.*.gz")))
    assert here >= 6
    server.always.clear()
    server.asked.clear()
    second = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert second.returncode == 0, second.stderr
    assert "North Korea" in second.stdout
    # As a set: the last words of the first may be heard late.
    assert len({path for path in server.files_asked() if "updates" in path}) == 121 - here
    assert list((tmp_path / "cache").rglob("*.part*")) == []
    assert list((tmp_path / "cache" / "in-use").iterdir()) == []


def test_somebody_at_a_terminal_sees_how_fast_and_how_long(server: ArchiveServer, tmp_path: Path) -> None:
    server.always["/rrc00/2014.12/bview"] = Fault(bytes_per_s=80_000)
    ours, theirs = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "nightside",
        "replay",
        "rrc00",
        *SHORT,
        "--store",
        str(tmp_path / "store"),
    ]
    ran = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # so a terminal ends
        while data := os.read(ours, 65536):
            said += data
    os.close(ours)
    assert ran.wait(60) == 0
    assert re.search(rb"\d+(\.\d+)?/\d+(\.\d+)? [kM]B", said)
    assert re.search(rb"\d+(\.\d+)? ([kM]B|bytes)/s", said)
    assert re.search(rb"\d:\d\d:\d\d", said)
