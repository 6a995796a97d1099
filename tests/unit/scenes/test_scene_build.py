"""Whole archives: the layout, the bytes, and what bgpdump finds in them."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from three_days import three_days, three_days_script

from nightside.model.errors import UsageError
from nightside.model.instants import parse
from nightside.scenes.build import Built, build, file_count, write_archive
from nightside.scenes.scene import MissingFile, Scene
from nightside.scenes.script import parse_scene

GAP = {
    "kind": "missing_file", "collector": "rrc01", "at": "2014-12-22T01:20Z",
    "assumed": True, "reason": "a test",
}  # fmt: skip
RESET = {
    "kind": "reset", "collector": "rrc00", "sessions": ["192.0.2.11", "2001:db8::11"], "transfer_s": 20,
    "from": "2014-12-22T02:50Z", "to": "2014-12-22T02:55Z", "assumed": True, "reason": "a test",
}  # fmt: skip


def scene_of(script: dict[str, Any]) -> Scene:
    return parse_scene(script, name="small", where="small.json")


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def bgpdump(files: list[Path], work: Path) -> list[str]:
    """What bgpdump makes of these files, read as one (MRT records just follow each other)."""
    if shutil.which("bgpdump") is None:
        pytest.skip("bgpdump is not installed")
    joined = work / "joined.mrt"
    joined.write_bytes(b"".join(gzip.decompress(f.read_bytes()) for f in files))
    done = subprocess.run(["bgpdump", "-m", str(joined)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_layout_is_that_of_ris(script: dict[str, Any], tmp_path: Path) -> None:
    script["happenings"].append(GAP)
    steps: list[int] = []
    built = write_archive(scene_of(script), tmp_path / "out", progress=steps.append)
    names = set(digests(tmp_path / "out"))
    # 72 update files and 3 tables for each of two collectors, but one; and the mark.
    assert len(names) == 2 * (72 + 3) - 1 + 1
    assert built.files == file_count(built.scene) == sum(steps) == len(names) - 1
    assert "rrc00/2014.12/updates.20141222.0120.gz" in names
    assert "rrc01/2014.12/updates.20141222.0120.gz" not in names
    assert "rrc01/2014.12/bview.20141222.0400.gz" in names
    mark = json.loads((tmp_path / "out" / "nightside.json").read_text())
    assert mark == {"reconstruction": True, "note": "Made up for a test."}


def test_quiet_files_are_there_and_empty(script: dict[str, Any], tmp_path: Path) -> None:
    script["happenings"] = script["happenings"][:1]
    write_archive(scene_of(script), tmp_path)
    quiet = tmp_path / "rrc00/2014.12/updates.20141222.0000.gz"
    assert gzip.decompress(quiet.read_bytes()) == b""
    loud = tmp_path / "rrc00/2014.12/updates.20141222.0215.gz"
    assert gzip.decompress(loud.read_bytes())


def test_the_same_scene_gives_the_same_bytes(script: dict[str, Any], tmp_path: Path) -> None:
    script["happenings"] += [GAP, RESET]
    write_archive(scene_of(script), tmp_path / "one")
    write_archive(scene_of(script), tmp_path / "two")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_a_folder_that_holds_something_is_refused(script: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="not empty"):
        write_archive(scene_of(script), tmp_path)
    assert digests(tmp_path).keys() == {"mine.txt"}


def test_each_file_holds_its_own_five_minutes(script: dict[str, Any], tmp_path: Path) -> None:
    script["happenings"].append(RESET)
    write_archive(scene_of(script), tmp_path)
    files = sorted(tmp_path.glob("rrc00/2014.12/updates.*.gz"))
    for begin, file in zip(range(parse("2014-12-22"), parse("2014-12-22T06:00Z"), 300), files, strict=True):
        content = gzip.decompress(file.read_bytes())
        at, seconds = 0, []
        while at < len(content):
            seconds.append(int.from_bytes(content[at : at + 4], "big"))
            at += 12 + int.from_bytes(content[at + 8 : at + 12], "big")
        assert all(begin <= second < begin + 300 for second in seconds)
        assert seconds == sorted(seconds)


def test_a_reset_is_told_as_states_transfer_and_end_of_rib(script: dict[str, Any], tmp_path: Path) -> None:
    script["happenings"] = [script["happenings"][0], RESET]
    built = write_archive(scene_of(script), tmp_path / "out")
    assert built.written.ends_of_rib == 2
    files = sorted((tmp_path / "out/rrc00/2014.12").glob("updates.*.gz"))
    lines = [line.split("|") for line in bgpdump(files, tmp_path) if "|192.0.2.11|" in line]
    states = [(f[5], f[6]) for f in lines if f[2] == "STATE"]
    assert states == [("6", "1"), ("1", "2"), ("2", "4"), ("4", "5"), ("5", "6")]
    down, up = parse("2014-12-22T02:50Z"), parse("2014-12-22T02:55Z")
    assert [f for f in lines if down + 3 < int(f[1]) < up] == []
    # The transfer brings ZZ's three IPv4 networks; KP's four are down then (02:15 to 03:46) and do not come.
    transfer = sorted(f[5] for f in lines if f[2] == "A" and up <= int(f[1]) <= up + 30)
    assert transfer == ["10.0.0.0/20", "10.0.4.0/24", "10.1.0.0/22"]


@pytest.fixture(scope="module")
def december(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """December 2014 without its missing files, so that all that was told stands in a file."""
    scene = three_days()
    whole = tuple(h for h in scene.happenings if not isinstance(h, MissingFile))
    return write_archive(replace(scene, happenings=whole), tmp_path_factory.mktemp("december"))


@pytest.fixture(scope="module")
def december_updates(december: Built, tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """The fields of every update line of December, as bgpdump prints them, in the order of time."""
    work = tmp_path_factory.mktemp("dump")
    lines = []
    for collector in december.scene.collectors:
        files = sorted((december.folder / collector.name).rglob("updates.*.gz"))
        lines += [line.split("|") for line in bgpdump(files, work)]
    return sorted(lines, key=lambda fields: int(fields[1]))


def test_bgpdump_finds_in_december_what_was_written(
    december: Built, december_updates: list[list[str]], tmp_path: Path
) -> None:
    kinds = Counter(fields[2] for fields in december_updates)
    wrote = december.written
    assert kinds == {"A": wrote.announced, "W": wrote.withdrawn, "STATE": wrote.states}
    entries = 0
    for collector in december.scene.collectors:
        files = sorted((december.folder / collector.name).rglob("bview.*.gz"))
        for file in files:
            lines = bgpdump([file], tmp_path)
            assert all(line.split("|")[2] == "B" for line in lines)
            entries += len(lines)
    assert entries == wrote.table_entries


def test_in_bgpdumps_lines_the_majority_turns_at_the_documented_instants(
    december: Built, december_updates: list[list[str]]
) -> None:
    # Counted anew from the text: one vote for each full-feed AS; dark is fewer than half for every network.
    full = {s.address: s.asn for _, s in december.scene.sessions if s.full and s.family == 4}
    kp = {n.prefix for n in december.scene.networks if n.country == "KP"}
    ases = len(set(full.values()))
    has = {(address, prefix) for address in full for prefix in kp}
    dark: list[tuple[int, int]] = []
    since = 0
    for i, fields in enumerate(december_updates):
        if fields[2] not in "AW" or fields[3] not in full or fields[5] not in kp:
            continue
        (has.add if fields[2] == "A" else has.discard)((fields[3], fields[5]))
        second = int(fields[1])
        if i + 1 < len(december_updates) and int(december_updates[i + 1][1]) == second:
            continue
        votes = Counter(prefix for _, prefix in {(full[address], prefix) for address, prefix in has})
        visible = any(2 * n >= ases for n in votes.values())
        if since and visible:
            dark.append((since, second))
        since = 0 if visible else since or second
    long = [(a, b) for a, b in dark if b - a >= 30 * 60]
    expected = [(e.onset, e.end) for e in december.expected]
    assert len(long) == len(expected) == 2
    for (onset, end), (a, b) in zip(expected, long, strict=True):
        assert abs(onset - a) <= 30
        assert abs(end - b) <= 30


def test_all_ways_to_north_korea_lead_through_china_unicom(december_updates: list[list[str]]) -> None:
    paths = {f[6] for f in december_updates if f[2] == "A" and f[5].startswith("175.45.17")}
    assert len(paths) > 50
    for path in paths:
        asns = path.split()
        assert [asn for asn in asns if asn != "131279"][-1] == "4837"
        assert asns[-1] == "131279"


def test_december_as_it_is_shipped(tmp_path: Path) -> None:
    built = build(three_days_script(tmp_path / "script"), tmp_path / "archive")
    # 864 update files and 9 tables for each of three collectors, without two missing ones.
    assert built.files == 3 * (864 + 9) - 2
    assert {e.country for e in built.expected} == {"KP"}
