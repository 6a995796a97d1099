"""Where registry and origin AS name different countries: all countries, against a slow recount from the raw lines."""

from __future__ import annotations

import bisect
import gzip
import json
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from bench.mapping import map_all

from nightside.scenes.routes import read_routes
from nightside.world.comparison import compare_countries
from nightside.world.snapshot import Snapshot, read
from nightside.world.units import asn_country

NO_COUNTRY = ("", "EU", "AP", "ZZ", "AN")
"""Of the codes in these files; AN was the Netherlands Antilles', which ended in 2010."""
Rows = dict[str, tuple[int, int, int]]
"""By country: its prefixes, of these with an origin AS of another country, with one of none."""


class Registries:
    """The delegation files as Python objects; where two claim something, the one of the later day is right."""

    def __init__(self, folder: Path) -> None:
        files = []
        for path in folder.glob("delegated-*.gz"):
            rows = [
                line.split("|") for line in gzip.decompress(path.read_bytes()).decode("latin-1").splitlines()
            ]
            head = next(row for row in rows if row[0] and row[0][0].isdigit())
            files.append((head[5], rows))
        blocks: list[tuple[str, int, int, str]] = []
        ases: dict[int, tuple[str, str]] = {}
        for day, rows in sorted(files, key=lambda file: file[0]):
            for row in rows:
                if len(row) < 7 or row[6] not in ("allocated", "assigned"):
                    continue
                code = "" if row[1] in NO_COUNTRY else row[1]
                if row[2] == "ipv4":
                    first = int(IPv4Address(row[3]))
                    blocks.append((day, first, first + int(row[4]), code))
                elif row[2] == "asn":
                    for asn in range(int(row[3]), int(row[3]) + int(row[4])):
                        before = ases.get(asn)
                        clash = before is not None and before[0] == day and before[1] != code
                        ases[asn] = (day, "" if clash else code)
        self.country_of_as = {asn: code for asn, (_day, code) in ases.items()}
        self.cuts = sorted({cut for _day, begin, end, _code in blocks for cut in (begin, end)})
        place = {cut: i for i, cut in enumerate(self.cuts)}
        claim: list[tuple[str, str] | None] = [None] * len(self.cuts)
        for day, begin, end, code in blocks:
            for i in range(place[begin], place[end]):
                before = claim[i]
                clash = before is not None and before[0] == day and before[1] != code
                claim[i] = (day, "" if clash else code)
        self.codes = ["" if one is None else one[1] for one in claim]

    def country(self, begin: int, end: int) -> str:
        """Whose most of the addresses from `begin` to before `end` are."""
        size: dict[str, int] = defaultdict(int)
        at = max(bisect.bisect_right(self.cuts, begin) - 1, 0)
        told = 0
        while at < len(self.cuts) - 1 and self.cuts[at] < end:
            inside = min(self.cuts[at + 1], end) - max(self.cuts[at], begin)
            if inside > 0:
                size[self.codes[at]] += inside
                told += inside
            at += 1
        size[""] += end - begin - told
        return max(size, key=lambda code: size[code])

    def recount(self, routes: Iterable[tuple[str, int]]) -> Rows:
        """`routes` are prefixes and their origin ASes."""
        found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for prefix, origin in routes:
            address, length = prefix.split("/")
            # What is longer than a unit goes with its unit.
            size = 1 << (32 - min(int(length), 24))
            begin = int(IPv4Address(address)) // size * size
            code = self.country(begin, begin + size)
            if code:
                of_origin = self.country_of_as.get(origin, "")
                found[code][0] += 1
                found[code][1] += of_origin not in ("", code)
                found[code][2] += of_origin == ""
        return {code: (a, b, c) for code, (a, b, c) in found.items()}


@pytest.fixture(scope="module")
def registries(shared_data: Path) -> Registries:
    return Registries(shared_data / "registry")


@pytest.fixture
def world(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: Any) -> Path:
    """A folder with the snapshot of the same files, which the program uses."""
    monkeypatch.setenv("NIGHTSIDE_WORLD", str(tmp_path / "world"))
    done = quick("world", "import", *sorted((shared_data / "registry").glob("delegated-*.gz")), store=False)
    assert done.code == 0, done.err
    return tmp_path / "world"


def snapshot_in(folder: Path) -> Snapshot:
    (path,) = folder.glob("registry-*.npz")
    with path.open("rb") as file:
        return read(file)


@pytest.mark.shared_data
def test_the_table_of_may_2014(registries: Registries, world: Path, shared_data: Path) -> None:
    path = shared_data / "routes" / "ipasn_20140513.dat.gz"
    snapshot, table = snapshot_in(world), read_routes(path)
    own, origin = map_all(snapshot, table.hi, table.length), asn_country(snapshot, table.origin)
    rows = compare_countries(own, (origin > 0) & (origin != own), origin > 0)
    found = {snapshot.codes[r.index]: (r.networks, r.origin_elsewhere, r.origin_unknown) for r in rows}
    lines = [
        line.split() for line in gzip.decompress(path.read_bytes()).decode().splitlines() if line[0] != ";"
    ]
    assert found == registries.recount((prefix, int(asn)) for prefix, asn in lines)


@pytest.mark.shared_data
@pytest.mark.usefixtures("world")
def test_one_peer_s_transfer_of_2015(registries: Registries, shared_data: Path, quick: Any) -> None:
    """`networks --json`, against what bgpdump prints of the same file."""
    if not shutil.which("bgpdump"):
        pytest.skip("bgpdump is not installed")
    file = shared_data / "mrt" / "updates.et-header.2015.gz"
    told = json.loads(quick("networks", "KP", file, "--json", store=False).out)
    found = {
        row["code"]: (row["networks"], row["origin_elsewhere"], row["origin_unknown"])
        for row in told["countries"]
    }
    printed = subprocess.run(["bgpdump", "-m", str(file)], check=True, capture_output=True, text=True).stdout
    held: dict[str, int] = {}
    for row in (line.split("|") for line in printed.splitlines()):
        if row[2] == "W":
            held.pop(row[5], None)
        elif row[2] == "A" and ":" not in row[5] and 8 <= int(row[5].split("/")[1]) <= 24:
            # Two routes have no path: they begin at the peer.
            held[row[5]] = int(row[6].split()[-1].strip("{}").split(",")[0]) if row[6] else int(row[4])
    assert found == registries.recount(held.items())
    assert sum(networks for networks, _elsewhere, _unknown in found.values()) > 500_000
