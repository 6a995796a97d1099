"""The benchmark measures what it says: its made-up table is a table, and the verb ends with figures."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def run(*words: str) -> str:
    """Standard output of `python -m ...` at the root of the project."""
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_the_same_size_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        run("bench.generate", "--entries", "500", *(str(tmp_path / folder / n) for n in ("t.gz", "t.bz2")))
    for name in ("t.gz", "t.bz2"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_bgpdump_reads_every_entry_of_the_table(tmp_path: Path) -> None:
    if not shutil.which("bgpdump"):
        pytest.skip("bgpdump is not installed")
    table = tmp_path / "table.bz2"
    run("bench.generate", "--entries", "5000", str(table))
    dumped = subprocess.run(["bgpdump", "-m", str(table)], check=True, capture_output=True, text=True).stdout
    rows = [line.split("|") for line in dumped.splitlines()]
    assert len(rows) == 5000
    assert {row[0] for row in rows} == {"TABLE_DUMP2"}
    assert len({(row[3], row[5]) for row in rows}) == 5000, "a peer has one route to a prefix"
    assert len({row[3] for row in rows}) == 40
    assert {":" in row[5] for row in rows} == {True, False}


def test_the_verb_ends_with_figures() -> None:
    said = run("bench", "--entries", "2000", "--rounds", "1")
    for table in ("table.gz: 2,000 entries", "table.bz2: 2,000 entries"):
        assert table in said
    assert said.count("nightside elements --summary") == 2
    assert said.count("decompression alone") == 2


def test_the_benchmark_of_streams_reads_all_that_is_sent() -> None:
    out = run("bench.streams", "--messages", "3000", "--elements", "6000")
    for way in ("frames alone", "WebSocket", "WebSocket, compressed", "BMP, bytes alone", "BMP, TCP"):
        assert way in out
    assert "targets: 50,000 messages, 300,000 elements" in out


def test_the_benchmark_of_upstreams_finds_the_same_with_and_without() -> None:
    """It ends with an error where the incidents differ, or where "without" follows upstreams all the same."""
    said = run("bench.tracking", "--rounds", "1", "--prefixes", "3000", "--hours", "2", "--rate", "6")
    for source in ("made-up churn", "december-2014"):
        assert f"{source}: " in said
    assert said.count("without upstreams") == 2
    assert " 0 incidents" not in said
    assert "goal: at most 20 %" in said
