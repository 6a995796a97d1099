"""What `nightside elements` does, once its options have been read: lines, numbers, JSON or Parquet."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any, Literal

from nightside.cli.terminal import on_terminal, progress_of, warn

if TYPE_CHECKING:
    from pathlib import Path

    from nightside.model.elements import Skip
    from nightside.model.errors import InputError
    from nightside.sources.layout import InputFile
    from nightside.sources.reading import Listener

Format = Literal["parquet", "ndjson"]
COUNTED_AT_ONCE = 8192
"""Elements in a batch that is only counted: their columns stay in the processor's cache."""


def print_elements(
    files: list[Path],
    *,
    summary: bool = False,
    format: Format | None = None,  # noqa: A002
) -> None:
    """Print what the files hold to standard output; at most one of `summary` and `format`."""
    from nightside.sources.layout import find_inputs

    found = find_inputs(files)
    if found.passed_over:
        warn(f"{len(found.passed_over)} files are not named like an archive's and passed over")
    with contextlib.ExitStack() as progress:
        skipped: list[dict[str, Any]] = []
        records: list[int] = []
        listener = _listener(found.files, progress, skipped, records)
        if summary:
            counts = _count(found.files, listener)
        elif format:
            _write_as(format, found.files, listener)
        else:
            _write_lines(found.files, listener)
    if summary:
        import json

        print(json.dumps({"records": sum(records), **counts, "skipped": skipped}))


def _count(files: list[InputFile], listener: Listener) -> dict[str, Any]:
    from nightside.routing.counts import ElementCounts
    from nightside.sources.reading import read_files
    from nightside.wire.decoder import Decoder

    counts = ElementCounts()
    for _file, columns in read_files(Decoder(COUNTED_AT_ONCE), files, listener):
        counts.add(columns)
    return counts.to_json()


def _write_lines(files: list[InputFile], listener: Listener) -> None:
    from nightside.sources.reading import read_files
    from nightside.wire.lines import Lines

    for _file, lines in read_files(Lines(), files, listener):
        sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()


def _write_as(format: Format, files: list[InputFile], listener: Listener) -> None:  # noqa: A002
    from nightside.cli.element_formats import write_ndjson, write_parquet
    from nightside.sources.arrow import SCHEMA, file_batches

    batches = file_batches(files, listener)
    if format == "ndjson":
        write_ndjson(batches, sys.stdout.buffer)
    else:
        write_parquet(batches, SCHEMA, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _listener(
    files: list[InputFile], progress: contextlib.ExitStack, skipped: list[dict[str, Any]], records: list[int]
) -> Listener:
    """Warns of what cannot be used, gathers the numbers of it, and moves a bar where no text runs past."""
    from nightside.sources.reading import Listener

    def skip(file: InputFile, what: Skip) -> None:
        times = f" ({what.count} records)" if what.count > 1 else ""
        warn(f"{file.path}: byte {what.offset}: {what.reason}{times}")
        skipped.append({"file": file.name, "offset": what.offset, "reason": what.reason, "count": what.count})

    def refuse(file: InputFile, error: InputError) -> None:
        warn(f"{error.where}: {error.what}")
        skipped.append({"file": file.name, "offset": None, "reason": error.what, "count": None})

    def end(_file: InputFile, count: int) -> None:
        records.append(count)

    if on_terminal():
        return Listener(skip, refuse, end)
    started, advance = progress.enter_context(progress_of("reading"))
    started(sum(file.path.stat().st_size for file in files if file.path.exists()))
    return Listener(skip, refuse, end, advance)
