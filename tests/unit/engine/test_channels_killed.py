"""A program that is killed while it tells and sends: nothing is lost, and what comes twice has its first key."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from quiet_server import QuietServer, running
from told_messages import message

SUPPORT = str(Path(__file__).parents[2] / "support")
MESSAGES, KILLS = 60, 3
TELLER = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from told_messages import message
from nightside.engine.channels.configuration import webhook_channel
from nightside.engine.channels.outbox import Outbox

folder, url, count = Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
told = folder / "told"
one = webhook_channel(url + "/one", None)
group = replace(one, name="group", url=url + "/group", group_s=1)
gone = replace(one, name="gone", url="http://127.0.0.1:9/")

async def main():
    outbox = Outbox(folder / "outbox", [one, group, gone], wait=lambda: iter([0.02] * 100_000))
    sending = asyncio.create_task(outbox.run())
    known = len(told.read_text().splitlines()) if told.exists() else 0
    print("ready", flush=True)
    for number in range(known, count):
        await outbox.put(*message(str(64500 + number // 2), ("opened", "restored")[number % 2], type="asn"))
        # As the store does it: what stands here is never put again.
        with told.open("a") as file:
            file.write(f"{number}\\n")
    while any(delivery.waiting for delivery in outbox.deliveries[:2]):
        await asyncio.sleep(0.01)
    sending.cancel()
    assert outbox.deliveries[2].waiting == count, outbox.deliveries[2].waiting
    print("done", flush=True)

asyncio.run(main())
"""


class Receiver(QuietServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: dict[str, list[tuple[str, bytes]]] = {"/one": [], "/group": []}


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got[self.path].append((self.headers["Idempotency-Key"], body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_killed_again_and_again(tmp_path: Path) -> None:
    chance = random.Random(7)
    with running(Receiver()) as server:
        words = [SUPPORT, str(tmp_path), f"http://127.0.0.1:{server.server_port}", str(MESSAGES)]
        for life in range(KILLS + 1):
            teller = subprocess.Popen(
                [sys.executable, "-c", TELLER, *words], stdout=subprocess.PIPE, text=True
            )
            assert teller.stdout is not None
            with teller.stdout:
                assert teller.stdout.readline() == "ready\n"
                if life < KILLS:
                    time.sleep(chance.uniform(0, 0.4))
                    teller.send_signal(signal.SIGKILL)
                else:
                    assert teller.stdout.readline() == "done\n"
                teller.wait(10)
    expected = [
        message(str(64500 + n // 2), ("opened", "restored")[n % 2], type="asn")[0] for n in range(MESSAGES)
    ]
    singles = dict(server.got["/one"])
    assert {key: json.loads(body) for key, body in singles.items()} == {one["key"]: one for one in expected}
    # What came again under a key came as it was.
    for path in ("/one", "/group"):
        assert len(set(server.got[path])) == len({key for key, _body in server.got[path]}), path
    grouped: dict[str, object] = {}
    for body in dict(server.got["/group"]).values():
        said = json.loads(body)
        for one in said["messages"] if said["schema"] == "nightside.messages/1" else [said]:
            assert one["key"] not in grouped, "in two groups"
            grouped[one["key"]] = one
    assert grouped == {one["key"]: one for one in expected}
    for path in ("/one", "/group"):
        seen = [body.decode() for _key, body in server.got[path]]
        for n in range(0, MESSAGES, 2):
            places = [
                next(i for i, body in enumerate(seen) if expected[m]["key"] in body) for m in (n, n + 1)
            ]
            assert places[0] <= places[1]
