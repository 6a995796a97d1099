"""A real Prometheus for tests, on a free port of 127.0.0.1, that scrapes one address often."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from free_port import free_port

PROGRAM = "prometheus"


@dataclass(frozen=True)
class Prometheus:
    """Where it listens."""

    url: str

    def ask(self, question: str) -> list[dict[str, Any]]:
        """What the question gives now."""
        words = urlencode({"query": question})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{words}", timeout=10) as answer:
            found = json.load(answer)
        assert found["status"] == "success", found
        told: list[dict[str, Any]] = found["data"]["result"]
        return told

    def until(self, question: str, within_s: float = 20) -> list[dict[str, Any]]:
        """What the question gives, as soon as that is anything."""
        deadline = time.monotonic() + within_s
        while not (found := self.ask(question)):
            assert time.monotonic() < deadline, question
            time.sleep(0.1)
        return found


def why_no_prometheus() -> str | None:
    """Why there is none here; None where there is."""
    return None if shutil.which(PROGRAM) and shutil.which("promtool") else f"{PROGRAM} is not installed"


@contextmanager
def prometheus(folder: Path, target: str, job: str) -> Iterator[Prometheus]:
    """Runs within the block, and scrapes `target` (host:port) three times a second."""
    port = free_port()
    configuration = folder / "prometheus.yml"
    configuration.write_text(
        "global: {scrape_interval: 300ms, scrape_timeout: 300ms}\n"
        f'scrape_configs: [{{job_name: {job}, static_configs: [{{targets: ["{target}"]}}]}}]\n'
    )
    words = [
        PROGRAM,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)
    found = Prometheus(f"http://127.0.0.1:{port}")
    try:
        for _ in range(200):
            assert process.poll() is None, (folder / "prometheus.log").read_text()
            try:
                found.ask("vector(1)")
                break
            except OSError:
                time.sleep(0.05)
        yield found
    finally:
        process.terminate()
        process.wait(20)
