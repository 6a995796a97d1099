"""Jobs done by a Dask cluster."""

from __future__ import annotations

import asyncio
import logging
import pickle
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from nightside.engine.executors.dask_cluster import OwnCluster
from nightside.engine.executors.dask_lane import Given
from nightside.engine.executors.dask_run import Run, Warned
from nightside.engine.executors.local import cores
from nightside.engine.executors.protocol import Done, Failed, Job
from nightside.model.errors import NightsideError

CLOSE_S = 10.0
"""Letting go of a cluster takes so long at most."""
LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio")
"""Who would say on standard error, with tracebacks, what an error of ours says in one line."""


class DaskExecutor:
    """Jobs on the workers of a Dask scheduler, or (`address` None) on those of a cluster of this machine.

    `advance` is told a job's bytes when it is done, `warn` of workers that cannot be used. Raises NightsideError where
    Dask is not installed, no scheduler answers, or a worker that is there runs another program.
    """

    def __init__(
        self,
        address: str | None,
        processes: int | None = None,
        *,
        advance: Callable[[int], None] = lambda _read: None,
        warn: Callable[[str], None] = lambda _text: None,
    ) -> None:
        _require_dask()
        self._advance, self._warn = advance, warn
        self._bytes: dict[int, int] = {}
        """Of each job without an outcome, by number."""
        self._submitted = 0
        self._heard: SimpleQueue[Given | Failed | Warned | NightsideError] = SimpleQueue()
        self._over: NightsideError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: Callable[[], object] | None = None
        self._usable = threading.Event()
        self._levels = {name: logging.getLogger(name).level for name in LOGGERS}
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self._own: OwnCluster | None = None
        self._thread = threading.Thread(target=self._in_thread, name="nightside-dask", daemon=True)
        try:
            if address is None:
                self._own = OwnCluster(processes or cores())
                address = self._own.address
            self._run = Run(address, self._heard.put, self._usable.set)
            self._thread.start()
            self._usable.wait()
            if self._over:
                raise self._over
        except BaseException:
            self.close()
            raise

    @property
    def workers(self) -> int:
        """How many jobs are done at the same time, now."""
        return self._run.threads

    def submit(self, job: Job) -> int:
        """Have a job done; its number."""
        number = self._submitted
        self._submitted += 1
        self._bytes[number] = job.bytes
        assert self._loop is not None
        with suppress(RuntimeError):
            # Where the loop has ended, `next` says why.
            self._loop.call_soon_threadsafe(self._run.add, number, job)
        return number

    def next(self) -> Done | Failed:
        """The next outcome; raises NightsideError where the cluster is gone."""
        if not self._bytes:
            raise LookupError("nothing is under way")
        while True:
            if self._over and self._heard.empty():
                raise self._over
            heard = self._heard.get()
            if isinstance(heard, NightsideError):
                raise heard
            if isinstance(heard, Warned):
                self._warn(heard.text)
                continue
            size = self._bytes.pop(heard.number)
            if isinstance(heard, Failed):
                return heard
            self._advance(size)
            return Done(heard.number, pickle.loads(heard.pickled))

    def close(self) -> None:
        """Let go of the cluster: nothing more is given to it, and one of our own is ended."""
        if self._loop is not None and self._stop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop)
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)
        if self._own:
            self._own.close()
        self._bytes.clear()
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _in_thread(self) -> None:
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            self._over = NightsideError("the executor was closed")
        except NightsideError as error:
            self._over = error
        except Exception as error:
            self._over = NightsideError(
                f"the Dask cluster cannot be used: {type(error).__name__}: {error}", where=self._run.address
            )
            self._over.__cause__ = error
        finally:
            if self._over:
                self._heard.put(self._over)
            self._usable.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        self._stop = task.cancel
        await self._run.run()


def _require_dask() -> None:
    try:
        import distributed  # noqa: F401 - it says itself what lacks
    except ImportError as error:
        raise NightsideError(
            f"Dask is not installed here ({error})", advice="Install it: pip install 'nightside[dask]'."
        ) from None
