"""Routers in network namespaces of their own, joined by links that can be cut; all of it ends with the test."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


def missing() -> str | None:
    """Why this machine cannot; None where it can."""
    lacking = [name for name in ("ip", "gobgpd", "gobgp") if shutil.which(name) is None]
    if lacking:
        return f"{', '.join(lacking)} not installed"
    name = f"ns{os.getpid()}probe"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        return "network namespaces are not permitted here"
    subprocess.run(["ip", "netns", "del", name], check=True)
    return None


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@dataclass
class Router:
    """One GoBGP in a namespace."""

    name: str
    asn: int
    namespace: str
    log: Path
    links: list[tuple[str, str, int]] = field(default_factory=list)
    """(own address, the other's address, the other's AS)."""

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            ["ip", "netns", "exec", self.namespace, "gobgp", *words],
            capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{self.name}: {words}: {done.stdout}{done.stderr}")
        return done.stdout

    def seconds(self, what: str, address: str, since: float) -> list[float]:
        """When its log says `what` of the neighbour with this address."""
        found = []
        for line in self.log.read_text().splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                said = json.loads(line)
                if re.search(what, said.get("msg", "")) and said.get("Key") == address:
                    at = datetime.fromisoformat(said["time"]).timestamp()
                    # The log tells whole seconds.
                    if at >= int(since):
                        found.append(at)
        return found


class Net:
    """Namespaces, links between them, and the routers inside."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tag = folder, f"n{os.getpid() % 100000}"
        self.routers: dict[str, Router] = {}
        self._ends: dict[tuple[str, str], tuple[str, str]] = {}
        self._links = 0
        self._processes: list[subprocess.Popen[bytes]] = []

    def router(self, name: str, asn: int) -> Router:
        namespace = f"{self.tag}{name}"
        _ip("netns", "add", namespace)
        found = self.routers[name] = Router(name, asn, namespace, self.folder / f"{name}.log")
        _ip("-n", namespace, "link", "set", "lo", "up")
        return found

    def link(self, a: str, b: str) -> None:
        """A link with an address at each end, and a session over it."""
        self._links += 1
        net = f"10.99.{self._links}"
        one, two = f"{self.tag}l{self._links}a", f"{self.tag}l{self._links}b"
        _ip("link", "add", one, "type", "veth", "peer", "name", two)
        for end, router, host in ((one, self.routers[a], 1), (two, self.routers[b], 2)):
            _ip("link", "set", end, "netns", router.namespace)
            _ip("-n", router.namespace, "addr", "add", f"{net}.{host}/24", "dev", end)
            _ip("-n", router.namespace, "link", "set", end, "up")
        self.routers[a].links.append((f"{net}.1", f"{net}.2", self.routers[b].asn))
        self.routers[b].links.append((f"{net}.2", f"{net}.1", self.routers[a].asn))
        self._ends[a, b] = (self.routers[a].namespace, one)

    def outside(self, name: str) -> str:
        """A link from a router to the test itself; returns the test's address."""
        self._links += 1
        net = f"10.99.{self._links}"
        one, two = f"{self.tag}l{self._links}a", f"{self.tag}l{self._links}b"
        _ip("link", "add", one, "type", "veth", "peer", "name", two)
        _ip("link", "set", two, "netns", self.routers[name].namespace)
        _ip("addr", "add", f"{net}.1/24", "dev", one)
        _ip("link", "set", one, "up")
        _ip("-n", self.routers[name].namespace, "addr", "add", f"{net}.2/24", "dev", two)
        _ip("-n", self.routers[name].namespace, "link", "set", two, "up")
        return f"{net}.1"

    def cut(self, a: str, b: str) -> float:
        return self._set(a, b, "down")

    def mend(self, a: str, b: str) -> float:
        return self._set(a, b, "up")

    def _set(self, a: str, b: str, state: str) -> float:
        namespace, end = self._ends[a, b]
        at = time.time()
        _ip("-n", namespace, "link", "set", end, state)
        return at

    def run(self, name: str, *, bmp: Sequence[tuple[str, int]] = (), announces: Sequence[str] = ()) -> None:
        router = self.routers[name]
        lines = [
            "[global.config]",
            f"as = {router.asn}",
            f'router-id = "{router.links[0][0]}"',
        ]
        for _own, other, asn in router.links:
            lines += [
                "[[neighbors]]",
                "[neighbors.config]",
                f'neighbor-address = "{other}"',
                f"peer-as = {asn}",
                "[neighbors.timers.config]",
                "hold-time = 3.0",
                "keepalive-interval = 1.0",
                "connect-retry = 1.0",
                "idle-hold-time-after-reset = 1.0",
            ]
        for host, port in bmp:
            lines += [
                "[[bmp-servers]]",
                "[bmp-servers.config]",
                f'address = "{host}"',
                f"port = {port}",
                'route-monitoring-policy = "pre-policy"',
                f'sys-name = "{name}"',
            ]
        configuration = self.folder / f"{name}.toml"
        configuration.write_text("\n".join(lines) + "\n")
        with router.log.open("wb") as output:
            self._processes.append(
                subprocess.Popen(
                    [
                        "ip",
                        "netns",
                        "exec",
                        router.namespace,
                        "gobgpd",
                        "-f",
                        str(configuration),
                        "--log-level",
                        "info",
                        "--pprof-disable",
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                router("global")
                break
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise RuntimeError(router.log.read_text()) from None
                time.sleep(0.2)
        for prefix in announces:
            router("global", "rib", "add", prefix)

    def end(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        for router in self.routers.values():
            subprocess.run(["ip", "netns", "del", router.namespace], check=False, capture_output=True)


@contextlib.contextmanager
def net(folder: Path) -> Iterator[Net]:
    built = Net(folder)
    try:
        yield built
    finally:
        built.end()
