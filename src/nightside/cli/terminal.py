"""Progress and warnings: on standard error, with bars and colour only where somebody looks at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int], None]
"""To be called with the bytes (or steps) done since the last call."""


def warn(text: str) -> None:
    """One line on standard error."""
    print(f"nightside: warning: {text}", file=sys.stderr)


def say(text: str) -> None:
    """What is about to be done, as one line on standard error."""
    print(f"nightside: {text}", file=sys.stderr)


def on_terminal() -> bool:
    """Whether standard output is looked at by a person."""
    return sys.stdout.isatty()


@contextmanager
def progress_of(what: str, *, rate: bool = False) -> Iterator[tuple[Advance, Advance]]:
    """(started, advance) for work whose size is known only later: `started` is told the total, again for more work.

    A bar with the share done and the time left on standard error, and with bytes and their rate where asked for;
    nothing where that is no terminal.
    """
    if not sys.stderr.isatty():
        yield (lambda _total: None), (lambda _done: None)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    speed: tuple[ProgressColumn, ...] = (DownloadColumn(), TransferSpeedColumn()) if rate else ()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        *speed,
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield (lambda total: bar.reset(task, total=total)), (lambda done: bar.advance(task, done))
