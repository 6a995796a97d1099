"""A real Alertmanager for tests, on a free port of 127.0.0.1, with nobody to speak to but the receiver it is given."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from free_port import free_port

PROGRAM = "prometheus-alertmanager"


@dataclass(frozen=True)
class Alertmanager:
    """Where it listens."""

    url: str

    def alerts(self) -> list[dict[str, Any]]:
        """What it shows to people: what fires now."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def until(
        self, what: Callable[[list[dict[str, Any]]], bool], within_s: float = 20
    ) -> list[dict[str, Any]]:
        """What fires, as soon as this is so."""
        deadline = time.monotonic() + within_s
        while True:
            found = self.alerts()
            if what(found):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.05)


def why_no_alertmanager() -> str | None:
    """Why there is none here; None where there is."""
    return None if shutil.which(PROGRAM) else f"{PROGRAM} is not installed"


@contextmanager
def alertmanager(folder: Path, hook: str) -> Iterator[Alertmanager]:
    """Runs within the block, and posts at once what changes to `hook`."""
    port = free_port()
    configuration = folder / "alertmanager.yml"
    route = "{receiver: hook, group_by: [alertname, incident], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}"
    configuration.write_text(
        f'route: {route}\nreceivers: [{{name: hook, webhook_configs: [{{url: "{hook}", send_resolved: true}}]}}]\n'
    )
    words = [
        PROGRAM,
        f"--config.file={configuration}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    with (folder / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)
    found = Alertmanager(f"http://127.0.0.1:{port}")
    try:
        for _ in range(200):
            assert process.poll() is None, (folder / "alertmanager.log").read_text()
            try:
                found.alerts()
                break
            except OSError:
                time.sleep(0.05)
        yield found
    finally:
        process.terminate()
        process.wait(10)
