"""What a block's collectors store: valid columns, tables that agree with the updates, and noise that is only noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from nightside.model.elements import Kind
from nightside.scenes import benchmark
from nightside.scenes.benchmark import Block, MissingPiece, TablePiece, UpdatesPiece
from nightside.scenes.disturbances import Disturbances, Reset, Skew, Stuck, TurnedPartial
from nightside.scenes.ground import GONE, USUAL

HOUR_S, TABLE_S = 3600, 28_800


def _with(block: Block, view: Disturbances) -> Block:
    return replace(block, story=replace(block.story, view=view))


class _Memory:
    """What each session holds (a way's number, or -1), as one who believes every element would have it."""

    def __init__(self, block: Block, collector: str) -> None:
        self.block = block
        self.watchers = block.story.audience.watchers[block.collectors.index(collector)]
        self.held = np.full((len(self.watchers), len(block.prefixes()[0])), -1)
        self.pieces = block.stream(collector)

    def play(self) -> Iterator[tuple[int, np.ndarray]]:
        """(time of a table, what it holds) after its rows; the updates before it have been applied by then."""
        table, started = np.full_like(self.held, -1), False
        for piece in self.pieces:
            if isinstance(piece, MissingPiece):
                continue
            c = piece.columns
            if isinstance(piece, TablePiece):
                table[c.peer, c.prefix_index] = c.path_start
                if piece.last:
                    if not started:
                        self.held, started = table.copy(), True
                    yield piece.nominal, table
                    table = np.full_like(self.held, -1)
                continue
            for i in np.flatnonzero((c.kind == Kind.ANNOUNCE) | (c.kind == Kind.WITHDRAW)).tolist():
                start = int(c.path_start[i]) if c.kind[i] == Kind.ANNOUNCE else -1
                self.held[c.peer[i], c.prefix_index[i]] = start


@pytest.fixture(scope="module")
def clear(little_block: Block) -> Block:
    """The block with nothing that breaks our view."""
    return _with(little_block, Disturbances())


def test_columns_are_valid(little_block: Block) -> None:
    hi, length = little_block.prefixes()
    kinds = set()
    for collector, sessions in zip(little_block.collectors, little_block.sessions, strict=True):
        for piece in little_block.stream(collector):
            if isinstance(piece, MissingPiece):
                continue
            c = piece.columns
            assert c.count == len(c.time_us) <= 1_000_000
            for name in ("kind", "flags", "peer", "family", "prefix_hi", "prefix_lo", "prefix_len", "origin"):
                assert len(getattr(c, name)) == c.count
            for name in ("upstream", "path_start", "path_count", "attr_offset", "old_state", "new_state"):
                assert len(getattr(c, name)) == c.count
            kinds |= set(c.kind.tolist())
            if c.count == 0:
                continue
            assert (np.diff(c.time_us) >= 0).all()
            seconds = c.time_us // 1_000_000
            if isinstance(piece, UpdatesPiece):
                assert piece.nominal <= seconds[0] <= seconds[-1] < piece.nominal + piece.cadence_s
            else:
                assert piece.nominal <= seconds[0] <= seconds[-1] <= piece.nominal + 120
            assert c.peer.max() < len(sessions)
            route = (c.kind != Kind.STATE) & (c.kind != Kind.END_OF_RIB)
            host = np.uint64(0xFFFFFFFFFFFFFFFF) >> c.prefix_len[route].astype(np.uint64)
            assert not (c.prefix_hi[route] & host).any()
            assert np.array_equal(c.prefix_hi[route], hi[c.prefix_index[route]])
            assert np.array_equal(c.prefix_len[route], length[c.prefix_index[route]])
            told = (c.kind == Kind.ANNOUNCE) | (c.kind == Kind.ROUTE)
            last = c.path_start + c.path_count - 1
            assert np.array_equal(c.paths[last[told]], c.origin[told])
            asns = np.array([p.asn for p in sessions], np.uint32)
            assert np.array_equal(c.paths[c.path_start[told]], asns[c.peer[told]])
            assert (c.origin[told] != c.upstream[told]).all()
    assert kinds == set(Kind)


def test_files_come_in_order_each_once_and_none_is_left_out(little_block: Block) -> None:
    for collector in little_block.collectors:
        updates, tables, order = [], [], []
        for piece in little_block.stream(collector):
            order.append(piece.nominal)
            if isinstance(piece, MissingPiece) or (isinstance(piece, UpdatesPiece) and piece.last):
                updates.append(piece.nominal)
            elif isinstance(piece, TablePiece) and piece.last:
                tables.append(piece.nominal)
        assert order == sorted(order)
        assert updates == list(range(little_block.begin, little_block.end, 300))
        assert tables == list(range(little_block.begin, little_block.end, TABLE_S))


def test_the_same_block_says_the_same_twice(little_block: Block) -> None:
    name = little_block.collectors[0]
    for one, two in zip(little_block.stream(name), little_block.stream(name), strict=True):
        assert type(one) is type(two)
        if not isinstance(one, MissingPiece) and not isinstance(two, MissingPiece):
            for column in ("time_us", "peer", "prefix_index", "kind", "path_start", "new_state"):
                assert np.array_equal(getattr(one.columns, column), getattr(two.columns, column))


def test_without_disturbances_updates_and_tables_agree_with_the_ases(clear: Block) -> None:
    ground, moves = benchmark._ground(clear.story), benchmark._moves(clear.story)
    for collector in clear.collectors:
        memory = _Memory(clear, collector)
        state, applied = ground.usual.copy(), clear.begin
        for at, table in memory.play():
            new = moves.between(applied, at)
            state[new.who, new.prefix], applied = new.value, at
            recent = np.unique(moves.between(at - 20, at).prefix)
            settled = np.setdiff1d(np.arange(state.shape[1]), recent)
            for i, watcher in enumerate(memory.watchers):
                if watcher.share == 1:
                    there = state[watcher.voice] > GONE
                    assert np.array_equal(memory.held[i] >= 0, there)
                    assert np.array_equal(memory.held[i][settled], table[i][settled])
                else:
                    assert 0 < (table[i] >= 0).sum() < 0.6 * (state[watcher.voice] > GONE).sum()
                    assert ((table[i] >= 0) <= (state[watcher.voice] > GONE))[settled].all()


def _only(block: Block, collector: int) -> tuple[int, int]:
    """A full-feed session of a collector."""
    return collector, block.full_feed[collector].index(True)


@pytest.mark.parametrize("end_of_rib", [True, False])
def test_a_reset_session_is_silent_and_then_sends_what_it_has(clear: Block, end_of_rib: bool) -> None:
    place = _only(clear, 0)
    down = clear.injections[2].begin + 30
    up = clear.injections[2].begin + 400
    reset = Reset(place, down, up, 200, True, end_of_rib, True)
    memory = _Memory(_with(clear, Disturbances(resets={place: [reset]})), clear.collectors[0])
    rows = []
    for piece in clear_rows(memory):
        mine = piece.columns.peer == place[1]
        seconds = piece.columns.time_us[mine] // 1_000_000
        rows += list(zip(seconds.tolist(), piece.columns.kind[mine].tolist(), strict=True))
    states = [second for second, kind in rows if kind == Kind.STATE]
    assert states == [down] + [up] * 4
    assert not [s for s, kind in rows if down <= s < up and kind != Kind.STATE]
    assert [s for s, kind in rows if kind == Kind.END_OF_RIB] == ([reset.settled] if end_of_rib else [])
    transferred = {s for s, kind in rows if up < s <= reset.settled and kind == Kind.ANNOUNCE}
    assert max(transferred) - min(transferred) > 150
    # Afterwards it holds what its AS has, as if nothing had been.
    plain = dict(_tables(_Memory(clear, clear.collectors[0])))
    for at, held in _tables(
        _Memory(_with(clear, Disturbances(resets={place: [reset]})), clear.collectors[0])
    ):
        after = reset.settled < at
        if after:
            lost = plain[at][place[1]] == -1
            # Who believes in no reset keeps what went while the session was down; the rest is the same.
            assert np.array_equal(held[place[1]][~lost], plain[at][place[1]][~lost])


def clear_rows(memory: _Memory) -> Iterator[UpdatesPiece]:
    for piece in memory.pieces:
        if isinstance(piece, UpdatesPiece):
            yield piece


def _tables(memory: _Memory) -> Iterator[tuple[int, np.ndarray]]:
    for at, _table in memory.play():
        yield at, memory.held.copy()


def test_a_stuck_session_keeps_its_routes_in_updates_and_tables(clear: Block) -> None:
    injection = max(clear.injections, key=lambda i: (i.shape == "cliff", i.end - i.begin))
    turn = next(t for t in clear.story.turns if t.at == injection.begin and t.value == GONE)
    place = _only(clear, 0)
    held_here = benchmark._ground(clear.story).usual[
        clear.story.audience.watchers[0][place[1]].voice, turn.prefixes
    ]
    prefixes = turn.prefixes[held_here == USUAL]
    assert len(prefixes)
    stuck = Stuck(place, prefixes, injection.begin - 60, injection.end - 60)
    memory = _Memory(_with(clear, Disturbances(stuck={place: [stuck]})), clear.collectors[0])
    others = [i for i, full in enumerate(clear.full_feed[0]) if full and i != place[1]]
    seen = 0
    for at, table in memory.play():
        if injection.begin + 200 < at < injection.end - 60:
            seen += 1
            assert (table[place[1]][prefixes] >= 0).all()
            assert (memory.held[place[1]][prefixes] >= 0).all()
            assert (table[others][:, prefixes] == -1).all()
    assert seen


def test_a_session_that_turns_partial_tells_less_for_a_while(clear: Block) -> None:
    place = _only(clear, 1)
    begin = clear.begin + 30 * HOUR_S
    turned = TurnedPartial(place, 0.8, begin, begin + 24 * HOUR_S)
    memory = _Memory(_with(clear, Disturbances(partial={place: [turned]})), clear.collectors[1])
    for at, table in memory.play():
        told = (table[place[1]] >= 0).sum() / (table >= 0).sum(axis=1).max()
        held = (memory.held[place[1]] >= 0).sum() / (memory.held >= 0).sum(axis=1).max()
        during = turned.begin + 120 < at < turned.end
        assert (0.1 < told < 0.3) if during else told > 0.9
        assert (0.1 < held < 0.3) if during else held > 0.9


def test_a_clock_that_is_off_moves_stamps_and_nothing_else(clear: Block) -> None:
    begin = clear.begin + 20 * HOUR_S
    wrong = _with(clear, Disturbances(skews={0: [Skew(0, 60, begin, begin + 30 * HOUR_S)]}))
    name = clear.collectors[0]

    def all_rows(block: Block) -> tuple[np.ndarray, np.ndarray]:
        parts = [p.columns for p in block.stream(name) if isinstance(p, UpdatesPiece)]
        second = np.concatenate([c.time_us for c in parts]) // 1_000_000
        return second, np.concatenate([c.prefix_index for c in parts])

    (right, prefixes), (off, same) = all_rows(clear), all_rows(wrong)
    assert np.array_equal(np.bincount(prefixes), np.bincount(same))
    inside = (right > begin + 2 * HOUR_S) & (right < begin + 28 * HOUR_S)
    assert inside.any()
    expected = np.where(inside, right + 60, 0)
    assert set(np.sort(off)[inside].tolist()) == set(expected[inside].tolist())


def test_missed_withdrawals_are_some_of_them(clear: Block) -> None:
    place = _only(clear, 0)

    def withdrawals(rate: float) -> int:
        block = _with(clear, Disturbances(missed={place: rate}))
        return sum(
            int(((p.columns.kind == Kind.WITHDRAW) & (p.columns.peer == place[1])).sum())
            for p in block.stream(block.collectors[0])
            if isinstance(p, UpdatesPiece)
        )

    some, all_of_them = withdrawals(0.25), withdrawals(0)
    assert 0.65 * all_of_them < some < 0.85 * all_of_them
    assert withdrawals(1.0) == 0
