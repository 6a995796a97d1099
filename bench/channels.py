"""A worldwide event: 1,000 findings told at once, stored, and sent to channels of which one is down.

    python -m bench.channels [--messages 1000] [--rounds 3]

Prints how long it took from the first finding to the last message at each receiver, and how long each message took.
Ends with an error where one was lost, came twice, or the goal was missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import socket
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from nightside.engine.channels.configuration import webhook_channel
from nightside.engine.channels.outbox import Outbox
from nightside.engine.live.outlets import Outlets
from nightside.engine.live.watcher import Found
from nightside.incidents.messages import messages
from nightside.model.entity import Entity
from nightside.model.incident import Episode, Incident, LocalTime, Provenance, View
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.store.location import open_store

GOAL_S = 10.0
DOWN = 1_790_000_000


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        came = time.time()
        for one in body.get("messages", [body]):
            self.server.got.append((self.path, one["key"], came))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        said = json.dumps(self.server.got).encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def receive(out: Any) -> None:
    """The receivers, in a process of their own: each path is one."""
    ThreadingHTTPServer.request_queue_size = 128
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.got = []  # type: ignore[attr-defined]
    out.put(server.server_port)
    server.serve_forever()


def finding(number: int) -> Found:
    """An AS that has been down for a minute; one message is new."""
    entity = Entity("asn", str(64512 + number), f"Network {number}")
    episode = Episode("total", DOWN, None, 0.0, 0)
    incident = Incident(
        entity=entity,
        status="ongoing",
        closed_as=None,
        severity="total",
        headline=episode,
        began=DOWN,
        ended=None,
        baseline_units=400,
        lowest_units=0,
        lowest=0.0,
        episodes=[episode],
        instability=[],
        networks=[],
        operators=[],
        upstreams=[],
        view=View(20, 19),
        local_time=LocalTime("Europe/Berlin", None, None),
        provenance=Provenance([], None, "1", False, None),
        settings=Settings().to_json(),
    )
    due = messages(entity, [episode], [], Settings(), DOWN + 60)
    return Found(
        incident, IncidentSeries(DOWN - 60, DOWN + 60, [DOWN - 60, DOWN], [400, 0], [400, 400]), due, due
    )


async def told(folder: Path, port: int, count: int) -> tuple[float, float, int]:
    """Seconds until so many are told and stored, until all receivers but the dead have them; how many still wait."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        dead = taken.getsockname()[1]
    one = webhook_channel(f"http://127.0.0.1:{port}/each", "a secret")
    channels = [
        one,
        replace(one, name="grouped", url=f"http://127.0.0.1:{port}/grouped", group_s=5),
        replace(one, name="down", url=f"http://127.0.0.1:{dead}/"),
    ]
    found = [finding(number) for number in range(count)]
    with open_store(folder) as store, closing(Outbox(folder / "outbox", channels)) as outbox:
        sending = asyncio.create_task(outbox.run())
        outlets = Outlets(store, outbox, lambda _told: None)
        begun = time.time()
        for each in found:
            await outlets.tell(each)
        stored = time.time() - begun
        while any(delivery.waiting for delivery in outbox.deliveries[:2]):
            await asyncio.sleep(0.01)
        gone = time.time() - begun
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        return stored, gone, outbox.deliveries[2].waiting


def measure(count: int) -> float:
    """One round; the seconds until the last message had left."""
    import httpx2

    context = multiprocessing.get_context("spawn")
    out: Any = context.Queue()
    receiver = context.Process(target=receive, args=(out,), daemon=True)
    receiver.start()
    try:
        port = out.get(timeout=60)
        with tempfile.TemporaryDirectory(prefix="nightside-channels-") as folder:
            before = resource.getrusage(resource.RUSAGE_SELF)
            stored, gone, waiting = asyncio.run(told(Path(folder), port, count))
            after = resource.getrusage(resource.RUSAGE_SELF)
        got = httpx2.get(f"http://127.0.0.1:{port}/", trust_env=False).json()
    finally:
        receiver.kill()
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{count:,} messages: told and stored in {stored:.1f} s, left in {gone:.1f} s, {cpu_s:.1f} s of CPU"
    )
    for path in ("/each", "/grouped"):
        keys = [key for where, key, _came in got if where == path]
        posts = len({came for where, _key, came in got if where == path})
        print(f"  {path}: {len(set(keys)):,} came in {posts:,} posts")
        if len(set(keys)) != count or len(keys) != count:
            sys.exit(f"{path}: {count - len(set(keys))} lost, {len(keys) - len(set(keys))} twice")
    print(f"  down: {waiting:,} wait")
    if waiting != count:
        sys.exit("what waits for the receiver that is down is not all")
    return gone


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=1000, help="how many findings are told")
    parser.add_argument("--rounds", type=int, default=3, help="how often")
    asked = parser.parse_args()
    took = median(measure(asked.messages) for _ in range(asked.rounds))
    print(f"median {took:.1f} s, goal {GOAL_S:.0f} s")
    if took > GOAL_S:
        sys.exit("the goal was missed")


if __name__ == "__main__":
    main()
