"""The benchmark of `evaluate`: stretches of simulated time over a whole table, with outages and noise.

plan ─▶ Block ─▶ stream: what each collector's archive says, as columns
             ├─▶ write:  the same as MRT files in the layout of RIS
             └─▶ truth:  the episodes a perfect observer would tell
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightside.model.elements import Peer
from nightside.model.settings import Settings
from nightside.scenes.happenings import Injection, Noise
from nightside.scenes.pieces import BlockColumns, MissingPiece, Piece, TablePiece, UpdatesPiece
from nightside.scenes.routes import RouteTable, made_up_routes, read_routes
from nightside.scenes.truth import TrueEpisode

__all__ = [
    "Block",
    "BlockColumns",
    "Injection",
    "MissingPiece",
    "Noise",
    "Piece",
    "RouteTable",
    "TablePiece",
    "TrueEpisode",
    "UpdatesPiece",
    "made_up_routes",
    "plan",
    "read_routes",
]


@dataclass(frozen=True, eq=False)
class Block:
    """One stretch of simulated time, [begin, end), over the whole table. Small, and cheap to send elsewhere:
    what happens in it is made when it is asked for, from the seed and the block's number."""

    number: int
    begin: int
    """The time of the first table; a multiple of 8 hours."""
    end: int
    collectors: tuple[str, ...]
    sessions: tuple[tuple[Peer, ...], ...]
    """For each collector its sessions; `peer` in its columns is the place in here."""
    full_feed: tuple[tuple[bool, ...], ...]
    """For each session whether it sends the whole table (but while it is turned partial)."""
    injections: tuple[Injection, ...]
    """In the order of begin; none in a quiet block."""
    noise: tuple[Noise, ...]
    """In the order of begin."""
    through_mrt: bool
    """Small enough to be written, and meant to be read as MRT bytes by the ordinary program."""

    def prefixes(self) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
        """Every prefix that is ever announced in the block: high 64 bits of the address, and length.

        `prefix_index` in the columns is the place in here.
        """
        raise NotImplementedError

    def countries(self) -> dict[str, int]:
        """The countries with units in the first table, as the truth sees it, and how many units each has."""
        raise NotImplementedError

    def stream(self, collector: str) -> Iterator[Piece]:
        """What the archive of one collector says, in the order of (true) time."""
        raise NotImplementedError

    def truth(self, settings: Settings | None = None) -> dict[str, list[TrueEpisode]]:
        """The episodes of every country that has any, from the noise-free messages of all full-feed ASes.

        In order of onset, the shallower first; `end` is None where the block ends before it is confirmed.
        """
        raise NotImplementedError

    def write(self, folder: Path) -> None:
        """The same as MRT files in the layout of RIS, with a `nightside.json` that says what it is.

        Raises UsageError where the folder holds something.
        """
        raise NotImplementedError


def plan(routes: RouteTable, *, outages: int, quiet_days: int, seed: int, peers: int) -> list[Block]:
    """Blocks that hold `outages` injections together, and blocks of noise only, `quiet_days` days together.

    `peers` is the number of distinct full-feed ASes of the blocks over the whole table; at least a tenth of
    the outages lies in blocks `through_mrt`, which have a smaller world and fewer peers. Blocks are independent
    of each other. Raises UsageError where the routes are of too few countries, or there are too few peers.
    """
    raise NotImplementedError
