"""A block of the benchmark made by hand: two collectors, sixteen sessions, a few countries, known events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from nightside.model.elements import FLAG_NO_UPSTREAM, Kind, Peer
from nightside.scenes.benchmark import BlockColumns, MissingPiece, Piece, TablePiece, UpdatesPiece
from nightside.scenes.truth import TrueEpisode

BEGIN = 1_400_000_000 - 1_400_000_000 % 28_800
CADENCE_S = 300
KP = ("175.45.176.0/24", "175.45.177.0/24", "175.45.178.0/24", "175.45.179.0/24")
"""All that North Korea has."""

Row = tuple[int, int, int, int]
"""(second, kind, peer, prefix number); of a STATE the number is the new state."""


def columns(rows: list[Row], prefixes: list[tuple[int, int]]) -> BlockColumns:
    """Rows as columns; every route has the origin 131279."""
    n = len(rows)
    second, kind, peer, number = (np.array([r[i] for r in rows], np.int64) for i in range(4))
    state = kind == Kind.STATE
    index = np.where(state, 0, number)
    hi = np.array([p[0] for p in prefixes], np.uint64)
    length = np.array([p[1] for p in prefixes], np.uint8)
    zeros = np.zeros(n, np.int64)
    return BlockColumns(
        count=n,
        time_us=second * 1_000_000,
        kind=kind.astype(np.uint8),
        flags=np.full(n, FLAG_NO_UPSTREAM, np.uint8),
        peer=peer.astype(np.uint32),
        family=np.where(state, 0, 4).astype(np.uint8),
        prefix_hi=hi[index],
        prefix_lo=np.zeros(n, np.uint64),
        prefix_len=length[index],
        origin=np.full(n, 131279, np.uint32),
        upstream=np.zeros(n, np.uint32),
        path_start=np.zeros(n, np.uint32),
        path_count=np.ones(n, np.uint16),
        paths=np.array([131279], np.uint32),
        attr_offset=zeros,
        attr_length=np.zeros(n, np.uint32),
        record_offset=zeros,
        old_state=np.where(state, 6, 0).astype(np.uint8),
        new_state=np.where(state, number, 0).astype(np.uint8),
        path_id=np.zeros(n, np.uint32),
        prefix_index=index.astype(np.uint32),
    )


def prefix_of(text: str) -> tuple[int, int]:
    address, _, length = text.partition("/")
    a, b, c, d = (int(x) for x in address.split("."))
    return ((a << 24 | b << 16 | c << 8 | d) << 32, int(length))


@dataclass
class HandBlock:
    """Fulfils what `engine.evaluate_block` asks of a block. Everybody holds every prefix at the start."""

    events: list[tuple[int, str, int, str | int]]
    """(second after the begin, "down", "up" or "state", session, prefix or FSM state), in order."""
    prefixes_text: tuple[str, ...] = KP
    missing: tuple[tuple[int, int], ...] = ()
    """(collector, nominal after the begin)."""
    late: dict[tuple[int, int], int] = field(default_factory=dict)
    hours: int = 8
    number: int = 0
    begin: int = BEGIN
    through_mrt: bool = False
    per_collector: int = 8
    true: dict[str, list[TrueEpisode]] = field(default_factory=dict)
    injections: tuple[object, ...] = ()
    noise: tuple[object, ...] = ()

    @property
    def end(self) -> int:
        return self.begin + 3600 * self.hours

    @property
    def collectors(self) -> tuple[str, ...]:
        return ("rrc00", "rrc01")

    @property
    def sessions(self) -> tuple[tuple[Peer, ...], ...]:
        return tuple(
            tuple(Peer(f"10.{c}.0.{i}", 100 + self.per_collector * c + i) for i in range(self.per_collector))
            for c in range(2)
        )

    def prefixes(self) -> tuple[np.ndarray, np.ndarray]:
        pairs = [prefix_of(t) for t in self.prefixes_text]
        return np.array([p[0] for p in pairs], np.uint64), np.array([p[1] for p in pairs], np.uint8)

    def countries(self) -> dict[str, int]:
        return {"KP": 4}

    def truth(self, _settings: object = None) -> dict[str, list[TrueEpisode]]:
        return self.true

    def stream(self, collector: str) -> Iterator[Piece]:
        pairs = [prefix_of(t) for t in self.prefixes_text]
        place = self.collectors.index(collector)
        mine = range(place * self.per_collector, (place + 1) * self.per_collector)
        table = [
            (self.begin, int(Kind.ROUTE), s % self.per_collector, p) for p in range(len(pairs)) for s in mine
        ]
        yield TablePiece(self.begin, columns(table, pairs), True)
        rows: list[Row] = []
        for after, what, session, about in self.events:
            if session not in mine:
                continue
            peer = session % self.per_collector
            if what == "state":
                rows.append((self.begin + after, int(Kind.STATE), peer, int(about)))
            else:
                kind = Kind.ANNOUNCE if what == "up" else Kind.WITHDRAW
                rows.append((self.begin + after, int(kind), peer, self.prefixes_text.index(str(about))))
        for nominal in range(self.begin, self.end, CADENCE_S):
            after = nominal - self.begin
            if (place, after) in self.missing:
                yield MissingPiece(nominal, CADENCE_S)
                continue
            inside = [r for r in rows if nominal <= r[0] < nominal + CADENCE_S]
            late_s = self.late.get((place, after), 0)
            yield UpdatesPiece(nominal, CADENCE_S, columns(inside, pairs), late_s, True)


def _outage(
    begin: int, end: int, sessions: int = 16, networks: tuple[str, ...] = KP
) -> list[tuple[int, str, int, str | int]]:
    """So many sessions withdraw all networks at `begin` and announce them again at `end`."""
    lost: list[tuple[int, str, int, str | int]] = [
        (begin, "down", s, n) for s in range(sessions) for n in networks
    ]
    return lost + [(end, "up", s, n) for s in range(sessions) for n in networks]


@pytest.fixture
def hand_block() -> type[HandBlock]:
    return HandBlock


@pytest.fixture
def outage() -> Callable[..., list[tuple[int, str, int, str | int]]]:
    return _outage


@pytest.fixture
def kp() -> tuple[str, ...]:
    return KP
