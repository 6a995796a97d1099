"""A real web server for tests: nginx on free ports of 127.0.0.1 and ::1, with and without TLS."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from certificate_authority import Credentials
from free_port import free_port

PAGE = "<html><head><meta charset='utf-8'></head><body>조선중앙통신 says: all is well</body></html>\n"


@dataclass(frozen=True)
class Nginx:
    """Where it listens: `port` without TLS, `tls` by the name of its credentials."""

    port: int
    tls: Mapping[str, int]
    process: subprocess.Popen[bytes]


def have_nginx() -> str | None:
    """Its program; Debian keeps it where not everybody looks."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@contextmanager
def nginx(folder: Path, credentials: Mapping[str, Credentials]) -> Iterator[Nginx]:
    """Runs within the block. It has / (a page), /big (400,000 bytes), /missing, and redirects below /to/."""
    program = have_nginx()
    assert program is not None
    root = folder / "pages"
    root.mkdir()
    (root / "index.html").write_text(PAGE, encoding="utf-8")
    (root / "big").write_bytes(b"x" * 400_000)
    port = free_port()
    tls = {name: free_port() for name in credentials}
    (folder / "nginx.conf").write_text(_configuration(folder, root, port, tls, credentials))
    command = [program, "-p", str(folder), "-e", str(folder / "errors"), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for each in (port, *tls.values()):
            _wait_for(each, process)
        yield Nginx(port, tls, process)
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "nginx has ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nginx does not listen on port {port}")


def _configuration(
    folder: Path, root: Path, port: int, tls: Mapping[str, int], credentials: Mapping[str, Credentials]
) -> str:
    places = f"""
        root {root};
        location = /to/page {{ return 301 /; }}
        location = /to/here {{ return 302 /to/here; }}
        location = /to/there {{ return 302 /to/back; }}
        location = /to/back {{ return 302 /to/there; }}
        location = /to/ssh {{ return 302 http://127.0.0.1:22/; }}
        location = /to/file {{ return 302 file:///etc/passwd; }}
        location = /to/name {{ return 307 http://www.example.kp:$server_port/; }}
        location = /agent {{ return 200 "$http_user_agent|$http_cookie|$http_authorization|$http_accept_encoding"; }}
        location = /away {{ return 308 $arg_to; }}
        location ~ ^/far/([0-9]+)$ {{ return 302 /far/$11; }}
    """
    secure = "".join(
        f"""
    server {{
        listen 127.0.0.1:{tls[name]} ssl;
        listen [::1]:{tls[name]} ssl;
        ssl_certificate {each.certificate};
        ssl_certificate_key {each.key};
        {places}
    }}"""
        for name, each in credentials.items()
    )
    temporary = "\n".join(
        f"    {kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/errors;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    default_type "text/html; charset=utf-8";
{temporary}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        listen [::1]:{port};
        {places}
    }}{secure}
}}
"""
