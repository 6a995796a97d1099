"""Every example of the documentation is run as it stands, or at least read by the parser that would read it.

Each page's commands run in a place that has what they name (doc_place.py). `PARSED` are those where running adds
nothing; what a page marks as not to be run here is counted and listed. "Start here" is walked by test_start_here.py,
"One machine or a cluster" by test_operating_walk.py.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from doc_examples import CONSOLE, Block, Call, blocks, calls, is_python, pages
from doc_place import Place, place

from nightside.cli.commands import COMMANDS, app
from nightside.model.token import Scope, Token
from nightside.store.location import open_store
from nightside.store.token_form import digest_of, new_token

PARSED = {
    r"demo\b": "seconds of work for each: test_demo.py and test_stories_told.py run them",
    r"evaluate\b": "minutes of work: test_evaluate.py runs it, smaller",
    r"backfill\b": "a month of files: test_backfill.py runs it over days",
    r"doctor\b": "15 seconds of waiting for who is not there: test_doctor.py has them all",
    r"watch\b": "goes on until it is ended: test_start_here.py and test_watch_*.py run it",
    r"serve\b": "goes on until it is ended: the calls of curl here ask one",
    r"check .*--every\b": "goes on until it is ended: test_check*.py run it",
    r"check --read data_daily": "a file of others: test_checks_read.py has one",
}
"""What is read by the parser alone, and why."""
WALKED = ("docs/start.md", "docs/operating.md")
BLOCKS = [block for page in pages() for block in blocks(page)]
CALLS = [call for block in BLOCKS for call in calls(block, "nightside", "curl")]
EXAMPLES = list({(call.words, call.code): call for call in CALLS if call.page not in WALKED}.values())
HERE = [call for call in EXAMPLES if call.not_run is None]


def why_parsed(call: Call) -> str | None:
    """Why this one is not run but parsed; None where it is run."""
    return next((why for what, why in PARSED.items() if re.match(rf"nightside {what}", call.words)), None)


RUN = [call for call in HERE if call.words.startswith("nightside ") and why_parsed(call) is None]
OWN_STORE = {
    (call.page, call.block): call.words.split()[1]
    for call in HERE
    if call.words.startswith(("nightside replay ", "nightside tokens "))
}
"""Blocks that have a store of their own, empty for replays, else with what the demo found: it stays there."""
UNRUN = [call for call in HERE if call.words.startswith("nightside ") and why_parsed(call)]
PYTHON = [
    block for block in BLOCKS if is_python(block) and block.page not in WALKED and block.not_run is None
]
SERVED_AT = ("http://127.0.0.1:8000", "https://nightside.example")
"""What stands in the pages for the address of `nightside serve`."""
TOKENS: tuple[tuple[str, Scope, str], ...] = (
    ("NIGHTSIDE_AGENT_TOKEN", "checks", "tokyo-1"),
    ("NIGHTSIDE_REPORT_TOKEN", "reports", "newsroom"),
    ("NIGHTSIDE_ACKNOWLEDGING_TOKEN", "acknowledgements", "night-shift"),
)
"""The variables that the pages name, and whose tokens they hold."""
CURL = [call for call in HERE if call.words.startswith("curl ")]


@pytest.fixture(scope="module")
def prepared(demo: Any, december: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch, place(folder, december, demo.store, patch) as made:
        for name, value in made.env.items():
            patch.setenv(name, value)
        patch.chdir(made.folder)
        yield made


def split(words: str) -> tuple[list[str], str]:
    """The words of the command itself, globs filled in, and what a shell does with what it prints."""
    own = re.match(r"((?:'[^']*'|\"[^\"]*\"|[^|>'\"])*)(.*)", words)
    assert own is not None
    said: list[str] = []
    for word in shlex.split(own[1])[1:]:
        found = sorted(map(str, Path().glob(word))) if "*" in word else []
        said += found or [word]
    return said, own[2]


@pytest.mark.parametrize("call", RUN, ids=lambda call: call.id)
def test_an_example_runs(
    call: Call,
    prepared: Place,
    demo: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    from nightside.cli.main import main

    words, rest = split(prepared.here(call.words))
    # What a block keeps must not change what others find.
    if (call.page, call.block) in OWN_STORE:
        store = prepared.folder / f"store of {call.page.replace('/', ' ')} {call.block}"
        if not store.exists() and OWN_STORE[call.page, call.block] != "replay":
            shutil.copytree(demo.store, store)
        monkeypatch.setenv("NIGHTSIDE_STORE", str(store))
    if words[0] == "world":
        monkeypatch.setenv("NIGHTSIDE_WORLD", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["nightside", *words])
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    sys.stdout.flush()
    said, complaint = capfdbinary.readouterr()
    assert code == call.code, complaint.decode()
    if rest:
        done = subprocess.run(["bash", "-c", f"cat {rest}"], input=said, capture_output=True, check=False)
        assert done.returncode == 0, (rest, done.stderr.decode())


@pytest.mark.parametrize("call", UNRUN, ids=lambda call: call.id)
def test_an_example_is_understood(call: Call) -> None:
    understood(split(call.words)[0])


def understood(words: list[str]) -> None:
    """The words, read by the parser that reads them when they are run; it raises where they are wrong."""
    found: Any = typer.main.get_command(app).commands[words[0]]  # type: ignore[attr-defined]
    name, *words = words
    while hasattr(found, "commands") and words:
        name, found, words = words[0], found.commands[words[0]], words[1:]
    found.make_context(name, words)


def helps() -> Iterator[tuple[str, str]]:
    """(command, call) of the examples in the help texts."""
    for name in COMMANDS:
        found: Any = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
        for one in (found, *getattr(found, "commands", {}).values()):
            examples = (one.help or "").partition("Examples:")[2]
            yield from ((name, line.strip()) for line in examples.splitlines() if line.strip())


def test_each_command_has_an_example_in_its_help() -> None:
    assert {name for name, _call in helps()} == set(COMMANDS)


@pytest.mark.parametrize(("name", "call"), list(helps()), ids=lambda value: value.replace("/", "_"))
def test_an_example_of_a_help_text_is_understood(name: str, call: str) -> None:
    assert call.split()[:2] == ["nightside", name]
    understood(split(call)[0])


@pytest.fixture(scope="module")
def server(prepared: Place, demo: Any) -> Iterator[str]:
    """The address of `nightside serve --agents` over the demo's store; tokens are in the environment."""
    folder = prepared.folder / "served"
    shutil.copytree(demo.store, folder)
    with open_store(folder) as store:
        for variable, scope, name in TOKENS:
            token = new_token(name)
            store.put_token(Token(scope, name, digest_of(token), 0))
            os.environ[variable] = token
    command = [sys.executable, "-m", "nightside", "serve", "--agents", "--port", "0", "--store", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        yield serving.stdout.readline().strip().rstrip("/")
        serving.send_signal(signal.SIGINT)
        assert serving.wait(20) == 0


@pytest.mark.parametrize("call", CURL, ids=lambda call: call.id)
def test_a_call_of_the_api_is_answered(call: Call, prepared: Place, server: str) -> None:
    words = call.words
    for said in SERVED_AT:
        words = words.replace(said, server)
    streams = re.match(r"curl -N\b", words)
    more = (
        "--max-time 1 --no-progress-meter"
        if streams
        else "--max-time 20 --no-progress-meter --fail-with-body"
    )
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", words.replace("curl", f"curl --noproxy '*' {more}", 1)],
        cwd=prepared.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    # A stream goes on until its reader has had enough: that is 28 here.
    assert done.returncode == (28 if streams else call.code), done.stdout + done.stderr
    assert done.stdout


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: f"{block.page}:{block.row}")
def test_a_block_of_python_runs(block: Block, prepared: Place) -> None:
    exec(compile(block.text, f"{block.page}:{block.row}", "exec"), {"__name__": "example"})


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b.language in ("toml", "json")], ids=lambda b: f"{b.page}:{b.row}"
)
def test_a_block_of_data_can_be_read(block: Block) -> None:
    assert tomllib.loads(block.text) if block.language == "toml" else json.loads(block.text)


def test_no_block_is_of_a_language_that_nobody_tries() -> None:
    # PromQL and nginx are tried by test_packaging.py and test_check_agents_proxy.py.
    assert {b.language for b in BLOCKS} <= {*CONSOLE, "python", "toml", "json", "promql", "nginx"}


def test_what_is_not_run_is_counted(measured: Callable[[str], None]) -> None:
    marked = [f"{block.page}:{block.row} ({block.not_run})" for block in BLOCKS if block.not_run is not None]
    measured(
        f"examples of the documentation: {len(RUN) + len(CURL)} commands and {len(PYTHON)} blocks of Python are run, "
        f"{len(UNRUN)} commands parsed, {len(marked)} blocks not run: {'; '.join(marked) or 'none'}"
    )
    for what in PARSED:
        assert any(re.match(rf"nightside {what}", call.words) for call in CALLS), f"{what} is in no page"
