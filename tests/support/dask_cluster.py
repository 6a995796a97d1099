"""A real Dask cluster: a scheduler and workers as processes of their own, which can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from free_port import free_port

from nightside.engine.executors import program

SUPPORT = Path(__file__).resolve().parent
DASK = Path(sys.executable).with_name("dask")
PAGES = ("--dashboard-address", "127.0.0.1:0")
"""Without it, or with --no-dashboard, each listens on all addresses of the machine."""
START_S = 60.0


def program_of_tests() -> dict[str, str]:
    """Of the environment of workers: they find the jobs of the tests, and their program is that of the tests.

    It works for `--engine dask` too.
    """
    return {
        "PYTHONPATH": str(SUPPORT),
        "TESTED_DIGEST": program.digest(),
        "DASK_DISTRIBUTED__WORKER__PRELOAD": '["same_program"]',
    }


class DaskCluster:
    """Workers have one thread each, and find the jobs of the tests (`odd_jobs`).

    `environment` is that of all of it, beside ours; `scheme` is tcp or tls.
    """

    def __init__(
        self, folder: Path, *, scheme: str = "tcp", environment: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self._environment = {**os.environ, **(environment or {})}
        folder.mkdir(parents=True, exist_ok=True)
        self.address = f"{scheme}://127.0.0.1:{free_port()}"
        self._processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start(
            "scheduler",
            *("--host", f"{scheme}://127.0.0.1", "--port", self.address.rpartition(":")[2]),
            *PAGES,
        )
        _until_said(self.folder / "0.err", "Scheduler at")

    def add_workers(
        self, number: int = 1, *, restarted: bool = False, environment: Mapping[str, str] | None = None
    ) -> list[subprocess.Popen[bytes]]:
        """Start workers, and wait until they are there.

        `restarted`: with somebody who starts them again when they die. `environment`: what is added to ours, in place
        of `program_of_tests`.
        """
        looks_after = "--nanny" if restarted else "--no-nanny"
        words = ("worker", self.address, "--host", "127.0.0.1", "--nthreads", "1", *PAGES)
        place = ("--memory-limit", "0", "--local-directory", str(self.folder))
        started = []
        for _ in range(number):
            started.append(self._start(*words, looks_after, *place, environment=environment))
        for process in started:
            _until_said(
                self.folder / f"{self._processes.index(process)}.err", "Starting established connection"
            )
        return started

    def kill_scheduler(self) -> None:
        self.scheduler.kill()
        self.scheduler.wait()

    def stop(self) -> None:
        """End all that was started, and what that started."""
        for process in reversed(self._processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, *words: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        said = (self.folder / f"{len(self._processes)}.err").open("wb")
        process = subprocess.Popen(
            [DASK, *words],
            stdout=said,
            stderr=said,
            cwd=self.folder,
            env={**self._environment, **(program_of_tests() if environment is None else environment)},
            process_group=0,
        )
        said.close()
        self._processes.append(process)
        return process


def _until_said(log: Path, words: str) -> None:
    until = time.perf_counter() + START_S
    while words not in log.read_text(errors="replace"):
        assert time.perf_counter() < until, log.read_text(errors="replace")
        time.sleep(0.05)
