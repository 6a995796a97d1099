"""The flips of the demo: against the scene that it is made of, against its bytes, and against bgpdump."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import subprocess
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from mrt_record import record_at
from three_days import three_days

from nightside.model.instants import parse
from nightside.scenes.scene import MissingFile, Reset, Scene
from nightside.scenes.timeline import timeline

ID = "KP-20141221T0310Z"
Flip = dict[str, Any]


@pytest.fixture(scope="module")
def incident(nightside: Any, demo: Any) -> dict[str, Any]:
    assert demo.ran.code == 0, demo.ran.err
    return dict(json.loads(nightside("show", ID, "--json", "--store", demo.store).out))


@pytest.fixture(scope="module")
def flips(nightside: Any, demo: Any) -> list[Flip]:
    assert demo.ran.code == 0, demo.ran.err
    ran = nightside("show", ID, "--flips", "--json", "--store", demo.store)
    assert (ran.code, ran.err) == (0, "")
    return [json.loads(line) for line in ran.out.splitlines()]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return three_days()


def known_truth(scene: Scene) -> dict[tuple[str, str, int, str, str], str]:
    """(collector, peer address, second, prefix, kind) to the path, as the scene was laid out.

    North Korea has one upstream in it, so a way is there or not: there is no re-routing.
    """
    found = {}
    laid_out = timeline(scene)
    for (collector, session), table, changes in zip(
        scene.sessions, laid_out.tables, laid_out.changes, strict=True
    ):
        held = dict(table)
        for at, number, path in changes:
            before = held.pop(number, None)
            if path is not None:
                held[number] = path
            if scene.networks[number].country == "KP" and (before is None) != (path is None):
                kind, of = ("lost", before) if path is None else ("gained", path)
                where = collector.name, session.address, at, scene.networks[number].prefix, kind
                found[where] = " ".join(map(str, of or ()))
    return found


def unseen(scene: Scene) -> dict[str, list[tuple[int, int]]]:
    """By collector the stretches in which a file is missing, or sessions are down or send their tables."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for happening in scene.happenings:
        if isinstance(happening, MissingFile):
            found[happening.collector].append((happening.begin, happening.begin + scene.update_every_s))
        elif isinstance(happening, Reset):
            found[happening.collector].append((happening.begin, happening.end + 600))
    return found


def test_who_lost_what_and_when_is_what_the_scene_says(
    scene: Scene, flips: list[Flip], incident: dict[str, Any]
) -> None:
    begin, end = parse(incident["began"]) - 300, parse(incident["ended"]) + 300
    blind = unseen(scene)

    def is_seen(collector: str, at: int) -> bool:
        return begin <= at <= end and not any(a <= at < b for a, b in blind[collector])

    told = {
        (f["collector"], f["peer_address"], parse(f["time"]), f["prefix"], f["kind"]): f["path"]
        for f in flips
        if is_seen(f["collector"], parse(f["time"]))
    }
    true = {key: path for key, path in known_truth(scene).items() if is_seen(key[0], key[2])}
    assert len(true) > 10_000
    assert told.keys() == true.keys()
    # After the one file that is missing early on, a path is not known until it is told again.
    unknown = {key for key, path in told.items() if path is None}
    assert len(unknown) < 40
    assert {key[0] for key in unknown} <= {"rrc01", "rrc03"}
    assert {key[4] for key in unknown} == {"lost"}
    assert {k: p for k, p in told.items() if p is not None} == {
        k: p for k, p in true.items() if k not in unknown
    }


def test_each_record_says_what_its_flip_says(december: Path, flips: list[Flip]) -> None:
    content: dict[str, bytes] = {}
    assert len(flips) > 10_000
    for flip in flips:
        if flip["offset"] is None:
            continue
        name = flip["file"]
        if name not in content:
            content[name] = gzip.decompress((december / name).read_bytes())
        record = record_at(content[name], flip["offset"])
        if flip["source"] == "table":
            assert flip["prefix"] in record.announced
            continue
        assert (record.peer_address, record.peer_asn) == (flip["peer_address"], flip["peer_asn"])
        assert record.time == parse(flip["time"])
        if flip["kind"] == "lost":
            assert flip["prefix"] in record.withdrawn
        else:
            assert flip["prefix"] in record.announced
            assert flip["path"] == record.path
            assert flip["path"].endswith(f" {flip['origin']}")


def test_the_path_lost_is_the_last_that_the_bytes_tell(december: Path, flips: list[Flip]) -> None:
    """For one session of each collector: read all of its archive by hand and keep the last path told."""
    picked = {"rrc00": "192.0.2.14", "rrc01": "198.51.100.12", "rrc03": "203.0.113.13"}
    lost = [f for f in flips if f["kind"] == "lost" and picked[f["collector"]] == f["peer_address"]]
    assert len({f["collector"] for f in lost}) == 3
    wanted = {(f["file"], f["offset"], f["prefix"]): f["path"] for f in lost}
    checked = 0
    for collector, address in picked.items():
        held: dict[str, str] = {}
        for i, path in enumerate(sorted((december / collector).rglob("*.gz"), key=in_time)):
            name = path.relative_to(december).as_posix()
            content = gzip.decompress(path.read_bytes())
            at = 0
            while at < len(content):
                size = 12 + int.from_bytes(content[at + 8 : at + 12], "big")
                kind, subtype = (int.from_bytes(content[at + i : at + i + 2], "big") for i in (4, 6))
                if kind == 13 and i == 0:
                    held |= table_paths(content, at, subtype, address)
                elif kind == 16 and subtype == 4:
                    record = record_at(content, at)
                    if record.peer_address == address:
                        for prefix in record.withdrawn:
                            key = (name, at, prefix)
                            if key in wanted and wanted[key] is not None:
                                assert wanted[key] == held[prefix], key
                                checked += 1
                        held |= dict.fromkeys(record.announced, record.path or "")
                at += size
    assert checked > 300


_INDEX: dict[str, int] = {}


def table_paths(content: bytes, at: int, subtype: int, address: str) -> dict[str, str]:
    """North Korea's networks in one record of a table, by one peer."""
    if subtype != 2:
        if subtype == 1:
            _INDEX.clear()
            _INDEX.update(peer_numbers(content[at + 12 :]))
        return {}
    record = record_at(content, at)
    path = record.entries.get(_INDEX[address])
    return {record.announced[0]: path} if path is not None else {}


def peer_numbers(body: bytes) -> dict[str, int]:
    """Addresses of a PEER_INDEX_TABLE (RFC 6396, 4.3.1) to their numbers."""
    import ipaddress

    name = int.from_bytes(body[4:6], "big")
    count = int.from_bytes(body[6 + name : 8 + name], "big")
    at, found = 8 + name, {}
    for number in range(count):
        size = 16 if body[at] & 1 else 4
        found[str(ipaddress.ip_address(body[at + 5 : at + 5 + size]))] = number
        at += 5 + size + (4 if body[at] & 2 else 2)
    return found


def in_time(path: Path) -> tuple[str, bool]:
    """Time in the name; a table before the updates of its minute."""
    kind, day, minute, _gz = path.name.split(".")
    return day + minute, kind != "bview"


def test_bgpdump_says_the_same_of_the_record(december: Path, flips: list[Flip], tmp_path: Path) -> None:
    program = shutil.which("bgpdump")
    if program is None:
        pytest.skip("bgpdump is not installed (Debian: apt-get install bgpdump)")
    with_record = [f for f in flips if f["offset"] is not None and f["source"] == "update"]
    for flip in random.Random(4).sample(with_record, 60):
        content = gzip.decompress((december / flip["file"]).read_bytes())[flip["offset"] :]
        carved = tmp_path / "one.mrt"
        carved.write_bytes(content[: 12 + int.from_bytes(content[8:12], "big")])
        lines = subprocess.run(
            [program, "-m", str(carved)], capture_output=True, check=True, text=True
        ).stdout.splitlines()
        fields = [line.split("|") for line in lines]
        (mine,) = [f for f in fields if f[5] == flip["prefix"]]
        assert int(mine[1]) == parse(flip["time"])
        assert mine[2] == ("W" if flip["kind"] == "lost" else "A")
        assert (mine[3], mine[4]) == (flip["peer_address"], str(flip["peer_asn"]))
        if flip["kind"] != "lost":
            assert mine[6] == flip["path"]


def test_elements_gives_the_same_offset(nightside: Any, december: Path, flips: list[Flip]) -> None:
    name = Counter(f["file"] for f in flips if f["file"]).most_common(1)[0][0]
    ran = nightside("elements", december / name, "--format", "ndjson")
    said = Counter()
    for element in map(json.loads, ran.out.splitlines()):
        said[element["offset"], element["peer_address"], element["prefix"], element["kind"]] += 1
    mine = [f for f in flips if f["file"] == name]
    assert len(mine) > 40
    for f in mine:
        kind = "withdraw" if f["kind"] == "lost" else "announce"
        assert said[f["offset"], f["peer_address"], f["prefix"], kind] == 1


def test_files_are_named_as_the_inputs_are(flips: list[Flip], incident: dict[str, Any]) -> None:
    inputs = {each["name"] for each in incident["provenance"]["inputs"]}
    assert {f["file"] for f in flips} - {None} <= inputs


def test_one_peer_is_a_part_of_all(nightside: Any, demo: Any, flips: list[Flip]) -> None:
    ran = nightside("show", ID, "--flips", "--peer", "AS2914", "--json", "--store", demo.store)
    mine = [json.loads(line) for line in ran.out.splitlines()]
    # AS2914 peers at two collectors, over IPv4.
    assert {f["peer_address"] for f in mine} == {"192.0.2.14", "203.0.113.16"}
    assert mine == [f for f in flips if f["peer_asn"] == 2914]


def test_the_same_archive_again_gives_the_same_flips(
    nightside: Any, december: Path, flips: list[Flip], tmp_path: Path
) -> None:
    # From a folder of another name, and into a new store.
    ran = nightside("replay", december, "--store", tmp_path / "s", "--json")
    assert ran.code == 0
    again = nightside("show", ID, "--flips", "--json", "--store", tmp_path / "s")
    assert [json.loads(line) for line in again.out.splitlines()] == flips
