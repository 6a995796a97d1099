"""Lines for a reader who is slow, asleep or gone: nothing waits for it, and nothing ends with it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nightside.engine.live.lines import Lines

PIPE_BYTES = 4096


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe that takes one page."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    yield reading, writing
    for end in (reading, writing):
        try:
            os.close(end)
        except OSError:
            # The test has closed it.
            continue


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def all_of(reading: int, writing: int) -> bytes:
    os.close(writing)
    with os.fdopen(os.dup(reading), "rb") as file:
        return file.read()


def test_lines_come_in_order_and_the_last_at_the_end(pipe: tuple[int, int]) -> None:
    warnings: list[str] = []
    lines = Lines(pipe[1], warnings.append)
    for number in range(100):
        lines.put(b"%d" % number)
    lines.close()
    assert all_of(*pipe).split() == [b"%d" % number for number in range(100)]
    assert warnings == []


@pytest.mark.parametrize("waits", [True, False], ids=["blocking", "not blocking"])
def test_a_reader_that_sleeps_costs_lines_and_no_time(pipe: tuple[int, int], waits: bool) -> None:
    os.set_blocking(pipe[1], waits)
    warnings: list[str] = []
    lines = Lines(pipe[1], warnings.append, most_waiting=10)
    line = b"x" * 999
    begun = time.monotonic()
    for _ in range(200):
        lines.put(line)
    assert time.monotonic() - begun < 1
    assert len(warnings) == 1
    assert "dropped" in warnings[0]
    begun = time.monotonic()
    lines.close(within_s=0.2)
    assert time.monotonic() - begun < 1
    # What was begun is whole, for a reader that wakes up later.
    os.set_blocking(pipe[0], True)
    got = b""
    while got.count(b"\n") < 10:
        got += os.read(pipe[0], 65536)
    assert set(got.split()) == {line}


def test_a_reader_that_went_away_is_said_once(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    warnings: list[str] = []
    lines = Lines(pipe[1], warnings.append)
    for _ in range(50):
        lines.put(b"x")
    lines.close()
    assert warnings == ["lines cannot be written, and are dropped: Broken pipe"]


def test_a_disk_that_is_full_for_a_while_costs_whole_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes five bytes more of the second line, nothing of the third, then all."""
    warnings: list[str] = []
    path = tmp_path / "lines"
    takes, refused = [5], []
    real = os.write

    def write(descriptor: int, what: bytes) -> int:
        if descriptor != file.fileno() or not takes:
            return real(descriptor, what)
        if takes[0] == 0:
            refused.append(what)
            raise OSError(28, "No space left on device")
        count = real(descriptor, what[: takes[0]])
        takes[0] -= count
        return count

    with path.open("wb") as file:
        lines = Lines(file.fileno(), warnings.append)
        lines.put(b"first")
        wait_for(lambda: path.read_bytes() == b"first\n")
        monkeypatch.setattr(os, "write", write)
        lines.put(b"the second")
        lines.put(b"the third")
        # For the rest of the second, and for it again before the third.
        wait_for(lambda: len(refused) == 2)
        assert path.read_bytes() == b"first\nthe s"
        takes.clear()
        lines.put(b"the fourth")
        lines.close()
    assert path.read_bytes() == b"first\nthe second\nthe fourth\n"
    assert warnings == [
        "lines cannot be written, and are dropped: No space left on device",
        "lines are written again",
    ]


def test_a_program_ends_though_nobody_reads_its_lines() -> None:
    program = """
import sys
from nightside.engine.live.lines import Lines
lines = Lines(sys.stdout.fileno(), lambda text: print(text, file=sys.stderr))
for _ in range(5000):
    lines.put(b"x" * 1000)
lines.close(0.2)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.wait(20) == 0
    assert process.stdout is not None
    assert process.stderr is not None
    said = process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    assert len(said.splitlines()) == 2
    assert "Traceback" not in said
