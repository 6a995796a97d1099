"""Results of checks that lie beside the routes of an input (`checks/*.ndjson`): read line by line, and stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from nightside.engine.checks.reading import LINE_BYTES
from nightside.model.check import CheckResult
from nightside.model.check_reading import read_result
from nightside.model.errors import InputError, UnreadableError, UsageError

BATCH = 10_000
MOST_TOLD = 5
"""So many lines of one file that are not taken are told one by one; of further ones the number."""

Warn = Callable[[str], None]


class Keeper(Protocol):
    """What keeps results: a store."""

    def put_results(self, results: Sequence[CheckResult]) -> int:
        """Store them; how many were new. Raises UsageError for what is no result, and keeps none then."""


def keep_results(store: Keeper, paths: Sequence[Path], *, reconstruction: bool, warn: Warn) -> int:
    """Store the results of these files; how many were new.

    In an input that says of itself that it is a reconstruction every result is one, whether its line says so or not:
    the word of a folder holds for all that lies in it. A line that is no result is left out with a warning. Raises
    UnreadableError where a file cannot be read.
    """
    new = 0
    for path in paths:
        refused = _Refused(path, warn)
        batch: list[tuple[int, CheckResult]] = []
        for number, result in _results(path, refused):
            batch.append((number, replace(result, reconstruction=True) if reconstruction else result))
            if len(batch) == BATCH:
                new += _keep(store, batch, refused)
                batch = []
        new += _keep(store, batch, refused)
        refused.sum_up()
    return new


class _Refused:
    """Tells of the lines of one file that are not taken, without filling a terminal."""

    def __init__(self, path: Path, warn: Warn) -> None:
        self.path, self.count, self._warn = path, 0, warn

    def add(self, line: int, why: str) -> None:
        self.count += 1
        if self.count <= MOST_TOLD:
            self._warn(f"{self.path}: line {line}: {why}; it is left out")

    def sum_up(self) -> None:
        more = self.count - MOST_TOLD
        if more > 0:
            self._warn(f"{self.path}: {more:,} more line{'' if more == 1 else 's'} left out")


def _results(path: Path, refused: _Refused) -> Iterator[tuple[int, CheckResult]]:
    """The results of a file with the numbers of their lines; no line is held that is longer than one may be."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LINE_BYTES + 1):
                number += 1
                if len(line) > LINE_BYTES:
                    while line and not line.endswith(b"\n"):
                        line = file.readline(LINE_BYTES)
                    refused.add(number, f"more than {LINE_BYTES} bytes")
                    continue
                if not line.strip():
                    continue
                try:
                    yield number, read_result(json.loads(line))
                except InputError as error:
                    refused.add(number, error.what)
                except (ValueError, RecursionError):
                    refused.add(number, "no JSON")
    except OSError as error:
        raise UnreadableError(
            f"cannot be read: {error.strerror}", where=str(path), advice="Make it readable, or take it away."
        ) from None


def _keep(store: Keeper, batch: list[tuple[int, CheckResult]], refused: _Refused) -> int:
    """Store a batch; of one that the store refuses, what it takes: one line must not cost its neighbours."""
    if not batch:
        return 0
    try:
        return store.put_results([result for _, result in batch])
    except UsageError as error:
        if len(batch) == 1:
            refused.add(batch[0][0], error.what)
            return 0
    middle = len(batch) // 2
    return _keep(store, batch[:middle], refused) + _keep(store, batch[middle:], refused)
