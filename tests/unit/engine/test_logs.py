"""The log of a watch: lines for people on a terminal, one JSON object a line anywhere else."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from nightside.engine.logs import Log, open_log
from nightside.sources.stream import Fault, Faults

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def talk(log: Log) -> None:
    log.say("BMP at port 11019")
    log.warn("not heard, its peers are unknown: silent for 60 s", source="rrc00", kind="down")
    log.fault(Fault("192.0.2.1", "garbage", "garbage: not BMP"))


def test_elsewhere_each_line_is_an_object_with_every_key() -> None:
    stream = io.StringIO()
    talk(open_log(stream))
    said = lines(stream)
    assert [list(one) for one in said] == [["time", "level", "event", "source", "kind"]] * 3
    assert all(TIME.fullmatch(one["time"]) for one in said)
    assert [(o["level"], o["event"], o["source"], o["kind"]) for o in said] == [
        ("info", "BMP at port 11019", None, None),
        ("warning", "not heard, its peers are unknown: silent for 60 s", "rrc00", "down"),
        ("warning", "garbage: not BMP", "192.0.2.1", "garbage"),
    ]


def test_on_a_terminal_short_lines_with_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    talk(open_log(stream))
    plain = re.sub(r"\033\[\d+m", "", stream.getvalue())
    assert "\033[33mwarning:\033[0m rrc00" in stream.getvalue()
    assert [re.sub(r"^\d\d:\d\d:\d\dZ ", "T ", line) for line in plain.splitlines()] == [
        "T BMP at port 11019",
        "T warning: rrc00: not heard, its peers are unknown: silent for 60 s",
        "T warning: 192.0.2.1: garbage: not BMP",
    ]


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_may_want_no_colour(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    stream = Terminal()
    talk(open_log(stream))
    assert "\033" not in stream.getvalue()
    assert "warning: rrc00" in stream.getvalue()


def test_an_event_of_two_lines_is_one_line() -> None:
    people, machines = Terminal(), io.StringIO()
    for stream in (people, machines):
        open_log(stream).warn("store: no room\nFree some.")
    assert people.getvalue().count("\n") == machines.getvalue().count("\n") == 1
    assert "no room Free some." in people.getvalue()
    assert lines(machines)[0]["event"] == "store: no room\nFree some."


def test_each_kind_and_source_is_told_once() -> None:
    stream = io.StringIO()
    faults = Faults(open_log(stream).fault)
    for _ in range(3):
        faults.add("rrc00", "a time that is none", "a time that is none: x")
        faults.add("rrc01", "a time that is none", "a time that is none: y")
    assert [(o["source"], o["kind"]) for o in lines(stream)] == [
        ("rrc00", "a time that is none"),
        ("rrc01", "a time that is none"),
    ]


def test_libraries_warnings_and_lost_errors_take_the_same_way() -> None:
    stream = io.StringIO()
    open_log(stream)
    logging.getLogger("websockets.client").info("too quiet to be told")
    logging.getLogger("asyncio").error("a task %s", "died", exc_info=ZeroDivisionError("so"))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("an old way", DeprecationWarning, stacklevel=1)
    died, old = lines(stream)
    assert (died["level"], died["event"], died["source"], died["kind"]) == (
        "error",
        "a task died",
        "asyncio",
        None,
    )
    assert "ZeroDivisionError: so" in died["exception"]
    assert (old["level"], old["source"]) == ("warning", "py.warnings")
    assert "an old way" in old["event"]


def test_who_reads_the_log_may_go() -> None:
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w", buffering=1)
    log = open_log(stream)
    for _ in range(3):
        log.warn("nobody hears this")
    logging.getLogger("asyncio").error("nor this")
    with suppress(BrokenPipeError):
        stream.close()


CHILD = "from nightside.engine.logs import open_log; open_log().warn('a — b', source='rrc00', kind='k'); print('{}')"


def test_a_real_pipe_has_json_on_standard_error_and_nothing_else_on_standard_output() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "{}\n"
    assert json.loads(done.stderr)["event"] == "a — b"


def test_a_real_terminal_has_lines() -> None:
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm"}
    env.pop("NO_COLOR", None)
    subprocess.run(
        [sys.executable, "-c", CHILD],
        stderr=theirs,
        stdout=subprocess.DEVNULL,
        env=env,
        timeout=60,
        check=True,
    )
    os.close(theirs)
    said = os.read(ours, 4096).decode()
    os.close(ours)
    assert "\033[33mwarning:\033[0m rrc00: a — b" in said


def test_a_terminal_is_given_nothing_that_it_would_obey(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    open_log(stream).warn("http of 'KCNA': \x1b]0;mine\x07 \x9b31m\u202efdp\r\nerror: all is lost")
    (line,) = stream.getvalue().splitlines()
    assert line.isprintable()
    assert line.endswith("http of 'KCNA': ]0;mine 31mfdp error: all is lost")
