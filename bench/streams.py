"""How fast live streams are read on one core: RIS Live messages a second, and BMP elements a second.

    python -m bench.streams [--messages N] [--elements N]

RIS Live three ways: the frames alone (JSON to elements, without a network), by WebSocket, and by WebSocket with
compression; BMP two ways: the bytes alone, and by TCP. Over the network a process of its own sends what was
made before, so that only the reading is measured: its CPU time. What it takes on the wall depends on who else
uses the machine. Paths, lengths and prefixes are made up by a fixed seed; the frames have the shape, and about
the size, of real ones. Memory is what this process has resident after the first tenth and at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import resource
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from struct import pack
from typing import Any

import orjson

from nightside.sources.bmp import BmpListener
from nightside.sources.live_decoding import LiveDecoder
from nightside.sources.ris_frames import RisFrames
from nightside.sources.ris_live import RisLive, Subscription
from nightside.sources.stream import Batch, Faults, Figures, Status
from nightside.wire.as_width import has_narrow_path
from nightside.wire.bmp import Bmp

SEED = 5
PEERS = 60
TARGET_MESSAGES, TARGET_ELEMENTS = 50_000, 300_000
PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Took:
    """One run."""

    name: str
    count: int
    cpu_s: float
    wall_s: float
    grown_mib: float


def resident_mib(statm: Path = Path("/proc/self/statm")) -> float:
    """What a process has in memory now; this one unless said."""
    pages = int(statm.read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


# ---- what is sent ---------------------------------------------------------------------------------------


def updates(count: int, prefixes: tuple[int, ...]) -> Iterator[tuple[int, bytes, list[int], list[str]]]:
    """Peer number, UPDATE, its path, its prefixes; as many prefixes as one of the numbers says."""
    chance = random.Random(SEED)
    for _ in range(count):
        peer = chance.randrange(PEERS)
        path = [64500 + peer, *(chance.randrange(1, 400_000) for _ in range(chance.randrange(2, 7)))]
        addresses = [
            chance.randrange(0x01000000, 0xDF000000) & 0xFFFFFF00 for _ in range(chance.choice(prefixes))
        ]
        segment = bytes([2, len(path)]) + b"".join(asn.to_bytes(4, "big") for asn in path)
        attributes = b"\x40\x01\x01\0" + pack("!BBB", 0x40, 2, len(segment)) + segment
        attributes += b"\x40\x03\x04" + ip_address(0xC0000200 + peer).packed
        attributes += b"\xc0\x08\x10" + chance.randbytes(16)
        nlri = b"".join(b"\x18" + pack("!I", address)[:3] for address in addresses)
        body = b"\0\0" + pack("!H", len(attributes)) + attributes + nlri
        message = b"\xff" * 16 + pack("!HB", 19 + len(body), 2) + body
        yield peer, message, path, [f"{ip_address(address)}/24" for address in addresses]


def ris_frames(count: int) -> list[bytes]:
    """Frames as RIS Live sends them."""
    found = []
    for number, (peer, message, path, prefixes) in enumerate(updates(count, (1, 1, 1, 2, 4))):
        address = f"192.0.2.{peer}"
        data = {
            "timestamp": 1795300000 + number // 15_000 + 0.25,
            "peer": address,
            "peer_asn": str(64500 + peer),
            "id": f"{address}-019acd{number:010x}",
            "host": "rrc00.ripe.net",
            "type": "UPDATE",
            "path": path,
            "community": [[path[0] & 0xFFFF, n] for n in range(4)],
            "origin": "IGP",
            "announcements": [{"next_hop": address, "prefixes": prefixes}],
            "withdrawals": [],
            "raw": message.hex().upper(),
        }
        found.append(json.dumps({"type": "ris_message", "data": data}, separators=(",", ":")).encode())
    return found


def bmp_bytes(elements: int) -> tuple[bytes, int]:
    """Route monitoring as a router sends it, and how many elements it has."""
    parts, count = [], 0
    for peer, message, _path, prefixes in updates(elements // 3, (1, 2, 3, 6)):
        header = bytes(10) + ip_address(0xC0000200 + peer).packed.rjust(16, b"\0")
        header += pack("!IIII", 64500 + peer, 7, int(time.time()), 250_000)
        parts.append(pack("!BIB", 3, 48 + len(message), 0) + header + message)
        count += len(prefixes)
    return b"".join(parts), count


# ---- without a network ----------------------------------------------------------------------------------


def timed(name: str, run: Callable[[], Iterator[int]], count: int) -> Took:
    """Run over everything; the run says how many it has done so far."""
    begun_mib = None
    cpu, wall = time.process_time(), time.perf_counter()
    done = 0
    for done in run():
        if begun_mib is None and done >= count // 10:
            begun_mib = resident_mib()
    took = Took(
        name,
        done,
        time.process_time() - cpu,
        time.perf_counter() - wall,
        resident_mib() - (begun_mib or 0.0),
    )
    if done != count:
        raise SystemExit(f"{name}: {done} came of {count}")
    return took


def frames_alone(frames: list[bytes]) -> Took:
    """JSON to elements."""
    faults, figures = Faults(), Figures()
    reader = RisFrames(["rrc00"], "here", faults, figures)
    decoder = LiveDecoder("rrc00", faults, figures)

    def run() -> Iterator[int]:
        for at in range(0, len(frames), 2048):
            gathered, _ = reader.read(frames[at : at + 2048], time.time(), 0.0)
            for part in gathered.values():
                for _ in decoder.batches(b"".join(part.records), 0.0):
                    pass
            yield min(at + 2048, len(frames))

    took = timed("RIS Live, frames alone", run, len(frames))
    if figures.elements < len(frames) or faults.counts:
        raise SystemExit(f"not all frames were read: {figures}, {faults.counts}")
    return took


def where_it_goes(frames: list[bytes]) -> list[tuple[str, float]]:
    """Microseconds a message of the steps, each on its own."""
    count = len(frames)
    parsed = [orjson.loads(frame)["data"] for frame in frames]
    messages = [bytes.fromhex(data["raw"]) for data in parsed]

    def each(step: Callable[[Any], object], values: list[Any]) -> float:
        begun = time.process_time()
        for value in values:
            step(value)
        return (time.process_time() - begun) / count * 1e6

    faults, figures = Faults(), Figures()
    reader, decoder = RisFrames(["rrc00"], "here", faults, figures), LiveDecoder("rrc00", faults, figures)
    begun = time.process_time()
    records = []
    for at in range(0, count, 2048):
        gathered, _ = reader.read(frames[at : at + 2048], time.time(), 0.0)
        records.append(b"".join(gathered["rrc00"].records))
    reading = (time.process_time() - begun) / count * 1e6
    begun = time.process_time()
    for part in records:
        for _ in decoder.batches(part, 0.0):
            pass
    decoding = (time.process_time() - begun) / count * 1e6
    steps = [
        ("JSON (orjson)", each(orjson.loads, frames)),
        ("hexadecimal", each(bytes.fromhex, [data["raw"] for data in parsed])),
        ("width of AS numbers", each(has_narrow_path, messages)),
    ]
    rest = reading - sum(cost for _, cost in steps)
    return [
        *steps,
        ("looking at the frame, ids seen before, the record", rest),
        ("decoding, copying", decoding),
    ]


def bmp_alone(content: bytes, count: int) -> Took:
    """BMP to elements."""
    faults, figures = Faults(), Figures()
    router, decoder = Bmp(0), LiveDecoder("edge", faults, figures)

    def run() -> Iterator[int]:
        for at in range(0, len(content), PIECE):
            records = router.feed(content[at : at + PIECE], round(time.time() * 1e6))
            for _ in decoder.batches(records, 0.0):
                pass
            yield figures.elements

    return timed("BMP, bytes alone", run, count)


# ---- by the network -------------------------------------------------------------------------------------


def serve_frames(frames: list[bytes], compressed: bool, port: Any) -> None:
    """Be a RIS Live server that sends these as fast as they are taken; runs in a process of its own."""
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.frames import Frame, Opcode

    ready = b"" if compressed else [Frame(Opcode.TEXT, frame).serialize(mask=False) for frame in frames]

    async def talk(connection: ServerConnection) -> None:
        await connection.recv()
        if compressed:
            for number, frame in enumerate(frames):
                await connection.send(frame, text=True)
                if number % 256 == 0:
                    await asyncio.sleep(0)
        else:
            for at in range(0, len(ready), 256):
                connection.transport.write(b"".join(ready[at : at + 256]))
                while connection.transport.get_write_buffer_size() > 1 << 20:
                    await asyncio.sleep(0.001)
        await connection.wait_closed()

    async def run() -> None:
        how = "deflate" if compressed else None
        async with serve(talk, "127.0.0.1", 0, compression=how) as server:
            port.put(server.sockets[0].getsockname()[1])
            await asyncio.Future()

    asyncio.run(run())


def send_bmp(content: bytes, port: int) -> None:
    """Be a router; runs in a process of its own."""
    import socket

    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)


async def read_until(
    name: str, values: AsyncGenerator[Batch | Status, None], done: Callable[[], int], count: int
) -> Took:
    """Read a source until so much of it is done."""
    cpu = wall = begun_mib = 0.0
    async with aclosing(values):
        async for value in values:
            if isinstance(value, Status):
                # From when it is there: the opening is no part of the rate.
                cpu, wall = time.process_time(), time.perf_counter()
                if not value.up:
                    raise SystemExit(f"{name}: {value.why} after {done()} of {count}")
            if not begun_mib and done() >= count // 10:
                begun_mib = resident_mib()
            if done() >= count:
                return Took(
                    name,
                    done(),
                    time.process_time() - cpu,
                    time.perf_counter() - wall,
                    resident_mib() - begun_mib,
                )
    raise SystemExit(f"{name}: the source has ended")


def by_web_socket(frames: list[bytes], compressed: bool) -> Took:
    """RIS Live as `watch` reads it."""
    context = multiprocessing.get_context("spawn")
    port = context.Queue()
    server = context.Process(target=serve_frames, args=(frames, compressed, port), daemon=True)
    server.start()
    try:
        source = RisLive(f"ws://127.0.0.1:{port.get(timeout=60)}/", [Subscription("rrc00")])
        name = "RIS Live, WebSocket" + (", compressed" if compressed else "")
        return asyncio.run(read_until(name, source.values(), lambda: source.figures.messages, len(frames)))
    finally:
        server.kill()
        server.join()


def by_tcp(content: bytes, count: int) -> Took:
    """BMP as `watch` reads it."""
    context = multiprocessing.get_context("spawn")

    async def run() -> Took:
        listener = BmpListener("127.0.0.1", 0)
        await listener.listen()
        router = context.Process(target=send_bmp, args=(content, listener.port), daemon=True)
        router.start()
        try:
            return await read_until("BMP, TCP", listener.values(), lambda: listener.figures.elements, count)
        finally:
            router.kill()
            router.join()

    return asyncio.run(run())


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=60_000, help="RIS Live messages in each run")
    parser.add_argument("--elements", type=int, default=600_000, help="BMP elements in each run, about")
    asked = parser.parse_args()
    frames = ris_frames(asked.messages)
    print(f"{len(frames)} frames of {sum(map(len, frames)) / len(frames):.0f} bytes")
    shown = [frames_alone(frames), by_web_socket(frames, compressed=False)]
    shown.append(by_web_socket(frames, compressed=True))
    steps = where_it_goes(frames)
    del frames
    content, count = bmp_bytes(asked.elements)
    print(f"{count} elements in {len(content) / 2**20:.0f} MiB of BMP")
    shown += [bmp_alone(content, count), by_tcp(content, count)]
    print(f"{'':28} {'a core, a second':>17} {'CPU µs':>7} {'on the wall':>12} {'memory':>9}")
    for took in shown:
        each = took.cpu_s / took.count * 1e6
        print(
            f"{took.name:28} {took.count / took.cpu_s:17,.0f} {each:7.2f} {took.count / took.wall_s:12,.0f}"
            f" {took.grown_mib:+6.1f} MiB"
        )
    print(f"targets: {TARGET_MESSAGES:,} messages, {TARGET_ELEMENTS:,} elements a second and core")
    print("a RIS Live message, CPU µs:")
    for name, cost in steps:
        print(f"  {name:50} {cost:6.2f}")


if __name__ == "__main__":
    main()
