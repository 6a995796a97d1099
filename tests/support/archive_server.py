"""An archive's web server for tests, on 127.0.0.1: both layouts, a broker, and everything that goes wrong with them."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from nightside.sources.archive_names import take_apart

PIECE_BYTES = 8192
MOST_ITEMS = 1000


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request."""

    status: int | None = None
    """Answered instead."""
    retry_after: str | None = None
    refuse: bool = False
    """The connection ends without a word."""
    cut_after: int | None = None
    """The connection ends after so many bytes of the body, whatever was promised."""
    stall_after: int | None = None
    """Nothing more comes after so many bytes."""
    bytes_per_s: int | None = None
    content: bytes | None = None
    """Served instead, with its own length."""
    location: str | None = None


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    at_s: float
    headers: dict[str, str]


@dataclass
class ArchiveServer:
    """How the server behaves; may be changed while it runs."""

    root: Path
    url: str = ""
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    """By path; each is used once, in order, before the file is served as it is."""
    always: dict[str, Fault] = field(default_factory=dict)
    """The same for all requests whose path begins so."""
    gone: set[str] = field(default_factory=set)
    """Listed (by the broker too), and not there."""
    unlisted: set[str] = field(default_factory=set)
    """There, and not listed, neither by the folder's page."""
    broker_until: int | None = None
    """The broker knows of nothing from then on."""
    broker_lacks: set[str] = field(default_factory=set)
    ranges: bool = True
    etag: str = "strong"
    """strong, weak or none."""
    dates: bool = True
    lengths: bool = True
    asked: list[Asked] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)

    def paths(self, prefix: str = "/", method: str = "GET") -> list[str]:
        """What was asked for, in order."""
        return [a.path for a in self.asked if a.method == method and a.path.startswith(prefix)]

    def files_asked(self, method: str = "GET") -> list[str]:
        """The files of routing data that were asked for."""
        return [path for path in self.paths("/", method) if take_apart(path.rpartition("/")[2])]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Else each body waits for the other end's word that it has the head: a hundredth of a second and more.
    disable_nagle_algorithm = True

    @property
    def archive(self) -> ArchiveServer:
        return cast(Any, self.server).archive  # type: ignore[no-any-return]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        archive = self.archive
        path = urlsplit(self.path).path
        with archive.lock:
            archive.asked.append(Asked(self.command, path, time.monotonic(), dict(self.headers)))
            archive.under_way += 1
            archive.most_under_way = max(archive.most_under_way, archive.under_way)
            waiting = archive.faults.get(path)
            fault = waiting.pop(0) if waiting and self.command == "GET" else None
        fault = fault or next((f for p, f in archive.always.items() if path.startswith(p)), Fault())
        try:
            self._answer(path, fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with archive.lock:
                archive.under_way -= 1

    def _answer(self, path: str, fault: Fault) -> None:
        if fault.refuse:
            self.close_connection = True
            return
        if fault.status is not None:
            extra = {"Retry-After": fault.retry_after, "Location": fault.location}
            self._send(fault.status, b"trouble\n", fault, {k: v for k, v in extra.items() if v is not None})
            return
        if path == "/broker/search":
            self._send(200, self._broker(), fault, {"Content-Type": "application/json"})
            return
        file = self.archive.root / path.lstrip("/")
        if path in self.archive.gone or not file.exists():
            self._send(404, b"no\n", fault, {})
        elif file.is_dir():
            self._send(200, self._page(path, file), fault, {"Content-Type": "text/html"})
        else:
            self._file(file, fault)

    def _file(self, file: Path, fault: Fault) -> None:
        content = file.read_bytes() if fault.content is None else fault.content
        etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        date = formatdate(file.stat().st_mtime, usegmt=True)
        headers = {}
        if self.archive.etag != "none":
            headers["ETag"] = etag if self.archive.etag == "strong" else f"W/{etag}"
        if self.archive.dates:
            headers["Last-Modified"] = date
        wanted, condition = self.headers.get("Range"), self.headers.get("If-Range")
        same = condition in (None, etag, date)
        if wanted and same and self.archive.ranges:
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            if begin >= len(content):
                self._send(416, b"", fault, {"Content-Range": f"bytes */{len(content)}"})
                return
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
            self._send(206, content[begin:], fault, headers)
        else:
            self._send(200, content, fault, headers)

    def _send(self, status: int, body: bytes, fault: Fault, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.archive.lengths:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command == "HEAD":
            return
        end = next((n for n in (fault.cut_after, fault.stall_after) if n is not None), len(body))
        step = PIECE_BYTES if fault.bytes_per_s is None else max(1, fault.bytes_per_s // 20)
        for at in range(0, min(end, len(body)), step):
            self.wfile.write(body[at : min(at + step, end)])
            self.wfile.flush()
            if fault.bytes_per_s is not None:
                time.sleep(0.05)
        if fault.stall_after is not None:
            self.archive.ended.wait(20)
        if fault.cut_after is not None or fault.stall_after is not None:
            self.close_connection = True

    def _page(self, path: str, folder: Path) -> bytes:
        """As nginx shows a folder of RIS, and Apache one of RouteViews."""
        names = sorted(p.name + ("/" if p.is_dir() else "") for p in folder.iterdir())
        names = [name for name in names if path + name not in self.archive.unlisted]
        names += [
            p[len(path) :]
            for p in sorted(self.archive.gone)
            if p.startswith(path) and "/" not in p[len(path) :]
        ]
        rows = []
        for name in dict.fromkeys(names):
            file = folder / name
            size = _rounded(file.stat().st_size) if file.is_file() else "-"
            if "bgpdata" in path:
                rows.append(
                    f'<tr><td valign="top">&nbsp;</td><td><a href="{name}">{name[:20]}..&gt;</a></td>'
                    f'<td align="right">2014-12-21 00:05  </td><td align="right">{size}</td><td>&nbsp;</td></tr>'
                )
            else:
                rows.append(f'<a href="{name}">{name}</a>      21-Dec-2014 00:05     {size}')
        if "bgpdata" in path:
            head = '<tr><th><a href="?C=N;O=D">Name</a></th></tr>\n<tr><td><a href="/">Parent Directory</a></td></tr>'
            return f"<html><body><table>\n{head}\n{chr(10).join(rows)}\n</table></body></html>".encode()
        return f'<html><body><pre><a href="../">../</a>\n{chr(10).join(rows)}\n</pre></body></html>'.encode()

    def _broker(self) -> bytes:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        begin, end = int(asked["ts_start"]), int(asked["ts_end"])
        page, size = int(asked["page"]), min(MOST_ITEMS, int(asked["page_size"]))
        items = []
        for path in self._known():
            name = take_apart(path.rpartition("/")[2])
            collector = next(part for part in path.split("/") if part)
            collector = "route-views2" if collector == "bgpdata" else collector
            kind = "rib" if name and name.kind == "table" else "updates"
            if name is None or (collector, kind) != (asked["collector_id"], asked["data_type"]):
                continue
            until = self.archive.broker_until
            if not begin <= name.nominal < end or (until is not None and name.nominal >= until):
                continue
            started = datetime.fromtimestamp(name.nominal, UTC).replace(tzinfo=None).isoformat()
            items.append(
                {
                    "ts_start": started,
                    "ts_end": started,
                    "collector_id": collector,
                    "data_type": kind,
                    "url": f"https://elsewhere.invalid{path}",
                    "rough_size": 4096,
                    "exact_size": 0,
                }
            )
        items.sort(key=lambda item: str(item["ts_start"]))
        some = items[(page - 1) * size : page * size]
        return json.dumps(
            {"count": len(some), "page": page, "page_size": size, "error": None, "data": some, "meta": None}
        ).encode()

    def _known(self) -> list[str]:
        there = {
            f"/{p.relative_to(self.archive.root)}" for p in self.archive.root.rglob("*.*") if p.is_file()
        }
        return sorted((there | self.archive.gone) - self.archive.broker_lacks)


def _rounded(size: int) -> str:
    return f"{size / 1024:.1f}K" if size >= 1024 else str(size)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, _request: Any, _address: Any) -> None:
        """Whoever asks may be gone at any time."""


def use_archive(archive: ArchiveServer, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let the program's own settings lead to this server, and its cache and configuration into a folder."""
    without_proxies(monkeypatch)
    monkeypatch.setenv("NIGHTSIDE_RIS_ARCHIVE_URL", archive.url)
    monkeypatch.setenv("NIGHTSIDE_ROUTEVIEWS_ARCHIVE_URL", archive.url)
    monkeypatch.setenv("NIGHTSIDE_BROKER_URL", f"{archive.url}/broker")
    monkeypatch.setenv("NIGHTSIDE_CACHE", str(folder / "cache"))
    monkeypatch.setenv("NIGHTSIDE_CONFIG", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))


def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on this machine is asked directly."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@contextmanager
def archive_server(root: Path) -> Iterator[ArchiveServer]:
    """A server over the files below `root`; its broker is at `/broker`."""
    server = _Server(("127.0.0.1", 0), _Handler)
    archive = ArchiveServer(root, f"http://127.0.0.1:{server.server_address[1]}")
    cast(Any, server).archive = archive
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield archive
    finally:
        archive.ended.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
