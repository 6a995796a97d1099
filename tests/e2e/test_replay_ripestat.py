"""`nightside replay ripestat:CC`: by what BGPlay tells, an outage is found as by the files that it was made from."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ripestat_server import RipestatServer, ripestat_server

import nightside as library
from nightside.model.instants import parse

Json = dict[str, Any]
Replay = Callable[..., Any]
KP = [
    "175.45.176.0/22",
    "175.45.176.0/23",
    "175.45.178.0/23",
    *(f"175.45.{n}.0/24" for n in (176, 177, 178, 179)),
]
"""Every prefix up to /24 in North Korea's one allocation."""
BEGIN, END = "2014-12-22T08:00:00", "2014-12-23T18:00:00"
STRETCH = ("--from", BEGIN, "--to", END)
REAL = ("--from", "2017-07-20T21:15:45", "--to", "2017-07-22T21:15:45")


@pytest.fixture(scope="module")
def told(december: Path) -> Json:
    """The demo's archive as BGPlay would tell it: the tables of the beginning, then updates, of four prefixes."""
    begin, end = (datetime.fromisoformat(at).replace(tzinfo=UTC) for at in (BEGIN, END))
    day = {f"updates.{(begin + timedelta(minutes=5 * n)):%Y%m%d.%H%M}.gz" for n in range(34 * 12)}
    files = [f for f in december.rglob("updates*.gz") if f.name in day]
    tables = sorted(december.rglob(f"bview.{begin:%Y%m%d.%H%M}.gz"))
    assert len(tables) == 3

    def rows(of: list[Path]) -> list[Json]:
        found = library.batches(of).read_all().to_pylist()
        return [
            row for row in found if row["prefix"] in KP and row["kind"] in ("announce", "withdraw", "route")
        ]

    def attrs(row: Json) -> Json:
        path = (
            {} if row["path"] is None or row["kind"] == "withdraw" else {"path": row["path"], "community": []}
        )
        source = f"{row['collector'].removeprefix('rrc')}-{row['peer_address']}"
        return {"source_id": source, "target_prefix": row["prefix"], **path}

    state, updates = rows(tables), sorted(rows(sorted(files)), key=lambda row: row["time"])
    sources = {
        attrs(row)["source_id"]: {
            "as_number": row["peer_asn"],
            "rrc": row["collector"].removeprefix("rrc"),
            "id": attrs(row)["source_id"],
            "ip": row["peer_address"],
        }
        for row in (*state, *updates)
    }
    return {
        "resource": ",".join(KP),
        "query_starttime": BEGIN,
        "query_endtime": END,
        "sources": list(sources.values()),
        "targets": [{"prefix": prefix} for prefix in sorted({row["prefix"] for row in state})],
        "nodes": [],
        "initial_state": [attrs(row) for row in state],
        "events": [
            {
                "timestamp": f"{row['time']:%Y-%m-%dT%H:%M:%S}",
                "type": "A" if row["kind"] == "announce" else "W",
                "attrs": attrs(row),
            }
            for row in updates
            if row["time"] < end
        ],
    }


@pytest.fixture
def server(told: Json, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RipestatServer]:
    with ripestat_server(lambda _asked: told, monkeypatch, tmp_path) as ripestat:
        yield ripestat


@pytest.fixture
def replay(quick: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Replay:
    """`nightside replay WORD... --json` with a new store for each call."""
    monkeypatch.chdir(tmp_path)
    runs = iter(range(100))
    return lambda *words: quick(
        "replay", *words, "--json", "--store", tmp_path / f"store{next(runs)}", store=False
    )


@pytest.fixture
def real(shared_data: Path) -> Json:
    """A real answer, of one prefix in Austria."""
    found: Json = json.loads((shared_data / "feeds/ripestat/bgPlay.json").read_bytes())
    return found


def warnings(ran: Any) -> list[str]:
    return [line for line in ran.messages if line.startswith("nightside: warning: ")]


def episodes(incidents: list[Json], severity: str) -> list[tuple[str, str]]:
    return [
        (episode["onset"], episode["end"])
        for incident in incidents
        for episode in incident["episodes"]
        if episode["severity"] == severity
    ]


def test_the_documented_outages_are_found_to_the_second(
    replay: Replay, server: RipestatServer, december: Path
) -> None:
    ran = replay("ripestat:KP", *STRETCH)
    assert ran.code == 0, ran.err
    assert [i["entity"]["code"] for i in ran.incidents] == ["KP"]
    # What Dyn published: 16:15 to 01:46, and 15:41 to 16:12 on the next day.
    total = [(onset[:16], end[:16]) for onset, end in episodes(ran.incidents, "total")]
    assert ("2014-12-22T16:15", "2014-12-23T01:46") in total
    assert ("2014-12-23T15:41", "2014-12-23T16:12") in total
    # The files themselves say the same; they know of a peer's reset, which may move a crossing by some seconds.
    files = episodes(replay(december, *STRETCH, "--country", "KP").incidents, "total")
    found = episodes(ran.incidents, "total")
    assert len(found) == len(files)
    for (onset, end), (also_onset, also_end) in zip(found, files, strict=True):
        assert abs(parse(onset) - parse(also_onset)) <= 5
        assert abs(parse(end) - parse(also_end)) <= 5
    assert [n["prefix"] for n in ran.incidents[0]["networks"]] == KP[3:]
    assert ran.incidents[0]["upstreams"][0]["asn"] == 4837
    assert [line["name"] for line in ran.incidents[0]["provenance"]["inputs"]] == [
        f"rrc0{n}/bgplay.20141222.080000-20141223.180000" for n in (0, 1, 3)
    ]


def test_it_is_told_in_the_reader_s_zone(quick: Replay, server: RipestatServer) -> None:
    ran = quick("replay", "ripestat:KP", *STRETCH, "--tz", "America/New_York")
    assert (
        "were gone from 11:15 to 20:46 UTC-05:00 on 22 December 2014 (01:15 to 10:46 on the 23rd" in ran.out
    )
    assert "ONSET (America/New_York)" in ran.out
    assert "2014-12-22 11:15:" in ran.out


def test_it_asks_for_the_country_s_own_prefixes_politely(replay: Replay, server: RipestatServer) -> None:
    assert replay("ripestat:kp", *STRETCH).code == 0
    assert server.asked == [
        {
            "path": "/data/bgplay/data.json",
            "resource": ",".join(KP),
            "starttime": BEGIN,
            "endtime": END,
            "sourceapp": "nightside",
        }
    ]


def test_what_cannot_be_seen_there_is_said_once_and_in_each_incident(
    replay: Replay, server: RipestatServer, tmp_path: Path
) -> None:
    ran = replay("ripestat:KP", *STRETCH)
    (said,) = [w for w in warnings(ran) if "BGPlay" in w]
    note = ran.incidents[0]["provenance"]["note"]
    for words in (said, note):
        assert "session resets cannot be seen there" in words
        assert "who is full feed is not known" in words
    assert ran.incidents[0]["provenance"]["reconstruction"] is False
    # What was fetched can be replayed again without asking, and says the same of itself.
    (folder,) = tmp_path.glob("cache/ripestat@*/KP.*")
    asked = len(server.asked)
    again = replay(folder, *STRETCH)
    assert again.incidents == ran.incidents
    assert len(server.asked) == asked


def test_the_same_answer_twice_is_the_same_incident_once(
    quick: Replay, server: RipestatServer, tmp_path: Path
) -> None:
    first, second = (quick("replay", "ripestat:KP", *STRETCH, "--json") for _ in range(2))
    assert first.incidents == second.incidents
    assert {i["revision"] for i in second.incidents} == {1}


def test_a_real_answer(quick: Replay, real: Json, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two quiet days of a university's network: no outage, seen by every source that is listed."""
    with ripestat_server(lambda _asked: real, monkeypatch, tmp_path):
        ran = quick("replay", "ripestat:KP", "--asn", 1205, *REAL)
    assert ran.code == 0, ran.err
    assert ran.out == "No outage and no instability.\n"
    sources = real["sources"]
    (seen,) = [line for line in ran.messages if "as seen by" in line]
    peers, collectors = len({s["as_number"] for s in sources}), len({s["rrc"] for s in sources})
    assert f"as seen by {peers} peer ASes at {collectors} collectors" in seen
    assert "2017-07-20T21:15:45Z to 2017-07-22T21:15:45Z" in seen


def test_a_loss_in_a_real_answer(
    replay: Replay, real: Json, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The same days with the network withdrawn by all for two hours: a second apart each minute's half."""
    lost = copy.deepcopy(real)
    for number, route in enumerate(real["initial_state"]):
        gone = {"source_id": route["source_id"], "target_prefix": route["target_prefix"]}
        down, up = f"2017-07-21T12:00:{number % 60:02}", f"2017-07-21T14:00:{number % 60:02}"
        lost["events"].append({"timestamp": down, "type": "W", "attrs": gone})
        lost["events"].append({"timestamp": up, "type": "A", "attrs": route})
    lost["events"].sort(key=lambda event: event["timestamp"])
    with ripestat_server(lambda _asked: lost, monkeypatch, tmp_path):
        ran = replay("ripestat:KP", "--asn", 1205, *REAL)
    (incident,) = ran.incidents
    # It is gone once more than half of the peer ASes have lost it, and back once half of them have it again.
    assert incident["severity"] == "total"
    assert "2017-07-21T12:00:20Z" < incident["onset"] < "2017-07-21T12:00:59Z"
    assert "2017-07-21T14:00:20Z" < incident["end"] < "2017-07-21T14:00:59Z"
    assert incident["share"]["baseline_units"] == 256
    assert incident["view"]["unknown"] == []


def test_a_country_with_too_many_prefixes_is_refused_before_anything_is_asked(
    replay: Replay, server: RipestatServer
) -> None:
    ran = replay("ripestat:DE", *STRETCH)
    assert ran.code == 2
    assert "Germany has" in ran.err
    assert "nightside replay rrc00" in ran.err
    assert len(ran.messages) <= 2
    assert server.asked == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ripestat:KP",), "from when on"),
        (("ripestat:QQ", *STRETCH), "no country has the code"),
        (("ripestat:", *STRETCH), "no country has the code"),
        (("ripestat:KP", "rrc00", *STRETCH), "cannot be replayed together"),
        (("ripestat:KP", "--from", END, "--to", BEGIN), "is not before"),
    ],
)
def test_wrong_usage(replay: Replay, server: RipestatServer, words: tuple[str, ...], said: str) -> None:
    ran = replay(*words)
    assert ran.code == 2
    assert said in ran.err
    assert server.asked == []


def test_answers_that_are_none(
    replay: Replay, server: RipestatServer, told: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> str:
        ran = replay("ripestat:KP", *STRETCH)
        assert ran.code == 3, ran.err
        assert len([line for line in ran.messages if "asking RIPEstat" not in line]) <= 2
        return str(ran.err)

    server.instead = b"<html>"
    assert "not JSON" in refused()
    server.instead = b'{"status": "ok", "data": {}}'
    assert "not an answer of BGPlay" in refused()
    server.instead = None
    server.status = "maintenance"
    assert "under maintenance" in refused()
    server.status = "ok"
    server.faults = [400]
    assert "refuses: 400" in refused()
    empty = {**told, "initial_state": [], "events": [], "sources": []}
    monkeypatch.setattr(server, "answer", lambda _asked: empty)
    assert "RIPEstat knows of no route to North Korea" in refused()
    monkeypatch.setattr(server, "answer", lambda _asked: {**told, "query_endtime": BEGIN})
    assert "ends before it begins" in refused()


def test_a_server_that_stumbles_is_asked_again(replay: Replay, server: RipestatServer) -> None:
    server.faults = [503]
    assert replay("ripestat:KP", *STRETCH).code == 0
    assert len(server.asked) == 2


def test_a_bad_row_costs_that_row(
    replay: Replay, server: RipestatServer, told: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = copy.deepcopy(told)
    bad["events"].append({"timestamp": "soon", "type": "A", "attrs": bad["initial_state"][0]})
    bad["initial_state"].append({"source_id": "99-192.0.2.1", "path": [1], "target_prefix": KP[3]})
    clean = replay("ripestat:KP", *STRETCH)
    monkeypatch.setattr(server, "answer", lambda _asked: bad)
    ran = replay("ripestat:KP", *STRETCH)
    assert ran.incidents == clean.incidents
    (said,) = [w for w in warnings(ran) if "could not be used" in w]
    assert "2 rows" in said
    assert "a source that is not listed" in said


def test_an_answer_that_ends_early_is_told(
    replay: Replay, server: RipestatServer, told: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = "2014-12-23T12:00:00"
    short = {**told, "query_endtime": until}
    short["events"] = [e for e in told["events"] if e["timestamp"] < until]
    monkeypatch.setattr(server, "answer", lambda _asked: short)
    ran = replay("ripestat:KP", *STRETCH)
    assert any("nothing after 2014-12-23T12:00:00Z" in w for w in warnings(ran))
    onsets = [onset for onset, _end in episodes(ran.incidents, "total")]
    assert any(onset.startswith("2014-12-22T16:15") for onset in onsets)
    assert max(onsets) < f"{until}Z"
