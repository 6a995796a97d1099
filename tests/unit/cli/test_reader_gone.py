"""Whoever reads standard output may go at any time (head, less): the program ends, and says nothing of it."""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest

RECORDS = 20_000
SESSION = struct.pack("!IIHH", 65001, 12654, 0, 1) + b"\xc0\0\2\1" + b"\xc0\0\2\xfe"
STATE = struct.pack("!IHHI", 1419264900, 16, 5, len(SESSION) + 4) + SESSION + struct.pack("!HH", 6, 1)


@pytest.mark.parametrize("how", [(), ("--format", "ndjson"), ("--format", "parquet")])
def test_a_reader_that_has_gone_ends_it_quietly(tmp_path: Path, how: tuple[str, ...]) -> None:
    (tmp_path / "updates.20141222.1615").write_bytes(STATE * RECORDS)
    command = [sys.executable, "-m", "nightside", "elements", "updates.20141222.1615", *how]
    ran = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert ran.stdout is not None
    assert ran.stderr is not None
    assert ran.stdout.read(4)
    ran.stdout.close()
    with ran.stderr:
        assert ran.stderr.read() == b""
    assert ran.wait(60) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("how", [(), ("--summary",), ("--format", "ndjson")])
def test_a_disk_that_is_full_is_told_in_two_lines(tmp_path: Path, how: tuple[str, ...]) -> None:
    (tmp_path / "updates.20141222.1615").write_bytes(STATE)
    command = [sys.executable, "-m", "nightside", "elements", "updates.20141222.1615", *how]
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (ran.returncode, ran.stderr.decode().splitlines()) == (
        1,
        ["nightside: cannot write: No space left on device", "Make room, then run it again."],
    )


def test_a_far_end_that_has_gone_is_no_reason_to_die(monkeypatch: pytest.MonkeyPatch) -> None:
    from nightside.cli.main import main

    monkeypatch.setattr(sys, "argv", ["nightside", "--version"])
    with pytest.raises(SystemExit):
        main()
    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN
