"""`nightside show ID --acknowledge --note TEXT`, and taking it back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import web_store
from command_said import command_said

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
        return command_said(monkeypatch, capsys, "show", *words, "--store", folder)

    return call


def test_it_is_told_and_shown_and_taken_back(run: Run) -> None:
    code, out, _ = run(ID, "--acknowledge", "--note", "Star JV was asked", "--json")
    told = json.loads(out)
    assert (code, told["schema"], told["outcome"]) == (0, "nightside.acknowledged/1", "acknowledged")
    id = told["acknowledgement"]["id"]
    assert run(ID, "--acknowledge", "--note", "Star JV was asked")[1] == (
        f"acknowledged already {id}: revision 1, total outage\n"
    )
    assert "“Star JV was asked”" in run(ID)[1]
    (kept,) = json.loads(run(ID, "--json")[1])["acknowledgements"]
    assert (kept["by"], kept["token"]) == ("here", "here")
    code, out, err = run(ID, "--withdraw", id[:8], "--why", "it was another")
    assert (code, out) == (0, "")
    assert "stays on record" in err
    shown = run(ID)[1]
    assert "Star JV was asked" not in shown
    assert "by here: it was another" in shown
    assert run(ID, "--withdraw", id, "--why", "again")[0] == 2


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--acknowledge",), "belong together"),
        (("--note", "seen"), "belong together"),
        (("--acknowledge", "--note", ""), "--note is no text of 1 to 500"),
        (("--acknowledge", "--note", "x" * 501), "--note is no text of 1 to 500"),
        (("--acknowledge", "--note", "a\x1bb"), "--note has a control character"),
        (("--acknowledge", "--note", "seen", "--attach", "x.json"), "exclude each other"),
        (("--acknowledge", "--note", "seen", "--flips"), "show nothing"),
        (("--withdraw", "0" * 32, "--why", "x"), "no report"),
    ],
)
def test_what_cannot_be_done_is_said(run: Run, words: tuple[str, ...], what: str) -> None:
    code, out, err = run(ID, *words)
    assert (code, out) == (2, "")
    assert what in err
    assert json.loads(run(ID, "--json")[1])["acknowledgements"] == []


def test_an_incident_that_is_not_there(run: Run) -> None:
    code, _, err = run("KP-20991231T0000Z", "--acknowledge", "--note", "seen")
    assert code == 2
    assert "no incident KP-20991231T0000Z" in err
