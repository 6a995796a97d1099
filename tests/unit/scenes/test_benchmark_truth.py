"""The truth of a block against a recomputation that is as slow and as plain as can be."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from nightside.model.settings import Settings
from nightside.scenes import benchmark
from nightside.scenes.benchmark import Block, plan
from nightside.scenes.ground import GONE, SECOND
from nightside.scenes.routes import RouteTable
from nightside.scenes.shares import episodes
from nightside.scenes.truth import TrueEpisode
from nightside.world.snapshot import load

DAY_S, HOUR_S = 86400, 3600
BELOW = {
    "partial": lambda share: share < 0.9,
    "severe": lambda share: share < 0.5,
    "total": lambda share: share <= 0.05,
}


def _units_by_second(block: Block) -> dict[str, np.ndarray]:
    """The reachable units of each country in every second, all recomputed whenever any AS says anything."""
    ground, moves = benchmark._ground(block.story), benchmark._moves(block.story)
    codes, ipv4 = load().codes, load().ipv4
    has = {
        (who, p): int(value)
        for who, row in enumerate(ground.usual)
        for p, value in enumerate(row.tolist())
        if value != GONE
    }
    n_as = len(ground.usual)
    units_of = []
    for hi, length in zip(ground.hi.tolist(), ground.length.tolist(), strict=True):
        first = hi >> 40
        units_of.append(range(first, first + (1 << (24 - length) if length < 24 else 1)))
    by_second: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for second, who, p, value in zip(
        moves.second.tolist(), moves.who.tolist(), moves.prefix.tolist(), moves.value.tolist(), strict=True
    ):
        by_second[second].append((who, p, value))

    def count() -> dict[str, int]:
        votes: dict[int, int] = defaultdict(int)
        for (_, p), value in has.items():
            if not ground.stranger[p] and not (value == SECOND and ground.second_stranger[p]):
                votes[p] += 1
        reachable = {u for p, n in votes.items() if 2 * n >= n_as for u in units_of[p]}
        found: dict[str, int] = defaultdict(int)
        for unit in reachable:
            found[codes[ipv4[unit]]] += 1
        return found

    lines = {code: np.zeros(block.end - block.begin, np.int64) for code in count()}
    last, now = 0, count()
    for second in sorted(by_second):
        for code, line in lines.items():
            line[last : second - block.begin] = now.get(code, 0)
        last = second - block.begin
        for who, p, value in by_second[second]:
            if value == GONE:
                has.pop((who, p), None)
            else:
                has[who, p] = value
        now = count()
    for code, line in lines.items():
        line[last:] = now.get(code, 0)
    return lines


def _episodes_by_second(line: np.ndarray, begin: int) -> list[TrueEpisode]:
    """Hour by hour: the baseline from all seconds of the last day outside of incidents, then what lies below."""
    n = len(line)
    shut = np.zeros(n, bool)
    below = {severity: np.zeros(n, bool) for severity in BELOW}
    base, last_below, opened = int(line[0]), None, None
    for hour in range(0, n, HOUR_S):
        is_open = last_below is not None and hour < last_below + 1 + 6 * HOUR_S
        if not is_open:
            if opened is not None:
                shut[opened : last_below + 1 + 6 * HOUR_S] = True
                opened = None
            counted = np.sort(line[max(0, hour - DAY_S) : hour][~shut[max(0, hour - DAY_S) : hour]])
            if len(counted):
                base = int(counted[len(counted) // 2])
        share = line[hour : hour + HOUR_S] / base
        for severity, is_below in BELOW.items():
            below[severity][hour : hour + HOUR_S] = is_below(share)
        some = np.flatnonzero(below["partial"][hour : hour + HOUR_S])
        if len(some):
            opened = hour + int(some[0]) if opened is None else opened
            last_below = hour + int(some[-1])
    found = []
    for severity, mask in below.items():
        seconds = np.flatnonzero(mask)
        if len(seconds):
            # Ten minutes above end an episode.
            for stretch in np.split(seconds, np.flatnonzero(np.diff(seconds) > 600) + 1):
                over = int(stretch[-1]) + 1
                end = begin + over if over + 600 <= n else None
                found.append(TrueEpisode(severity, begin + int(stretch[0]), end))  # type: ignore[arg-type]
    return sorted(found, key=lambda e: e.onset)


def test_equals_a_recomputation_second_by_second(little_block: Block) -> None:
    lines = _units_by_second(little_block)
    expected = {code: _episodes_by_second(line, little_block.begin) for code, line in lines.items() if code}
    expected = {code: found for code, found in expected.items() if found}
    found = little_block.truth()
    assert len(expected) >= 10
    assert {e.severity for some in expected.values() for e in some} == {"partial", "severe", "total"}
    key = {code: sorted((e.onset, e.severity, e.end) for e in some) for code, some in found.items()}
    assert key == {
        code: sorted((e.onset, e.severity, e.end) for e in some) for code, some in expected.items()
    }


def test_counts_the_first_table(little_block: Block) -> None:
    lines = _units_by_second(little_block)
    assert little_block.countries() == {
        code: int(line[0]) for code, line in lines.items() if code and line[0]
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_every_aim_is_met_and_what_should_not_cross_does_not(little_routes: RouteTable, seed: int) -> None:
    for block in plan(little_routes, outages=40, quiet_days=3, seed=seed, peers=9):
        truth = block.truth()
        for injection in block.injections:
            near = [
                e
                for e in truth.get(injection.country, [])
                if e.onset <= injection.end + 120 and (e.end is None or e.end >= injection.begin)
            ]
            worst = max((["none", "partial", "severe", "total"].index(e.severity) for e in near), default=0)
            assert ["none", "partial", "severe", "total"][worst] == injection.severity_aimed, injection
            if near and injection.severity_aimed != "none":
                assert min(e.onset for e in near) >= injection.begin


def test_noise_that_is_not_real_does_not_change_the_truth(little_block: Block) -> None:
    # The moves of the ASes are made without any look at resets, gaps, missed withdrawals or clocks.
    story = little_block.story
    assert story.view.resets
    assert story.view.missing
    assert len(benchmark._moves(story).second) > 0
    assert benchmark._moves(story).second.max() < little_block.end + 4 * HOUR_S


def _line(*steps: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([s[0] for s in steps], np.int64), np.array([s[1] for s in steps], np.int64)


def test_an_end_counts_after_ten_minutes() -> None:
    rules, t = Settings(), 100_000 - 100_000 % 3600
    flapping = _line((t, 4), (t + 7200, 0), (t + 7500, 4), (t + 8099, 0), (t + 8400, 4))
    assert [(e.severity, e.onset - t, (e.end or 0) - t) for e in episodes(*flapping, t + DAY_S, rules)] == [
        ("partial", 7200, 8400),
        ("severe", 7200, 8400),
        ("total", 7200, 8400),
    ]
    apart = _line((t, 4), (t + 7200, 0), (t + 7500, 4), (t + 8100, 0), (t + 8400, 4))
    onsets = [e.onset - t for e in episodes(*apart, t + DAY_S, rules) if e.severity == "total"]
    assert onsets == [7200, 8100]


def test_a_long_outage_does_not_become_the_baseline() -> None:
    t = 1_400_025_600
    line = _line((t, 100), (t + DAY_S, 30), (t + 6 * DAY_S, 100))
    assert [(e.severity, e.onset, e.end) for e in episodes(*line, t + 8 * DAY_S, Settings())] == [
        ("partial", t + DAY_S, t + 6 * DAY_S),
        ("severe", t + DAY_S, t + 6 * DAY_S),
    ]


def test_a_slow_decline_moves_the_baseline() -> None:
    t = 1_400_025_600
    steps = [(t + day * DAY_S, round(1000 * 0.95**day)) for day in range(8)]
    assert episodes(*_line(*steps), t + 9 * DAY_S, Settings()) == []


def test_an_end_that_is_not_confirmed_is_none() -> None:
    t = 1_400_025_600
    line = _line((t, 10), (t + DAY_S, 5), (t + 2 * DAY_S, 10))
    assert episodes(*line, t + 2 * DAY_S + 599, Settings())[0].end is None
    assert episodes(*line, t + 2 * DAY_S + 600, Settings())[0].end == t + 2 * DAY_S
