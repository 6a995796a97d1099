"""What listeners on the event stream cost while nothing happens, and whether all of them hear what does.

    python -m bench.events [--listeners N] [--seconds N] [--out FILE]

A server of its own (`nightside serve`) over a small store of its own. Listeners are connections of this program, ten
from each address of this machine (127.0.1.1, 127.0.1.2, …), so that the limit per client holds as it is. Cost is the
server's processor time (user and system, of all its threads) over the seconds, in percent of one core; so it does not
depend on who else uses the machine, or little. Without listeners first, since the server looks at its store too. Then
an incident is stored by another process, ten times, one after the other: counted is who heard of each, and how long
after it was stored the first and the last of them did.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
PER_ADDRESS = 10
NEWS = 10
HEAR_WITHIN_S = 20.0
NIGHTSIDE = (sys.executable, "-m", "nightside")


@dataclass(frozen=True, slots=True)
class Measured:
    """What came out."""

    listeners: int
    seconds: float
    cpu_without_percent: float
    cpu_percent: float
    signs_of_life: int
    memory_without_mib: float
    memory_mib: float
    heard: list[int]
    """Of each piece of news, how many heard it."""
    first_s: list[float]
    last_s: list[float]
    """From when it was stored until the first, and the last, had heard."""
    cpu_of_news_ms: float
    """The server's processor time for one piece of news, told to all."""


class Listener:
    """One open stream."""

    def __init__(self) -> None:
        self.heard: list[float] = []
        self.alive = 0

    async def listen(self, host: str, port: int, own: str, open_now: asyncio.Semaphore) -> None:
        """Read until cancelled."""
        async with open_now:
            reader, writer = await asyncio.open_connection(host, port, local_addr=(own, 0))
            writer.write(b"GET /api/1/events HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n")
            while (line := await reader.readline()).strip() != b": listening":
                if not line:
                    raise RuntimeError("a stream was refused")
        try:
            while line := await reader.readline():
                if line.startswith(b"event: incident"):
                    self.heard.append(time.monotonic())
                elif line.startswith(b": alive"):
                    self.alive += 1
        finally:
            writer.close()


def cpu_s(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int) -> float:
    """What a process has resident."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def idle_percent(pid: int, seconds: float) -> float:
    """Processor time of a process over these seconds, in percent of one core."""
    began, used = time.monotonic(), cpu_s(pid)
    await asyncio.sleep(seconds)
    return 100 * (cpu_s(pid) - used) / (time.monotonic() - began)


async def measure(
    server: subprocess.Popen[str], url: str, store: Path, count: int, seconds: float
) -> Measured:
    """One server, first alone, then with listeners, then with news."""
    host, port = urlsplit(url).hostname or "", urlsplit(url).port or 0
    await asyncio.sleep(3)
    alone, memory_alone = await idle_percent(server.pid, seconds), memory_mib(server.pid)
    listeners = [Listener() for _ in range(count)]
    open_now = asyncio.Semaphore(20)
    tasks = [
        asyncio.create_task(one.listen(host, port, f"127.0.1.{1 + i // PER_ADDRESS}", open_now))
        for i, one in enumerate(listeners)
    ]
    try:
        await _until_open(url, count, tasks)
        await asyncio.sleep(3)
        before = sum(one.alive for one in listeners)
        idle = await idle_percent(server.pid, seconds)
        alive, memory = sum(one.alive for one in listeners) - before, memory_mib(server.pid)
        used, heard, first, last = cpu_s(server.pid), [], [], []
        for news in range(NEWS):
            await asyncio.to_thread(store_news, store, news)
            stored = time.monotonic()
            deadline = stored + HEAR_WITHIN_S
            while time.monotonic() < deadline and any(len(one.heard) <= news for one in listeners):
                await asyncio.sleep(0.02)
            times = [one.heard[news] - stored for one in listeners if len(one.heard) > news]
            heard.append(len(times))
            first.append(round(min(times, default=0.0), 3))
            last.append(round(max(times, default=0.0), 3))
        each_ms = 1000 * (cpu_s(server.pid) - used) / NEWS
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
    return Measured(
        count,
        seconds,
        round(alone, 2),
        round(idle, 2),
        alive,
        round(memory_alone, 1),
        round(memory, 1),
        heard,
        first,
        last,
        round(each_ms, 1),
    )


async def _until_open(url: str, count: int, tasks: Sequence[asyncio.Task[None]]) -> None:
    import httpx2

    deadline = time.monotonic() + 60
    async with httpx2.AsyncClient(base_url=url) as client:
        while True:
            for task in tasks:
                if task.done():
                    task.result()
            said = (await client.get("/metrics")).text
            if f"\nnightside_listeners {float(count)}\n" in said:
                return
            if time.monotonic() > deadline:
                raise RuntimeError("not all streams could be opened")
            await asyncio.sleep(0.5)


def store_news(store: Path, news: int) -> None:
    """Store one more incident, by a process of its own as a watch is."""
    subprocess.run(
        [sys.executable, "-c", _STORE, str(store), str(news)],
        check=True,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'tests' / 'support'}"},
    )


_STORE = """
import sys
from pathlib import Path
from web_store import DAY_S, SY, T, finding
from nightside.store.location import open_store
with open_store(Path(sys.argv[1])) as store:
    begin = T + (10 + int(sys.argv[2])) * DAY_S
    store.put_incident(*finding(SY, begin, begin + 3600))
"""


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.events")
    parser.add_argument("--listeners", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        fill = "import sys; from pathlib import Path; from web_store import fill; fill(Path(sys.argv[1]))"
        subprocess.run(
            [sys.executable, "-c", fill, str(store)],
            check=True,
            env=os.environ | {"PYTHONPATH": f"{ROOT / 'tests' / 'support'}"},
        )
        server = subprocess.Popen(
            [*NIGHTSIDE, "serve", "--store", str(store), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            found = asyncio.run(measure(server, url, store, asked.listeners, asked.seconds))
        finally:
            server.terminate()
            server.wait(20)
    told = json.dumps(asdict(found), indent=1)
    print(told)
    if asked.out is not None:
        asked.out.write_text(told + "\n", encoding="utf-8")
    return 0 if set(found.heard) == {found.listeners} else 1


if __name__ == "__main__":
    sys.exit(main())
