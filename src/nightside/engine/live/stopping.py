"""How a watch ends when it is asked to: in good order by the first signal, at once by the second."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from nightside.engine.channels.outbox import Outbox

LAST_WORDS_S = 5.0
"""What waits for channels when the watch ends may take so long."""
SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def interruptible() -> Iterator[None]:
    """Within the block SIGTERM is what Ctrl-C is: a KeyboardInterrupt, for what runs without an event loop."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def run_until_stopped(main: Callable[[], Coroutine[Any, Any, None]], say: Callable[[str], None]) -> None:
    """Run `main` on a new event loop until it ends, or SIGTERM or SIGINT comes.

    Then it is cancelled, once: what it holds by `async with` is let go from the inside out, and this returns. A second
    signal ends the process as if nobody had listened. `say` is told of the first. Raises what `main` raises; of a
    group of errors with one in it, that one.
    """
    before = {one: signal.getsignal(one) for one in SIGNALS}
    try:
        asyncio.run(_stoppable(main, say))
    except BaseExceptionGroup as group:
        raise _only(group) from group
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


async def _stoppable(main: Callable[[], Coroutine[Any, Any, None]], say: Callable[[str], None]) -> None:
    loop = asyncio.get_running_loop()
    task = loop.create_task(main())
    asked = False

    def stop(by: signal.Signals) -> None:
        nonlocal asked
        asked = True
        for one in SIGNALS:
            loop.remove_signal_handler(one)
            signal.signal(one, signal.SIG_DFL)
        say(f"{by.name}: ending; once more ends at once")
        task.cancel()

    for one in SIGNALS:
        loop.add_signal_handler(one, stop, one)
    try:
        await task
    except asyncio.CancelledError:
        if not asked:
            raise
    finally:
        for one in SIGNALS:
            loop.remove_signal_handler(one)


def _only(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error of a group; the group itself where it has more."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup) and len(found.exceptions) == 1:
        found = found.exceptions[0]
    return found


@asynccontextmanager
async def delivering(outbox: Outbox | None, last_words_s: float = LAST_WORDS_S) -> AsyncIterator[None]:
    """Deliver within the block; at its end what still waits is given this time. The rest stays in the spool."""
    if outbox is None:
        yield
        return
    async with asyncio.TaskGroup() as group:
        delivery = group.create_task(outbox.run())
        try:
            yield
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(last_words_s):
                    while not delivery.done() and not outbox.is_idle:
                        await asyncio.sleep(0.05)
            delivery.cancel()
