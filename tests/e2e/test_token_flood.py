"""A flood of wrong tokens from many addresses against a real server: readers and a rightful place go on as before."""

from __future__ import annotations

import http.client
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from check_results import body, result
from web_store import KP_ID, fill

from nightside.engine.tokens import allow
from nightside.store.location import open_store

pytestmark = pytest.mark.xdist_group("timed")

FLOODERS = 8
FLOOD_S = 3.0
AGENT, READER = "127.0.1.1", "127.0.2.1"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A server's store and port."""
    folder = tmp_path / "store"
    fill(folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "nightside", "serve", "--agents", "--port", "0", "--store", str(folder)],
        env={k: v for k, v in os.environ.items() if not k.startswith("NIGHTSIDE")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield folder, int(process.stdout.readline().rstrip("/\n").rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


class Client:
    """One connection from an address of this machine."""

    def __init__(self, port: int, address: str) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=(address, 0))

    def asked(self, method: str, path: str, content: bytes = b"", token: str = "") -> tuple[int, float]:
        """The status, and how long it took in seconds."""
        headers = (
            {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {token}"} if token else {}
        )
        began = time.monotonic()
        self._line.request(method, path, content or None, headers)
        answer = self._line.getresponse()
        answer.read()
        return answer.status, time.monotonic() - began

    def close(self) -> None:
        self._line.close()


def flood(port: int, number: int, until: float, told: Counter[int]) -> None:
    """Wrong tokens as fast as they are answered, each time another, with and without a name that is known."""
    chance, client = random.Random(number), Client(port, f"127.0.{10 + number}.1")
    line = body([result(int(time.time()))])
    while time.monotonic() < until:
        name = chance.choice(["tokyo-1", f"guess-{number}"])
        secret = "".join(
            chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", k=43)
        )
        status, _ = client.asked("POST", "/api/1/checks", line, f"nightside_{name}_{secret}")
        told[status] += 1
    client.close()


def goes_on(port: int, token: str, rounds: int) -> tuple[list[float], list[float]]:
    """How long a reader and a rightful place wait, in seconds each; all of it is taken."""
    agent, reader = Client(port, AGENT), Client(port, READER)
    read, handed = [], []
    for _ in range(rounds):
        status, took = reader.asked("GET", f"/api/1/incidents/{KP_ID}/revisions")
        assert status == 200
        read.append(took)
        status, took = agent.asked(
            "POST", "/api/1/checks", body([result(int(time.time()) - random.randrange(86_400))]), token
        )
        assert status == 200
        handed.append(took)
        time.sleep(FLOOD_S / rounds / 2)
    agent.close()
    reader.close()
    return read, handed


def test_readers_and_a_rightful_place_go_on(server: tuple[Path, int]) -> None:
    folder, port = server
    token = allow(folder, "tokyo-1", "checks")
    goes_on(port, token, 3)
    told: Counter[int] = Counter()
    until = time.monotonic() + FLOOD_S
    threads = [threading.Thread(target=flood, args=(port, n, until, told)) for n in range(FLOODERS)]
    for thread in threads:
        thread.start()
    read, handed = goes_on(port, token, 10)
    for thread in threads:
        thread.join(30)
    # Each address was told so 20 times at once, and once in five seconds since; then to wait.
    assert set(told) == {401, 429}
    assert FLOODERS * 20 <= told[401] <= FLOODERS * (20 + 1 + FLOOD_S / 5)
    assert told[429] > told[401]
    # A hundred times what they take alone; a server that let the flood stand before them would need seconds.
    assert median(read) < 0.5, read
    assert median(handed) < 0.5, handed
    with open_store(folder, read_only=True) as store:
        assert store.tokens("checks")[0].heard is not None
