"""A real router: GoBGP from Debian, on loopback, with a configuration of its own; ended with the test."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from free_port import free_port

NEEDED = ("gobgpd", "gobgp")


def is_here() -> bool:
    """Whether this machine has it."""
    return all(shutil.which(name) for name in NEEDED)


@dataclass(frozen=True)
class Neighbor:
    """Another router; `port` is given where this one is to call."""

    address: str
    asn: int
    port: int | None = None


@dataclass
class GoBgp:
    """One running router."""

    api_port: int
    port: int

    def __call__(self, *words: str) -> str:
        """A command of its own command line."""
        command = ["gobgp", "-p", str(self.api_port), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def announce(self, prefix: str, path: Sequence[int] = ()) -> None:
        """Announce a prefix; its path is behind the router's own AS."""
        behind = ("aspath", " ".join(map(str, path))) if path else ()
        family = ("-a", "ipv6") if ":" in prefix else ()
        self("global", "rib", "add", prefix, *behind, *family)

    def withdraw(self, prefix: str) -> None:
        """Withdraw it."""
        family = ("-a", "ipv6") if ":" in prefix else ()
        self("global", "rib", "del", prefix, *family)


@contextlib.contextmanager
def gobgp(
    folder: Path,
    *,
    asn: int,
    address: str,
    neighbors: Sequence[Neighbor],
    bmp_port: int | None = None,
    name: str = "",
    monitoring: str = "pre-policy",
    next_hop: str | None = None,
) -> Iterator[GoBgp]:
    """Run one until the block ends. With `bmp_port` it sends BMP there, and calls itself `name`.

    With `next_hop` it announces that one: routes by a loopback address are told by BMP, but not kept.
    """
    port, api_port = free_port(address), free_port()
    lines = [
        "[global.config]",
        f"as = {asn}",
        f'router-id = "{address}"',
        f"port = {port}",
        f'local-address-list = ["{address}"]',
    ]
    for neighbor in neighbors:
        lines += [
            "[[neighbors]]",
            "[neighbors.config]",
            f'neighbor-address = "{neighbor.address}"',
            f"peer-as = {neighbor.asn}",
            "[neighbors.timers.config]",
            "hold-time = 3.0",
            "keepalive-interval = 1.0",
            "connect-retry = 1.0",
            "idle-hold-time-after-reset = 1.0",
            "[neighbors.transport.config]",
            f'local-address = "{address}"',
            f"remote-port = {neighbor.port}" if neighbor.port else "passive-mode = true",
        ]
        for family in ("ipv4-unicast", "ipv6-unicast"):
            lines += [
                "[[neighbors.afi-safis]]",
                "[neighbors.afi-safis.config]",
                f'afi-safi-name = "{family}"',
            ]
    if next_hop is not None:
        lines += [
            "[global.apply-policy.config]",
            'export-policy-list = ["out"]',
            "[[policy-definitions]]",
            'name = "out"',
            "[[policy-definitions.statements]]",
            "[policy-definitions.statements.actions]",
            'route-disposition = "accept-route"',
            "[policy-definitions.statements.actions.bgp-actions]",
            f'set-next-hop = "{next_hop}"',
        ]
    if bmp_port is not None:
        lines += [
            "[[bmp-servers]]",
            "[bmp-servers.config]",
            'address = "127.0.0.1"',
            f"port = {bmp_port}",
            f'route-monitoring-policy = "{monitoring}"',
            "statistics-timeout = 15",
            f'sys-name = "{name}"',
            'sys-descr = "a real router"',
        ]
    configuration = folder / f"{name or asn}.toml"
    configuration.write_text("\n".join(lines) + "\n")
    log = folder / f"{name or asn}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["gobgpd", "-f", str(configuration), "--api-hosts", f"127.0.0.1:{api_port}", "--pprof-disable"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        router = GoBgp(api_port, port)
        _until_it_answers(router, process, log)
        yield router
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _until_it_answers(router: GoBgp, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            router("global")
            return
        except RuntimeError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"gobgpd does not answer: {log.read_text()}") from None
            time.sleep(0.1)
