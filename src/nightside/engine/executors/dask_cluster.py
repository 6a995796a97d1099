"""`--engine dask`: a scheduler and workers as processes of this machine, which end with the one that asked for them.

LocalCluster in a process of its own: its way of starting workers runs the caller's main program again, which here is
this file; and a scheduler that shares no lock with whoever waits for it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import Any

from nightside.model.errors import NightsideError


class OwnCluster:
    """A running cluster of this machine."""

    def __init__(self, processes: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="nightside-dask-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, str(processes), self._folder.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        assert self._process.stdout is not None
        try:
            self.address = self._process.stdout.readline().strip()
        except BaseException:
            self.close()
            raise
        if not self.address:
            self.close()
            raise NightsideError(
                f"Dask did not start: it ended with {self._process.returncode}",
                advice="What it said stands above; --engine local does without it.",
            )

    def close(self) -> None:
        """End all of it: the scheduler, the workers and what looks after them are one group."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._folder.cleanup()


QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.admin.system-monitor.gil.enabled": False,
}
"""Nobody looks at what each worker would otherwise measure of itself, a hundred times a second."""


def main() -> None:
    """Start a cluster, say where it is, and stay until standard input ends."""
    import logging

    import dask
    import distributed

    dask.config.set(QUIET)

    processes, folder = int(sys.argv[1]), sys.argv[2]
    said = os.fdopen(os.dup(1), "w")
    # What jobs print is for people.
    os.dup2(2, 1)
    start: Any = distributed.LocalCluster
    cluster = start(
        n_workers=processes,
        threads_per_worker=1,
        host="127.0.0.1",
        # Any free ports for its pages, and nobody else's machine.
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
        # As much as there is, as for the processes of `local`.
        memory_limit=0,
        local_directory=folder,
        silence_logs=logging.CRITICAL,
    )
    print(cluster.scheduler_address, file=said, flush=True)
    sys.stdin.read()
    # Whoever asked was killed: what it would have ended ends here.
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
