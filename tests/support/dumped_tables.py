"""What peers held at an instant, worked out from the lines of `bgpdump -m` alone: an oracle for tables and windows."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

Session = tuple[str, str, int]
"""Collector, address, AS."""


def lines(path: Path) -> Iterator[list[str]]:
    """The fields of each line that bgpdump prints of a file."""
    done = subprocess.run(["bgpdump", "-m", str(path)], capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        yield line.split("|")


def nominal(path: Path) -> datetime:
    """The time in a file's name."""
    day, minute = path.name.split(".")[1:3]
    return datetime.strptime(day + minute, "%Y%m%d%H%M").replace(tzinfo=UTC)


class Dumped:
    """The tables of one archive folder, second by second: one table first, then updates."""

    def __init__(self, folder: Path) -> None:
        self.held: dict[Session, dict[str, str]] = defaultdict(dict)
        """By session and prefix the AS path as text."""
        self.up: dict[Session, bool] = {}
        self._events: list[tuple[int, Session, list[str]]] = []
        for collector in sorted(p for p in folder.iterdir() if p.is_dir()):
            (table,) = collector.rglob("bview.*")
            for _form, _time, _b, address, asn, prefix, path, *_rest in lines(table):
                session = (collector.name, address, int(asn))
                self.held[session][prefix] = path
                self.up[session] = True
            for file in sorted(collector.rglob("updates.*")):
                for fields in lines(file):
                    session = (collector.name, fields[3], int(fields[4]))
                    self._events.append((int(fields[1]), session, fields))
        self._events.sort(key=lambda event: event[0])
        self._done = 0

    def until(self, second: int) -> None:
        """Everything up to the end of this second."""
        while self._done < len(self._events) and self._events[self._done][0] <= second:
            _at, session, fields = self._events[self._done]
            self._done += 1
            if fields[2] == "STATE":
                self.up[session] = fields[6] == "6"
                self.held[session].clear()
            elif fields[2] == "W":
                self.held[session].pop(fields[5], None)
            elif fields[2] == "A":
                self.held[session][fields[5]] = fields[6]

    def full_feeds(self, sizes: dict[Session, int], share: float = 0.5) -> set[Session]:
        """The sessions with at least this share of the largest number of IPv4 routes."""
        return {session for session, size in sizes.items() if size >= share * max(sizes.values())}

    def sizes(self) -> dict[Session, int]:
        """By session how many IPv4 routes it holds now."""
        return {s: sum(":" not in prefix for prefix in held) for s, held in self.held.items()}


def visible(dumped: Dumped, prefix: str, voters: Iterable[Session]) -> bool:
    """Whether half of the distinct ASes of these sessions, of those that are up, have a route to a prefix."""
    has: dict[int, bool] = {}
    for session in voters:
        if dumped.up[session]:
            has[session[2]] = has.get(session[2], False) or prefix in dumped.held[session]
    return 2 * sum(has.values()) >= len(has)
