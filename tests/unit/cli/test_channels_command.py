"""`nightside channels`: how each does, what would be sent of stored incidents and what not, and a test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command_said import command_said
from quiet_server import QuietServer, running
from told_messages import ended, message

from nightside.engine.channels.configuration import read_channels
from nightside.engine.channels.outbox import Outbox
from nightside.engine.channels.rehearsal import rehearse
from nightside.engine.channels.states import ChannelState, write_state
from nightside.publish.channels.words import record_of
from nightside.store.location import open_store

Json = dict[str, Any]
Run = Callable[..., tuple[int, str, str]]
BASE = 'base_url = "https://nightside.example"\n'


def validate(line: str) -> Json:
    said: Json = json.loads(line)
    name = said["schema"].removeprefix("nightside.").replace("/", "-")
    schema = json.loads((files("nightside.model") / "schemas" / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(said, schema)
    return said


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("NIGHTSIDE_CONFIG", str(tmp_path / "nightside.toml"))
    monkeypatch.setenv("NIGHTSIDE_STORE", str(tmp_path / "store"))
    (tmp_path / "nightside.toml").touch()

    def call(text: str, *words: str) -> tuple[int, str, str]:
        (tmp_path / "channels.toml").write_text(text)
        return command_said(monkeypatch, capsys, "channels", *words)

    return call


def row(name: str, url: str = "http://127.0.0.1:9/T0KEN", more: str = "") -> str:
    return f'[{name}]\nkind = "webhook"\nurl = "{url}"\n{more}'


def test_each_channel_is_listed_with_how_it_does(run: Run, tmp_path: Path) -> None:
    outbox = tmp_path / "store" / "outbox"
    channels = row("ops") + row("idle", more='countries = ["SY"]\n') + row("gone")
    (tmp_path / "channels.toml").write_text(channels)
    with closing(Outbox(outbox, read_channels(tmp_path / "channels.toml"))) as box:
        asyncio.run(box.put(*message()))
    write_state(outbox, "ops", ChannelState(7, 1, 1_790_000_000, 1_790_000_060, "answers 503"))
    code, out, _err = run(row("ops") + row("idle", more='countries = ["SY"]\n'), "--json")
    ops, idle, gone = [validate(line) for line in out.splitlines()]
    assert code == 0
    assert (ops["waiting"], ops["delivered"], ops["refused"], ops["why"]) == (1, 7, 1, "answers 503")
    assert (ops["last_delivered"], ops["failing_since"]) == ("2026-09-21T14:13:20Z", "2026-09-21T14:14:20Z")
    assert (idle["waiting"], idle["last_delivered"]) == (0, None)
    assert (gone["name"], gone["kind"], gone["waiting"]) == ("gone", None, 1)
    _code, table, _err = run(row("ops"))
    assert "failing since 2026-09-21T14:14:20Z: answers 503" in table
    assert "no channel any more" in table
    assert "T0KEN" not in out + table
    write_state(outbox, "webhook", ChannelState(3, 0, 1_790_000_000))
    _code, table, _err = run(row("ops"))
    (line,) = [line for line in table.splitlines() if line.startswith("webhook")]
    assert line.endswith("2026-09-21T14:13:20Z  well")


def test_a_dry_run_says_what_goes_where_and_why_not(run: Run, tmp_path: Path) -> None:
    """Over a store with two incidents; nobody is sent anything."""
    with open_store(tmp_path / "store") as store:
        for code in ("KP", "SY"):
            incident, series, told = ended(code)
            store.put_messages(store.put_incident(incident, series)["id"], [m.to_json() for m in told])
    text = BASE + row("ops", more='countries = ["KP"]\nmessages = ["opened", "restored"]\n')
    text += '[am]\nkind = "alertmanager"\nurl = "http://127.0.0.1:9"\ngroup_s = 5\n'
    code, out, err = run(text, "--dry-run", "--json")
    assert (code, err) == (0, "")
    said = [validate(line) for line in out.splitlines()]
    ops = [one for one in said if one["channel"] == "ops"]
    assert [
        (one["at"], one["keys"][0].split("/")[1], one["keys"][0].split("/")[-1], one["why_not"])
        for one in ops
    ] == [
        ("2014-12-22T15:55:00Z", "KP", "opened", []),
        (None, "SY", "opened", ["countries: SY is not among them"]),
        (None, "KP", "recovering", ["messages: recovering is not among them"]),
        (
            None,
            "SY",
            "recovering",
            ["countries: SY is not among them", "messages: recovering is not among them"],
        ),
        ("2014-12-22T16:50:00Z", "KP", "restored", []),
        (None, "SY", "restored", ["countries: SY is not among them"]),
    ]
    assert ops[0]["body"]["schema"] == "nightside.message/1"
    # Both countries fell in the same second: one sending, five seconds later.
    am = [one for one in said if one["channel"] == "am"]
    assert [(one["at"], len(one["keys"])) for one in am] == [
        ("2014-12-22T15:55:05Z", 2),
        ("2014-12-22T16:40:05Z", 2),
        ("2014-12-22T16:50:05Z", 2),
    ]
    assert [alert["labels"]["country"] for alert in am[0]["body"]] == ["KP", "SY"]
    code, out, _err = run(text, "--dry-run", "SY-20141222T1555Z", "--from", "2014-12-22T16:45")
    assert code == 0
    assert "not sent: 2014-12-22T16:50:00Z SY restored (total): countries: SY is not among them" in out
    assert "opened" not in out
    code, _out, err = run(text, "--dry-run", "XX-20141222T1555Z")
    assert (code, "no incident XX" in err) == (2, True)


def test_quiet_hours_in_a_dry_run_hold_back_by_the_time_of_the_message(tmp_path: Path) -> None:
    path = tmp_path / "channels.toml"
    path.write_text(
        row("ops")
        + '[ops.quiet]\nfrom = "00:00"\nto = "03:00"\nzone = "Asia/Pyongyang"\nbreaks_through = "nothing"\n'
    )
    (channel,) = read_channels(path)
    records = [record_of(*message(kind=kind), None) for kind in ("opened", "recovering", "restored")]
    # 15:56 UTC is 0:56 on the next day there; 3:00 there is 18:00 UTC.
    (one,) = rehearse(channel, records)
    assert (one.to_json()["at"], one.to_json()["held_until"]) == ("2014-12-22T18:00:00Z",) * 2
    assert len(one.told) == 3


class Receiver(QuietServer):
    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
        self.got: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.got.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("status", [200, 404])
def test_a_test_is_sent_and_says_what_became_of_it(run: Run, status: int) -> None:
    with running(Receiver(status)) as server:
        # Past all rules: no message ever goes there.
        text = row("ops", f"http://127.0.0.1:{server.server_port}/T0KEN", 'countries = ["SY"]\nasns = [1]\n')
        code, out, err = run(text, "--test", "ops", "--json")
    (body,) = server.got
    assert validate(body)["channel"] == "ops"
    assert validate(out)["taken"] == (status == 200)
    assert code == (0 if status == 200 else 1)
    assert ("404" in err) == (status == 404)
    assert "T0KEN" not in out + err


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--test", "nobody"), "there is no channel 'nobody'"),
        (("--test", "ops", "--dry-run"), "exclude each other"),
        (("KP-20141222T1555Z",), "narrow --dry-run"),
        (("--from", "2026-01-01"), "narrow --dry-run"),
        (("--dry-run", "--from", "yesterday"), "not a time"),
    ],
)
def test_wrong_usage(run: Run, words: tuple[str, ...], what: str) -> None:
    code, out, err = run(row("ops"), *words)
    assert (code, out) == (2, "")
    assert what in err


def test_without_channels_it_says_where_they_would_be(run: Run, tmp_path: Path) -> None:
    code, out, err = run("")
    assert (code, out) == (0, "")
    assert str(tmp_path / "channels.toml") in err
    assert run("", "--dry-run")[0] == 2
