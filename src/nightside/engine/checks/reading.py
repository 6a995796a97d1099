"""Results read from files: our own lines (nightside.check/1), and the daily files of world-observer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nightside.engine.checks.world_observer import results_of_day
from nightside.model.check import SCHEMA, CheckResult
from nightside.model.check_reading import read_result
from nightside.model.errors import InputError, UnreadableError

LINE_BYTES = 65_536
DAY_BYTES = 4_194_304
ADVICE = f"Known are lines of {SCHEMA} and the daily files of world-observer."


def read_results(path: Path, warn: Callable[[str], None]) -> Iterator[CheckResult]:
    """The results of a file, in its order.

    A last line that has no end was torn when its writer was stopped: it is left out, with a warning. Raises InputError,
    with the line, where anything else is not understood.
    """
    try:
        with path.open("rb") as file:
            head = file.readline(LINE_BYTES)
            if _is_ours(head):
                file.seek(0)
                yield from _lines(iter(lambda: file.readline(LINE_BYTES + 1), b""), path, warn)
                return
            whole = head + file.read(DAY_BYTES)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}", where=str(path), advice=ADVICE) from None
    if len(whole) > DAY_BYTES:
        raise InputError("is no results of checks", where=str(path), advice=ADVICE)
    yield from results_of_day(_json(whole, str(path)), str(path))


def _is_ours(line: bytes) -> bool:
    return SCHEMA.encode() in line


def _lines(lines: Iterator[bytes], path: Path, warn: Callable[[str], None]) -> Iterator[CheckResult]:
    for number, line in enumerate(lines, 1):
        where = f"{path}: line {number}"
        if not line.endswith(b"\n"):
            if len(line) > LINE_BYTES:
                raise InputError(f"a line of more than {LINE_BYTES} bytes", where=where, advice=ADVICE)
            try:
                yield read_result(json.loads(line))
            except (ValueError, InputError, RecursionError):
                warn(f"{where}: it has no end, and is left out")
            return
        try:
            yield read_result(_json(line, where))
        except InputError as error:
            raise InputError(
                error.what, where=where, advice="Take this line out, or ask who wrote it."
            ) from None


def _json(raw: bytes, where: str) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise InputError("is no JSON", where=where, advice=ADVICE) from None
