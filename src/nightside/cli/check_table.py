"""Results of checks as a table on a terminal, by service and group, that changes while they come."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from nightside.checks.schedule import Planned
from nightside.cli.check_lines import in_words, milliseconds
from nightside.engine.checks.asked import AskedChecks
from nightside.engine.checks.path import path_facts
from nightside.model.check import SOMEBODY_ANSWERED, TELLS_NOTHING, CheckResult
from nightside.publish.literal import one_line
from nightside.world.names import country_name

SERVICES = ("names", "sites", "mail", "path")
"""In the order of the table."""
WIDE = 120
"""From this many columns on each phase has its own."""
REFRESH_PER_S = 2
MOST_WIDE = 20
"""Of a cell's longest word so much is never broken."""
MOST_NOTES = 3
AROUND = 12
"""Lines that the table does not have for rows."""
PHASES = ("resolve_ms", "connect_ms", "tls_ms", "first_byte_ms")


@contextmanager
def table_on_terminal(asked: AskedChecks, every_s: float | None) -> Iterator[ResultTable]:
    """A table that is drawn again while results come, and stays as it was last, whole."""
    console = Console()
    table = ResultTable(asked, every_s, console)
    with Live(table, console=console, refresh_per_second=REFRESH_PER_S, transient=True):
        yield table
    console.print(table.whole())
    for note in table.notes:
        print(f"nightside: {note}", file=sys.stderr)


class ResultTable:
    """The last result of each part. What targets say is text, never markup, and has no control characters."""

    def __init__(self, asked: AskedChecks, every_s: float | None, console: Console) -> None:
        self._asked, self._every_s, self._console = asked, every_s, console
        self._last: dict[tuple[Any, ...], CheckResult] = {}
        self._round, self._due, self._done, self._began = 0, 0, 0, time.monotonic()
        self.notes: deque[str] = deque(maxlen=MOST_NOTES)
        if any(target.kind == "trace" for target in asked.file.targets):
            # Its tables are large: read before anything is timed.
            path_facts([])

    def told(self, planned: Planned, results: Sequence[CheckResult]) -> None:
        """A check has ended."""
        self._done += 1
        for one in results:
            self._last[one.country, one.target, one.kind, one.part, one.family] = one

    def began(self, number: int, due: int) -> None:
        """A round begins."""
        self._round, self._due, self._done, self._began = number + 1, due, 0, time.monotonic()

    def warn(self, text: str) -> None:
        """The last of these stand below the table."""
        self.notes.append(f"warning: {one_line(text, 300)}")

    def say(self, text: str) -> None:
        """The last of these stand below the table."""
        self.notes.append(one_line(text, 300))

    def __rich__(self) -> RenderableType:
        rows = self._rows()
        room = self._console.height - AROUND
        left_out = 0
        if len(rows) > room:
            failed = [one for one in rows if one.outcome != "ok"]
            left_out = len(rows) - len(failed[: max(room, 1)])
            rows = failed[: max(room, 1)]
        below = [Text(f"{left_out} more, those that answer first among them", "dim")] if left_out else []
        return Group(
            self._head(), self._table(rows), *below, *(Text(note, "yellow") for note in list(self.notes))
        )

    def whole(self) -> RenderableType:
        """All rows, whatever the height of the terminal."""
        return Group(self._head(over=True), self._table(self._rows()))

    def _now(self) -> list[CheckResult]:
        """A copy, taken in one step: the table is drawn by another thread than that of the checks."""
        return list(self._last.values())

    def _rows(self) -> list[CheckResult]:
        found = [one for one in self._now() if one.country]
        return sorted(
            found,
            key=lambda one: (
                SERVICES.index(one.service),
                one.group,
                one.target,
                one.kind,
                one.part,
                one.family,
            ),
        )

    def _head(self, *, over: bool = False) -> Text:
        asked, results = self._asked, self._now()
        tried = [one for one in results if one.country and one.outcome not in TELLS_NOTHING]
        answering = [one for one in tried if one.outcome == "ok"]
        head = Text(f"{country_name(asked.file.country)} from {one_line(asked.place)}: ")
        head.append(f"{len(answering)} of {len(tried)} answer", "bold")
        networks = {one.target for one in results if not one.country}
        up = len({one.target for one in results if not one.country and one.outcome == "ok"})
        if networks:
            head.append(f"; {up} of {len(networks)} canaries", "" if 2 * up >= len(networks) else "bold red")
        head.append(f"; round {self._round}: {self._done} of {self._due} checked", "dim")
        if self._every_s is not None and not over:
            until = max(0.0, self._every_s - (time.monotonic() - self._began))
            head.append(f"; the next in {until:.0f} s", "dim")
        return head

    def _table(self, rows: Sequence[CheckResult]) -> Table:
        wide = self._console.width >= WIDE
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
        for title, text in (
            ("Service", "service"),
            ("Group", "group"),
            ("Target", "target"),
            ("Kind", "kind"),
        ):
            words = [word for one in rows for word in one_line(getattr(one, text)).split()]
            longest = max(map(len, [title, *words]))
            table.add_column(title, min_width=min(longest, MOST_WIDE), overflow="fold")
        table.add_column("Part", overflow="fold")
        table.add_column("IP", no_wrap=True)
        table.add_column("Outcome", min_width=13, overflow="fold")
        for title in (*(("Resolve", "Connect", "TLS", "First byte") if wide else ()), "Total"):
            table.add_column(title, justify="right", no_wrap=True)
        longest = max((len(one.address or "-") for one in rows), default=1)
        table.add_column("Address", min_width=min(longest, MOST_WIDE), overflow="fold")
        if wide:
            table.add_column("What was said", overflow="ellipsis", no_wrap=True)
        service, group = "", ""
        for one in rows:
            new, new_group = one.service != service, (one.service, one.group) != (service, group)
            table.add_row(*self._cells(one, new=new, new_group=new_group, wide=wide))
            service, group = one.service, one.group
        return table

    def _cells(self, one: CheckResult, *, new_group: bool, new: bool, wide: bool) -> list[Text]:
        times = [*(getattr(one, phase) for phase in PHASES if wide), one.total_ms]
        cells = [
            Text(one.service if new else "", "bold"),
            Text(one_line(one.group) if new_group else ""),
            Text(one_line(one.target)),
            Text(one.kind),
            Text(one_line(one.part)),
            Text(str(one.family)),
            Text(in_words(one), colour_of(one)),
            *(Text(milliseconds(value)) for value in times),
            Text(one_line(one.address or "-")),
        ]
        return [*cells, Text(_said(one), "dim")] if wide else cells


def _said(one: CheckResult) -> str:
    """Details; of a path, the last network of which packets came back."""
    said = one_line(one.detail or "", 200)
    hops = one.facts.get("hops")
    last = path_facts(hops).last_known if one.kind == "trace" and isinstance(hops, list) else None
    if last is None:
        return said
    ends = one_line(f"hop {last.hop}: AS{last.asn} {last.as_name or ''} {last.country or ''}", 200)
    return f"{ends}; {said}" if said else ends


def colour_of(one: CheckResult) -> str:
    """Green: as it should; yellow: somebody answers, otherwise than they should; red: nobody; dim: it tells nothing."""
    if one.outcome == "ok":
        return "green"
    if one.outcome in TELLS_NOTHING:
        return "dim"
    return "yellow" if one.outcome in SOMEBODY_ANSWERED else "red"
