"""The lines of the journal in which messages wait: JSON, each behind its CRC-32."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

JOURNAL = re.compile(r"journal-([0-9]{1,12})")

Json = dict[str, Any]


def lines_of(path: Path) -> Iterator[tuple[int, int, Json | None]]:
    """Each line of a journal: where it begins, its bytes, and what it says; None where it is damaged.

    A last line without an end is left out: it was being written when the program fell.
    """
    at = 0
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield at, len(line), said_in(line)
            at += len(line)


def said_in(line: bytes) -> Json | None:
    """What a line says; None where it is damaged."""
    with suppress(ValueError):
        if int(line[:8], 16) == zlib.crc32(line[9:-1]):
            said = json.loads(line[9:])
            return said if isinstance(said, dict) else None
    return None


def line_of(said: Json) -> bytes:
    """The line that says it."""
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def newest_journal(folder: Path) -> Path | None:
    """The journal that counts; None where there is none. Raises OSError."""
    found = [(int(name[1]), one) for one in folder.iterdir() if (name := JOURNAL.fullmatch(one.name))]
    return max(found)[1] if found else None


def waiting_in(folder: Path) -> dict[str, int]:
    """How many messages wait for each channel, read beside whoever writes there. Raises OSError."""
    try:
        path = newest_journal(folder)
    except FileNotFoundError:
        return {}
    waits: dict[str, set[int]] = {}
    for _at, _length, said in () if path is None else lines_of(path):
        if said is not None and "put" in said:
            for name in said["to"]:
                waits.setdefault(name, set()).add(said["put"])
        elif said is not None and "done" in said:
            waits.get(said["by"], set()).difference_update(said["done"])
    return {name: len(numbers) for name, numbers in sorted(waits.items()) if numbers}
