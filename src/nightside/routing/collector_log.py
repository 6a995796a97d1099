"""What one collector told: its sessions, the log of its flips, its tables and its gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.model.elements import Peer
from nightside.routing.whole import Whole

UInt32 = npt.NDArray[np.uint32]
UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class TableSummary:
    """One table: when it was dumped, and how many routes of which family each session had in it."""

    begin: int
    end: int
    truncated: bool
    routes: dict[tuple[int, int], int]
    """(peer index, family) to number of routes."""


@dataclass(frozen=True)
class TransferEnd:
    """A session's table transfer was over at `second`, with so many routes held."""

    second: int
    peer: int
    family: int
    routes: int


@dataclass(frozen=True)
class CollectorLog:
    """Everything later rooms need of one collector. The columns are sorted by second (see `routing.log`)."""

    collector: str
    peers: list[Peer]
    second: UInt32
    kind: UInt8
    session: UInt32
    prefix: UInt32
    way: UInt32
    loads: list[Whole]
    tables: list[TableSummary]
    transfer_ends: list[TransferEnd]
    gaps: list[tuple[int, int]]

    @classmethod
    def of(cls, collector: str, peers: list[Peer], table: Any, gaps: list[tuple[int, int]]) -> CollectorLog:
        """The log of a closed `routing.table.CollectorTable`."""
        second, kind, session, prefix, way = table.log.columns()
        return cls(
            collector=collector,
            peers=list(peers),
            second=second,
            kind=kind,
            session=session,
            prefix=prefix,
            way=way,
            loads=list(table.loads.values()),
            tables=[TableSummary(*t) for t in table.tables],
            transfer_ends=[TransferEnd(*t) for t in table.transfer_ends],
            gaps=gaps,
        )
