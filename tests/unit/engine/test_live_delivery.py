"""Messages to a webhook: in order, signed, kept while the receiver is down, never to another address."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nightside.engine.live.delivery import Spool, Webhook
from nightside.model.errors import UsageError


class Receiver(ThreadingHTTPServer):
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


@contextmanager
def receiver(*answers: int) -> Iterator[Receiver]:
    server = Receiver(list(answers))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


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


def test_no_web_address(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a web address"):
        Webhook("ftp://example.org", Spool(tmp_path))


def test_on_a_full_disk_it_waits_in_memory_and_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []

    def full(_key: str, _body: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with receiver(503) as server:
        hook = Webhook(server.url, Spool(tmp_path), warn=warnings.append, wait=at_once)
        with monkeypatch.context() as disk:
            disk.setattr(hook.spool, "put", full)
            asyncio.run(hook.put("a", b"1"))
        # There is room again; the order stays.
        asyncio.run(hook.put("b", b"2"))
        assert hook.waiting == 2
        deliver(hook)
    assert [body for _path, _headers, body in server.got] == [b"1", b"1", b"2"]
    assert "No space left" in warnings[0]
