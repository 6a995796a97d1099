"""Instability and the losses that break quiet (docs/definitions.md, docs/decisions/0004)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightside.detection.instability import instability, loud
from nightside.model.settings import Settings
from nightside.model.signal import Loss

RULES = Settings()
MINUTE, HOUR = 60, 3600
END = 100 * HOUR


def losses(*at: int, group: int = 0, units: int = 1, lasting: int = 300) -> list[Loss]:
    return [Loss(t, t + lasting, group, units) for t in at]


def stretches(
    found: Sequence[Loss], baseline: int = 4, end: int = END
) -> list[tuple[int, int | None, int, int]]:
    """(began, ended, losses, units) of each stretch."""
    return [
        (s.began, s.ended, s.losses, s.units)
        for s in instability(found, lambda _second: baseline, RULES, end)
    ]


def test_the_third_loss_within_six_hours_counts_back_to_the_first() -> None:
    assert stretches(losses(1000, 2000, 1000 + 6 * HOUR)) == [(1000, 1000 + 6 * HOUR + 300, 3, 1)]


def test_three_losses_in_more_than_six_hours_are_none() -> None:
    assert stretches(losses(1000, 2000, 1001 + 6 * HOUR)) == []


def test_two_losses_are_none() -> None:
    assert stretches(losses(1000, 2000)) == []


def test_it_goes_on_as_long_as_each_third_loss_is_within_six_hours() -> None:
    every_three_hours = [1000 + 3 * HOUR * i for i in range(10)]
    assert stretches(losses(*every_three_hours)) == [(1000, 1000 + 27 * HOUR + 300, 10, 1)]


def test_it_ends_at_the_last_return() -> None:
    some = [*losses(1000, 2000), *losses(3000, lasting=5 * HOUR)]
    assert stretches(some) == [(1000, 3000 + 5 * HOUR, 3, 1)]


def test_a_return_that_was_not_seen_leaves_it_open() -> None:
    some = [*losses(1000, 2000), Loss(3000, None, 0, 1)]
    assert stretches(some) == [(1000, None, 3, 1)]


def test_a_tenth_of_the_baseline_has_to_be_unstable() -> None:
    assert stretches(losses(1000, 2000, 3000), baseline=10) == [(1000, 3300, 3, 1)]
    assert stretches(losses(1000, 2000, 3000), baseline=11) == []
    assert stretches(losses(1000, 2000, 3000, units=2), baseline=11) == [(1000, 3300, 3, 2)]


@pytest.mark.parametrize("baseline", range(10, 1000, 90))
def test_a_tenth_is_a_tenth_at_every_size(baseline: int) -> None:
    tenth = baseline // 10
    assert stretches(losses(1000, 2000, 3000, units=tenth), baseline=baseline)
    assert not stretches(losses(1000, 2000, 3000, units=tenth), baseline=baseline + 1)


@pytest.mark.parametrize("baseline", range(100, 10_000, 900))
def test_a_hundredth_is_a_hundredth_at_every_size(baseline: int) -> None:
    assert quiet_breaks(losses(1000, units=baseline // 100), baseline)
    assert not quiet_breaks(losses(1000, units=baseline // 100), baseline + 1)


def test_units_are_unstable_each_on_its_own() -> None:
    # Three losses, but of three different units.
    some = [*losses(1000, group=0), *losses(2000, group=1), *losses(3000, group=2)]
    assert stretches(some) == []


def test_the_tenth_may_come_from_several_units_and_begins_when_it_is_reached() -> None:
    some = losses(1000, 4000, 7000, group=0) + losses(2000, 5000, 9000, group=1)
    # Each is 1 of 20; from 2,000 on both are unstable, until one is back for good.
    assert stretches(some, baseline=20) == [(2000, 7300, 4, 2)]


def test_losses_at_one_instant_of_which_one_never_returned() -> None:
    some = [*losses(1000, 2000, 3000), Loss(1000, None, 1, 1), Loss(3000, None, 0, 1)]
    assert [s[0] for s in stretches(some)] == [1000]
    assert loud(some, lambda _second: 4, RULES)


def test_the_order_of_the_losses_does_not_matter() -> None:
    some = losses(1000, 4000, 7000, group=0) + losses(1000, 5000, 9000, group=1)
    assert stretches(list(reversed(some))) == stretches(some)


def test_an_entity_without_units_is_never_unstable_without_a_loss() -> None:
    assert stretches([], baseline=0) == []


def quiet_breaks(found: Sequence[Loss], baseline: int) -> list[tuple[int, int]]:
    return loud(found, lambda _second: baseline, RULES)


@pytest.mark.parametrize(("baseline", "breaks"), [(1, True), (4, True), (100, True), (101, False)])
def test_one_unit_breaks_the_quiet_of_a_hundred(baseline: int, breaks: bool) -> None:
    assert bool(quiet_breaks(losses(1000), baseline)) is breaks


def test_a_loss_is_not_quiet_until_its_return() -> None:
    assert quiet_breaks(losses(1000, lasting=700), 4) == [(1000, 1700)]
    assert quiet_breaks([Loss(1000, None, 0, 1)], 4) == [(1000, 1000)]


def test_losses_within_five_minutes_count_together() -> None:
    near = losses(1000, group=0, units=5) + losses(1299, group=1, units=5)
    assert len(quiet_breaks(near, 1000)) == 2
    apart = losses(1000, group=0, units=5) + losses(1300, group=1, units=5)
    assert quiet_breaks(apart, 1000) == []


def test_five_minutes_are_not_ten() -> None:
    # Any five minutes hold at most two of these three.
    some = [x for i in range(3) for x in losses(1000 + 200 * i, group=i, units=4)]
    assert quiet_breaks(some, 1000) == []


def test_a_unit_that_is_lost_twice_counts_once() -> None:
    assert quiet_breaks(losses(1000, 1100, units=5, lasting=30), 1000) == []


def test_each_loss_that_breaks_the_quiet_is_told_once() -> None:
    some = [x for i in range(6) for x in losses(1000 + 100 * i, group=i, units=5)]
    assert quiet_breaks(some, 1000) == [(x.lost, x.returned) for x in some]


@st.composite
def down_and_up(draw: st.DrawFn) -> list[Loss]:
    """Losses of up to three groups of units, those of one group one after the other."""
    found = []
    for group in range(draw(st.integers(1, 3))):
        at, units = 0, draw(st.integers(1, 3))
        for wait, lasting in draw(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 30)), max_size=8)):
            at += wait
            found.append(Loss(at, at + lasting, group, units))
            at += lasting
    return draw(st.permutations(found))


@given(down_and_up(), st.integers(1, 60))
def test_every_second_agrees(some: list[Loss], baseline: int) -> None:
    """Second by second: who is unstable then, and are these a tenth?"""
    rules = Settings(unstable_window_s=60)
    end = 1000
    unstable: list[set[tuple[int, int]]] = [set() for _ in range(end)]
    for group in {x.group for x in some}:
        mine = sorted((x.lost, x.returned or 0, x.units) for x in some if x.group == group)
        for first, _second, third in zip(mine, mine[1:], mine[2:], strict=False):
            if third[0] - first[0] <= 60:
                for t in range(first[0], third[1]):
                    unstable[t].add((group, third[2]))
    shaky = [t for t in range(end) if 10 * sum(units for _, units in unstable[t]) >= baseline and unstable[t]]
    runs: list[list[int]] = []
    for t in shaky:
        if runs and runs[-1][1] == t:
            runs[-1][1] = t + 1
        else:
            runs.append([t, t + 1])
    found = instability(some, lambda _second: baseline, rules, end)
    assert [[s.began, s.ended] for s in found] == runs
