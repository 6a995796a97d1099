"""The examples, run on an hour of the demo's archive; answers worked out from bgpdump's lines by other code."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dumped_tables import Dumped, lines, nominal, visible
from small_archive import KP, T0, Archive, full_table

import nightside

pytestmark = pytest.mark.skipif(not shutil.which("bgpdump"), reason="bgpdump is not installed")
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
BEGIN, END = datetime(2014, 12, 22, 16, tzinfo=UTC), datetime(2014, 12, 22, 17, tzinfo=UTC)
LOST = datetime(2014, 12, 22, 16, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def hour(december: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16:00 to 17:00 of the 22nd: a table of each collector, and its updates; North Korea is lost at 16:15."""
    folder = tmp_path_factory.mktemp("hour")
    for path in sorted([*december.rglob("bview.*"), *december.rglob("updates.*")]):
        if BEGIN <= nominal(path) < END:
            link = folder / path.relative_to(december)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run an example as its own program; what it printed."""

    def ran(name: str, *words: object) -> str:
        monkeypatch.setattr(sys, "argv", [name, *map(str, words)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return ran


def test_an_example_is_short_and_each_is_tried_here() -> None:
    names = {path.name for path in EXAMPLES.glob("*.py")}
    assert names == {"bgplay.py", "hegemony.py", "origins.py", "table.py", "units.py"}
    assert all(len((EXAMPLES / name).read_text().splitlines()) < 50 for name in names)


def test_a_table_at_an_instant(hour: Path, run: Any, tmp_path: Path) -> None:
    at = "2014-12-22T16:15:20Z"
    told = run("table.py", hour, at).splitlines()
    dumped = Dumped(hour)
    dumped.until(int(datetime.fromisoformat(at).timestamp()))
    expected = {
        "|".join((*map(str, session), prefix, path))
        for session, held in dumped.held.items()
        for prefix, path in held.items()
    }
    assert len(told) == len(set(told)) > 1000
    assert set(told) == expected
    run("table.py", hour, at, tmp_path / "table.parquet")
    assert pq.read_table(tmp_path / "table.parquet").num_rows == len(told)


@pytest.mark.parametrize("origin", [None, 131279])
def test_hegemony(hour: Path, run: Any, origin: int | None) -> None:
    told = run("hegemony.py", hour, "2014-12-22T16:10Z", *([] if origin is None else [origin]))
    dumped = Dumped(hour)
    dumped.until(int(datetime(2014, 12, 22, 16, 10, tzinfo=UTC).timestamp()))
    whole: Counter[int] = Counter()
    part: Counter[tuple[int, int]] = Counter()
    for session in dumped.full_feeds(dumped.sizes()):
        for prefix, path in dumped.held[session].items():
            ases = [int(asn) for asn in path.replace("{", "").replace("}", "").replace(",", " ").split()]
            if ":" not in prefix and origin in (None, ases[-1]):
                addresses = 2 ** (32 - int(prefix.split("/")[1]))
                whole[session[2]] += addresses
                part.update(dict.fromkeys(((asn, session[2]) for asn in ases), addresses))
    drop = len(whole) // 10
    assert drop >= 2
    scores = {}
    for asn in {asn for asn, _peer in part}:
        shares = sorted(Fraction(part[asn, peer], whole[peer]) for peer in whole)
        middle = shares[drop : len(shares) - drop]
        scores[asn] = sum(middle) / len(middle)
    best = sorted(scores.items(), key=lambda row: (-row[1], row[0]))[:20]
    assert told.splitlines() == [f"AS{asn:<10} {float(score):.3f}" for asn, score in best]
    if origin:
        assert told.splitlines()[1].split() == ["AS131279", "1.000"]


def test_bgplay_of_a_prefix(hour: Path, run: Any) -> None:
    begin, end = LOST - timedelta(minutes=1), LOST + timedelta(minutes=20)
    told = json.loads(run("bgplay.py", hour, KP[0], begin.isoformat(), end.isoformat()))
    dumped = Dumped(hour)
    dumped.until(int(begin.timestamp()) - 1)
    state = {
        (" ".join((session[0], session[1], f"AS{session[2]}")), held[KP[0]])
        for session, held in dumped.held.items()
        if KP[0] in held
    }
    assert {(row["peer"], " ".join(map(str, row["path"]))) for row in told["begin"]} == state
    assert len(told["begin"]) == len(state) > 20
    said = sorted(
        (float(fields[1]), fields[2], f"{collector.name} {fields[3]} AS{fields[4]}")
        for collector in hour.iterdir()
        for file in collector.rglob("updates.*")
        for fields in lines(file)
        if fields[2] in "AW" and fields[5] == KP[0]
        if begin.timestamp() <= int(fields[1]) < end.timestamp()
    )
    assert sorted((e["time"], e["type"], e["peer"]) for e in told["events"]) == said
    assert sum(kind == "W" for _time, kind, _peer in said) > 20


def test_bgplay_knows_not_all_of_who_is_sending_a_table(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("known", "a"), ("transfer", "b"), ("unknown", "c")]
    peers = [
        {"collector": "rrc00", "peer_address": who, "peer_asn": 1, "family": 4, "standing": standing}
        for standing, who in rows
    ]
    table = SimpleNamespace(routes=pa.table({}), peers=pa.Table.from_pylist(peers))
    monkeypatch.setattr(nightside, "rib", lambda *_words, **_more: table)
    monkeypatch.setattr(nightside, "elements", lambda *_words, **_more: iter(()))
    told = json.loads(run("bgplay.py", "archive", KP[0], BEGIN.isoformat(), END.isoformat()))
    assert told["unknown"] == ["rrc00 b AS1", "rrc00 c AS1"]


def test_units_of_an_as(hour: Path, run: Any) -> None:
    told = [line.split() for line in run("units.py", hour, 131279).splitlines()]
    dumped = Dumped(hour)
    voters = dumped.full_feeds(dumped.sizes())
    expected = []
    for minutes in range(5, 61, 5):
        at = BEGIN + timedelta(minutes=minutes)
        dumped.until(int(at.timestamp()) - 1)
        known = {session[2] for session in voters if dumped.up[session]}
        enough = 2 * len(known) >= len({session[2] for session in voters})
        count = sum(visible(dumped, prefix, voters) for prefix in KP)
        expected.append([f"{at:%Y-%m-%dT%H:%MZ}", str(count) if enough else "unknown"])
    assert told == expected
    # The first are lost seconds before 16:15.
    assert [count for _at, count in told[:2]] == ["4", "4"]
    assert told[3][1] == "0"


def test_origin_changes(tmp_path: Path, run: Any) -> None:
    archive = Archive(tmp_path)
    archive.table(T0, full_table())
    archive.announce(T0 + 10, "192.0.2.1", KP[0], path=(100, 4837, 131279))
    archive.announce(T0 + 20, "192.0.2.1", KP[0], path=(100, 3356, 64500))
    archive.withdraw(T0 + 30, "192.0.2.1", KP[0])
    archive.announce(T0 + 40, "192.0.2.1", KP[0], path=(100, 4837, 131279))
    archive.announce(T0 + 50, "192.0.2.2", "8.8.8.0/24", path=(200, 64501))
    archive.finish(T0 + 300)
    changes = [
        f"2014-12-22T00:00:20Z {KP[0]} AS131279 -> AS64500 by AS100 (192.0.2.1 at rrc00)",
        f"2014-12-22T00:00:40Z {KP[0]} AS64500 -> AS131279 by AS100 (192.0.2.1 at rrc00)",
        "2014-12-22T00:00:50Z 8.8.8.0/24 AS131279 -> AS64501 by AS200 (192.0.2.2 at rrc00)",
    ]
    assert run("origins.py", tmp_path).splitlines() == changes
    assert run("origins.py", tmp_path, "175.45.176.0/22").splitlines() == changes[:2]


def test_origin_changes_of_the_demo(hour: Path, run: Any) -> None:
    found = []
    for collector in sorted(hour.iterdir()):
        last: dict[tuple[str, ...], str] = {}
        for file in sorted(collector.rglob("*.gz"), key=lambda p: (nominal(p), p.name[0] != "b")):
            for fields in lines(file):
                if fields[2] in "AB":
                    origin = fields[6].split()[-1]
                    before = last.setdefault(tuple(fields[3:6]), origin)
                    last[tuple(fields[3:6])] = origin
                    if before != origin:
                        found.append([fields[5], f"AS{before}", "->", f"AS{origin}"])
    assert [line.split()[1:5] for line in run("origins.py", hour).splitlines()] == found
