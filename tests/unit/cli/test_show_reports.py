"""`nightside show ID --attach, --withdraw`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import web_store
from command_said import command_said
from said_reports import CONTEXT, TWO_DAYS, XINHUA, changed, report

from nightside.store.location import open_store

ID = web_store.KP_ID
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with open_store(tmp_path / "store") as store:
        store.put_incident(*web_store.finding(web_store.KP, web_store.ONSET, web_store.BACK))
    return tmp_path / "store"


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str, str]:
        return command_said(monkeypatch, capsys, *words, "--store", folder)

    return call


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "said.json"
    path.write_text(json.dumps({"reports": [TWO_DAYS, CONTEXT]}))
    return path


def test_what_is_attached_is_told_and_shown(run: Run, file: Path) -> None:
    code, out, _ = run("show", ID, "--attach", file)
    assert (code, out.splitlines()) == (
        0,
        [
            f"attached {report(TWO_DAYS).id}: a news site, claim",
            f"attached {report(CONTEXT).id}: The White House, context",
        ],
    )
    assert run("show", ID, "--attach", file)[1].startswith("known already ")
    _, told, _ = run("show", ID)
    assert "offline for roughly two days" in told
    assert "near in time, not evidence" in told
    _, line, _ = run("show", ID, "--json")
    assert [r["report"]["kind"] for r in json.loads(line)["reports"]] == ["context", "claim"]


def test_toml_by_the_name_of_the_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "said.toml"
    path.write_text(
        'kind = "claim"\nsays = "gone"\nby = "AFP"\nsource = "AFP"\nsaid_on = 2014-12-23\n'
        "about = { at = 2014-12-22T16:15:00Z }\n"
    )
    code, out, _ = run("show", ID, "--attach", path, "--json")
    told = json.loads(out)
    assert (code, told["schema"], told["incident"]) == (0, "nightside.reports-taken/1", ID)


def test_it_is_taken_back_with_a_reason(run: Run, file: Path) -> None:
    run("show", ID, "--attach", file)
    code, out, err = run("show", ID, "--withdraw", report(TWO_DAYS).id, "--why", "retracted")
    assert (code, out) == (0, "")
    assert "withdrawn" in err
    _, told, _ = run("show", ID)
    assert "offline for roughly two days" not in told
    assert "by here: retracted" in told
    assert run("show", ID, "--attach", file)[1].startswith("was withdrawn, and stays so ")


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (("--attach", "missing.json"), 3, "cannot be read"),
        (("--attach", "said.json", "--withdraw", "0" * 32, "--why", "x"), 2, "exclude each other"),
        (("--withdraw", "0" * 32), 2, "belong together"),
        (("--why", "x"), 2, "belong together"),
        (("--withdraw", "0" * 32, "--why", "x"), 2, "no report"),
        (("--attach", "said.json", "--flips"), 2, "show nothing"),
    ],
)
def test_what_cannot_be_done_is_said(run: Run, words: tuple[str, ...], code: int, what: str) -> None:
    found, out, err = run("show", ID, *words)
    assert (found, out) == (code, "")
    assert what in err


def test_a_file_with_one_bad_report_attaches_none(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "said.json"
    path.write_text(json.dumps({"reports": [TWO_DAYS, changed(XINHUA, about={"at": "2014-12-27T19:30"})]}))
    code, out, err = run("show", ID, "--attach", path)
    assert (code, out) == (3, "")
    assert f"{path}: reports[1].about.at: '2014-12-27T19:30' has no zone" in err
    assert json.loads(run("show", ID, "--json")[1])["reports"] == []


def test_an_incident_that_is_not_there(run: Run, file: Path) -> None:
    code, _, err = run("show", "KP-20991231T0000Z", "--attach", file)
    assert code == 2
    assert "no incident KP-20991231T0000Z" in err
