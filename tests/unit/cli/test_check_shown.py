"""`nightside check CC --show`: what stored results say, without a check."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from check_scene import BACK, OUT, checked, routes, seen, within
from check_worlds import T0

from nightside.cli.main import main
from nightside.model.check import Kind, Outcome
from nightside.model.instants import iso

SCHEMAS = Path(__file__).resolve().parents[3] / "src" / "nightside" / "model" / "schemas"


def refused(_target: str, kind: Kind, at: float) -> Outcome:
    return "refused" if within(at) and kind != "icmp" else "ok"


Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["nightside", "check", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return call


@pytest.fixture
def store(tmp_path: Path) -> Path:
    seen(tmp_path, checked(refused), routes())
    return tmp_path


def test_words_tell_each_part_and_the_finding(
    run: Run, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    middle, end = iso(T0 + OUT), iso(T0 + (OUT + BACK) // 2)
    words = ("KP", "--show", "--from", middle, "--to", end, "--store", str(store))
    assert run(*words) == 0
    told = capsys.readouterr().out
    assert told.startswith("North Korea: what answered from ")
    assert "(UTC)" in told.splitlines()[0]
    (finding,) = [line for line in told.splitlines() if "name servers, mail servers and sites" in line]
    assert "routes" in finding
    assert "since 04:00 UTC on 21 December 2014 (13:00 in Pyongyang, UTC+09:00)" in finding
    rows = [line for line in told.splitlines() if " down " in line]
    assert any(line.startswith("sites") for line in rows)
    assert not any(line.startswith("path") for line in rows)
    assert run(*words, "--tz", "Asia/Seoul") == 0
    assert "SINCE (Asia/Seoul)" in capsys.readouterr().out


def test_json_is_the_shape(run: Run, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    since, until = iso(T0), iso(T0 + BACK)
    assert run("KP", "--show", "--from", since, "--to", until, "--store", str(store), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, json.loads((SCHEMAS / "services-1.json").read_text()))
    assert (found["from"], found["to"]) == (since, until)


def test_nobody_checked(run: Run, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("SY", "--show", "--store", str(store)) == 3
    assert "nobody checked Syria" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("KP", "--show", "--every", "60s"),
        ("KP", "--show", "--read"),
        ("KP", "--from", "2026-11-21"),
        ("KP", "SY", "--show"),
        ("XX", "--show"),
        ("KP", "--show", "--from", "2026-11-22", "--to", "2026-11-21"),
    ],
)
def test_wrong_calls(
    run: Run, words: tuple[str, ...], store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words, "--store", str(store)) == 2
    assert capsys.readouterr().out == ""
