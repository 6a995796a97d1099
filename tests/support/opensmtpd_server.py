"""A real mail server for tests: OpenSMTPD on a free port of 127.0.0.1, with a spool and a control socket of its own.

It offers STARTTLS. Debian 12's (6.8, built with OpenSSL 3) then cannot sign: a server whose TLS is broken, as it is.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from certificate_authority import Credentials
from free_port import free_port


@dataclass(frozen=True)
class OpenSmtpd:
    """Where it listens."""

    port: int
    process: subprocess.Popen[bytes]


def why_no_opensmtpd() -> str | None:
    """Why this machine cannot run it; None where it can."""
    if shutil.which("smtpd", path="/usr/sbin") is None:
        return "opensmtpd is not installed"
    allowed = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    return "mount namespaces are not permitted here" if allowed.returncode else None


@contextmanager
def opensmtpd(
    folder: Path,
    credentials: Credentials,
    address: str = "127.0.0.1",
    port: int | None = None,
    inside: Sequence[str] = (),
) -> Iterator[OpenSmtpd]:
    """Runs within the block, as mail.example.kp; it takes no mail from anybody. `inside`: a command that runs it
    elsewhere (`ip netns exec NAME`), where nobody waits for it to listen."""
    port = free_port() if port is None else port
    credentials.key.chmod(0o600)
    configuration = folder / "smtpd.conf"
    configuration.write_text(
        f'pki mail cert "{credentials.certificate}"\n'
        f'pki mail key "{credentials.key}"\n'
        f"listen on {address} port {port} tls pki mail hostname mail.example.kp\n"
        "match from any for any reject\n"
    )
    # Its spool and its socket have fixed places: each server has others behind them.
    script = 'mount -t tmpfs none /run && mount -t tmpfs none /var/spool && exec /usr/sbin/smtpd -d -f "$1"'
    with (folder / "smtpd.log").open("wb") as log:
        process = subprocess.Popen(
            [*inside, "unshare", "-m", "sh", "-c", script, "sh", str(configuration)],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        for _ in range(0 if inside else 200):
            assert process.poll() is None, (folder / "smtpd.log").read_text()
            try:
                socket.create_connection((address, port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield OpenSmtpd(port, process)
    finally:
        process.terminate()
        process.wait(10)
