"""Alerts at a real Alertmanager, and our version "4" beside what that posts of the same alerts by itself."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from alertmanager_server import Alertmanager, alertmanager, why_no_alertmanager
from quiet_server import QuietServer, running
from tests.conftest import missing
from told_messages import message

from nightside.engine.channels.outbox import Outbox
from nightside.engine.channels.trial import try_channel
from nightside.model.channel import Channel, Route
from nightside.publish.channels.alerts import fingerprint

Json = dict[str, Any]
BASE = "https://nightside.example"


class Hook(QuietServer):
    """Keeps what is posted to it, by path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: dict[str, list[Json]] = {"/theirs": [], "/ours": []}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got[self.path].append(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Place:
    hook: Hook
    manager: Alertmanager
    outbox: Outbox
    ahead_s: float = 0.0
    """Of the clock on the wall."""
    over: set[str] = field(default_factory=set)
    """Incidents that ended, as the store has it."""

    def play(self, *steps: Callable[[], Any]) -> None:
        """One step after the other while it delivers; each may be a message to put, or something to wait for."""

        async def main() -> None:
            task = asyncio.create_task(self.outbox.run())
            for step in steps:
                found = await asyncio.to_thread(step)
                if isinstance(found, tuple):
                    await self.outbox.put(*found)
            await asyncio.sleep(0.05)
            assert not task.done()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

        asyncio.run(main())

    def until(self, path: str, count: int) -> None:
        pause = threading.Event()
        for _ in range(400):
            if len(self.hook.got[path]) >= count:
                return
            pause.wait(0.05)
        raise AssertionError(self.hook.got)


def channels(hook: str, manager: str) -> list[Channel]:
    to_all = Route(reconstructions=True)
    return [
        Channel("pager", "alertmanager", manager, route=to_all, base_url=BASE, resend_s=60),
        Channel("hook", "alertmanager-webhook", f"{hook}/ours", route=to_all, base_url=BASE),
    ]


@contextmanager
def at(folder: Path) -> Iterator[Place]:
    folder.mkdir()
    with running(Hook()) as hook, alertmanager(folder, f"{hook.url}/theirs") as manager:
        place = Place(hook, manager, None)  # type: ignore[arg-type]
        place.outbox = box(folder, place)
        yield place
        place.outbox.close()


def box(folder: Path, place: Place) -> Outbox:
    return Outbox(
        folder / "outbox",
        channels(place.hook.url, place.manager.url),
        wait=lambda: iter([0.05] * 1000),
        now=lambda: time.time() + place.ahead_s,
        is_open=lambda id: id not in place.over,
    )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    if why := why_no_alertmanager():
        missing(why)
    with at(tmp_path / "place") as found:
        yield found


def test_it_fires_worsens_is_resolved_and_reads_as_alertmanagers_own(place: Place) -> None:
    severities: list[list[str]] = []

    def shown(*labels: str) -> Callable[[], None]:
        def wait() -> None:
            found = place.manager.until(
                lambda alerts: [a["labels"]["severity"] for a in alerts] == list(labels)
            )
            severities.append([a["status"]["state"] for a in found])

        return wait

    place.play(
        lambda: message(severity="severe"),
        shown("severe"),
        lambda: place.until("/theirs", 1),
        lambda: message(kind="worsened"),
        shown("total"),
        lambda: place.until("/theirs", 2),
        lambda: message(kind="restored"),
        shown(),
        lambda: place.until("/theirs", 3),
        lambda: place.until("/ours", 3),
    )
    assert severities == [["active"], ["active"], []]
    theirs, ours = place.hook.got["/theirs"], place.hook.got["/ours"]
    by = {(a["fingerprint"], a["status"]): a for body in theirs for a in body["alerts"]}
    assert len(by) == 4
    for body in ours:
        assert shape(body) == shape(theirs[0])
        assert body["groupKey"] == theirs[0]["groupKey"]
        for alert in body["alerts"]:
            same = by[alert["fingerprint"], alert["status"]]
            for key in ("labels", "annotations", "startsAt", "generatorURL"):
                assert alert[key] == same[key], key
            if alert["status"] == "firing":
                assert alert["endsAt"] == same["endsAt"] == "0001-01-01T00:00:00Z"
            assert fingerprint(same["labels"]) == same["fingerprint"]
    assert [body["status"] for body in ours] == ["firing", "firing", "resolved"]
    assert {a["status"]: a["labels"]["severity"] for a in ours[1]["alerts"]} == {
        "firing": "total",
        "resolved": "severe",
    }
    assert ours[0]["commonAnnotations"]["link"] == f"{BASE}/incidents/KP-20141222T1555Z"


def shape(value: Any) -> Any:
    """Keys and types; what stands in lists and in labels may differ."""
    if isinstance(value, dict):
        inner = {k: shape(v) for k, v in value.items()}
        return {k: "dict" if k.endswith(("abels", "nnotations")) else v for k, v in inner.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def test_what_fires_is_sent_again_and_resolved_where_nobody_told_the_end(
    place: Place, tmp_path: Path
) -> None:
    """A watch that was ended and begun again knows what fires; the incident ended meanwhile without a message."""
    place.play(lambda: message(), lambda: place.manager.until(lambda alerts: len(alerts) == 1))
    (first,) = place.manager.alerts()
    place.outbox.close()
    place.ahead_s = 61
    place.outbox = box(tmp_path / "place", place)
    place.play(lambda: place.manager.until(lambda alerts: [a["endsAt"] for a in alerts] > [first["endsAt"]]))
    place.outbox.close()
    place.ahead_s = 0
    place.over.add("KP-20141222T1555Z")
    place.outbox = box(tmp_path / "place", place)
    place.play(lambda: place.manager.until(lambda alerts: not alerts), lambda: place.until("/ours", 2))
    assert [body["status"] for body in place.hook.got["/ours"]] == ["firing", "resolved"]


def test_a_test_says_that_it_is_one(place: Place) -> None:
    for delivery in place.outbox.deliveries:
        answer = asyncio.run(try_channel(replace(delivery.channel), 1_900_000_000))
        assert answer.why is None
    (body,) = place.hook.got["/ours"]
    assert body["alerts"][0]["labels"]["alertname"] == "NightsideTest"
    assert "There is no outage" in body["alerts"][0]["annotations"]["description"]
