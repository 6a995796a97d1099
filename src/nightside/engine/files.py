"""The files of an input: which of them matter, how large they are, and of which time they tell."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from nightside.sources.layout import Found, InputFile


def covers_until(file: InputFile) -> int | None:
    """The second before which a file of updates tells what happened, by the cadence of its archive."""
    if file.kind != "updates" or file.nominal is None or not file.cadence_s:
        return None
    return file.nominal + file.cadence_s


def bytes_to_read(found: Found) -> int:
    """The size of all files together, for a progress bar; what cannot be read counts nothing."""
    total = 0
    for file in found.files:
        with suppress(OSError):
            total += file.path.stat().st_size
    return total


def choose(files: Sequence[InputFile], begin: int | None, end: int | None, margin_s: int) -> list[InputFile]:
    """One collector's files that matter from `begin` to `end`: the newest table before, and what came since."""
    chosen = list(files)
    if end is not None:
        chosen = [f for f in chosen if f.nominal is None or f.nominal < end]
    if begin is not None:
        tables = [
            f.nominal for f in chosen if f.kind == "table" and f.nominal is not None and f.nominal <= begin
        ]
        if tables:
            newest = max(tables)
            chosen = [
                f
                for f in chosen
                if f.nominal is None
                or f.nominal >= newest
                or (f.kind == "updates" and f.nominal + (f.cadence_s or 0) > newest - margin_s)
            ]
    return chosen
