"""Which elements are wanted, decided on columns: what is left out never becomes an object or a row."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.model.elements import Columns, Kind, Peer
from nightside.model.errors import UsageError
from nightside.sources.layout import InputFile

Bool = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]

KINDS = ("announce", "withdraw", "state", "route", "end_of_rib")
"""The words for `Kind`, in its order."""
MATCHES = ("exact", "more", "less")
ALL_BITS = 2**64 - 1
HIGH = np.array([ALL_BITS << (64 - min(bits, 64)) & ALL_BITS for bits in range(129)], np.uint64)
"""By the length of a prefix the bits that it fixes of the upper half of its address."""
LOW = np.array([ALL_BITS << (128 - max(bits, 64)) & ALL_BITS for bits in range(129)], np.uint64)
"""And of the lower half."""


@dataclass(frozen=True, slots=True)
class Block:
    """An address block as columns have it: the two halves of its address, left-aligned, and its length in bits."""

    high: int
    low: int
    length: int
    family: int

    @classmethod
    def of(cls, text: str) -> Block:
        """A block as people write it, `192.0.2.0/24`; an address is a block of one. Raises UsageError."""
        try:
            network = ipaddress.ip_network(text.strip())
        except ValueError as error:
            raise UsageError(
                f"not a prefix: {text!r} ({error})", advice="Write it as 175.45.176.0/24 or 2001:db8::/32."
            ) from None
        address, length = int(network.network_address), network.prefixlen
        if network.version == 4:
            return cls(address << 32, 0, length, 4)
        return cls(address >> 64, address & ALL_BITS, length, 6)


@dataclass(frozen=True, slots=True)
class ElementFilter:
    """Every word that is given must hold; of several values of one word, one must. Empty words ask nothing."""

    prefixes: tuple[Block, ...] = ()
    match: str = "exact"
    """`exact`; `more`: these blocks and those inside of them; `less`: these blocks and those around them."""
    peer_asns: frozenset[int] = frozenset()
    origins: frozenset[int] = frozenset()
    """Only announcements and table entries have one."""
    kinds: frozenset[int] = frozenset()
    """Of `Kind`."""
    collectors: frozenset[str] = frozenset()
    begin_us: int | None = None
    """Microseconds since the epoch, inclusive."""
    end_us: int | None = None
    """Exclusive."""

    @classmethod
    def of(
        cls,
        *,
        prefixes: Sequence[str] = (),
        match: str = "exact",
        peer_asns: Collection[int] = (),
        origins: Collection[int] = (),
        kinds: Collection[str] = (),
        collectors: Collection[str] = (),
        begin_us: int | None = None,
        end_us: int | None = None,
    ) -> ElementFilter:
        """A filter by words; raises UsageError where one is not understood."""
        for name, value in (("prefixes", prefixes), ("kinds", kinds), ("collectors", collectors)):
            if isinstance(value, str):
                raise UsageError(f"{name} is one word, {value!r}", advice=f"Give a list: [{value!r}].")
        if match not in MATCHES:
            raise UsageError(f"no such match: {match!r}", advice=f"Choose one of {', '.join(MATCHES)}.")
        unknown = sorted(set(kinds) - set(KINDS))
        if unknown:
            raise UsageError(f"no such kind: {unknown[0]!r}", advice=f"Choose of {', '.join(KINDS)}.")
        if begin_us is not None and end_us is not None and begin_us >= end_us:
            raise UsageError("begin is not before end", advice="Swap them.")
        return cls(
            tuple(Block.of(p) for p in prefixes),
            match,
            frozenset(peer_asns),
            frozenset(origins),
            frozenset(KINDS.index(k) + 1 for k in kinds),
            frozenset(collectors),
            begin_us,
            end_us,
        )

    def takes(self, file: InputFile) -> bool:
        """Whether anything of a file can be wanted, by its collector."""
        return not self.collectors or file.collector in self.collectors

    def rows(self, columns: Columns, peers: Sequence[Peer]) -> Rows | None:
        """The places of the wanted elements of a batch, ascending; None: all of them."""
        n = columns.count
        wanted: Bool | None = None
        for held in self._tests(columns, peers, n):
            wanted = held if wanted is None else wanted & held
            if not wanted.any():
                break
        return None if wanted is None or bool(wanted.all()) else np.flatnonzero(wanted)

    def _tests(self, columns: Columns, peers: Sequence[Peer], n: int) -> Any:
        """One column of truth for each word that is given, the cheap ones first."""
        kind = columns.kind[:n]
        if self.kinds:
            yield np.isin(kind, list(self.kinds))
        if self.begin_us is not None:
            yield columns.time_us[:n] >= self.begin_us
        if self.end_us is not None:
            yield columns.time_us[:n] < self.end_us
        if self.peer_asns:
            mine = np.array([peer.asn in self.peer_asns for peer in peers], bool)
            yield mine[columns.peer[:n]]
        if self.origins:
            with_path = (kind == Kind.ANNOUNCE) | (kind == Kind.ROUTE)
            yield with_path & np.isin(columns.origin[:n], np.array(sorted(self.origins), np.uint32))
        if self.prefixes:
            yield self.prefix_rows(
                columns.prefix_hi[:n], columns.prefix_lo[:n], columns.prefix_len[:n], columns.family[:n]
            ) & ((kind == Kind.ANNOUNCE) | (kind == Kind.ROUTE) | (kind == Kind.WITHDRAW))

    def prefix_rows(self, high: Any, low: Any, length: Any, family: Any) -> Bool:
        """Which of these prefixes are wanted, by the two halves of their addresses, lengths and families."""
        found = np.zeros(len(high), bool)
        for block in self.prefixes:
            own_high, own_low = np.uint64(block.high), np.uint64(block.low)
            if self.match == "less":
                held = (length <= block.length) & (high == (own_high & HIGH[length]))
                held &= low == (own_low & LOW[length])
            else:
                inside = (high & HIGH[block.length]) == own_high
                inside &= (low & LOW[block.length]) == own_low
                held = inside & (
                    (length == block.length) if self.match == "exact" else (length >= block.length)
                )
            found |= held & (family == block.family)
        return found


class Chosen:
    """Some elements of a batch as a batch: `Columns` of the rows that were chosen; valid as long as that is."""

    def __init__(self, columns: Columns, rows: Rows) -> None:
        self._columns, self._rows = columns, rows
        self.count = len(rows)
        self.paths = columns.paths

    def __getattr__(self, name: str) -> Any:
        column = getattr(self._columns, name)[self._rows]
        setattr(self, name, column)
        return column


def chosen(columns: Columns, peers: Sequence[Peer], wanted: ElementFilter) -> Columns:
    """The wanted elements of a batch."""
    rows = wanted.rows(columns, peers)
    return columns if rows is None else Chosen(columns, rows)
