"""Messages to a webhook: in order, signed, kept while the receiver is down, never to another address."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import hmac
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from quiet_server import QuietServer, running

from nightside.engine.live import delivery
from nightside.engine.live.delivery import Spool, Webhook
from nightside.model.errors import NightsideError, UsageError


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


def deliver(hook: Webhook, within_s: float = 5.0) -> None:
    """Run it until nothing waits any more."""

    async def main() -> None:
        task = asyncio.create_task(hook.run())
        async with asyncio.timeout(within_s):
            while hook.waiting:
                await asyncio.sleep(0.01)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_in_order_and_signed(tmp_path: Path) -> None:
    with receiver() as server:
        hook = Webhook(server.url, Spool(tmp_path), secret="night")
        asyncio.run(hook.put("country/KP/1/opened", b'{"n": 1}'))
        asyncio.run(hook.put("country/KP/1/restored", b'{"n": 2}'))
        deliver(hook)
    assert [body for _path, _headers, body in server.got] == [b'{"n": 1}', b'{"n": 2}']
    headers = server.got[0][1]
    assert headers["Idempotency-Key"] == "country/KP/1/opened"
    stamped = headers["Nightside-Timestamp"].encode() + b'.{"n": 1}'
    assert (
        headers["Nightside-Signature"] == "sha256=" + hmac.new(b"night", stamped, hashlib.sha256).hexdigest()
    )


def test_again_until_it_is_taken_with_the_same_key(tmp_path: Path) -> None:
    warnings: list[str] = []
    with receiver(503, 429) as server:
        hook = Webhook(server.url, Spool(tmp_path), warn=warnings.append, wait=at_once)
        asyncio.run(hook.put("k", b"{}"))
        deliver(hook)
    assert [headers["Idempotency-Key"] for _path, headers, _body in server.got] == ["k"] * 3
    assert len(warnings) == 1
    assert "503" in warnings[0]


def test_what_waits_outlives_the_program(tmp_path: Path) -> None:
    asyncio.run(Webhook("http://127.0.0.1:9/", Spool(tmp_path)).put("first", b"1"))
    asyncio.run(Webhook("http://127.0.0.1:9/", Spool(tmp_path)).put("second", b"2"))
    with receiver() as server:
        deliver(Webhook(server.url, Spool(tmp_path)))
    assert [body for _path, _headers, body in server.got] == [b"1", b"2"]


def test_the_same_key_waits_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put("k", b"1")
    spool.put("k", b"1")
    assert len(spool) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(tmp_path: Path, status: int) -> None:
    with receiver(status) as server:
        hook = Webhook(server.url, Spool(tmp_path), wait=at_once)
        asyncio.run(hook.put("k", b"{}"))
        deliver(hook)
    assert {path for path, _headers, _body in server.got} == {"/hook"}


def test_what_is_refused_for_good_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    warnings: list[str] = []
    with receiver(410) as server:
        hook = Webhook(server.url, Spool(tmp_path), warn=warnings.append, wait=at_once)
        asyncio.run(hook.put("a", b"1"))
        asyncio.run(hook.put("b", b"2"))
        deliver(hook)
    assert [body for _path, _headers, body in server.got] == [b"1", b"2"]
    assert "refused" in warnings[0]
    assert len(list(tmp_path.glob("*.refused"))) == 1


@pytest.mark.parametrize(
    "url", ["ftp://example.org", "http://", "example.org", "http://[::1", "http://example.org:99999/"]
)
def test_no_web_address(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="not a web address"):
        Webhook(url, Spool(tmp_path))


# -- disks -------------------------------------------------------------------------------------------


def refuse(disk: pytest.MonkeyPatch, method: str, why: int, folder: Path) -> None:
    """Have this of `Path` fail for what is in the folder."""
    real = getattr(Path, method)

    def refused(self: Path, *words: object, **more: object) -> object:
        if self.is_relative_to(folder):
            raise OSError(why, os.strerror(why), str(self))
        return real(self, *words, **more)

    disk.setattr(Path, method, refused)


def test_on_a_full_disk_it_waits_in_memory_and_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    with receiver(503) as server:
        hook = Webhook(server.url, Spool(tmp_path), warn=warnings.append, wait=at_once)
        with monkeypatch.context() as disk:
            refuse(disk, "open", errno.ENOSPC, tmp_path)
            asyncio.run(hook.put("a", b"1"))
            asyncio.run(hook.put("b", b"2"))
            assert hook.waiting == 2
            deliver(hook)
    assert [body for _path, _headers, body in server.got] == [b"1", b"1", b"2"]
    assert len([text for text in warnings if "No space left" in text]) == 1


def test_what_waited_in_memory_is_written_in_its_order_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = Webhook("http://127.0.0.1:9/", Spool(tmp_path))
    with monkeypatch.context() as disk:
        refuse(disk, "open", errno.ENOSPC, tmp_path)
        asyncio.run(hook.put("a", b"1"))
    asyncio.run(hook.put("b", b"2"))
    with receiver() as server:
        deliver(Webhook(server.url, Spool(tmp_path)))
    assert [body for _path, _headers, body in server.got] == [b"1", b"2"]


def test_a_file_that_is_taken_away_costs_that_message_alone(tmp_path: Path) -> None:
    warnings: list[str] = []
    with receiver() as server:
        hook = Webhook(server.url, Spool(tmp_path), warn=warnings.append, wait=at_once)
        asyncio.run(hook.put("a", b"1"))
        asyncio.run(hook.put("b", b"2"))
        min(tmp_path.iterdir()).unlink()
        deliver(hook)
    assert [body for _path, _headers, body in server.got] == [b"2"]
    assert len(warnings) == 1


def test_a_folder_that_is_taken_away_is_made_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "outbox")
    (tmp_path / "outbox").rmdir()
    spool.put("a", b"1")
    assert Spool(tmp_path / "outbox").first() == ("a", b"1")


def test_what_cannot_be_removed_is_not_sent_again_by_the_same_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    with receiver() as server:
        hook = Webhook(server.url, Spool(tmp_path), warn=warnings.append, wait=at_once)
        with monkeypatch.context() as disk:
            refuse(disk, "unlink", errno.EROFS, tmp_path)
            asyncio.run(hook.put("a", b"1"))
            asyncio.run(hook.put("b", b"2"))
            deliver(hook)
        assert len(list(tmp_path.iterdir())) == 2
        # The disk is well again: what stayed goes with the next.
        hook.spool.put("c", b"3")
        hook.spool.done("c")
    assert [body for _path, _headers, body in server.got] == [b"1", b"2"]
    assert len([text for text in warnings if "Read-only" in text]) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_lets_the_others_go_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    with receiver() as server:
        hook = Webhook(server.url, Spool(tmp_path), warn=warnings.append, wait=at_once)
        asyncio.run(hook.put("a", b"1"))
        bad = next(tmp_path.iterdir())
        asyncio.run(hook.put("b", b"2"))

        async def main() -> None:
            task = asyncio.create_task(hook.run())
            with monkeypatch.context() as disk:
                refuse(disk, "read_bytes", errno.EIO, bad)
                while hook.waiting > 1:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.1)
            while hook.waiting:
                await asyncio.sleep(0.01)
            task.cancel()

        asyncio.run(asyncio.wait_for(main(), 5))
    assert [body for _path, _headers, body in server.got] == [b"2", b"1"]
    assert len(warnings) == 1
    assert str(bad) in warnings[0]


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put("a", b"1")
    next(tmp_path.iterdir()).write_bytes(bytes(20))
    warnings: list[str] = []
    with receiver() as server:
        hook = Webhook(server.url, Spool(tmp_path), warn=warnings.append, wait=at_once)
        asyncio.run(hook.put("b", b"2"))
        deliver(hook)
    assert [body for _path, _headers, body in server.got] == [b"2"]
    assert "damaged" in warnings[0]
    assert [one.suffix for one in tmp_path.iterdir()] == [".refused"]


def test_files_of_strangers_stay_and_are_not_sent(tmp_path: Path) -> None:
    for name in (
        "1notes.txt",
        "12.json",
        "000000000001-x.json",
        "000000000009-0123456789abcdef.json.refused",
    ):
        (tmp_path / name).write_text("x")
    before = set(tmp_path.iterdir())
    spool = Spool(tmp_path)
    assert spool.first() is None
    spool.put("a", b"1")
    assert spool.first() == ("a", b"1")
    spool.done("a")
    assert set(tmp_path.iterdir()) == before


def test_what_a_killed_program_had_half_written_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".000000000001-0123456789abcdef.json.part").write_bytes(b"ha")
    assert len(Spool(tmp_path)) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(NightsideError, match="messages cannot wait here"):
        Spool(tmp_path / "outbox")


# -- receivers ---------------------------------------------------------------------------------------


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def run_against(hook: Webhook, serve: Serve, until: Callable[[], bool]) -> None:
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
        server = await asyncio.start_server(served, "127.0.0.1", urlsplit(hook.url).port)
        task = asyncio.create_task(hook.run())
        async with server, asyncio.timeout(5):
            while not until():
                await asyncio.sleep(0.01)
            assert not task.done()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.gather(*(one for one in serving if one is not None))

    asyncio.run(main())


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_an_answer_without_an_end_is_not_read(tmp_path: Path, free_port: int) -> None:
    hook = Webhook(f"http://127.0.0.1:{free_port}/", Spool(tmp_path), wait=at_once)
    asyncio.run(hook.put("a", b"1"))
    sent = 0

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"40000\r\n" + bytes(0x40000) + b"\r\n")
            await writer.drain()
            sent += 0x40000

    run_against(hook, serve, lambda: not hook.waiting)
    # What the buffers of two sockets take, and no more.
    assert sent < 50_000_000


def test_an_answer_that_drips_is_waited_for_no_longer_than_any(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "TIMEOUT_S", 0.3)
    warnings: list[str] = []
    hook = Webhook(f"http://127.0.0.1:{free_port}/", Spool(tmp_path), warn=warnings.append, wait=at_once)
    asyncio.run(hook.put("a", b"1"))

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + bytes(1000):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    run_against(hook, drip, lambda: bool(warnings))
    assert "no answer" in warnings[0]
    assert hook.waiting == 1


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 999999 What\r\n\r\n"])
def test_an_answer_that_is_none_is_not_taken_for_one(tmp_path: Path, free_port: int, answer: bytes) -> None:
    warnings: list[str] = []
    hook = Webhook(f"http://127.0.0.1:{free_port}/", Spool(tmp_path), warn=warnings.append, wait=at_once)
    asyncio.run(hook.put("a", b"1"))

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    run_against(hook, serve, lambda: bool(warnings))
    assert hook.waiting == 1
