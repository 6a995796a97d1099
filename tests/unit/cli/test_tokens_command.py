"""`nightside tokens`: who may write, let in, shut out, listed; the token is printed once."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from command_said import command_said

from nightside.cli.main import main
from nightside.store.location import open_store

Run = Callable[..., tuple[int, str, str]]
SCHEMA = json.loads((files("nightside.model") / "schemas" / "token-1.json").read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str, str]:
        return command_said(monkeypatch, capsys, "tokens", *words, "--store", folder)

    return call


def test_a_token_is_printed_once_and_only_its_hash_is_kept(run: Run, folder: Path) -> None:
    code, token, said = run("--allow", "newsroom", "--scope", "reports")
    assert code == 0
    assert re.fullmatch(r"nightside_newsroom_[A-Za-z0-9_-]{43}\n", token)
    assert "shown this once" in said
    with open_store(folder) as store:
        (kept,) = store.tokens()
    assert (kept.scope, kept.name, kept.expires) == ("reports", "newsroom", None)
    assert kept.digest == hashlib.sha256(token.strip().encode()).digest()
    assert not any(token.strip().encode() in one.read_bytes() for one in folder.iterdir() if one.is_file())
    assert token.strip() not in "".join(run()[1:] + run("--json")[1:])


def test_they_are_listed_for_people(run: Run) -> None:
    run("--allow", "tokyo-1", "--scope", "checks")
    run("--allow", "tokyo-1", "--scope", "acknowledgements", "--expires", "2099-01-01")
    run("--revoke", "tokyo-1", "--scope", "checks")
    code, told, _ = run()
    assert code == 0
    head, *lines = told.splitlines()
    assert head.split() == ["name", "scope", "made", "last", "used", "taken"]
    assert re.fullmatch(r"tokyo-1  acknowledgements  \d{4}-\S+Z  never +until 2099-01-01T00:00:00Z", lines[0])
    assert re.fullmatch(r"tokyo-1  checks            \d{4}-\S+Z  never +revoked \d{4}-\S+Z", lines[1])
    assert run("--scope", "checks")[1].splitlines() == [head, lines[1]]
    run("--allow", "a", "--scope", "reports")
    assert re.search(r"^a        reports  .*  yes$", run()[1], re.MULTILINE)


def test_they_are_listed_for_programs(run: Run, folder: Path) -> None:
    run("--allow", "tokyo-1", "--scope", "checks")
    with open_store(folder) as store:
        (kept,) = store.tokens()
        store.note_heard(kept.digest, 1_795_345_200)
    (line,) = run("--json")[1].splitlines()
    told = json.loads(line)
    jsonschema.Draft202012Validator(SCHEMA).validate(told)
    assert (told["name"], told["scope"], told["heard"]) == ("tokyo-1", "checks", "2026-11-22T11:00:00Z")
    assert (told["expires"], told["revoked"]) == (None, None)


def test_a_store_without_any_says_so(run: Run, folder: Path) -> None:
    open_store(folder).close()
    code, out, err = run()
    assert (code, out) == (0, "")
    assert "nobody was ever let in" in err
    assert run("--json") == (0, "", "")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--allow", "a"), "no scope is named"),
        (("--revoke", "a"), "no scope is named"),
        (("--allow", "a", "--scope", "all"), "all"),
        (("--allow", "a", "--revoke", "b", "--scope", "checks"), "exclude each other"),
        (("--allow", "../a", "--scope", "checks"), "not a name for a token"),
        (("--allow", "", "--scope", "checks"), "not a name for a token"),
        (("--allow", "here", "--scope", "checks"), "here is whoever has the store itself"),
        (("--revoke", "nobody", "--scope", "checks"), "nobody has no token for checks that could be revoked"),
        (("--allow", "a", "--scope", "checks", "--json"), "--json is for the list"),
        (("--expires", "2099-01-01"), "--expires is for --allow"),
        (("--allow", "a", "--scope", "checks", "--expires", "soon"), "not a time"),
        (("--allow", "a", "--scope", "checks", "--expires", "2014-12-22"), "would have run out already"),
    ],
)
def test_wrong_words_are_refused(run: Run, words: tuple[str, ...], why: str) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert why in err


def test_a_name_has_one_of_each_scope(run: Run) -> None:
    assert run("--allow", "a", "--scope", "checks")[0] == 0
    assert run("--allow", "a", "--scope", "reports")[0] == 0
    code, out, err = run("--allow", "a", "--scope", "checks")
    assert (code, out) == (2, "")
    assert "a has a token for checks already" in err
    assert run("--revoke", "a", "--scope", "checks")[0] == 0
    assert run("--revoke", "a", "--scope", "checks")[0] == 2
    assert run("--allow", "a", "--scope", "checks")[0] == 0


def test_the_old_options_of_check_are_gone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (["--allow", "a"], ["--revoke", "a"], ["--places"], ["KP", "--for-reports"]):
        monkeypatch.setattr(sys, "argv", ["nightside", "check", *words])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 2
