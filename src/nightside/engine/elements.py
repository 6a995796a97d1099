"""The library's doors to what stands in files: a loop over elements, and batches of Arrow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from nightside.engine.units import time_bounds
from nightside.model.errors import InputError
from nightside.model.instants import parse
from nightside.sources.arrow import SCHEMA, WITH_COMMUNITIES, file_batches
from nightside.sources.element_filter import ElementFilter
from nightside.sources.element_loop import Element, file_elements
from nightside.sources.layout import InputFile, find_inputs
from nightside.sources.reading import Listener

Place = str | Path
Instant = str | datetime
"""ISO 8601 (`2014-12-22T16:15Z`) or a datetime; UTC where no zone is given."""
Match = Literal["exact", "more", "less"]
Warn = Callable[[str], None]


def second_of(instant: Instant | None) -> int | None:
    """Seconds since the epoch, cut; raises UsageError where the text is no time."""
    if instant is None:
        return None
    if isinstance(instant, str):
        return parse(instant)
    return int((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp())


def elements(
    inputs: Sequence[Place],
    *,
    prefixes: Sequence[str] = (),
    match: Match = "exact",
    peer_asns: Collection[int] = (),
    origins: Collection[int] = (),
    kinds: Collection[str] = (),
    collectors: Collection[str] = (),
    begin: Instant | None = None,
    end: Instant | None = None,
    communities: bool = False,
    warn: Warn = lambda _text: None,
) -> Iterator[Element]:
    """The elements of files and folders one by one: collector after collector, each in the order of time.

    What is given must hold, of several values of one word one must. `match`: the `prefixes` themselves, with those
    inside of them (`more`) or those around them (`less`). `begin` is inclusive, `end` exclusive. `warn` hears of what
    cannot be used. Raises UsageError and InputError at once, what is wrong with a file when its turn comes.
    """
    wanted = _filter(prefixes, match, peer_asns, origins, kinds, collectors, begin, end)
    files = _files(inputs, wanted)
    return file_elements(files, _listener(warn), wanted, communities=communities) if files else iter(())


def batches(
    inputs: Sequence[Place],
    *,
    prefixes: Sequence[str] = (),
    match: Match = "exact",
    peer_asns: Collection[int] = (),
    origins: Collection[int] = (),
    kinds: Collection[str] = (),
    collectors: Collection[str] = (),
    begin: Instant | None = None,
    end: Instant | None = None,
    communities: bool = False,
    warn: Warn = lambda _text: None,
) -> pa.RecordBatchReader:
    """The same elements in batches of Arrow, which polars, pandas and DuckDB take as they are."""
    wanted = _filter(prefixes, match, peer_asns, origins, kinds, collectors, begin, end)
    files = _files(inputs, wanted)
    if not files:
        return pa.RecordBatchReader.from_batches(WITH_COMMUNITIES if communities else SCHEMA, [])
    asked = None if wanted == ElementFilter() else wanted
    return file_batches(files, _listener(warn), asked, communities=communities)


def _filter(
    prefixes: Sequence[str],
    match: str,
    peer_asns: Collection[int],
    origins: Collection[int],
    kinds: Collection[str],
    collectors: Collection[str],
    begin: Instant | None,
    end: Instant | None,
) -> ElementFilter:
    begin_s, end_s = second_of(begin), second_of(end)
    return ElementFilter.of(
        prefixes=prefixes,
        match=match,
        peer_asns=peer_asns,
        origins=origins,
        kinds=kinds,
        collectors=collectors,
        begin_us=None if begin_s is None else begin_s * 1_000_000,
        end_us=None if end_s is None else end_s * 1_000_000,
    )


def _files(inputs: Sequence[Place], wanted: ElementFilter) -> list[InputFile]:
    """The files that may hold something wanted, by their collectors and the time in their names."""

    def matters(file: InputFile) -> bool:
        earliest, latest = time_bounds(file.nominal, file.cadence_s)
        early = wanted.end_us is not None and earliest * 1_000_000 >= wanted.end_us
        late = wanted.begin_us is not None and (latest + 1) * 1_000_000 <= wanted.begin_us
        return wanted.takes(file) and not early and not late

    return [file for file in find_inputs(places(inputs)).files if matters(file)]


def places(inputs: Sequence[Place]) -> list[Path]:
    """What was given, as paths; raises InputError where it is nothing, or one word in place of a list."""
    if isinstance(inputs, str | Path):
        raise InputError(f"inputs is one place, {str(inputs)!r}", advice=f"Give a list: [{str(inputs)!r}].")
    if not inputs:
        raise InputError("no routing data given", advice="Give MRT files, or folders in an archive's layout.")
    return [Path(i) for i in inputs]


def _listener(warn: Warn) -> Listener:
    def skip(file: InputFile, what: Any) -> None:
        times = f" ({what.count} records)" if what.count > 1 else ""
        warn(f"{file.path}: byte {what.offset}: {what.reason}{times}")

    def refuse(_file: InputFile, error: InputError) -> None:
        warn(f"{error.where}: {error.what}")

    return Listener(skip, refuse)
