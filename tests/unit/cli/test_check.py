"""`nightside check` against servers of this machine: what it prints where, stores, and with which exit code."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from free_port import free_port
from rich.console import Console

from nightside.checks.schedule import Planned
from nightside.cli.check_lines import line_of
from nightside.cli.check_table import ResultTable
from nightside.cli.main import main
from nightside.engine.checks.asked import asked_checks
from nightside.model.check import CheckResult, Outcome, Target
from nightside.store.embedded import EmbeddedStore

Run = Callable[..., tuple[int, str, str]]
SCHEMAS = Path(__file__).resolve().parents[3] / "src" / "nightside" / "model" / "schemas"
NASTY = "evil \x1b]0;owned\x07\x1b[2J[red]text‮"
NO_TEXT = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
T = 1_763_812_800.0
START = "import sys; from nightside.cli.main import main; sys.argv[0] = 'nightside'; main()"

pytestmark = pytest.mark.xdist_group("timed")


class Page(BaseHTTPRequestHandler):
    """Answers with a page, or with 503."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.headers["User-Agent"])
        self.send_response(200 if self.path == "/" else 503)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture
def web() -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Asked", (Page,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_address[1], asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def here(tmp_path: Path, web: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place whose canaries, like its targets, are on this machine: nothing leaves it."""
    port, _ = web
    (tmp_path / "nightside.toml").write_text('check_contact = "noc@example.org"\n')
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets" / "canaries.toml").write_text(
        "allow_private = true\n"
        + row("loop a", "tcp", f'host = "127.0.0.2"\nport = {free_port()}')
        + row("loop b", "tls", f'host = "127.0.0.3"\nport = {free_port()}')
    )
    (tmp_path / "mine.toml").write_text(
        'country = "KP"\nallow_private = true\n'
        + row("KCNA [bold]", "http", f'url = "http://127.0.0.1:{port}/"', "state media")
        + row("nobody", "tcp", f'host = "127.0.0.4"\nport = {free_port()}', "airline")
    )
    monkeypatch.setenv("NIGHTSIDE_CONFIG", str(tmp_path / "nightside.toml"))
    monkeypatch.setenv("NIGHTSIDE_STORE", str(tmp_path / "store"))
    return tmp_path


def row(name: str, kind: str, where: str, group: str = "canary") -> str:
    return f'\n[[target]]\nname = "{name}"\nkind = "{kind}"\ngroup = "{group}"\n{where}\n'


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nightside", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capfd.readouterr()
        return int(end.value.code or 0), printed.out, printed.err

    return call


def stored(folder: Path, country: str) -> list[dict[str, Any]]:
    with EmbeddedStore(folder) as store:
        return list(store.results(country, 0, int(time.time()) + 60).to_pylist())


def test_once_in_a_pipe_is_a_line_for_each_result_and_stores_it(run: Run, here: Path, web: Any) -> None:
    code, out, err = run("check", here / "mine.toml", "--place", "berlin")
    assert code == 0
    assert "warning" not in err
    lines = sorted(re.split(r" {2,}", line)[1:5] for line in out.splitlines())
    assert lines == [
        ["ok", "sites", "http", "KCNA [bold]"],
        ["refused", "canary", "tcp", "loop a"],
        ["refused", "canary", "tls", "loop b"],
        ["refused", "sites", "tcp", "nobody"],
    ]
    found = {one["target"]: (one["outcome"], one["place"]) for one in stored(here / "store", "KP")}
    assert found == {"KCNA [bold]": ("ok", "berlin"), "nobody": ("refused", "berlin")}
    assert {one["target"] for one in stored(here / "store", "")} == {"loop a", "loop b"}


def test_the_server_is_told_what_we_are_and_whom_to_ask(
    run: Run, here: Path, web: tuple[int, list[str]]
) -> None:
    run("check", here / "mine.toml")
    (agent,) = web[1]
    assert re.fullmatch(r"nightside/\d+\.\d+\.\d+ \(.*contact: noc@example\.org\)", agent)


def test_without_a_contact_it_says_so(run: Run, here: Path) -> None:
    (here / "nightside.toml").write_text("")
    code, _, err = run("check", here / "mine.toml")
    assert code == 0
    assert "NIGHTSIDE_CHECK_CONTACT" in err


def test_json_lines_keep_to_their_schema(run: Run, here: Path) -> None:
    code, out, _ = run("check", here / "mine.toml", "--json")
    assert code == 0
    schema = jsonschema.Draft202012Validator(json.loads((SCHEMAS / "check-1.json").read_text()))
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == 4
    for line in lines:
        schema.validate(line)
    assert {line["place"] for line in lines} == {"here"}


def test_what_was_printed_can_be_read_in_elsewhere_and_twice_is_once(run: Run, here: Path) -> None:
    _, out, _ = run("check", here / "mine.toml", "--json")
    (here / "results.ndjson").write_text(out)
    code, told, _ = run("check", "--read", here / "results.ndjson", "--store", here / "other")
    assert code == 0
    assert re.fullmatch(rf"{here}/results\.ndjson: 4 results from \S+Z to \S+Z, 4 of them new\n", told)
    _, again, _ = run("check", "--read", here / "results.ndjson", "--store", here / "other")
    assert again.endswith(", 0 of them new\n")
    _, same, _ = run("check", "--read", here / "results.ndjson", "--store", here / "other", "--json")
    assert same == out
    assert stored(here / "other", "KP") == stored(here / "store", "KP")


def test_a_file_with_one_bad_line_stores_nothing_of_it(run: Run, here: Path) -> None:
    _, out, _ = run("check", here / "mine.toml", "--json")
    (here / "results.ndjson").write_text(f"{out}{{}}\n")
    code, told, err = run("check", "--read", here / "results.ndjson", "--store", here / "other")
    assert (code, told) == (3, "")
    assert "results.ndjson: line 5" in err
    assert stored(here / "other", "KP") == []


def on_a_terminal(*words: str) -> tuple[int, str]:
    """Exit code and what the terminal was sent."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", START, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "160", "LINES": "40", "TERM": "xterm"},
    )
    os.close(theirs)
    sent = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        sent += piece
    os.close(ours)
    return process.wait(30), sent.decode("utf-8", "replace")


def test_a_terminal_gets_a_table(here: Path, web: tuple[int, list[str]]) -> None:
    file = here / "evil.toml"
    file.write_text(
        'country = "KP"\nallow_private = true\n'
        + row("KCNA [bold]", "http", f'url = "http://127.0.0.1:{web[0]}/down"', "state [red]media")
    )
    code, sent = on_a_terminal("check", str(file))
    assert code == 0
    assert "KCNA [bold]" in sent, "markup stays text"
    assert "[red]media" in sent
    assert "wrong status" in sent
    assert "North Korea from here" in sent
    assert "0 of 1 answer" in sent
    assert "0 of 2 canaries" in sent


def nasty() -> CheckResult:
    """What a target, or whoever handed it in, may have written into a result."""
    return CheckResult(
        T,
        "here",
        "KP",
        NASTY,
        NASTY,
        "smtp",
        NASTY,
        4,
        NASTY,
        "bad_answer",
        "first_byte",
        NASTY,
        total_ms=3.0,
    )


def test_nothing_of_a_target_works_on_the_terminal_of_a_table(here: Path) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=200, height=40, color_system="truecolor")
    table = ResultTable(asked_checks(str(here / "mine.toml"), None), 60.0, console)
    table.told(Planned(Target(NASTY, "smtp", NASTY, "KP", "x"), 4, ("x",), 0.0), [nasty()])
    table.warn(NASTY)
    console.print(table, table.whole())
    assert isinstance(console.file, io.StringIO)
    sent = console.file.getvalue()
    assert "bad answer" in sent
    assert "[red]text" in sent.replace("\n", ""), "markup stays text"
    without_colours = re.sub(r"\x1b\[[0-9;]*m", "", sent)
    assert not NO_TEXT.search(without_colours)


def test_nothing_of_a_target_works_in_a_line() -> None:
    line = line_of(nasty(), 40)
    assert not NO_TEXT.search(line)
    assert "\n" not in line
    assert "bad answer" in line


def test_more_rows_than_the_terminal_has_show_what_fails(here: Path) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=200, height=20)
    table = ResultTable(asked_checks(str(here / "mine.toml"), None), 60.0, console)
    for n in range(50):
        target = Target(f"t{n}", "tcp", "g", "KP", "x", 1)
        outcome: Outcome = "timed_out" if n == 31 else "ok"
        result = CheckResult(T, "here", "KP", target.name, "g", "tcp", "", 4, None, outcome, None, None)
        table.told(Planned(target, 4, ("x",), 0.0), [result])
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    sent = console.file.getvalue()
    assert "t31" in sent
    assert "49 more" in sent
    assert sent.count("\n") < 20


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["check"], 2, "is named"),
        (["check", "ZZ"], 2, "no targets are known for ZZ"),
        (["check", "YE"], 2, "template.toml"),
        (["check", "KP", "YE"], 2, "more than one"),
        (["check", "mine.toml", "--every", "10s"], 2, "30s is the shortest"),
        (["check", "mine.toml", "--every", "2h"], 2, "too seldom"),
        (["check", "mine.toml", "--every", "often"], 2, "is no time"),
        (["check", "mine.toml", "--every", "60s", "--once"], 2, "exclude each other"),
        (["check", "mine.toml", "--place", ""], 2, "is no name"),
        (["check", "mine.toml", "--place", "a\x1b[2J"], 2, "is no name"),
        (["check", "--read", "mine.toml", "--every", "60s"], 2, "--read checks nothing"),
        (["check", "nothing.toml"], 3, "cannot be read"),
        (["check", "--read", "nothing.json"], 3, "cannot be read"),
        (["check", "--read", "mine.toml"], 3, "is no JSON"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_wrong_is_told_with_its_exit_code(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(here)
    found, out, err = run(*words)
    assert (found, out) == (code, "")
    assert said in err
    assert "\x1b[2J" not in err


def test_round_after_round_ends_cleanly_and_keeps_what_came(here: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", START, "check", str(here / "mine.toml"), "--every", "30s", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "SIGTERM: ending" in err
    told = [first, *(json.loads(line) for line in out.splitlines())]
    kept = [*stored(here / "store", "KP"), *stored(here / "store", "")]
    assert sorted(one["target"] for one in kept) == sorted(one["target"] for one in told)
    assert len(told) < 4, "the round was cut"
