"""One collector's archive: what its sessions say, with everything that goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nightside.model.elements import Kind
from nightside.scenes.chance import hashed, stream
from nightside.scenes.clock import Clock
from nightside.scenes.disturbances import FILE_S, SETTLE_S, TABLE_S, Disturbances, Reset
from nightside.scenes.ground import GONE, Ground
from nightside.scenes.mrt_writer import State
from nightside.scenes.pieces import MOST_ROWS, BlockColumns, MissingPiece, Piece, TablePiece, UpdatesPiece
from nightside.scenes.rows import Columnist, Rows
from nightside.scenes.table_rows import TableRows
from nightside.scenes.turns import Moves

_DUMP_S = 120
"""A table is written within so long at most."""
_LAG_S = 20
"""What it says may be so old when the writing begins."""
_BURST_S = 90
"""A session that turns partial, or back, needs so long to say so."""
_FALL = (State.ESTABLISHED, State.IDLE)
_CLIMB = (State.IDLE, State.CONNECT, State.OPEN_SENT, State.OPEN_CONFIRM, State.ESTABLISHED)
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class _Span:
    """The moves of one voice in [begin, end), and its routes at `begin`."""

    begin: int
    end: int
    moves: Moves
    state: NDArray[np.uint8]


class Voices:
    """Everything that one collector of a block stores."""

    def __init__(
        self,
        ground: Ground,
        moves: Moves,
        view: Disturbances,
        collector: int,
        begin: int,
        end: int,
        seed: int,
    ) -> None:
        self.ground, self.moves, self.view = ground, moves, view
        self.collector, self.begin, self.end = collector, begin, end
        self.watchers = ground.audience.watchers[collector]
        self.voices = sorted({w.voice for w in self.watchers})
        self.row = [self.voices.index(w.voice) for w in self.watchers]
        self.state = ground.usual[self.voices].copy()
        self.applied = begin
        self.seed = seed
        numbers = np.arange(len(ground.hi))
        self.member = [
            None
            if w.share >= 1
            else hashed(seed, "member", numbers, w.peer.asn) % np.uint64(10_000) < np.uint64(w.share * 10_000)
            for w in self.watchers
        ]
        self._mutes: dict[int, NDArray[np.bool_]] = {}
        self.clock = Clock([(s.begin, s.end, s.off_s) for s in view.skews.get(collector, ())])
        self.columnist = Columnist(ground, [w.peer.asn for w in self.watchers])
        self.tables = TableRows(self.columnist, len(ground.hi), self.member)

    def pieces(self) -> Iterator[Piece]:
        """Tables and files of updates, in the order of their (nominal) time."""
        left = Rows.joined([])
        for nominal in range(self.begin, self.end, TABLE_S):
            until = min(nominal + TABLE_S, self.end)
            begin, end = self.clock.true(nominal), self.clock.true(until)
            rng = stream(self.seed, "table", self.collector, nominal)
            self._advance(begin - int(rng.integers(0, _LAG_S + 1)))
            yield from self._table(nominal, begin, int(rng.integers(10, _DUMP_S + 1)))
            self._advance(begin)
            rows = Rows.joined([left, *self._window(begin, end)])
            later = rows.second >= end
            left = rows.take(later)
            yield from self._files(rows.take(~later), nominal, until)

    def _advance(self, until: int) -> None:
        """Let the moves before `until` happen."""
        moves = self.moves.between(self.applied, until)
        place = np.full(len(self.ground.audience.asns), -1)
        place[self.voices] = np.arange(len(self.voices))
        row = place[moves.who]
        here = row >= 0
        # Of several moves in one place the last stays.
        self.state[row[here], moves.prefix[here]] = moves.value[here]
        self.applied = max(self.applied, until)

    # -- tables -------------------------------------------------------------------------------------

    def _table(self, nominal: int, at: int, lasts_s: int) -> Iterator[Piece]:
        held = []
        for i in range(len(self.watchers)):
            row = self._as_told(i, self.state[self.row[i]], np.full(1, at))
            for reset in self.view.resets.get((self.collector, i), ()):
                if reset.down <= at < reset.up:
                    row[:] = GONE
                elif reset.up <= at < reset.settled:
                    row[self._transfer_times(reset) > at] = GONE
            held.append(row)
        before: BlockColumns | None = None
        for columns in self.tables.columns(held, nominal, lasts_s):
            if before is not None:
                yield TablePiece(nominal, before, False)
            before = columns
        if before is not None:
            yield TablePiece(nominal, before, True)

    def _as_told(self, i: int, values: NDArray[np.uint8], times: NDArray[np.int64]) -> NDArray[np.uint8]:
        """What session `i` holds where its AS has these values: all of its prefixes, each at its time."""
        told = values.copy()
        member = self.member[i]
        if member is not None:
            told[~member] = GONE
        place = (self.collector, i)
        for stuck in self.view.stuck.get(place, ()):
            when = times if len(times) == 1 else times[stuck.prefixes]
            usual = self.ground.usual[self.watchers[i].voice, stuck.prefixes]
            kept = (when >= stuck.begin) & (when < stuck.end)
            told[stuck.prefixes] = np.where(kept, usual, told[stuck.prefixes])
        for turned in self.view.partial.get(place, ()):
            told[self._muted(i) & (times >= turned.begin) & (times < turned.end)] = GONE
        return told

    def _muted(self, i: int) -> NDArray[np.bool_]:
        """Which prefixes a session does not tell while it is turned partial."""
        if i not in self._mutes:
            share = self.view.partial[self.collector, i][0].share
            chance = hashed(self.seed, "muted", np.arange(len(self.ground.hi)), self.collector, i)
            self._mutes[i] = chance % np.uint64(10_000) < np.uint64(share * 10_000)
        return self._mutes[i]

    def _transfer_times(self, reset: Reset) -> NDArray[np.int64]:
        """When each prefix comes in a transfer."""
        n = len(self.ground.hi)
        rank = np.arange(n)
        if reset.shuffled:
            rank = stream(self.seed, "transfer", reset.place[0], reset.place[1], reset.up).permutation(n)
        return reset.up + SETTLE_S + rank * reset.transfer_s // n

    # -- updates ------------------------------------------------------------------------------------

    def _window(self, begin: int, end: int) -> list[Rows]:
        """All that is said in [begin, end), and the rest of transfers that began in it."""
        reach = self.moves.between(begin, end + 1200)
        spans = []
        for place, voice in enumerate(self.voices):
            mine = reach.who == voice
            moves = Moves(reach.second[mine], reach.who[mine], reach.prefix[mine], reach.value[mine])
            spans.append(_Span(begin, end, moves, self.state[place]))
        found: list[Rows] = []
        for i in range(len(self.watchers)):
            span = spans[self.row[i]]
            found += [*self._resets(i, span), *self._turned(i, span), *self._stuck_ends(i, span)]
            found.append(self._ordinary(i, span))
        return found

    def _ordinary(self, i: int, span: _Span) -> Rows:
        moves, place = span.moves.between(span.begin, span.end), (self.collector, i)
        second, prefix = moves.second, moves.prefix.astype(np.int64)
        rng = stream(self.seed, "missed", self.collector, i, span.begin)
        says = ~((moves.value == GONE) & (rng.random(len(second)) < self.view.missed.get(place, 0)))
        member = self.member[i]
        if member is not None:
            says &= member[prefix]
        for reset in self.view.resets.get(place, ()):
            says &= (second < reset.down) | (second >= reset.up)
        for stuck in self.view.stuck.get(place, ()):
            if stuck.begin < span.end and span.begin < stuck.end:
                during = (second >= stuck.begin) & (second < stuck.end)
                says &= ~(during & np.isin(prefix, stuck.prefixes))
        for turned in self.view.partial.get(place, ()):
            says &= ~((second >= turned.begin) & (second < turned.end) & self._muted(i)[prefix])
        return Rows.of(second[says], i, prefix[says], moves.value[says])

    def _resets(self, i: int, span: _Span) -> list[Rows]:
        found = []
        for reset in self.view.resets.get((self.collector, i), ()):
            if reset.states and span.begin <= reset.down < span.end:
                found.append(_states(reset.down, i, _FALL))
            if not span.begin <= reset.up < span.end:
                continue
            if reset.states:
                found.append(_states(reset.up, i, _CLIMB))
            times = self._transfer_times(reset)
            told = self._as_told(i, _values_at(span, times), times)
            there = np.flatnonzero(told)
            there = there[np.argsort(times[there], kind="stable")]
            found.append(Rows.of(times[there], i, there, told[there]))
            if reset.end_of_rib:
                end = np.array([reset.settled])
                nothing = np.zeros(1, np.int64)
                found.append(Rows.of(end, i, nothing, np.zeros(1, np.uint8), Kind.END_OF_RIB))
        return found

    def _turned(self, i: int, span: _Span) -> list[Rows]:
        """The withdrawals with which a session turns partial, and the announcements with which it turns back."""
        found = []
        for turned in self.view.partial.get((self.collector, i), ()):
            muted = np.flatnonzero(self._muted(i))
            spread = np.arange(len(muted)) * _BURST_S // max(1, len(muted))
            for at, leaves in ((turned.begin, True), (turned.end, False)):
                if not span.begin <= at < span.end or self._is_down(i, at):
                    continue
                times = np.full(len(self.ground.hi), _NEVER)
                # What is withdrawn was there when it began to turn; what comes back is as it then is.
                times[muted] = at if leaves else at + spread
                held = _values_at(span, times)[muted]
                if leaves:
                    value = np.full(int((held > GONE).sum()), GONE, np.uint8)
                    found.append(Rows.of(at + spread[held > GONE], i, muted[held > GONE], value))
                else:
                    found.append(Rows.of(at + spread[held > GONE], i, muted[held > GONE], held[held > GONE]))
        return found

    def _stuck_ends(self, i: int, span: _Span) -> list[Rows]:
        """A session that lets go of its stuck routes says what is."""
        found = []
        for stuck in self.view.stuck.get((self.collector, i), ()):
            if span.begin <= stuck.end < span.end and not self._is_down(i, stuck.end):
                times = np.full(len(self.ground.hi), _NEVER)
                times[stuck.prefixes] = stuck.end
                value = _values_at(span, times)[stuck.prefixes]
                usual = self.ground.usual[self.watchers[i].voice, stuck.prefixes]
                changed = value != usual
                when = np.full(int(changed.sum()), stuck.end)
                found.append(Rows.of(when, i, stuck.prefixes[changed], value[changed]))
        return found

    def _is_down(self, i: int, at: int) -> bool:
        return any(r.down <= at < r.settled for r in self.view.resets.get((self.collector, i), ()))

    def _files(self, rows: Rows, begin: int, end: int) -> Iterator[Piece]:
        stamps = np.clip(self.clock.stamps(rows.second), begin, end - 1)
        order = np.argsort(stamps, kind="stable")
        rows, stamps = rows.take(order), stamps[order]
        nominals = np.arange(begin, end, FILE_S)
        bounds = np.append(np.searchsorted(stamps, nominals), len(stamps)).tolist()
        for nominal, low, high in zip(nominals.tolist(), bounds, bounds[1:], strict=False):
            key = (self.collector, nominal)
            if key in self.view.missing:
                yield MissingPiece(nominal, FILE_S)
                continue
            late_s = self.view.late.get(key, 0)
            for at in range(low, max(high, low + 1), MOST_ROWS):
                some = slice(at, min(at + MOST_ROWS, high))
                columns = self.columnist.updates(rows.take(some), stamps[some])
                yield UpdatesPiece(nominal, FILE_S, columns, late_s, at + MOST_ROWS >= high)


def _values_at(span: _Span, times: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The voice's value of each prefix at its time (none before the span; _NEVER: whatever)."""
    values = span.state.copy()
    before = span.moves.second < times[span.moves.prefix]
    values[span.moves.prefix[before]] = span.moves.value[before]
    return values


def _states(at: int, place: int, states: tuple[State, ...]) -> Rows:
    steps = [old << 4 | new for old, new in pairwise(states)]
    n = len(steps)
    value = np.array(steps, np.uint8)
    return Rows.of(np.full(n, at), place, np.zeros(n, np.int64), value, Kind.STATE)
