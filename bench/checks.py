"""What 2,000 targets of five kinds, checked once a minute, cost the process that checks them.

    python -m bench.checks [--targets N] [--rounds N] [--every S] [--dark]

Servers on this machine, in processes of their own: nginx, NSD with a zone in which every name exists, and a program
that speaks as a mail server does. Each target has a name of its own and is checked by http, dns (its server over UDP
and TCP), smtp, icmp and tcp, by the same runner as `nightside check --every 60s`, with the real resolver and a real
store. The first round warms up. Measured over the rounds after it is the processor time, user and system, of the
checking process alone. What came of the checks is told too: all `ok`, but for --dark.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from nightside.checks.names import Resolver
from nightside.checks.probe import Probe
from nightside.checks.schedule import Planned, plan
from nightside.engine.checks.asked import user_agent
from nightside.engine.checks.runner import Rounds, run
from nightside.model.check import CheckResult, Target
from nightside.store.embedded import EmbeddedStore

KINDS = ("http", "dns", "smtp", "icmp", "tcp")
PAGE = "<html><body>all is well</body></html>\n" * 50
ZONE = """
$ORIGIN kp.
$TTL 3600
@ SOA ns1.co.kp. hostmaster.co.kp. 2026112201 7200 3600 1209600 3600
@ NS ns1.co.kp.
ns1.co A 127.0.0.1
mx A 127.0.0.1
* A 127.0.0.1
* MX 10 mx
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the servers are."""

    web: int
    names: int
    mail: int


def targets(count: int, ports: Ports) -> list[Target]:
    found = []
    for number in range(count):
        host = f"t{number}.kp"
        found += [
            Target(host, "http", "sites", "KP", f"http://{host}:{ports.web}/", expect_text="all is well"),
            Target(host, "dns", "names", "KP", "kp", ports.names, (host,)),
            Target(host, "smtp", "mail", "KP", host, ports.mail),
            # An address of its own: a raw socket is given all that comes from its target.
            Target(host, "icmp", "path", "KP", f"127.1.{number // 250}.{number % 250 + 1}"),
            Target(host, "tcp", "sites", "KP", host, ports.web),
        ]
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """What the measured rounds took."""

    results: int
    cpu_s: float
    wall_s: float
    memory_mib: float
    outcomes: dict[str, int]
    warned: list[str]


class Stopwatch:
    """Counts results, and the processor time of this process since the end of the first round."""

    def __init__(self, rounds: int) -> None:
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self._rounds = rounds
        self._began: tuple[float, float] | None = None
        self.cpu_s = self.wall_s = 0.0

    def began(self, number: int, _due: int) -> None:
        now = (cpu_s(), time.perf_counter())
        if number == 1:
            self.outcomes.clear()
            self._began = now
        if number == 1 + self._rounds and self._began is not None:
            self.cpu_s, self.wall_s = now[0] - self._began[0], now[1] - self._began[1]
            raise asyncio.CancelledError

    def told(self, _planned: Planned, results: Sequence[CheckResult]) -> None:
        self.outcomes.update((one.kind, one.outcome) for one in results)


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(count: int, rounds: int, every_s: float, ports: Ports, folder: Path, profile: bool) -> Found:
    """In a process of its own: what the checking of so many rounds took."""
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2
    )
    watch = Stopwatch(rounds)
    probe = Probe(
        "bench", Resolver(f"127.0.0.1:{ports.names}"), time.time, user_agent(None), allow_private=True
    )
    warned: list[str] = []
    with EmbeddedStore(folder) as store:
        asked = Rounds(
            plan(targets(count, ports), every_s),
            every_s,
            {"KP": probe},
            store.put_results,
            warned.append,
            watch.told,
            watch.began,
        )
        with suppress(asyncio.CancelledError):
            if profile:
                profiled(asked)
            else:
                asyncio.run(run(asked))
    return Found(
        results=sum(watch.outcomes.values()),
        cpu_s=watch.cpu_s,
        wall_s=watch.wall_s,
        memory_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        outcomes={f"{kind} {outcome}": n for (kind, outcome), n in sorted(watch.outcomes.items())},
        warned=warned[:5],
    )


def profiled(asked: Rounds) -> None:
    """What takes the time, to standard error."""
    import cProfile
    import pstats

    profile = cProfile.Profile()
    profile.enable()
    try:
        asyncio.run(run(asked))
    finally:
        profile.disable()
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(45)


@contextmanager
def servers(folder: Path, dark: bool) -> Iterator[Ports]:
    """nginx, NSD and the mail speaker on free ports of this machine; dark: for NSD somebody who never answers."""
    ports = Ports(*(free_port() for _ in range(3)))
    (folder / "index.html").write_text(PAGE)
    (folder / "zone").write_text(ZONE)
    (folder / "nsd.conf").write_text(nsd_conf(folder, ports.names))
    (folder / "nginx.conf").write_text(nginx_conf(folder, ports.web))
    commands = (
        [program("nsd"), "-d", "-c", str(folder / "nsd.conf")],
        [program("nginx"), "-p", str(folder), "-e", str(folder / "errors"), "-c", str(folder / "nginx.conf")],
    )
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if dark:
        silent.bind(("127.0.0.1", ports.names))
    started = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in commands[1 if dark else 0 :]
    ]
    mail = multiprocessing.get_context("spawn").Process(target=speak_mail, args=(ports.mail,), daemon=True)
    mail.start()
    try:
        for port in (ports.web, ports.mail, *(() if dark else (ports.names,))):
            wait_for(port)
        yield ports
    finally:
        for each in started:
            each.terminate()
            each.wait(10)
        mail.terminate()
        mail.join(10)
        silent.close()


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        sys.exit(f"bench.checks needs {name}: install Debian's package of that name")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(200):
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.05)
    sys.exit(f"nobody listens on port {port}")


def nsd_conf(folder: Path, port: int) -> str:
    return f"""
server:
  server-count: 1
  ip-address: 127.0.0.1@{port}
  username: ""
  database: ""
  zonesdir: "{folder}"
  xfrdir: "{folder}"
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  pidfile: "{folder}/pid"
  rrl-ratelimit: 0
  tcp-count: 1000
remote-control:
  control-enable: no
zone:
  name: kp
  zonefile: zone
"""


def nginx_conf(folder: Path, port: int) -> str:
    temporary = "".join(
        f"  {kind}_temp_path {folder};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/errors;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  default_type text/html;
{temporary}  server {{ listen 127.0.0.1:{port} backlog=4096; root {folder}; }}
}}
"""


def speak_mail(port: int) -> None:
    """Greets, answers EHLO, and says goodbye."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            writer.write(b"220 mx.kp ESMTP\r\n")
            while line := await reader.readline():
                word = line[:4].upper()
                if word == b"EHLO":
                    writer.write(b"250-mx.kp\r\n250-8BITMIME\r\n250 SIZE 10000000\r\n")
                elif word == b"QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                else:
                    writer.write(b"250 ok\r\n")
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(speak, "127.0.0.1", port, backlog=1024)
        await server.serve_forever()

    asyncio.run(serve())


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--targets", type=int, default=2000)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--every", type=float, default=60.0)
    asked.add_argument("--dark", action="store_true", help="no name is answered for")
    asked.add_argument("--profile", action="store_true", help="say what takes the time")
    asked.add_argument("--json", action="store_true")
    said = asked.parse_args()
    # The checking has a process of its own: what made the servers is not measured.
    with (
        tempfile.TemporaryDirectory() as folder,
        servers(Path(folder), said.dark) as ports,
        multiprocessing.get_context("spawn").Pool(1) as pool,
    ):
        where = Path(folder) / "store"
        found = pool.apply(measure, (said.targets, said.rounds, said.every, ports, where, said.profile))
    if said.json:
        print(json.dumps(asdict(found)))
        return
    print(
        f"{said.targets} targets x {len(KINDS)} kinds every {said.every:g} s, {said.rounds} rounds after the first"
    )
    print(f"results         {found.results}")
    share = 100 * found.cpu_s / found.wall_s
    print(f"processor time  {found.cpu_s:.1f} s in {found.wall_s:.1f} s: {share:.0f} % of a core")
    print(f"for each        {1000 * found.cpu_s / max(found.results, 1):.2f} ms")
    print(f"memory          {found.memory_mib:.0f} MiB")
    for outcome, count in found.outcomes.items():
        print(f"  {outcome:<20} {count}")
    for line in found.warned:
        print(f"  warned: {line}")


if __name__ == "__main__":
    main()
