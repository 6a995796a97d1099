"""The benchmarks measure what they say: made-up inputs are right, and answers are held against others'."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench import answers, tell
from bench.__main__ import measured
from bench.contenders import iterate, map_of, peers_of, shares
from bench.inputs import SIZES, Input, archive
from bench.racing import Contender, Row, judge, race
from bench.targets import ratio

ROOT = Path(__file__).resolve().parent.parent.parent
ENTRIES = 3_000


def run(*words: str) -> str:
    """Standard output of `python -m ...` at the root of the project."""
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small made-up table; beside it the same once more, and once as bzip2."""
    folder = tmp_path_factory.mktemp("bench")
    run(
        "bench.generate",
        "--entries",
        str(ENTRIES),
        *(str(folder / name) for name in ("t.gz", "again.gz", "t.bz2")),
    )
    return folder / "t.gz"


def test_the_same_size_gives_the_same_bytes(table: Path) -> None:
    assert table.read_bytes() == table.with_name("again.gz").read_bytes()


def test_bgpdump_reads_every_entry_of_the_table(table: Path) -> None:
    for name in ("t.gz", "t.bz2"):
        command = ["bgpdump", "-m", str(table.with_name(name))]
        dumped = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        rows = [line.split("|") for line in dumped.splitlines()]
        assert len(rows) == ENTRIES
        assert {row[0] for row in rows} == {"TABLE_DUMP2"}
        assert len({(row[3], row[5]) for row in rows}) == ENTRIES, "a peer has one route to a prefix"
        assert len({row[3] for row in rows}) == 40
        assert {":" in row[5] for row in rows} == {True, False}


def test_a_table_has_as_many_peers_as_it_is_told(tmp_path: Path) -> None:
    run("bench.generate", "--entries", "1200", "--peers", "60", str(tmp_path / "t"))
    command = ["bgpdump", "-m", str(tmp_path / "t")]
    dumped = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert len({line.split("|")[3] for line in dumped.splitlines()}) == 60


def test_ours_bgpdump_and_pybgpkit_answer_alike(table: Path, tmp_path: Path) -> None:
    """Each task on a table, with the programs that are measured; mrtparse and others where they are installed."""
    of = Input(table, "a table", ENTRIES)
    wanted = {
        "iterate": ["nightside elements --summary", "nightside elements", "bgpdump -m", "pybgpkit-parser"],
        "peers": ["nightside, columns", "bgpdump -m, piped to Python", "pybgpkit-parser"],
    }
    for task, who in (("iterate", iterate(of)), ("peers", peers_of(of))):
        part = measured(task, of, [one for one in who if one.name in wanted[task]], 1, tmp_path)
        assert part["oracle"] == next(name for name in wanted[task] if name.startswith("bgpdump"))
        assert [(row["name"], row["status"]) for row in part["rows"]] == [(n, "ok") for n in wanted[task]]
        assert all(row["user_s"] for row in part["rows"])
        if task == "iterate":
            assert {row["answer"]["announced"] for row in part["rows"]} == {ENTRIES}
        else:
            # 28 peers have each IPv4 prefix, 12 each IPv6 one; beside the prefixes stand the origins.
            ipv6 = ENTRIES * 12 // 96
            assert part["rows"][0]["answer"]["rows"] > -(-(ENTRIES - ipv6) // 28) + -(-ipv6 // 12)


def test_shares_are_those_of_bgpdump_and_pybgpkit_with_dicts(tmp_path: Path) -> None:
    of = archive(tmp_path, SIZES["tiny"])
    map_of(of.path, tmp_path / "countries.bin")
    who = [one for one in shares(of, tmp_path / "countries.bin") if not one.missing]
    part = measured("shares", of, who, 1, tmp_path)
    assert part["oracle"] == "bgpdump -m, piped to Python"
    assert [row["status"] for row in part["rows"]] == ["ok", "ok", "ok"]
    # At least one country, at every five minutes of four hours.
    assert part["rows"][0]["answer"]["rows"] % 49 == 0
    assert part["rows"][0]["answer"]["rows"]


def test_who_answers_otherwise_shows_no_speed(tmp_path: Path) -> None:
    def says(what: str) -> str:
        return f"echo '{json.dumps({'announced': what})}'"

    who = [
        Contender("right", says("1"), answers.counts),
        Contender("wrong", says("2"), answers.counts),
        Contender("broken", "exit 3", answers.counts),
        Contender("lacking", "", None, "not installed"),
    ]
    part = measured("iterate", Input(tmp_path, "nothing", 1), who, 2, tmp_path, {"announced": "1"})
    assert [row["status"] for row in part["rows"]] == ["ok", "other answer", "failed", "not installed"]
    said = tell.plain("iterate", part)
    assert "wrong                             other answer" in said


def test_an_answer_that_shares_nothing_with_the_oracle_is_none() -> None:
    rows = [Row("odd", answer={"rows": 3})]
    judge(rows, {"announced": 3})
    assert rows[0].status == "other answer"


def test_programs_take_turns_and_who_is_slow_runs_seldom(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def notes(name: str) -> str:
        return f"echo {name} >> {log}; echo '{{}}'"

    who = [Contender(n, notes(n), answers.counts, rounds=most) for n, most in (("a", 9), ("b", 9), ("c", 1))]
    rows = race(who, 2, tmp_path / "out")
    assert log.read_text().split() == ["a", "b", "c", "b", "a"]
    assert [sorted(row.user_s) for row in rows] == [[0, 1], [0, 1], [0]]


def test_ratios_are_within_rounds() -> None:
    ran = {"status": "ok", "name": "a", "user_s": {"0": 2.0, "1": 30.0, "2": 4.0}}
    other = {"status": "ok", "name": "b", "user_s": {"0": 1.0, "1": 10.0, "2": 1.0}}
    assert ratio({"rows": [ran, other]}, "a", "b") == 3
    assert ratio({"rows": [ran, other | {"status": "other answer"}]}, "a", "b") is None


def test_the_docs_say_what_the_quoted_results_say() -> None:
    run("bench.tell", "--check")


def test_the_benchmark_of_streams_reads_all_that_is_sent() -> None:
    out = run("bench.streams", "--messages", "1000", "--elements", "3000")
    for way in ("frames alone", "WebSocket", "WebSocket, compressed", "BMP, bytes alone", "BMP, TCP"):
        assert way in out
    assert "targets: 50,000 messages, 300,000 elements" in out


def test_the_benchmark_of_upstreams_finds_the_same_with_and_without(tmp_path: Path) -> None:
    """It ends with an error where the incidents differ, or where "without" follows upstreams all the same."""
    shape = ("--prefixes", "1500", "--hours", "2", "--rate", "3")
    run("bench.churned", str(tmp_path / "churn"), *shape)
    said = run("bench.tracking", "--rounds", "1", "--seconds", "0", str(tmp_path / "churn"))
    assert "churn: " in said
    assert said.count("without upstreams") == 1
    assert ": 0 incidents" not in said
    assert ", 0 incidents" not in said
    assert "goal: at most 20 %" in said
