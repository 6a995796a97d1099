"""A real authoritative name server for tests: NSD with a zone like .kp's, on a free port of 127.0.0.1 and ::1."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from free_port import free_port

SERIAL = 2026112201
ZONE = f"""
$ORIGIN kp.
$TTL 3600
@ SOA ns1.co.kp. hostmaster.co.kp. {SERIAL} 7200 3600 1209600 3600
@ NS ns1.co.kp.
@ NS ns2.co.kp.
ns1.co A 127.0.0.1
ns1.co AAAA ::1
ns2.co A 127.0.0.1
kcna A 127.0.0.1
rodong.rep NS ns1.co.kp.
star-co.net MX 20 ns2.co.kp.
star-co.net MX 10 ns1.co.kp.
silibank.net MX 0 .
"""


@dataclass(frozen=True)
class Nsd:
    """Where it listens, and its process (`kill` it for an outage)."""

    port: int
    process: subprocess.Popen[bytes]


def have_nsd() -> str | None:
    """Its program; Debian keeps it where not everybody looks."""
    return shutil.which("nsd") or shutil.which("nsd", path="/usr/sbin")


@contextmanager
def nsd(
    folder: Path,
    zone: str = ZONE,
    port: int | None = None,
    addresses: Sequence[str] = ("127.0.0.1", "::1"),
    inside: Sequence[str] = (),
    origin: str = "kp",
) -> Iterator[Nsd]:
    """Runs within the block. `inside`: a command that runs it elsewhere (`ip netns exec NAME`), where nobody waits
    for it to listen. `origin`: which zone it is."""
    program = have_nsd()
    assert program is not None
    port = free_port() if port is None else port
    (folder / "zone").write_text(zone)
    (folder / "nsd.conf").write_text(_configuration(folder, port, addresses, origin))
    with (folder / "nsd.log").open("wb") as log:
        process = subprocess.Popen(
            [*inside, program, "-d", "-c", str(folder / "nsd.conf")], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        if not inside:
            _wait_for(addresses[0], port, process, folder / "nsd.log")
        yield Nsd(port, process)
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(address: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection((address, port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nsd does not listen: {log.read_text()}")


def _configuration(folder: Path, port: int, addresses: Sequence[str], origin: str) -> str:
    listens = "\n".join(f"  ip-address: {address}@{port}" for address in addresses)
    return f"""
server:
  server-count: 1
{listens}
  username: ""
  database: ""
  zonesdir: "{folder}"
  xfrdir: "{folder}"
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  pidfile: "{folder}/pid"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: {origin}
  zonefile: zone
"""
