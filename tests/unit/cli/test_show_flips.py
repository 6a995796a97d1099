"""`nightside show ID --flips`: lines, JSON, a peer, and what is wrong."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest

from nightside.cli import flips as flips_command
from nightside.cli.main import main
from nightside.model.entity import Entity
from nightside.model.errors import UsageError
from nightside.model.flips import parse_peer
from nightside.model.incident import Incident, Provenance, View
from nightside.model.ndjson import dumps
from nightside.model.series import IncidentSeries
from nightside.store.embedded import EmbeddedStore

T = 1_419_264_900
"""2014-12-22T16:15:00Z."""
ID = "KP-20141222T1615Z"
Run = Callable[..., tuple[int, str, str]]

ROWS: list[dict[str, Any]] = [
    {"peer_address": "192.0.2.1", "peer_asn": 3356, "kind": "lost", "path": "3356 4837 131279", "offset": 0},
    {"peer_address": "2001:db8::1", "peer_asn": 1299, "kind": "lost", "path": None, "offset": None},
    {"peer_address": "192.0.2.1", "peer_asn": 3356, "kind": "gained", "path": "3356 {1,2}", "offset": 2**33},
]
SESSIONS = [["rrc00", "192.0.2.1", 3356], ["rrc00", "2001:db8::1", 1299], ["rrc00", "192.0.2.3", 174]]


def table(rows: list[dict[str, Any]]) -> pa.Table:
    n = len(rows)
    names = [None if row["offset"] is None else "rrc00/updates.gz" for row in rows]
    columns = {
        "time": pa.array([T + i for i in range(n)], pa.int64()).cast(pa.timestamp("s", "UTC")),
        "collector": pa.array(["rrc00"] * n, pa.string()),
        "peer_address": pa.array([row["peer_address"] for row in rows], pa.string()),
        "peer_asn": pa.array([row["peer_asn"] for row in rows], pa.uint32()),
        "prefix": pa.array(["175.45.176.0/24"] * n, pa.string()),
        "kind": pa.array([row["kind"] for row in rows], pa.string()),
        "source": pa.array(["update"] * n, pa.string()),
        "origin": pa.array([131279] * n, pa.uint32()),
        "path": pa.array([row["path"] for row in rows], pa.string()),
        "file": pa.array(names, pa.string()),
        "offset": pa.array([row["offset"] for row in rows], pa.int64()),
    }
    return pa.table(columns, metadata={"peers": dumps(SESSIONS)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store of one incident, without flips."""
    incident = Incident(
        entity=Entity("country", "KP", "North Korea"),
        status="restored",
        closed_as=None,
        severity="instability",
        headline=None,
        began=T,
        ended=T + 60,
        baseline_units=4,
        lowest_units=4,
        lowest=1.0,
        episodes=[],
        instability=[],
        networks=[],
        operators=[],
        upstreams=[],
        view=View(None, None),
        local_time=None,
        provenance=Provenance([], None, "0.1.0", False, None),
        settings={},
    )
    with EmbeddedStore(tmp_path / "store") as store:
        store.put_incident(incident, IncidentSeries(T, T + 60, [T], [4], [4]))
    return tmp_path / "store"


@pytest.fixture
def filled(folder: Path) -> Path:
    with EmbeddedStore(folder) as store:
        store.put_flips(ID, table(ROWS))
    return folder


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `nightside show`; exit code, standard output, standard error."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nightside", "show", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return call


def test_lines_have_aligned_columns_and_say_all(show: Run, filled: Path) -> None:
    code, out, err = show(ID, "--flips", "--store", filled)
    assert (code, err) == (0, "")
    header, *lines = out.splitlines()
    assert re.split("  +", header) == [
        "TIME (UTC)",
        "COLLECTOR",
        "PEER",
        "AS",
        "PREFIX",
        "WHAT",
        "BY",
        "FILE:OFFSET",
        "PATH",
    ]
    assert [line.split("  ")[0] for line in lines] == [f"2014-12-22 16:15:0{i}" for i in range(3)]
    at = header.index("PATH")
    assert [line[at:] for line in lines] == ["3356 4837 131279", "-", "3356 {1,2}"]
    assert "rrc00/updates.gz:0 " in lines[0]
    assert re.fullmatch(r".* lost +update +- +-", lines[1])
    assert f"rrc00/updates.gz:{2**33}" in lines[2]
    assert "\033" not in out


def test_a_terminal_gets_colours_and_the_same_words(
    show: Run, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _code, plain, _err = show(ID, "--flips", "--store", filled)
    monkeypatch.setattr(flips_command, "on_terminal", lambda: True)
    _code, seen, _err = show(ID, "--flips", "--store", filled)
    assert "\033[31mlost" in seen
    assert re.sub(r"\033\[\d+m", "", seen).splitlines()[1:] == plain.splitlines()[1:]


def test_json_is_one_flip_a_line(show: Run, filled: Path) -> None:
    code, out, _err = show(ID, "--flips", "--json", "--store", filled)
    assert code == 0
    schema = json.loads((files("nightside.model") / "schemas" / "flip-1.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    said = [json.loads(line) for line in out.splitlines()]
    for flip in said:
        jsonschema.validate(flip, schema)
    assert said[0] == {
        "schema": "nightside.flip/1",
        "incident": ID,
        "time": "2014-12-22T16:15:00Z",
        "collector": "rrc00",
        "prefix": "175.45.176.0/24",
        "source": "update",
        "origin": 131279,
        "file": "rrc00/updates.gz",
        **ROWS[0],
    }
    assert [flip["path"] for flip in said] == [row["path"] for row in ROWS]
    assert [flip["offset"] for flip in said] == [0, None, 2**33]


@pytest.mark.parametrize(
    ("peer", "lines"),
    [("AS3356", [0, 2]), ("3356", [0, 2]), ("as1299", [1]), ("192.0.2.1", [0, 2]), ("2001:DB8:0::1", [1])],
)
def test_one_peer(show: Run, filled: Path, peer: str, lines: list[int]) -> None:
    _code, out, _err = show(ID, "--flips", "--peer", peer, "--json", "--store", filled)
    assert [json.loads(line)["time"][-3:-1] for line in out.splitlines()] == [f"0{i}" for i in lines]


def test_a_peer_that_flipped_nothing_is_no_error(show: Run, filled: Path) -> None:
    code, out, err = show(ID, "--flips", "--peer", "AS174", "--store", filled)
    assert (code, out) == (0, "")
    assert err == f"nightside: no flips of AS174 from shortly before to shortly after {ID}\n"


@pytest.mark.parametrize("peer", ["AS64999", "198.51.100.1"])
def test_a_peer_that_nobody_heard_is_an_error(show: Run, filled: Path, peer: str) -> None:
    code, out, err = show(ID, "--flips", "--peer", peer, "--store", filled)
    assert (code, out) == (2, "")
    assert f"{peer} is no peer in the input of this incident (3 sessions)" in err
    assert err.count("\n") == 2


@pytest.mark.parametrize(
    "peer", ["", "AS", "ASX", "-1", "4294967296", "AS99999999999", "192.0.2", "fe80::1%eth0", "9" * 5000]
)
def test_what_is_no_peer_is_wrong_usage(show: Run, filled: Path, peer: str) -> None:
    with pytest.raises(UsageError):
        parse_peer(peer)
    code, out, err = show(ID, "--flips", f"--peer={peer}", "--store", filled)
    assert (code, out) == (2, "")
    assert "AS3356" in err


def test_a_peer_without_flips_asked_for_is_wrong_usage(show: Run, filled: Path) -> None:
    code, out, err = show(ID, "--peer", "AS3356", "--store", filled)
    assert (code, out) == (2, "")
    assert "--flips" in err


def test_flips_that_an_older_program_did_not_store(show: Run, folder: Path) -> None:
    code, out, err = show(ID, "--flips", "--store", folder)
    assert (code, out) == (3, "")
    assert f"no flips are stored for {ID}" in err
    assert "replay" in err


def test_an_unknown_incident_is_told_as_always(show: Run, folder: Path) -> None:
    code, _out, err = show("KP-20000101T0000Z", "--flips", "--store", folder)
    assert code == 2
    assert "no incident KP-20000101T0000Z" in err


def test_many_flips_are_never_all_objects_at_once(
    show: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 3 * flips_command.ROWS_AT_ONCE + 1
    with EmbeddedStore(folder) as store:
        store.put_flips(ID, table([ROWS[0]] * count))
    sizes: list[int] = []
    cells = flips_command._parts
    monkeypatch.setattr(
        flips_command, "_parts", lambda found: (sizes.append(len(part)) or part for part in cells(found))
    )
    _code, out, _err = show(ID, "--flips", "--store", folder)
    assert len(out.splitlines()) == count + 1
    assert max(sizes) == flips_command.ROWS_AT_ONCE
