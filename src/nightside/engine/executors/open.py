"""`--engine`: which executor a word means."""

from __future__ import annotations

from collections.abc import Callable

from nightside.engine.executors.protocol import Executor
from nightside.model.errors import UsageError

SCHEMES = ("tcp://", "tls://")


def require_engine(word: str | None) -> None:
    """Raises UsageError where no executor is called so."""
    if word not in (None, "local", "dask") and not str(word).startswith(SCHEMES):
        raise UsageError(
            f"no engine is called {word!r}",
            advice="Say local, dask, or the address of a Dask scheduler: tcp://HOST:8786.",
        )


def open_executor(
    word: str | None,
    processes: int | None = None,
    *,
    advance: Callable[[int], None] = lambda _read: None,
    warn: Callable[[str], None] = lambda _text: None,
) -> Executor:
    """Whoever does jobs: processes of this machine (None, `local`), or a Dask cluster.

    `dask` is a cluster of this machine's processes, `tcp://HOST:PORT` and `tls://HOST:PORT` one whose scheduler is
    there. `processes`: so many on this machine; None: as many as cores. `advance` is told how many bytes jobs have
    read since the last call: as they read them where that is on this machine, of a cluster's job when it is done.
    `warn` hears of workers that cannot be used.

    Raises UsageError for another word, and NightsideError where Dask is not installed, no scheduler answers, or its
    workers run another program.
    """
    require_engine(word)
    if word in (None, "local"):
        from nightside.engine.executors.local import LocalExecutor

        return LocalExecutor(processes, advance)
    from nightside.engine.executors.dask import DaskExecutor

    assert word is not None
    return DaskExecutor(None if word == "dask" else word, processes, advance=advance, warn=warn)
