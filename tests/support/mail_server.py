"""A real mail server for tests that can STARTTLS: aiosmtpd as a process of its own, on a free port of 127.0.0.1."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from certificate_authority import Credentials
from free_port import free_port


@dataclass(frozen=True)
class MailServer:
    """Where it listens, and what it writes of each command."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]


@contextmanager
def mail_server(folder: Path, credentials: Credentials | None) -> Iterator[MailServer]:
    """Runs within the block; with credentials it offers STARTTLS. Mail would go nowhere."""
    port, log = free_port(), folder / f"mail-{len(list(folder.iterdir()))}.log"
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-dd", "-l", f"127.0.0.1:{port}"]
    command += ["-c", "aiosmtpd.handlers.Sink"]
    if credentials is not None:
        command += [
            "--tlscert",
            str(credentials.certificate),
            "--tlskey",
            str(credentials.key),
            "--no-requiretls",
        ]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        for _ in range(200):
            assert process.poll() is None, log.read_text()
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield MailServer(port, log, process)
    finally:
        process.terminate()
        process.wait(10)
