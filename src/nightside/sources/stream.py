"""What a live source gives: batches of elements, and what becomes of the source itself, in one stream of values.

A live source is an asynchronous iterator of `Batch` and `Status`. That a source has ended, fallen silent or come
back is a value in its stream, never an exception: who reads it turns the peers unknown. What could not be used
is counted by kind and source, and told once (`Faults`).
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nightside.model.elements import Columns, Peer


@dataclass(frozen=True, slots=True)
class Batch:
    """Elements of one collector, in the order in which they came."""

    collector: str
    peers: list[Peer]
    """What `columns.peer` counts through; always the same list for one collector, which only grows."""
    columns: Columns
    """Its own copy: it stays as it is, however long it is kept."""
    received_s: float
    """When the last of it came, seconds since the epoch by our own clock."""
    fills: bool = False
    """It is what the collector told in a gap of its stream, and a little around it: known now, news then."""


@dataclass(frozen=True, slots=True)
class Status:
    """A collector's stream is up, or is not: then nothing is known of its peers from this instant on."""

    collector: str
    up: bool
    why: str
    at_s: float
    """Seconds since the epoch, by our own clock."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something of a source that could not be used, of a kind that had not been seen from it before."""

    source: str
    """A collector, an address, or an endpoint."""
    kind: str
    """The same words for all of its kind."""
    detail: str
    """This first one, with its values."""


class Source(Protocol):
    """What all live sources have in common."""

    def values(self) -> AsyncGenerator[Batch | Status, None]:
        """The stream, to be read once. It goes on until it is closed (`aclose`), which closes the source."""


MOST_FAULTS = 4096
"""Kinds and sources that are counted apart; what is beyond is counted together, as one further kind."""
FURTHER = ("", "further faults, of more sources and kinds than are told apart")


class Faults:
    """Counts by source and kind; `tell` hears of the first of each."""

    def __init__(self, tell: Callable[[Fault], None] = lambda _fault: None) -> None:
        self._tell = tell
        self.counts: dict[tuple[str, str], int] = {}
        """How many so far, by source and kind."""

    def add(self, source: str, kind: str, detail: str = "", count: int = 1) -> None:
        """So many more of this kind."""
        key = (source, kind)
        known = self.counts.get(key)
        if known is None and len(self.counts) >= MOST_FAULTS and key != FURTHER:
            self.add(*FURTHER, detail=f"the first is of {source}: {detail or kind}", count=count)
            return
        self.counts[key] = (known or 0) + count
        if known is None:
            self._tell(Fault(source, kind, detail or kind))


@dataclass
class Figures:
    """What a source has done so far, for metrics."""

    connections: int = 0
    """Begun, the refused ones too."""
    received_bytes: int = 0
    messages: int = 0
    duplicates: int = 0
    """Messages that had come before."""
    elements: int = 0
    restamped: int = 0
    """Messages whose own time cannot be; they have the time of their arrival."""
    newest_s: dict[str, float] = field(default_factory=dict)
    """By collector the time of its newest element, seconds since the epoch."""


@dataclass(slots=True)
class KeptColumns:
    """Columns of exactly `count` elements, in memory of their own; described in `model.elements.Columns`."""

    count: int
    time_us: Any
    kind: Any
    flags: Any
    peer: Any
    family: Any
    prefix_hi: Any
    prefix_lo: Any
    prefix_len: Any
    origin: Any
    upstream: Any
    path_start: Any
    path_count: Any
    attr_offset: Any
    attr_length: Any
    record_offset: Any
    old_state: Any
    new_state: Any
    path_id: Any
    paths: Any


_COLUMNS = tuple(one.name for one in fields(KeptColumns) if one.name not in ("count", "paths"))


def kept(columns: Columns) -> KeptColumns:
    """A copy of a decoder's batch, whose own memory is used again for the next."""
    count = columns.count
    ends = columns.path_start[:count] + columns.path_count[:count]
    return KeptColumns(
        count=count,
        paths=columns.paths[: int(ends.max()) if count else 0].copy(),
        **{name: getattr(columns, name)[:count].copy() for name in _COLUMNS},
    )


def taken(columns: Columns, which: npt.NDArray[np.intp]) -> KeptColumns:
    """These elements of a batch; they share its paths."""
    parts = {name: getattr(columns, name)[which] for name in _COLUMNS}
    return KeptColumns(count=len(which), paths=columns.paths, **parts)


def joined(parts: Sequence[KeptColumns]) -> KeptColumns:
    """One after the other, with all their paths; at least one."""
    shifts = np.cumsum([0, *(len(part.paths) for part in parts)])[:-1].tolist()
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS}
    starts = [part.path_start + np.uint32(shift) for part, shift in zip(parts, shifts, strict=True)]
    columns["path_start"] = np.concatenate(starts)
    paths = np.concatenate([part.paths for part in parts])
    return KeptColumns(count=sum(part.count for part in parts), paths=paths, **columns)


LONGEST_PAUSE_S = 60.0


def pauses() -> Iterator[float]:
    """Seconds to wait before each further attempt: twice as long each time up to a minute, each by chance between
    half of it and all of it, so that many who were cut off together do not come back together."""
    pause = 1.0
    while True:
        yield random.uniform(pause / 2, pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)
