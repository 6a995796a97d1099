"""RIPEstat's data API for tests, on 127.0.0.1: what BGPlay would answer, in the envelope in which it comes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
from archive_server import without_proxies
from quiet_server import QuietServer

Answerer = Callable[[dict[str, str]], dict[str, Any]]


@dataclass
class RipestatServer:
    """How the server behaves; may be changed while it runs."""

    answer: Answerer
    """From the parameters of a request to its `data`."""
    url: str = ""
    faults: list[int] = field(default_factory=list)
    """Statuses answered instead, each once."""
    status: str = "ok"
    """What stands in the envelope."""
    instead: bytes | None = None
    """Sent in place of the envelope."""
    asked: list[dict[str, str]] = field(default_factory=list)


def envelope(data: dict[str, Any], status: str = "ok") -> bytes:
    """An answer as RIPEstat sends it; what no reader needs is left out."""
    messages = [] if status == "ok" else [["error", "the system is under maintenance"]]
    return json.dumps(
        {
            "messages": messages,
            "see_also": [],
            "version": "1.3",
            "data_call_name": "bgplay",
            "data_call_status": "supported",
            "cached": False,
            "data": data,
            "status": status,
            "status_code": 200,
        }
    ).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        pass

    def do_GET(self) -> None:
        server: RipestatServer = cast(Any, self.server).ripestat
        asked = urlsplit(self.path)
        params = dict(parse_qsl(asked.query))
        server.asked.append({"path": asked.path, **params})
        if server.faults:
            self._send(server.faults.pop(0), b"{}")
        elif asked.path != "/data/bgplay/data.json":
            self._send(404, b"")
        elif server.instead is not None:
            self._send(200, server.instead)
        else:
            self._send(200, envelope(server.answer(params), server.status))

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def ripestat_server(
    answer: Answerer, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> Iterator[RipestatServer]:
    """A server behind the program's own settings, with the cache and the configuration in a folder."""
    server = QuietServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    ripestat = RipestatServer(answer, f"http://127.0.0.1:{server.server_address[1]}/data")
    cast(Any, server).ripestat = ripestat
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    without_proxies(monkeypatch)
    monkeypatch.setenv("NIGHTSIDE_RIPESTAT_URL", ripestat.url)
    monkeypatch.setenv("NIGHTSIDE_CACHE", str(folder / "cache"))
    monkeypatch.setenv("NIGHTSIDE_CONFIG", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    try:
        yield ripestat
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
