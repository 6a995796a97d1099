"""Messages to webhooks: each entity's in order, signed, kept while a receiver is down, never to another address."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
from quiet_server import QuietServer, running
from told_messages import message

from nightside.engine.channels import senders
from nightside.engine.channels.configuration import webhook_channel
from nightside.engine.channels.outbox import Outbox
from nightside.engine.channels.spool import Sealed
from nightside.model.channel import Channel, ChannelKind, Route
from nightside.model.errors import UsageError

Json = dict[str, Any]


class Receiver(QuietServer):
    """Answers with what it is told to, in turn, then with 200."""

    def __init__(self, answers: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.got: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.send_response(status)
        if status in (301, 302, 307, 308):
            self.send_header("Location", self.server.url.replace("/hook", "/elsewhere"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.got.append((self.path, {}, b""))
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def receiver(*answers: int) -> AbstractContextManager[Receiver]:
    return running(Receiver(list(answers)))


def at_once() -> Iterator[float]:
    while True:
        yield 0.01


def outbox(folder: Path, *channels: Channel, warn: Callable[[str], None] = lambda _text: None) -> Outbox:
    return Outbox(folder, channels, warn=warn, wait=at_once)


async def delivered(box: Outbox, within_s: float = 5.0) -> None:
    """Run it until nothing waits any more."""
    task = asyncio.create_task(box.run())
    async with asyncio.timeout(within_s):
        while any(one.waiting for one in box.deliveries):
            await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def put(box: Outbox, *messages: tuple[Json, Json]) -> None:
    async def main() -> None:
        for told, incident in messages:
            await box.put(told, incident)

    asyncio.run(main())


def bodies(server: Receiver) -> list[Json]:
    return [json.loads(body) for _path, _headers, body in server.got]


def hook(server: Receiver, **more: Any) -> Channel:
    return replace(webhook_channel(server.url, None), **more)


def test_in_order_and_signed(tmp_path: Path) -> None:
    opened, restored = message(), message(kind="restored")
    with receiver() as server, closing(outbox(tmp_path, webhook_channel(server.url, "night"))) as box:
        put(box, opened, restored)
        asyncio.run(delivered(box))
    assert bodies(server) == [opened[0], restored[0]]
    _path, headers, body = server.got[0]
    assert headers["Idempotency-Key"] == opened[0]["key"]
    stamped = headers["Nightside-Timestamp"].encode() + b"." + body
    expected = "sha256=" + hmac.new(b"night", stamped, hashlib.sha256).hexdigest()
    assert headers["Nightside-Signature"] == expected


def test_again_until_it_is_taken_with_the_same_key(tmp_path: Path) -> None:
    warnings: list[str] = []
    with receiver(503, 429) as server, closing(outbox(tmp_path, hook(server), warn=warnings.append)) as box:
        put(box, message())
        asyncio.run(delivered(box))
    assert [headers["Idempotency-Key"] for _path, headers, _body in server.got] == [message()[0]["key"]] * 3
    assert len(warnings) == 1
    assert "503" in warnings[0]


def test_what_waits_outlives_the_program(tmp_path: Path) -> None:
    nobody = webhook_channel("http://127.0.0.1:9/", None)
    for one in (message(), message("SY"), message(kind="restored")):
        with closing(outbox(tmp_path, nobody)) as box:
            put(box, one)
    with receiver() as server, closing(outbox(tmp_path, hook(server))) as box:
        assert box.deliveries[0].waiting == 3
        asyncio.run(delivered(box))
    assert {body["key"] for body in bodies(server)} == {
        one[0]["key"] for one in (message(), message("SY"), message(kind="restored"))
    }
    of_kp = [body["kind"] for body in bodies(server) if body["entity"]["code"] == "KP"]
    assert of_kp == ["opened", "restored"]


def test_a_receiver_that_is_down_holds_up_no_other(tmp_path: Path, free_port: int) -> None:
    gone = replace(webhook_channel(f"http://127.0.0.1:{free_port}/", None), name="gone")
    with receiver() as server, closing(outbox(tmp_path, gone, hook(server))) as box:
        put(box, *(message(code) for code in ("KP", "SY", "IQ")))

        async def main() -> None:
            task = asyncio.create_task(box.run())
            async with asyncio.timeout(5):
                while box.deliveries[1].waiting:
                    await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(main())
        assert len(server.got) == 3
        assert box.deliveries[0].waiting == 3
        assert box.deliveries[0].state.failing_since is not None
    # It comes back.
    with receiver() as server, closing(outbox(tmp_path, replace(gone, url=server.url))) as box:
        asyncio.run(delivered(box))
        assert box.deliveries[0].state.failing_since is None
        assert len(server.got) == 3


def test_messages_of_one_kind_within_the_seconds_of_a_group_go_as_one(tmp_path: Path) -> None:
    with receiver() as server, closing(outbox(tmp_path, hook(server, group_s=1))) as box:
        told = [message(code) for code in ("KP", "SY", "IQ")]
        put(box, *told, message(kind="restored"))
        asyncio.run(delivered(box))
    first, second = bodies(server)
    assert first["schema"] == "nightside.messages/1"
    assert first["messages"] == [one for one, _incident in told]
    assert server.got[0][1]["Idempotency-Key"] == first["key"]
    # What is about the same entity comes after it, alone.
    assert second == message(kind="restored")[0]
    schema = json.loads((files("nightside.model") / "schemas" / "messages-1.json").read_text())
    jsonschema.validate(first, schema)


def test_a_group_that_may_have_been_taken_is_sent_again_as_it_was(tmp_path: Path) -> None:
    """The program fell between the receiver's answer and its note of it; more has come since."""
    with receiver() as server:
        with closing(outbox(tmp_path, hook(server, group_s=1))) as box:
            put(box, message("KP"), message("SY"))
            box.spool.done = lambda *_words, **_more: None  # type: ignore[method-assign]

            async def until_sent() -> None:
                task = asyncio.create_task(box.run())
                while not server.got:
                    await asyncio.sleep(0.01)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

            asyncio.run(until_sent())
        before = len(server.got)
        with closing(outbox(tmp_path, hook(server, group_s=1))) as box:
            put(box, message("IQ"))
            asyncio.run(delivered(box))
    assert server.got[before][2] == server.got[0][2]
    assert server.got[before][1]["Idempotency-Key"] == server.got[0][1]["Idempotency-Key"]
    assert [one["entity"]["code"] for one in bodies(server)[-1:]] == ["IQ"]


def damaged(line: bytes) -> bytes:
    """The same with another digit at its head, so that its check fails."""
    return (b"1" if line.startswith(b"0") else b"0") + line[1:]


@pytest.mark.parametrize("kind", ["alertmanager", "alertmanager-webhook"])
def test_a_damaged_message_of_a_group_of_alerts_costs_that_one_alone(
    tmp_path: Path, kind: ChannelKind
) -> None:
    with receiver() as server:
        channel = hook(server, kind=kind, name="ops")
        with closing(outbox(tmp_path, channel)) as box:
            put(box, message("KP"), message("SY"))
            box.spool.seal("ops", Sealed("group/opened/0", (1, 2), '{"alerts": []}'))
        (journal,) = tmp_path.glob("journal-*")
        key = message("SY")[0]["key"].encode()
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(damaged(line) if key in line else line for line in lines))
        warnings: list[str] = []
        with closing(outbox(tmp_path, channel, warn=warnings.append)) as box:
            asyncio.run(delivered(box, within_s=20))
            fires = box.deliveries[0]._composer.firing.fires
    assert [record["told"]["entity"]["code"] for record in fires.values()] == ["KP"]
    assert [w for w in warnings if "stopped" in w] == []


def test_a_clock_that_is_set_back_silences_nobody(tmp_path: Path) -> None:
    """Two hours back: neither the bound of a minute nor what fires waits until the clock is there again."""
    now = [1_700_000_000.0]
    with receiver() as server:
        channels = (
            hook(server, per_minute=1),
            hook(server, name="alerts", kind="alertmanager", url=server.url + "/alerts", resend_s=3600),
        )
        box = Outbox(tmp_path, channels, wait=at_once, now=lambda: now[0])

        def got(begin: str) -> int:
            return sum(path == begin for path, _headers, _body in server.got)

        async def main() -> None:
            task = asyncio.create_task(box.run())
            while (got("/hook"), got("/hook/alerts/api/v2/alerts")) != (1, 1):
                await asyncio.sleep(0.01)
            # That they were taken is noted, each at its instant, before the clock is set.
            while [one.waiting for one in box.deliveries] != [1, 0]:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            now[0] -= 7200
            for one in box.deliveries:
                one.wake()
            while (got("/hook"), got("/hook/alerts/api/v2/alerts")) != (2, 2):
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        with closing(box):
            put(box, message("KP"))
            box.spool.put({"told": message("SY")[0], "text": "", "short": ""}, ["webhook"], now[0])
            asyncio.run(asyncio.wait_for(main(), 20))


def test_no_more_in_a_minute_than_a_channel_may_have(tmp_path: Path) -> None:
    now = [1_700_000_000.0]
    with receiver() as server:
        box = Outbox(tmp_path, [hook(server, per_minute=2)], wait=at_once, now=lambda: now[0])

        async def main() -> list[int]:
            task = asyncio.create_task(box.run())
            await asyncio.sleep(0.5)
            found = [len(server.got)]
            now[0] += 61
            box.deliveries[0].wake()
            await asyncio.sleep(0.5)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return [*found, len(server.got)]

        with closing(box):
            put(box, *(message(code) for code in ("KP", "SY", "IQ", "IR", "EG")))
            assert asyncio.run(main()) == [2, 4]


def test_only_what_the_route_lets_through_waits(tmp_path: Path) -> None:
    with receiver() as server:
        only = replace(hook(server), route=Route(countries=frozenset({"KP"}), severity="total"))
        with closing(outbox(tmp_path, only)) as box:
            put(box, message("SY"), message(severity="severe"), message(reconstruction=True), message())
            asyncio.run(delivered(box))
    assert bodies(server) == [message()[0]]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(tmp_path: Path, status: int) -> None:
    with receiver(status) as server, closing(outbox(tmp_path, hook(server))) as box:
        put(box, message())
        asyncio.run(delivered(box))
    assert {path for path, _headers, _body in server.got} == {"/hook"}


def test_what_is_refused_for_good_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    warnings: list[str] = []
    with receiver(410) as server, closing(outbox(tmp_path, hook(server), warn=warnings.append)) as box:
        put(box, message(), message(kind="restored"))
        asyncio.run(delivered(box))
        assert (box.deliveries[0].state.delivered, box.deliveries[0].state.refused) == (1, 1)
    assert len(server.got) == 2
    assert "refused" in warnings[0]
    (aside,) = [json.loads(line) for line in (tmp_path / "refused.ndjson").read_text().splitlines()]
    assert aside["record"]["told"] == message()[0]


@pytest.mark.parametrize(
    "url", ["ftp://example.org", "http://", "example.org", "http://[::1", "http://example.org:99999/"]
)
def test_no_web_address(url: str) -> None:
    with pytest.raises(UsageError, match="not a web address"):
        webhook_channel(url, None)


def test_nothing_secret_is_said(tmp_path: Path) -> None:
    warnings: list[str] = []
    channel = webhook_channel("http://me:hush@127.0.0.1:9/T0KEN", "night")
    with closing(outbox(tmp_path, channel, warn=warnings.append)) as box:
        put(box, message())

        async def main() -> None:
            task = asyncio.create_task(box.run())
            async with asyncio.timeout(5):
                while not warnings:
                    await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(main())
    said = "".join(warnings) + repr(channel) + "".join(p.read_text() for p in tmp_path.iterdir())
    for secret in ("hush", "T0KEN", 'night"'):
        assert secret not in said


# -- receivers ---------------------------------------------------------------------------------------


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def run_against(box: Outbox, serve: Serve, until: Callable[[], bool]) -> None:
    """Have it deliver to a receiver that does this with each connection."""

    serving: set[asyncio.Task[None] | None] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        with suppress(OSError, EOFError):
            await reader.readuntil(b"\r\n\r\n")
            await serve(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def main() -> None:
        server = await asyncio.start_server(served, "127.0.0.1", urlsplit(box.deliveries[0].channel.url).port)
        task = asyncio.create_task(box.run())
        async with server, asyncio.timeout(5):
            while not until():
                await asyncio.sleep(0.01)
            assert not task.done()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.gather(*(one for one in serving if one is not None))

    with closing(box):
        asyncio.run(main())


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_an_answer_without_an_end_is_not_read(tmp_path: Path, free_port: int) -> None:
    box = outbox(tmp_path, webhook_channel(f"http://127.0.0.1:{free_port}/", None))
    put(box, message())
    sent = 0

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"40000\r\n" + bytes(0x40000) + b"\r\n")
            await writer.drain()
            sent += 0x40000

    run_against(box, serve, lambda: not box.deliveries[0].waiting)
    # What the buffers of two sockets take, and no more.
    assert sent < 50_000_000


def test_an_answer_that_drips_is_waited_for_no_longer_than_any(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(senders, "TIMEOUT_S", 0.3)
    warnings: list[str] = []
    box = outbox(tmp_path, webhook_channel(f"http://127.0.0.1:{free_port}/", None), warn=warnings.append)
    put(box, message())

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + bytes(1000):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    run_against(box, drip, lambda: bool(warnings))
    assert "no answer" in warnings[0]
    assert box.deliveries[0].waiting == 1


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 999999 What\r\n\r\n"])
def test_an_answer_that_is_none_is_not_taken_for_one(tmp_path: Path, free_port: int, answer: bytes) -> None:
    warnings: list[str] = []
    box = outbox(tmp_path, webhook_channel(f"http://127.0.0.1:{free_port}/", None), warn=warnings.append)
    put(box, message())

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    run_against(box, serve, lambda: bool(warnings))
    assert box.deliveries[0].waiting == 1


@pytest.mark.parametrize(
    ("said", "waited_s"),
    [("120", 120), ("999999", 3600), ("0", 0), (None, None), ("soon", None), ("-1", None)],
)
def test_a_receiver_that_says_when_is_left_alone_until_then(
    said: str | None, waited_s: float | None, free_port: int
) -> None:
    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        after = "" if said is None else f"Retry-After: {said}\r\n"
        writer.write(f"HTTP/1.1 503 Busy\r\n{after}Content-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async def main() -> senders.Answer:
        server = await asyncio.start_server(busy, "127.0.0.1", free_port)
        async with server, senders.WebSender(f"http://127.0.0.1:{free_port}/") as sender:
            return await sender.send("k", b"{}")

    answer = asyncio.run(main())
    assert (answer.why, answer.is_final, answer.after_s) == ("answers 503", False, waited_s)
