"""Results of checks as they come: a table for people, plain lines in a pipe, or lines of JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Protocol

from nightside.checks.schedule import Planned
from nightside.engine.checks.asked import AskedChecks
from nightside.engine.live.lines import Lines
from nightside.model.check import CheckResult
from nightside.model.instants import iso_ms
from nightside.model.ndjson import dumps
from nightside.publish.literal import one_line

MOST_WAITING = 50_000
"""Lines that nobody has read yet; then they are dropped, and it is said."""
NARROW, WIDE = 24, 40


class Shown(Protocol):
    """Where results, and what is to be said, go."""

    def told(self, planned: Planned, results: Sequence[CheckResult]) -> None:
        """A check has ended."""

    def began(self, number: int, due: int) -> None:
        """A round begins, with so many checks."""

    def warn(self, text: str) -> None:
        """What does not go as it should."""

    def say(self, text: str) -> None:
        """What is done."""


@contextmanager
def shown(
    asked: AskedChecks, every_s: float | None, warn: Callable[[str], None], *, json: bool
) -> Iterator[Shown]:
    """The form for standard output as it is: a terminal's table, else lines."""
    if sys.stdout is not None and sys.stdout.isatty() and not json:
        from nightside.cli.check_table import table_on_terminal

        with table_on_terminal(asked, every_s) as table:
            yield table
        return
    if sys.stdout is None:
        yield _AsLines(None, asked, warn, json=json)
        return
    with closing(Lines(sys.stdout.fileno(), warn, most_waiting=MOST_WAITING)) as lines:
        yield _AsLines(lines, asked, warn, json=json)


class _AsLines:
    """Each result is a line."""

    def __init__(
        self, lines: Lines | None, asked: AskedChecks, warn: Callable[[str], None], *, json: bool
    ) -> None:
        self._lines, self._json = lines, json
        self.warn = warn
        names = [len(target.name) for target in (*asked.file.targets, *asked.canaries.targets)]
        self._wide = min(max(names), WIDE)

    def told(self, planned: Planned, results: Sequence[CheckResult]) -> None:
        if self._lines is None:
            return
        for one in results:
            line = dumps(one.to_json()) if self._json else line_of(one, self._wide)
            self._lines.put(line.encode("utf-8", "replace"))

    def began(self, number: int, due: int) -> None:
        pass

    def say(self, text: str) -> None:
        print(f"nightside: {text}", file=sys.stderr)


def line_of(one: CheckResult, wide: int) -> str:
    """One result as a line: when, what came of it, what was checked, how long it took, and the rest of it."""
    cells = (
        iso_ms(one.at),
        in_words(one).ljust(17),
        (one.service if one.country else "canary").ljust(6),
        one.kind.ljust(5),
        one_line(one.target, wide).ljust(wide),
        f"IPv{one.family}",
        one_line(one.address or "-").ljust(15),
        milliseconds(one.total_ms).rjust(8),
        " ".join(filter(None, (one_line(one.part), one_line(one.detail or "", 200)))),
    )
    return "  ".join(cells).rstrip()


def in_words(one: CheckResult) -> str:
    """What came of it."""
    return one.outcome.replace("_", " ")


def milliseconds(value: float | None) -> str:
    """Whole milliseconds with their unit; a dash where nothing is known."""
    return "-" if value is None else f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
