"""How fast the API answers while replays write: an open loop at a constant rate, against a server on one core.

    python -m bench.api_load FOLDER [--rate N] [--seconds N]

FOLDER is a store as `bench.store_year` leaves it; a copy of it is served and written. The server runs on one core;
this program, which asks, and one replay after the other, which write into the store, on another. Requests are sent at
their times whether or not earlier ones were answered, and latency counts from the time at which a request was to be
sent: who waits for a slow answer is counted too. The mix: 70 % latest state and lists of incidents, 25 % one
entity for a day, 5 % one entity for a month by the hour; entities and days by chance over the whole store.
Cold is the first time after the start of the server, with nothing of the store in the machine's memory; warm
is the same requests again. Clients come from 20 addresses, so that the limit per client holds as it is.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from nightside.model.instants import iso
from nightside.store.location import open_store

CLIENTS = 20
IDLE_S = 3.0
"""The server closes what is idle for 5 s; a connection that may be closed any moment is not used."""
DAY_S = 86_400
SEED = 4
NIGHTSIDE = (sys.executable, "-m", "nightside")


@dataclass(frozen=True, slots=True)
class Request:
    """One request, and which part of the mix it is."""

    kind: str
    path: str


@dataclass
class Outcome:
    """What came of one pass."""

    latencies_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    late_s: list[float] = field(default_factory=list)
    """How much after its time each request was really sent: the asker's own slowness, which counts as latency."""
    failures: list[str] = field(default_factory=list)
    bytes: int = 0


def requests(folder: Path, count: int) -> list[Request]:
    """The mix, in an order by chance."""
    chance = random.Random(SEED)
    with open_store(folder, read_only=True) as store:
        everybody = store.entities()
    begin, end = min(e.first_s for e in everybody), max(e.last_s for e in everybody)

    def stretch(days: int) -> str:
        entity = chance.choice(everybody)
        first = begin + DAY_S * chance.randrange((end - begin) // DAY_S - days + 1)
        return f"/api/1/signals/{entity.type}/{entity.code}?from={iso(first)}&to={iso(first + days * DAY_S)}"

    def hot() -> str:
        entity = chance.choice(everybody)
        return chance.choice(
            (
                f"/api/1/entities/{entity.type}/{entity.code}",
                "/api/1/entities?type=country",
                "/api/1/incidents",
                "/api/1/incidents?status=ongoing",
                f"/api/1/incidents?severity=total&limit={chance.randrange(10, 60)}",
                f"/api/1/incidents?type={entity.type}&code={entity.code}",
                f"/api/1/incidents?from={iso(end - DAY_S * chance.randrange(1, 60))}",
            )
        )

    kinds = ["state and lists"] * 70 + ["a day"] * 25 + ["a month by the hour"] * 5
    made = []
    for number in range(count):
        kind = kinds[number % 100]
        path = (
            hot() if kind[0] == "s" else stretch(1) if kind == "a day" else f"{stretch(30)}&resolution=hour"
        )
        made.append(Request(kind, path))
    chance.shuffle(made)
    return made


class Client:
    """Keeps connections from one address open, and uses one that is free."""

    def __init__(self, address: str, port: int) -> None:
        self._address, self._port = address, port
        self._free: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def get(self, path: str) -> tuple[int, int]:
        """(status, bytes of the body as they came)."""
        while self._free:
            since, reader, writer = self._free.pop()
            if time.perf_counter() - since < IDLE_S:
                break
            writer.close()
        else:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self._port, local_addr=(self._address, 0), limit=1 << 22
            )
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        self._free.append((time.perf_counter(), reader, writer))
        return int(head[9:12]), length


async def ask(port: int, asked: list[Request], rate: float) -> Outcome:
    """Send all at their times."""
    clients = [Client(f"127.0.0.{2 + i}", port) for i in range(CLIENTS)]
    outcome = Outcome()
    start = time.perf_counter() + 0.2

    async def one(number: int, request: Request) -> None:
        due = start + number / rate
        outcome.late_s.append(time.perf_counter() - due)
        try:
            status, size = await clients[number % CLIENTS].get(request.path)
        except (OSError, asyncio.IncompleteReadError) as error:
            outcome.failures.append(f"{error!r} {request.path}")
            return
        outcome.latencies_s[request.kind].append(time.perf_counter() - due)
        outcome.bytes += size
        if status != 200:
            outcome.failures.append(f"{status} {request.path}")

    tasks = []
    for number, request in enumerate(asked):
        wait = start + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(number, request)))
    await asyncio.gather(*tasks)
    return outcome


@contextmanager
def copied(folder: Path) -> Iterator[Path]:
    """A copy of the store that may be written. Segments never change, so these are linked."""
    copy = Path(tempfile.mkdtemp(prefix="nightside-load-", dir=folder.parent))
    try:
        shutil.copytree(folder, copy / "store", copy_function=_link_or_copy)
        yield copy / "store"
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _link_or_copy(source: str, target: str) -> str:
    if source.endswith(".parquet"):
        os.link(source, target)
        return target
    return str(shutil.copy2(source, target))


def forget(folder: Path) -> None:
    """Have the machine forget what it keeps of the store's files in memory."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@contextmanager
def serving(folder: Path, core: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """(process, port) of `nightside serve` on one core."""
    process = subprocess.Popen(
        [*NIGHTSIDE, "serve", "--store", str(folder), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline()
        if not address:
            sys.exit("the server did not start")
        yield process, int(address.strip().strip("/").rpartition(":")[2])
    finally:
        process.terminate()
        process.wait()


@contextmanager
def replaying(folder: Path) -> Iterator[None]:
    """One replay after the other writes into the store; each sees some hours more than the one before."""
    with tempfile.TemporaryDirectory(prefix="nightside-load-") as scratch:
        from nightside.scenes.build import build

        archive = Path(scratch) / "archive"
        build("december-2014", archive)
        loop = (
            "import subprocess, sys, itertools\n"
            "for hour in itertools.cycle(range(66)):\n"
            "    end = f'2014-12-{21 + (hour + 6) // 24}T{(hour + 6) % 24:02}:30Z'\n"
            "    subprocess.run([sys.executable, '-m', 'nightside', 'replay', sys.argv[1], '--store', sys.argv[2],"
            " '--to', end], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", loop, str(archive), str(folder)],
            start_new_session=True,
            preexec_fn=_step_back,
        )
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
            process.wait()


def _step_back() -> None:
    # Whoever asks must be on time, also where this program was started with a higher priority.
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.setpriority(os.PRIO_PROCESS, 0, 10)


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Megabytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[max(ceil(len(ordered) * share) - 1, 0)]


def tell(name: str, outcome: Outcome, took_s: float, used_s: float) -> None:
    """Print one pass."""
    every = [v for values in outcome.latencies_s.values() for v in values]
    for kind, values in [*sorted(outcome.latencies_s.items()), ("all", every)]:
        figures = "".join(
            f"{1000 * v:9.1f}" for v in (percentile(values, 0.5), percentile(values, 0.99), max(values))
        )
        print(f"{name:5} {kind:22}{len(values):8}{figures}")
    late = 1000 * percentile(outcome.late_s, 0.99)
    print(
        f"{name:5} {len(every) / took_s:.0f} answers/s, server busy {100 * used_s / took_s:.0f} % of its core, "
        f"{outcome.bytes / len(every) / 1000:.1f} kB an answer, asked late by {late:.1f} ms (p99), "
        f"{len(outcome.failures)} failures",
        flush=True,
    )
    for failure in outcome.failures[:5]:
        print(f"      {failure}")


def changes(folder: Path) -> int:
    """How much was stored."""
    with open_store(folder, read_only=True) as store:
        return store.last_change()


def main() -> None:
    """Serve, replay, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    words = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    asked = requests(words.folder, int(words.rate * words.seconds))
    with copied(words.folder) as folder, replaying(folder):
        before = changes(folder)
        forget(folder)
        with serving(folder, cores[0]) as (process, port):
            print(f"{'':5} {'':22}{'requests':>8}{'p50':>9}{'p99':>9}{'worst':>9}   ms")
            for name in ("cold", "warm"):
                used, begun = cpu_s(process.pid), time.perf_counter()
                outcome = asyncio.run(ask(port, asked, words.rate))
                tell(name, outcome, time.perf_counter() - begun, cpu_s(process.pid) - used)
            print(
                f"server holds {memory_mb(process.pid):.0f} MB; {changes(folder) - before} changes were stored"
            )


if __name__ == "__main__":
    main()
