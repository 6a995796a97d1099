"""`--tz`: whatever words and tables tell is in the reader's own zone, each time with its offset; JSON stays UTC.

Expected: the law of each place. Berlin is an hour before UTC in winter and two in summer; Pyongyang was 8:30 then.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from small_archive import KP, PEERS, T0, Archive, usual

from nightside.cli.main import main
from nightside.model.entity import Entity
from nightside.model.incident import Episode, Incident, LocalTime, NetworkLoss, Provenance, View
from nightside.model.instants import parse
from nightside.model.ndjson import dumps
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.store.embedded import EmbeddedStore

ONSET, END = parse("2016-04-06T15:10Z"), parse("2016-04-06T18:00Z")
ID = "KP-20160406T1510Z"
Run = Callable[..., tuple[int, str, str]]
BERLIN = ("--tz", "Europe/Berlin")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with 6 April 2016 in North Korea, with one flip and its messages."""
    episode = Episode("total", ONSET, END, 0.0, 0)
    incident = Incident(
        entity=Entity("country", "KP", "North Korea"),
        status="closed",
        closed_as=None,
        severity="total",
        headline=episode,
        began=ONSET,
        ended=END,
        baseline_units=4,
        lowest_units=0,
        lowest=0.0,
        episodes=[episode],
        instability=[],
        networks=[NetworkLoss(prefix, [131279], ONSET, END) for prefix in KP],
        operators=[],
        upstreams=[],
        view=View(20, 19, [(ONSET - 600, ONSET - 300, "no file of rrc00")]),
        local_time=LocalTime("Asia/Pyongyang", "2016-04-06T23:40:00+08:30", "2016-04-07T02:30:00+08:30"),
        provenance=Provenance([("rrc00/updates.gz", "0" * 64)], None, "0.1.0", False, None),
        settings=Settings().to_json(),
    )
    flip = {
        "time": pa.array([ONSET], pa.int64()).cast(pa.timestamp("s", "UTC")),
        "collector": ["rrc00"],
        "peer_address": ["192.0.2.1"],
        "peer_asn": pa.array([3356], pa.uint32()),
        "prefix": [KP[0]],
        "kind": ["lost"],
        "source": ["update"],
        "origin": pa.array([131279], pa.uint32()),
        "path": ["3356 4837 131279"],
        "file": ["rrc00/updates.gz"],
        "offset": pa.array([0], pa.int64()),
    }
    message = {
        "key": "one",
        "kind": "opened",
        "at": "2016-04-06T15:10:00Z",
        "severity": "total",
        "onset": "2016-04-06T15:10:00Z",
        "end": None,
    }
    with EmbeddedStore(tmp_path / "store") as store:
        series = IncidentSeries(ONSET - 3600, END, [ONSET - 3600, ONSET], [4, 0], [4, 4], [], [])
        stored = store.put_incident(incident, series)
        store.put_messages(stored["id"], [message])
        peers = dumps([["rrc00", "192.0.2.1", 3356]])
        store.put_flips(stored["id"], pa.table(flip, metadata={"peers": peers}))
    return tmp_path / "store"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command line; exit code, standard output, standard error."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nightside", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return int(end.value.code or 0), printed.out, printed.err

    return call


def cells(line: str) -> list[str]:
    return re.split(r" {2,}", line)


def test_a_table_names_the_zone_and_each_cell_its_offset(run: Run, folder: Path) -> None:
    code, out, _err = run("incidents", "--store", folder, *BERLIN)
    header, row = map(cells, out.splitlines())
    assert code == 0
    assert header[3:5] == ["ONSET (Europe/Berlin)", "END (Europe/Berlin)"]
    assert row[3:5] == ["2016-04-06 17:10:00 +02:00", "2016-04-06 20:00:00 +02:00"]
    _code, out, _err = run("incidents", "--store", folder)
    header, row = map(cells, out.splitlines())
    assert header[3:5] == ["ONSET (UTC)", "END (UTC)"]
    assert row[3:5] == ["2016-04-06 15:10:00", "2016-04-06 18:00:00"]


def test_every_time_of_the_story_has_its_zone(run: Run, folder: Path) -> None:
    code, out, _err = run("show", ID, "--store", folder, *BERLIN)
    story, posts = out.split("What would have been posted")
    assert code == 0
    # In Pyongyang it is another day at the end, so each instant stands by itself.
    assert "from 17:10 UTC+02:00 on 6 April 2016 (23:40 in Pyongyang, UTC+08:30)" in story
    assert "to 20:00 UTC+02:00 on 6 April 2016 (02:30 on the 7th in Pyongyang, UTC+08:30)" in story
    assert "(Europe/Berlin; in brackets the clocks of Pyongyang)" in story
    assert "gone 6 Apr 17:10:00 UTC+02:00 (6 Apr 23:40:00 +08:30)" in story
    assert "from 17:00 to 17:05 UTC+02:00 on 6 April 2016 (23:30 to 23:35 in Pyongyang, UTC+08:30)" in story
    # Evidence is quoted as it stands in the incident, in UTC, and says so.
    story, evidence = story.split("What speaks for which cause")
    times = list(re.finditer(r"(?<![\d:+])\d\d:\d\d(:\d\d)?", evidence))
    assert times
    for told in times:
        after = evidence[told.end() :]
        assert re.match(r"Z| UTC| by the clocks there \(UTC\+", after), evidence[told.start() - 40 :][:90]
    for told in re.finditer(r"\d\d:\d\d(:\d\d)?", re.sub(r"[+]\d\d:\d\d", "+", story)):
        after = re.sub(r"[+]\d\d:\d\d", "+", story)[told.end() :]
        assert re.match(r" UTC\+| \+\)| in Pyongyang| on the \w+ in Pyongyang| to \d\d:\d\d", after), after[
            :40
        ]
    # When it was sent is told in the reader's zone; what was sent is quoted as it was.
    assert "6 Apr 17:10:00 UTC+02:00" in posts
    assert "15:10 UTC on 6 April 2016" in posts


def test_in_the_place_s_own_zone_a_time_is_told_once(run: Run, folder: Path) -> None:
    _code, out, _err = run("show", ID, "--store", folder, "--tz", "asia/pyongyang")
    story = out.split("What would have been posted")[0]
    assert "from 23:40 UTC+08:30 on 6 April 2016 to 02:30 UTC+08:30 on 7 April 2016" in story
    assert "in Pyongyang" not in story


def test_json_stays_utc(run: Run, folder: Path) -> None:
    for words in (("incidents",), ("show", ID), ("show", ID, "--flips")):
        plain = run(*words, "--json", "--store", folder)
        assert plain[0] == 0
        assert run(*words, "--json", "--store", folder, *BERLIN) == plain


def test_flips(run: Run, folder: Path) -> None:
    _code, out, _err = run("show", ID, "--flips", "--store", folder, *BERLIN)
    header, row = map(cells, out.splitlines())
    assert header[0] == "TIME (Europe/Berlin)"
    assert row[0] == "2016-04-06 17:10:00 +02:00"


@pytest.mark.parametrize(
    "words", [("incidents",), ("show", ID), ("networks", "KP"), ("replay", "x"), ("demo",)]
)
def test_a_zone_that_is_none_is_wrong_usage(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    code, out, err = run(*words, "--tz", "Berlin")
    assert (code, out) == (2, "")
    assert "Did you mean Europe/Berlin?" in err


def archive(folder: Path) -> Path:
    """A table of North Korea's four networks."""
    made = Archive(folder)
    made.table(T0, {prefix: {peer: usual(asn) for peer, asn in PEERS.items()} for prefix in KP})
    return folder


THERE_TOO = r"at 2014-12-22T01:00:(\d\d)\+01:00 \(2014-12-22T09:00:\1\+09:00 in Pyongyang\)$"
"""The reader's clocks, and those of the place: eight hours apart."""


def test_networks(run: Run, tmp_path: Path) -> None:
    code, out, err = run("networks", "KP", archive(tmp_path / "in"), *BERLIN)
    assert code == 0, err
    assert re.search(THERE_TOO, out.splitlines()[0]), out.splitlines()[0]
