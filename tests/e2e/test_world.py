"""`nightside world`, and what follows from it: the real files of 2013 and 2014, and the table of May 2014."""

from __future__ import annotations

import bisect
import gzip
import ipaddress
import json
import os
import re
import subprocess
import sysconfig
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from archive_server import Fault, archive_server, use_archive
from bench.mapping import ROUNDS, announced, many, map_all, most_mib, tables_of
from delegation_files import write_world

from nightside.engine.country_by import by_basis
from nightside.model.settings import COUNTRY_BY, Settings
from nightside.scenes.routes import read_routes
from nightside.world.comparison import compare_countries
from nightside.world.delegation import REGISTRIES
from nightside.world.names import country_codes
from nightside.world.snapshot import Snapshot, load, read
from nightside.world.snapshots import snapshot_for
from nightside.world.units import asn_country

NIGHTSIDE = str(Path(sysconfig.get_path("scripts")) / "nightside")
SCHEMA = json.loads((files("nightside.model") / "schemas" / "snapshot-1.json").read_text(encoding="utf-8"))

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The program, with a folder of its own for snapshots."""

    def runs(*words: object) -> subprocess.CompletedProcess[str]:
        env = os.environ | {"NIGHTSIDE_WORLD": str(tmp_path / "world"), "NIGHTSIDE_CONFIG": ""}
        env["XDG_CONFIG_HOME"] = str(tmp_path)
        return subprocess.run(
            [NIGHTSIDE, *map(str, words)], capture_output=True, text=True, env=env, timeout=120, check=False
        )

    return runs


@pytest.fixture(scope="module")
def real_world(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the snapshot of the real files."""
    folder = tmp_path_factory.mktemp("world")
    done = subprocess.run(
        [NIGHTSIDE, "world", "import", *sorted((shared_data / "registry").glob("delegated-*.gz"))],
        capture_output=True,
        text=True,
        env=os.environ | {"NIGHTSIDE_WORLD": str(folder)},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def of_2014(real_world: Path) -> Snapshot:
    return snapshot_for(date(2014, 12, 22), real_world)


def shown(run: Run, *words: object) -> list[dict[str, object]]:
    done = run("world", "show", *words, "--json")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    for snapshot in told:
        jsonschema.Draft202012Validator(SCHEMA).validate(snapshot)
    return told


def test_the_shipped_one_holds_for_every_day_until_there_is_another(run: Run, tmp_path: Path) -> None:
    (shipped,) = shown(run, "--country", "KP")
    assert (shipped["used_from"], shipped["used_to"], shipped["file"]) == (None, None, None)
    assert run("world", "import", *write_world(tmp_path / "files")).returncode == 0
    old, shipped = shown(run)
    assert (old["used_from"], old["used_to"]) == (None, "2026-10-26")
    assert (shipped["used_from"], shipped["used_to"]) == (load().date, None)
    assert [s["date"] for s in shown(run, "2014-10-07")] == ["2014-10-08"]
    assert shown(run, "2014-10-07")[0]["later_than_input"] is True
    assert shown(run, "2014-10-08")[0]["later_than_input"] is False
    assert "later_than_input" in run("world", "show", "2014-10-07").stdout
    assert "later_than_input" not in run("world", "show", "2014-10-08").stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["world", "import"], 2),
        (["world", "import", "no/such/file"], 3),
        (["world", "show", "yesterday"], 2),
        (["world", "show", "--country", "ZZ"], 2),
    ],
)
def test_wrong_usage_and_unusable_input_exit_as_they_should(run: Run, words: list[str], code: int) -> None:
    done = run(*words)
    assert done.returncode == code
    assert done.stdout == ""


def test_a_bad_file_is_refused_in_two_lines_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    paths = write_world(tmp_path / "files")
    assert run("world", "import", *paths).returncode == 0
    before = (tmp_path / "world" / "registry-2014-10-08.npz").read_bytes()
    cut = paths[1]
    cut.write_text(cut.read_text().rstrip()[:-3])
    done = run("world", "import", *paths)
    assert done.returncode == 3
    first, advice = done.stderr.splitlines()
    assert f"{cut}: line 7: the status 'alloca' is not known" in first
    assert "Nothing was changed" in advice
    assert (tmp_path / "world" / "registry-2014-10-08.npz").read_bytes() == before


def test_what_overrides_move_is_told_beside_the_registries_word(run: Run, tmp_path: Path) -> None:
    common = {"reason": "a test", "source": "made up"}
    rows = [
        {"prefix": "175.45.177.0/24", "country": "SY", "from": "2014-12-22", "to": None, **common},
        {"prefix": "175.45.178.0/23", "country": None, "from": None, "to": "2015-12-31", **common},
        {"asn": 131279, "country": "SY", "from": "2014-12-23", "to": None, **common},
    ]
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "overrides.json").write_text(json.dumps(rows))

    def told(day: str) -> tuple[object, dict[str, dict[str, object]]]:
        (snapshot,) = shown(run, day, "--country", "KP", "--country", "SY", "--country", "EG")
        countries = snapshot["countries"]
        assert isinstance(countries, list)
        # The registries' own word stays.
        assert countries[0]["units"] == 4
        return snapshot["overrides"], {row["code"]: row["moved"] for row in countries}

    none = {"units_gained": 0, "units_lost": 0, "asns_gained": [], "asns_lost": []}
    holding, moved = told("2014-12-21")
    assert holding == {"rows": 3, "holding": 1}
    assert moved == {"KP": none | {"units_lost": 2}, "SY": none, "EG": none}
    holding, moved = told("2014-12-23")
    assert holding == {"rows": 3, "holding": 3}
    assert moved == {
        "KP": none | {"units_lost": 3, "asns_lost": [131279]},
        "SY": none | {"units_gained": 1, "asns_gained": [131279]},
        "EG": none,
    }
    words = run("world", "show", "2014-12-23", "--country", "KP", "--country", "SY", "--country", "EG").stdout
    assert "overrides.json: 3 of 3 rows hold on that day" in words
    assert "overrides move 3 units, AS131279 away" in words
    assert "overrides move 1 unit, AS131279 to it" in words
    assert words.count("overrides move") == 2
    (every,) = shown(run, "--country", "KP")
    assert every["overrides"] == {"rows": 3, "holding": None}
    assert every["countries"][0]["moved"] is None  # type: ignore[index]
    assert "overrides.json has 3 rows; name a DAY to see which hold" in run("world", "show").stdout
    (tmp_path / "world" / "overrides.json").write_text("[{}]")
    assert run("world", "show", "2014-12-23").returncode == 3


def test_a_replay_names_the_snapshot_of_its_day(run: Run, tmp_path: Path, shared_data: Path) -> None:
    """One peer's table of 23 October 2015; a file that no archive calls so tells its day by its first record."""
    updates = shared_data / "mrt" / "updates.et-header.2015.gz"

    def snapshot() -> str:
        found = json.loads(run("networks", "KP", updates, "--json").stdout)
        assert len(found["networks"]) == 4
        assert [u["asn"] for u in found["upstreams"]] == [4837]
        return str(found["snapshot"])

    assert snapshot() == f"{load().name}, {load().date}, later_than_input"
    run("world", "import", *write_world(tmp_path / "later", "20160101"))
    assert re.fullmatch(
        r"registry-2016-01 \(delegations [0-9a-f]{8}\), 2016-01-01, later_than_input", snapshot()
    )
    run("world", "import", *write_world(tmp_path / "that", "20151023"))
    assert re.fullmatch(r"registry-2015-10 \(delegations [0-9a-f]{8}\), 2015-10-23", snapshot())
    run("world", "import", *write_world(tmp_path / "before", "20151022"))
    assert snapshot().endswith(", 2015-10-23")


def test_an_update_that_is_killed_changes_nothing_and_the_next_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole program against a server of this machine: killed while LACNIC's file stands still."""
    root, world = tmp_path / "server", tmp_path / "world"
    many_rows = [f"BR|asn|{n}|1|19991116|allocated" for n in range(1, 9000)]
    write_world(root, "20141009", lacnic=many_rows)
    size = (root / "delegated-lacnic-extended-latest").stat().st_size
    with archive_server(root) as server:
        use_archive(server, monkeypatch, tmp_path)
        monkeypatch.setenv("NIGHTSIDE_WORLD", str(world))
        for registry in REGISTRIES:
            url = f"{server.url}/delegated-{registry}-extended-latest"
            monkeypatch.setenv(f"NIGHTSIDE_{registry.upper()}_DELEGATED_URL", url)
        old = subprocess.run(
            [NIGHTSIDE, "world", "import", *write_world(tmp_path / "old")], capture_output=True, check=True
        )
        assert b"2014-10-08" in old.stdout
        before = {p.name: p.read_bytes() for p in world.iterdir()}

        server.always["/delegated-lacnic"] = Fault(stall_after=size // 2)
        running = subprocess.Popen([NIGHTSIDE, "world", "update"], stderr=subprocess.DEVNULL)
        part = tmp_path / "cache" / "registries" / "lacnic" / ".delegated-lacnic-extended-latest.part"
        deadline = time.monotonic() + 30
        while not (part.exists() and part.stat().st_size >= size // 2) and time.monotonic() < deadline:
            time.sleep(0.05)
        running.kill()
        running.wait(10)
        assert {p.name: p.read_bytes() for p in world.iterdir()} == before

        server.always.clear()
        server.asked.clear()
        done = subprocess.run(
            [NIGHTSIDE, "world", "update"], capture_output=True, text=True, timeout=60, check=True
        )
        assert done.stdout.startswith("registry-2014-10 (delegations ")
        assert sorted(p.name for p in world.iterdir()) == [
            "registry-2014-10-08.npz",
            "registry-2014-10-09.npz",
        ]
        (came,) = (a.headers.get("Range") for a in server.asked if a.path.endswith("lacnic-extended-latest"))
        assert came == f"bytes={size // 2}-"


@pytest.mark.shared_data
def test_north_korea_syria_and_egypt_in_the_real_files(real_world: Path, shared_data: Path) -> None:
    """Counted here from the files themselves: a /24 for each 256 addresses; no delegation of theirs is smaller."""
    counted: dict[str, dict[str, list[int]]] = {}
    ases: dict[str, set[int]] = {}
    for path in sorted((shared_data / "registry").glob("delegated-*.gz")):
        with gzip.open(path, "rt") as lines:
            for row in (line.strip().split("|") for line in lines):
                if len(row) >= 7 and row[1] in ("KP", "SY", "EG") and row[2] == "ipv4":
                    assert int(row[4]) % 256 == 0
                    entry = counted.setdefault(row[1], {}).setdefault(row[0], [0, 0])
                    entry[0] += 1
                    entry[1] += int(row[4])
                if len(row) >= 7 and row[2] == "asn":
                    ases.setdefault(row[1], set()).update(range(int(row[3]), int(row[3]) + int(row[4])))
    done = subprocess.run(
        [
            NIGHTSIDE,
            "world",
            "show",
            "2014-12-22",
            *["--country", "KP", "--country", "SY", "--country", "EG", "--json"],
        ],
        capture_output=True,
        text=True,
        env=os.environ | {"NIGHTSIDE_WORLD": str(real_world)},
        timeout=60,
        check=True,
    )
    told = json.loads(done.stdout)["countries"]
    for country in told:
        by_registry = counted[country["code"]]
        assert country["units"] == sum(addresses for _n, addresses in by_registry.values()) // 256
        assert country["delegations"] == [
            {"registry": r, "records": n, "addresses": a} for r, (n, a) in sorted(by_registry.items())
        ]
        assert set(country["asns"]) == ases[country["code"]]
    assert told[0]["units"] == 4
    assert told[0]["asns"] == [131279]


@pytest.mark.shared_data
def test_carriers_that_were_set_right_by_hand_are_right_in_the_registries_own_lists(
    of_2014: Snapshot,
) -> None:
    text = (files("nightside.world") / "data" / "as_names.json").read_text(encoding="utf-8")
    reviewed = {int(asn): row["country"] for asn, row in json.loads(text).items() if "country" in row}
    assert reviewed
    assert {asn: of_2014.country_of_asn(asn) for asn in reviewed} == reviewed


@pytest.mark.shared_data
def test_the_map_of_2014_and_the_shipped_one_agree_as_far_as_the_decision_says(of_2014: Snapshot) -> None:
    """Decision 2, which was counted from the files in another way: 93.5 % of /24s, 86 % of 44,663 ASes."""
    held = of_2014.ipv4 > 0
    assert (of_2014.ipv4 == load().ipv4)[held].mean() == pytest.approx(0.935, abs=0.0005)
    _both, ours, theirs = np.intersect1d(of_2014.asn_numbers, load().asn_numbers, return_indices=True)
    assert len(ours) == 44_663
    assert (of_2014.asn_codes[ours] == load().asn_codes[theirs]).mean() == pytest.approx(0.86, abs=0.005)
    assert set(of_2014.codes[1:]) == country_codes()


def best_s(work: Callable[[], object]) -> float:
    """Seconds of the processor in the shortest of some runs: what else runs takes time, but none of these."""
    took = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        took.append(time.process_time() - begin)
    return min(took)


@pytest.mark.shared_data
@pytest.mark.xdist_group("timed")
def test_a_snapshot_loads_and_a_full_table_maps_in_time(
    of_2014: Snapshot, real_world: Path, shared_data: Path, measured: Callable[[str], None]
) -> None:
    """The goals: 50 ms; 1.2 million prefixes in 1 s with 200 MiB."""
    (path,) = real_world.glob("*.npz")

    def loads() -> None:
        with path.open("rb") as file:
            read(file)

    load_s = best_s(loads)
    table = read_routes(shared_data / "routes" / "ipasn_20140513.dat.gz")
    hi, length = many(table, 1_200_000)
    assert len(hi) == 1_200_000
    map_s = best_s(lambda: map_all(of_2014, hi, length))
    held_mib = most_mib(lambda: map_all(of_2014, hi, length))
    measured(f"a snapshot loads in {1e3 * load_s:.0f} ms; 1.2 million prefixes map in {map_s:.2f} s")
    tables = tables_of(table, 1_200_000)
    by_origin_s, by_origin_mib = [], []
    for basis in COUNTRY_BY[1:]:
        work = partial(by_basis, tables, of_2014, Settings(country_by=basis))
        by_origin_s.append(best_s(work))
        by_origin_mib.append(most_mib(work))
    measured(f"by origin AS, from 40 tables of 1.2 million prefixes: {max(by_origin_s):.2f} s")
    # About a second is the goal; 0.6 to 1.0 was measured, beside what else runs.
    assert max(by_origin_s) <= 1.5
    assert max(by_origin_mib) <= 200
    assert load_s <= 0.05
    assert map_s <= 1.0
    assert held_mib <= 200


@pytest.mark.shared_data
def test_where_registry_and_origin_disagree_in_may_2014(of_2014: Snapshot, shared_data: Path) -> None:
    """By country, against a count from the lines of the files alone, address by address."""
    table = read_routes(shared_data / "routes" / "ipasn_20140513.dat.gz")
    own, origin = map_all(of_2014, table.hi, table.length), asn_country(of_2014, table.origin)
    rows = compare_countries(own, (origin > 0) & (origin != own), origin > 0)
    found = {of_2014.codes[row.index]: row for row in rows}
    counted = counted_by_hand(shared_data, ("AG", "EG", "KP", "SY", "TJ"))
    for code, (networks, elsewhere, unknown) in counted.items():
        row = found[code]
        assert (row.networks, row.origin_elsewhere, row.origin_unknown) == (networks, elsewhere, unknown), (
            code
        )
    assert counted["KP"] == (4, 0, 0)
    # docs/world.md
    assert counted["AG"][1] == 187
    assert counted["TJ"][1] == 85
    known = sum(row.networks - row.origin_unknown for row in rows)
    assert known == 501_530
    assert sum(row.origin_elsewhere for row in rows) == pytest.approx(0.045 * known, rel=0.01)


@pytest.mark.shared_data
def test_the_units_of_may_2014_by_registry_by_origin_and_by_both(
    of_2014: Snapshot, shared_data: Path
) -> None:
    """docs/world.md. Counted here /24 by /24 with dictionaries, from the shortest prefix to the longest."""
    table = read_routes(shared_data / "routes" / "ipasn_20140513.dat.gz")
    near = {int(n) for code in ("KP", "SY") for n in np.flatnonzero(of_2014.ipv4 == of_2014.index_of(code))}
    rows = sorted(zip(table.length.tolist(), table.hi.tolist(), table.origin.tolist(), strict=True))
    rows = [row for row in rows if 8 <= row[0] <= 24]
    theirs = {asn for asn in {row[2] for row in rows} if of_2014.country_of_asn(asn) in ("KP", "SY")}
    for length, hi, origin in rows:
        if origin in theirs and length >= 12:
            near.update(range(hi >> 40, (hi >> 40) + (1 << (24 - length))))
    units = sorted(near)
    origin_of: dict[int, int] = {}
    for length, hi, origin in rows:
        first = hi >> 40
        begin, end = (bisect.bisect_left(units, n) for n in (first, first + (1 << (24 - length))))
        origin_of.update(dict.fromkeys(units[begin:end], origin))
    for code, expected in {"KP": (4, 4, 4), "SY": (3_204, 3_308, 3_204)}.items():
        registered = {u for u in origin_of if of_2014.country_of_ipv4(u) == code}
        announced_by = {u for u, origin in origin_of.items() if of_2014.country_of_asn(origin) == code}
        counted = (len(registered), len(announced_by), len(registered & announced_by))
        assert tuple(announced(table, of_2014, code).values()) == counted == expected


def counted_by_hand(shared_data: Path, codes: tuple[str, ...]) -> dict[str, tuple[int, int, int]]:
    """(prefixes most of which are the country's, of these with another's origin AS, with nobody's), by country."""
    held: list[tuple[int, int, str]] = []
    country_of: dict[int, str] = {}
    for path in sorted((shared_data / "registry").glob("delegated-*.gz")):
        for line in gzip.decompress(path.read_bytes()).decode("latin-1").splitlines():
            fields = line.split("|")
            if len(fields) < 7 or fields[6] not in ("allocated", "assigned"):
                continue
            _registry, code, kind, first, count = fields[:5]
            if kind == "asn":
                country_of |= dict.fromkeys(range(int(first), int(first) + int(count)), code)
            elif kind == "ipv4":
                begin = int(ipaddress.IPv4Address(first))
                held.append((begin, begin + int(count), code))
    held.sort()
    starts = [begin for begin, _end, _code in held]
    told = {code: [0, 0, 0] for code in codes}
    lines = gzip.decompress((shared_data / "routes" / "ipasn_20140513.dat.gz").read_bytes()).decode()
    for line in lines.splitlines():
        if line.startswith(";"):
            continue
        prefix, origin = line.split()
        address, length = prefix.split("/")
        begin = int(ipaddress.IPv4Address(address))
        end = begin + (1 << (32 - int(length)))
        size: dict[str, int] = {}
        at = max(0, bisect.bisect_right(starts, begin) - 1)
        while at < len(held) and held[at][0] < end:
            inside = min(held[at][1], end) - max(held[at][0], begin)
            if inside > 0:
                size[held[at][2]] = size.get(held[at][2], 0) + inside
            at += 1
        size[""] = end - begin - sum(size.values())
        code = max(size, key=lambda c: size[c])
        if code in told:
            of_origin = country_of.get(int(origin), "")
            told[code][0] += 1
            told[code][1] += of_origin not in ("", code, "EU", "AP")
            told[code][2] += of_origin in ("", "EU", "AP")
    return {code: (a, b, c) for code, (a, b, c) in told.items()}
