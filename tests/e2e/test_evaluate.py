"""`nightside evaluate` from the command line, on a benchmark small enough for a test."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

SMALL = ["--outages", "8", "--seed", "5", "--peers", "8"]
QUIET = ["--outages", "0", "--quiet-days", "1", "--seed", "5", "--peers", "8", "--json"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nightside", "evaluate", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str, Path]:
    folder = tmp_path_factory.mktemp("evaluation")
    made = ["--quiet-days", "0", "--json", "--as-live"]
    made += ["--markdown", str(folder / "e.md"), "--png", str(folder / "e.png")]
    done = run(*SMALL, *made)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stdout, folder


def test_the_figures_have_their_shape(small: tuple[dict[str, Any], str, Path]) -> None:
    schema = json.loads((files("nightside.model") / "schemas" / "evaluation-1.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(small[0])


def test_what_was_asked_for_was_done(small: tuple[dict[str, Any], str, Path]) -> None:
    report = small[0]
    world = report["world"]
    # One in twelve more is aimed to cross nothing, from twelve on.
    assert world["injections"] == 8
    assert world["injections_through_mrt"] >= 1
    ours = {(r["by"], r["name"]): r for r in report["rules"][0]["rows"]}
    assert world["true_episodes"] == ours["all", "all"]["true"] + report["unseen"]["episodes"]
    assert report["as_live"]["messages"]["opened"] > 0


def test_most_of_it_is_found_and_most_of_what_is_told_is_true(
    small: tuple[dict[str, Any], str, Path],
) -> None:
    ours = {(r["by"], r["name"]): r for r in small[0]["rules"][0]["rows"]}
    assert ours["all", "total and severe"]["recall"] > 0.8
    assert ours["all", "total and severe"]["precision"] > 0.8


def test_quiet_days_are_counted_and_the_same_call_gives_the_same_bytes() -> None:
    first = run(*QUIET)
    report = json.loads(first.stdout)
    quiet = report["rules"][0]["false_alarms"]["quiet"]
    # A day of every country of the world.
    assert quiet["country_years"] == pytest.approx(report["world"]["countries"] / 365, rel=1e-3)
    assert report["as_live"] is None
    assert run(*QUIET).stdout == first.stdout


def test_the_tables_and_the_picture_are_written(small: tuple[dict[str, Any], str, Path]) -> None:
    folder = small[2]
    text = (folder / "e.md").read_text("utf-8")
    assert "### Goals" in text
    assert "### As live" in text
    assert (folder / "e.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--outages", "0", "--quiet-days", "0"], 2, "nothing to evaluate"),
        (["--outages", "-1"], 2, "outages"),
        (["--markdown", "/no/such/folder/e.md"], 2, "/no/such/folder/e.md"),
        (["--table", "/no/such/table"], 3, "/no/such/table"),
    ],
)
def test_refusals(arguments: list[str], code: int, words: str) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert done.stdout == ""
