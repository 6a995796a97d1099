"""Who gets the messages: a small web server on 127.0.0.1 that can be away for a while and come back."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, cast

from quiet_server import QuietServer

Json = dict[str, Any]


@dataclass
class Receiver:
    """What came, each with when it came by the clock on the wall; all of it, also what came twice."""

    got: list[tuple[float, Json]] = field(default_factory=list)
    port: int = 0
    _server: QuietServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def keys(self) -> list[str]:
        return [message["key"] for _at, message in self.got]

    def told(self, kind: str) -> list[Json]:
        """Messages of this kind."""
        return [message for _at, message in self.got if message["kind"] == kind]

    def up(self) -> None:
        """Listen; at the same port as before, where it has been down."""
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.receiver = self
        self.port = self._server.server_port
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    def down(self) -> None:
        """Nobody can connect any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(QuietServer):
    daemon_threads = True
    receiver: Receiver


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Idempotency-Key"] == body["key"]
        cast(_Server, self.server).receiver.got.append((time.time(), body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def receiver() -> Iterator[Receiver]:
    """One that listens."""
    found = Receiver()
    found.up()
    try:
        yield found
    finally:
        found.down()
