"""Routers in a row, each in a network namespace of its own, with IPv4 and IPv6; links that can be cut.

Node 0 is where a check runs, the last one is the target, those between forward. Between node i and i + 1 is the net
10.98.i.0/24 (and fd98:j::/64, j = i + 1): node i is .1 there, node i + 1 is .2.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from nightside.model.check import Family, Kind

_CHECK = """
import asyncio, json, os, sys, time
from check_probe import probe, target
from nightside.checks.limits import CheckLimits
from nightside.checks.icmp import check_icmp
from nightside.checks.trace import check_trace
kind, where, family, as_nobody, phase_s = json.loads(sys.argv[1])
if as_nobody:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
check = {"icmp": check_icmp, "trace": check_trace}[kind]
place = probe(CheckLimits(phase_s=phase_s, hops=12))
results = asyncio.run(check(target(kind, where), family, place))
print(json.dumps([result.to_json() for result in results]))
"""


def why_no_chain() -> str | None:
    """Why this machine cannot; None where it can."""
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    name = f"c{os.getpid()}probe"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        return "network namespaces are not permitted here"
    subprocess.run(["ip", "netns", "del", name], check=True)
    return None


class Chain:
    """So many nodes in a row."""

    def __init__(self, nodes: int) -> None:
        self.nodes = nodes
        self._tag = f"c{os.getpid() % 100_000}"

    def address(self, node: int, family: Family = 4) -> str:
        """Of a node, on the side of node 0: what it answers from."""
        net, host = (node - 1, 2) if node else (0, 1)
        return f"10.98.{net}.{host}" if family == 4 else f"fd98:{net + 1}::{host}"

    def run(self, node: int, *words: str) -> str:
        """A command within a node."""
        done = subprocess.run(
            ["ip", "netns", "exec", self._name(node), *words],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{words[:3]}: {done.stderr}")
        return done.stdout

    def check(
        self, kind: Kind, where: str, family: Family = 4, as_nobody: bool = False, phase_s: float = 4.0
    ) -> dict[str, Any]:
        """One check from node 0, in a process of its own; its only result as JSON."""
        path = os.pathsep.join(path for path in sys.path if path)
        asked = json.dumps([kind, where, family, as_nobody, phase_s])
        said = self.run(0, "env", f"PYTHONPATH={path}", sys.executable, "-W", "error", "-c", _CHECK, asked)
        (result,) = json.loads(said)
        assert isinstance(result, dict)
        return result

    def anybody_may_ping(self, may: bool) -> None:
        """Whether unprivileged ICMP sockets are allowed in node 0."""
        self.run(0, "sysctl", "-qw", f"net.ipv4.ping_group_range={'0 2147483647' if may else '1 0'}")

    def cut(self, node: int) -> None:
        """The link from a node to the next."""
        self.run(node, "ip", "link", "set", "right", "down")

    def mend(self, node: int) -> None:
        """It is up again, with the addresses and routes that a link loses when it goes down."""
        self.run(node, "ip", "link", "set", "right", "up")
        self.run(node, "ip", "addr", "replace", f"fd98:{node + 1}::1/64", "dev", "right", "nodad")
        self._routes(node)

    def build(self) -> None:
        """All of it."""
        for node in range(self.nodes):
            subprocess.run(["ip", "netns", "add", self._name(node)], check=True, capture_output=True)
            self.run(node, "ip", "link", "set", "lo", "up")
            forwards = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
            for word in (*forwards, "net.ipv6.conf.default.accept_dad=0"):
                self.run(node, "sysctl", "-qw", word)
            # Else a kernel holds back what it says of many packets at once.
            for word in ("net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0"):
                self.run(node, "sysctl", "-qw", word)
        for node in range(self.nodes - 1):
            peer = ["type", "veth", "peer", "name", "left", "netns", self._name(node + 1)]
            self.run(node, "ip", "link", "add", "right", *peer)
            for end, name, host in ((node, "right", 1), (node + 1, "left", 2)):
                self.run(end, "ip", "addr", "add", f"10.98.{node}.{host}/24", "dev", name)
                self.run(end, "ip", "addr", "add", f"fd98:{node + 1}::{host}/64", "dev", name, "nodad")
                self.run(end, "ip", "link", "set", name, "up")
        for node in range(self.nodes):
            self._routes(node)

    def _routes(self, node: int) -> None:
        for net in range(node - 1):
            self.run(node, "ip", "route", "replace", f"10.98.{net}.0/24", "via", f"10.98.{node - 1}.1")
            self.run(node, "ip", "-6", "route", "replace", f"fd98:{net + 1}::/64", "via", f"fd98:{node}::1")
        for net in range(node + 1, self.nodes - 1):
            self.run(node, "ip", "route", "replace", f"10.98.{net}.0/24", "via", f"10.98.{node}.2")
            self.run(
                node, "ip", "-6", "route", "replace", f"fd98:{net + 1}::/64", "via", f"fd98:{node + 1}::2"
            )

    def end(self) -> None:
        """Nothing of it is left."""
        for node in range(self.nodes):
            subprocess.run(["ip", "netns", "del", self._name(node)], check=False, capture_output=True)

    def _name(self, node: int) -> str:
        return f"{self._tag}x{node}"


@contextlib.contextmanager
def chain(nodes: int) -> Iterator[Chain]:
    built = Chain(nodes)
    try:
        built.build()
        yield built
    finally:
        built.end()
