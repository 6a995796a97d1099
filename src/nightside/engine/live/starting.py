"""Where a watch starts: tables and updates on disk, read as a replay reads them, before the stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from nightside.engine.collect import time_bounds
from nightside.engine.files import covers_until
from nightside.engine.live.watcher import Watcher
from nightside.sources.layout import InputFile, find_inputs
from nightside.sources.local import Pieces
from nightside.wire.decoder import Decoder

Warn = Callable[[str], None]


def start_from(watcher: Watcher, inputs: Sequence[Path], warn: Warn) -> int | None:
    """Read these files or folders, and take every collector for lost where its files end.

    Returns the last second they tell of; None where there is none. Of sessions that the stream names too, the
    stream's go on where the table's have ended. Raises what reading the input raises.
    """
    found = find_inputs(list(inputs))
    by_collector: dict[str, list[InputFile]] = {}
    for file in found.files:
        by_collector.setdefault(file.collector, []).append(file)
    last: dict[str, int] = {}
    for collector, files in sorted(by_collector.items()):
        decoder = Decoder()
        to_come = sorted(found.gaps(collector))
        for file in files:
            while to_come and file.nominal is not None and file.nominal >= to_come[0][0]:
                watcher.live.gap(collector, *to_come.pop(0))
            _read(watcher, decoder, file, warn)
        ends = max((covers_until(f) or f.nominal or 0 for f in files), default=0)
        last[collector] = max(ends, watcher.live.collector(collector).table.now)
    for collector, second in last.items():
        watcher.live.collector(collector).table.close(second)
        watcher.live.lost(collector, second)
    return max(last.values(), default=None)


def _read(watcher: Watcher, decoder: Decoder, file: InputFile, warn: Warn) -> None:
    earliest, latest = time_bounds(file.nominal, file.cadence_s)
    decoder.start(str(file.path))
    pieces = Pieces(file.path)
    for piece in pieces:
        for columns in decoder.feed(piece):
            watcher.live.apply(file.collector, decoder.peers, columns, earliest, latest)
    for columns in decoder.finish():
        watcher.live.apply(file.collector, decoder.peers, columns, earliest, latest)
    truncated = bool(pieces.truncated or decoder.truncated)
    if truncated:
        warn(f"{file.path}: cut off: what stands before is used")
    watcher.live.table_done(file.collector, truncated)
