"""From the wire to the webhook: how long an alarm takes while everything else goes on.

    python -m bench.alarm [--rate N] [--seconds S] [--outages N] [--entries N]

A real `nightside watch` of all countries starts from a made-up table and reads RIS Live from a server in a process of
its own, which sends `--rate` messages a second: routes that change at random places. At random instants all peers
withdraw all prefixes of a country, in one burst. What is measured: from the moment at which the first of these bytes
is written to the moment at which a web server has the message that the outage opened; and what the watch has in
memory, second by second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from struct import pack
from typing import Any

import numpy as np
from bench import generate
from bench.streams import resident_mib

from nightside.model.instants import iso
from nightside.sources.local import Pieces
from nightside.wire.decoder import Decoder
from nightside.world.snapshot import load

SEED = 7
HOST = "rrc00.ripe.net"
SLICE_S = 0.02
POOL = 20_000
"""Different messages of the noise; each is sent again and again with another time and id."""
QUIET_S = 8
"""Before the first outage and behind the last."""
MOST_UNITS, MOST_PREFIXES = 400, 60
"""Countries larger than that are let alone: their burst alone would take longer than the alarm."""

WITHIN_S, MEDIAN_S = 10.0, 5.0


# ---- the world -------------------------------------------------------------------------------------------


@dataclass
class World:
    """What the table holds, and who can be cut off."""

    peers: list[tuple[str, int]] = field(default_factory=list)
    prefixes: list[bytes] = field(default_factory=list)
    """Length and bytes, as in an UPDATE."""
    countries: dict[str, list[bytes]] = field(default_factory=dict)
    """The prefixes of each country that may be cut off."""


def world_of(table: Path) -> World:
    """Read the table that the watch will start from."""
    decoder, found = Decoder(), World()
    decoder.start(str(table))
    seen: dict[tuple[int, int], None] = {}
    for piece in Pieces(table):
        for columns in decoder.feed(piece):
            mine = columns.family[: columns.count] == 4
            his, lengths = columns.prefix_hi[: columns.count][mine], columns.prefix_len[: columns.count][mine]
            seen |= dict.fromkeys(zip((his >> np.uint64(32)).tolist(), lengths.tolist(), strict=True))
    found.peers = [(p.address, p.asn) for p in decoder.peers if ":" not in p.address]
    snapshot = load()
    by_country: dict[str, list[bytes]] = defaultdict(list)
    units: dict[str, int] = defaultdict(int)
    mixed: set[str] = set()
    for address, length in seen:
        nlri = bytes([length]) + pack("!I", address)[: (length + 7) // 8]
        found.prefixes.append(nlri)
        if length > 24:
            continue
        first = address >> 8
        codes, counts = np.unique(snapshot.ipv4[first : first + (1 << (24 - length))], return_counts=True)
        names = [snapshot.codes[int(code)] for code in codes]
        for name, count in zip(names, counts.tolist(), strict=True):
            by_country[name].append(nlri)
            units[name] += count
            if len(names) > 1:
                mixed.add(name)
    found.countries = {
        code: mine
        for code, mine in sorted(by_country.items())
        if code and code not in mixed and units[code] <= MOST_UNITS and len(mine) <= MOST_PREFIXES
    }
    return found


# ---- what is sent ----------------------------------------------------------------------------------------


def frame(peer: tuple[str, int], message: bytes) -> tuple[bytes, bytes, bytes]:
    """A frame of RIS Live, cut where the time and the id stand."""
    data = {
        "timestamp": "@TIME",
        "peer": peer[0],
        "peer_asn": str(peer[1]),
        "id": "@ID",
        "host": HOST,
        "type": "UPDATE",
        "raw": message.hex().upper(),
        # What the real ones say besides, and nobody reads, has about this size.
        "path": [174] * 40,
    }
    text = json.dumps({"type": "ris_message", "data": data}, separators=(",", ":"))
    head, rest = text.split('"@TIME"')
    middle, tail = rest.split("@ID")
    return head.encode(), middle.encode(), tail.encode()


def update(path: list[int], withdrawn: list[bytes], announced: list[bytes]) -> bytes:
    """An UPDATE of a session with AS numbers of four bytes (RFC 4271, section 4.3)."""
    attributes = b""
    if announced:
        segment = bytes([2, len(path)]) + b"".join(asn.to_bytes(4, "big") for asn in path)
        attributes = b"\x40\x01\x01\0" + pack("!BBB", 0x40, 2, len(segment)) + segment
        attributes += b"\x40\x03\x04\xc0\0\x02\x01"
    gone = b"".join(withdrawn)
    body = pack("!H", len(gone)) + gone + pack("!H", len(attributes)) + attributes + b"".join(announced)
    return b"\xff" * 16 + pack("!HB", 19 + len(body), 2) + body


class Sender:
    """Frames of the WebSocket, ready to be written."""

    def __init__(self, world: World) -> None:
        self._chance = random.Random(SEED)
        self._number = 0
        cut = {nlri for mine in world.countries.values() for nlri in mine}
        others = [nlri for nlri in world.prefixes if nlri not in cut]
        self._pool = [self._noise(world, others) for _ in range(POOL)]
        self._world = world

    def _noise(self, world: World, prefixes: list[bytes]) -> tuple[bytes, bytes, bytes]:
        peer = self._chance.choice(world.peers)
        path = [peer[1], self._chance.randrange(100, 60_000), 3000 + self._chance.randrange(40)]
        announced = self._chance.choices(prefixes, k=self._chance.choice((1, 1, 1, 2, 4)))
        return frame(peer, update(path, [], announced))

    def bytes(self, parts: list[tuple[bytes, bytes, bytes]]) -> bytes:
        """Frames with the time of now and ids of their own."""
        stamp = b"%.2f" % time.time()
        out = []
        for head, middle, tail in parts:
            self._number += 1
            text = b"%b%b%b%016x%b" % (head, stamp, middle, self._number, tail)
            size = len(text)
            out.append(b"\x81\x7e" + size.to_bytes(2, "big") if size > 125 else bytes((0x81, size)))
            out.append(text)
        return b"".join(out)

    def noise(self, count: int) -> bytes:
        """So many messages of no importance."""
        return self.bytes(self._chance.choices(self._pool, k=count))

    def outage(self, country: str) -> bytes:
        """All peers withdraw all of a country."""
        gone = self._world.countries[country]
        return self.bytes([frame(peer, update([], gone, [])) for peer in self._world.peers])


def serve(table: Path, plan: list[tuple[float, str]], rate: int, seconds: int, out: Any) -> None:
    """Be a RIS Live server; runs in a process of its own. Says its port, when each burst went out, and its rate."""
    from websockets.asyncio.server import ServerConnection
    from websockets.asyncio.server import serve as listen

    sender = Sender(world_of(table))

    async def play(connection: ServerConnection) -> None:
        begun, sent = time.time(), 0
        todo = list(plan)
        while (now := time.time()) < begun + seconds:
            if todo and now >= begun + todo[0][0]:
                _, country = todo.pop(0)
                content = sender.outage(country)
                out.put(("cut", country, time.time()))
                connection.transport.write(content)
            due = int((now - begun) * rate) - sent
            if due > 0:
                # Who is slower than the rate is not given more than a second at once.
                connection.transport.write(sender.noise(min(due, rate)))
                sent += min(due, rate)
            while connection.transport.get_write_buffer_size() > 1 << 20:
                await asyncio.sleep(0.002)
            await asyncio.sleep(SLICE_S)
        out.put(("sent", sent, time.time() - begun))

    async def talk(connection: ServerConnection) -> None:
        asked = json.loads(await connection.recv())
        await connection.send(
            json.dumps({"type": "ris_subscribe_ok", "data": {"subscription": asked["data"]}})
        )
        playing = asyncio.create_task(play(connection))
        await connection.wait_closed()
        playing.cancel()

    async def run() -> None:
        async with listen(talk, "127.0.0.1", 0, compression=None) as server:
            out.put(("port", server.sockets[0].getsockname()[1], 0.0))
            await asyncio.Future()

    asyncio.run(run())


# ---- what is received ------------------------------------------------------------------------------------


class Receiver(ThreadingHTTPServer):
    """Notes when it was told what."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.opened: dict[str, float] = {}


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        at = time.time()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body["kind"] == "opened":
            self.server.opened.setdefault(body["entity"]["code"], at)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def memory_mib(pid: int) -> float:
    """What a process has resident now."""
    return resident_mib(Path(f"/proc/{pid}/statm"))


def measure(folder: Path, asked: argparse.Namespace) -> None:
    """One run."""
    generate.WRITTEN = int(time.time()) - 60
    day = time.strftime("%Y.%m", time.gmtime(generate.WRITTEN))
    name = time.strftime("bview.%Y%m%d.%H%M.gz", time.gmtime(generate.WRITTEN))
    table = folder / "rrc00" / day / name
    table.parent.mkdir(parents=True)
    generate.write(table, asked.entries)
    world = world_of(table)
    chance = random.Random(SEED)
    chosen = chance.sample(sorted(world.countries), min(asked.outages, len(world.countries)))
    first, last = QUIET_S, asked.seconds - QUIET_S
    plan = sorted((chance.uniform(first, last), country) for country in chosen)
    context = multiprocessing.get_context("spawn")
    said: Any = context.Queue()
    server = context.Process(target=serve, args=(table, plan, asked.rate, asked.seconds, said), daemon=True)
    server.start()
    _, port, _ = said.get(timeout=120)
    receiver = Receiver()
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    nightside = Path(sysconfig.get_path("scripts")) / "nightside"
    command = [nightside, "watch", "--source", table, "--source", "rrc00", "--store", folder / "store"]
    command += ["--webhook", f"http://127.0.0.1:{receiver.server_port}/"]
    places = {"NIGHTSIDE_RIS_LIVE_URL": f"ws://127.0.0.1:{port}/", "NIGHTSIDE_BMP_LISTEN": "127.0.0.1:0"}
    watch = subprocess.Popen(command, env=os.environ | places, stdout=subprocess.DEVNULL)
    cuts: dict[str, float] = {}
    sent, lasted = 0, 0.0
    memory: list[float] = []
    try:
        while not lasted:
            if watch.poll() is not None:
                raise SystemExit(f"the watch ended with {watch.returncode}")
            try:
                what, value, at = said.get(timeout=1)
            except Exception:
                memory.append(memory_mib(watch.pid))
                continue
            if what == "cut":
                cuts[value] = at
            else:
                sent, lasted = value, at
        time.sleep(WITHIN_S)
        cpu_s = sum(float(n) for n in Path(f"/proc/{watch.pid}/stat").read_text().split()[13:15]) / 100
    finally:
        watch.terminate()
        watch.wait(30)
        server.kill()
        receiver.shutdown()
    report(asked, world, cuts, receiver.opened, sent, lasted, memory, cpu_s)


def report(
    asked: argparse.Namespace,
    world: World,
    cuts: dict[str, float],
    opened: dict[str, float],
    sent: int,
    lasted: float,
    memory: list[float],
    cpu_s: float,
) -> None:
    """Print it; a missing or a false alarm ends with an error."""
    took = sorted(opened[country] - at for country, at in cuts.items() if country in opened)
    print(
        f"{iso(int(time.time()))}: {len(world.prefixes):,} prefixes, {len(world.peers)} peers; {sent:,} messages in "
        f"{lasted:.0f} s, {sent / lasted:,.0f} a second of {asked.rate:,} wanted; {cpu_s:.0f} s of CPU in all"
    )
    if took:
        print(
            f"opened: {len(took)} of {len(cuts)}, median {median(took):.1f} s (goal {MEDIAN_S:.0f}), "
            f"worst {took[-1]:.1f} s (goal {WITHIN_S:.0f})"
        )
    if memory:
        tenth = max(1, len(memory) // 10)
        print(
            f"memory: {memory[tenth - 1]:.0f} MiB after a tenth, {memory[-1]:.0f} MiB at the end, "
            f"{max(memory):.0f} MiB at most"
        )
    if missing := sorted(set(cuts) - set(opened)):
        sys.exit(f"never told: {', '.join(missing)}")
    if false := sorted(set(opened) - set(cuts)):
        sys.exit(f"told, and never happened: {', '.join(false)}")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rate", type=int, default=50_000, help="RIS Live messages a second")
    parser.add_argument("--seconds", type=int, default=90, help="how long they are sent")
    parser.add_argument("--outages", type=int, default=20, help="countries that are cut off")
    parser.add_argument("--entries", type=int, default=2_000_000, help="entries of the table")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nightside-alarm-") as folder:
        measure(Path(folder), asked)


if __name__ == "__main__":
    main()
