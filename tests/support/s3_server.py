"""A real server that speaks S3 (moto's) for tests, as a process of its own on a free port of 127.0.0.1.

It keeps its objects in memory: what is killed has lost them. `Cut` is a link to it that breaks in the middle.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from itertools import count

from free_port import free_port

WAIT_S = 60
_PROXIES_ARE_NOT_ASKED = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class S3Server:
    """One server; every wait is bounded."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)

    @property
    def endpoint(self) -> str:
        """As AWS_ENDPOINT_URL takes it."""
        return f"http://127.0.0.1:{self.port}"

    def surroundings(self, setenv: Callable[[str, str], None]) -> None:
        """Set the environment of whoever is to reach it; nobody looks for who he is anywhere else."""
        setenv("AWS_ENDPOINT_URL", self.endpoint)
        setenv("AWS_ACCESS_KEY_ID", "nightside")
        setenv("AWS_SECRET_ACCESS_KEY", "of the tests")
        setenv("AWS_EC2_METADATA_DISABLED", "true")
        setenv("AWS_CONFIG_FILE", os.devnull)
        setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + WAIT_S
        while True:
            assert self._process.poll() is None, "moto's server has ended by itself"
            with suppress(OSError):
                self._ask("GET", "/moto-api/")
                return
            assert time.monotonic() < deadline, "moto's server does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(WAIT_S)
            self._process = None

    def bucket(self) -> str:
        """The address of a new and empty bucket."""
        name = f"nightside-{next(self._numbers)}"
        self._ask("PUT", f"/{name}")
        return f"s3://{name}"

    def uploads(self, bucket: str) -> int:
        """How many uploads of several parts are begun there, and not ended."""
        return self._ask("GET", f"/{bucket.removeprefix('s3://')}?uploads").count(b"<Upload>")

    def refuse_everybody(self, *, refuse: bool) -> None:
        """Have it look at who asks; it knows nobody."""
        self._ask("POST", "/moto-api/reset-auth", b"0" if refuse else b"inf")

    def _ask(self, method: str, path: str, data: bytes | None = None) -> bytes:
        asked = urllib.request.Request(self.endpoint + path, data=data, method=method)
        asked.add_header("Content-Type", "text/plain")
        with _PROXIES_ARE_NOT_ASKED.open(asked, timeout=10) as answer:
            found: bytes = answer.read()
            return found


class Cut:
    """A link to a server: connections through it break once so many bytes of one have gone to the server."""

    def __init__(self, port: int, after_bytes: int) -> None:
        self._port, self._left = port, after_bytes
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._port), 10)
                threading.Thread(target=self._there, args=(client, server), daemon=True).start()
                threading.Thread(target=self._back, args=(client, server), daemon=True).start()

    def _there(self, client: socket.socket, server: socket.socket) -> None:
        left = self._left
        with suppress(OSError), client, server:
            while data := client.recv(65536):
                server.sendall(data[:left])
                left -= len(data)
                if left <= 0:
                    self.cuts += 1
                    # shutdown too: the other thread is in recv, and keeps the sockets open.
                    client.shutdown(socket.SHUT_RDWR)
                    server.shutdown(socket.SHUT_RDWR)
                    return

    @staticmethod
    def _back(client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)

    def close(self) -> None:
        """Take no more connections."""
        self._listening.close()
