"""Episodes and the baseline, as docs/definitions.md has them: one rule a test, times by arithmetic."""

from __future__ import annotations

import pytest

from nightside.detection.episodes import Detection, detect
from nightside.model.entity import Entity
from nightside.model.incident import Episode
from nightside.model.settings import Settings
from nightside.model.signal import Signal, UnknownStretch

KP = Entity("country", "KP", "North Korea")
T0 = 1_419_120_000  # 2014-12-21T00:00:00Z
MINUTE, HOUR, DAY = 60, 3600, 86400
RULES = Settings()


def seen(
    *steps: tuple[int, int], hours: float = 24, unknown: tuple[tuple[int, int], ...] = (), begin: int = 4
) -> Detection:
    """What a signal shows that begins at T0 with `begin` units and goes on as (seconds from T0, units)."""
    times = [T0, *(T0 + at for at, _ in steps)]
    units = [begin, *(n for _, n in steps)]
    dark = [UnknownStretch(T0 + a, T0 + b, "no sight") for a, b in unknown]
    return detect(Signal(KP, times, units, T0 + int(hours * HOUR), dark), RULES)


def told(found: Detection, *severities: str) -> list[tuple[str, int, int | None]]:
    """(severity, onset, end), in seconds from T0; all severities unless some are named."""
    return [
        (e.severity, e.onset - T0, None if e.end is None else e.end - T0)
        for e in found.episodes
        if not severities or e.severity in severities
    ]


@pytest.mark.parametrize(
    ("left", "severities"),
    [
        (1000, []),
        (900, []),  # below 90 %, not at 90 %
        (899, ["partial"]),
        (500, ["partial"]),
        (499, ["partial", "severe"]),
        (51, ["partial", "severe"]),
        (50, ["partial", "severe", "total"]),  # 5 % or less
        (0, ["partial", "severe", "total"]),
    ],
)
def test_the_thresholds(left: int, severities: list[str]) -> None:
    found = seen((HOUR, left), (2 * HOUR, 1000), begin=1000)
    assert told(found) == [(s, HOUR, 2 * HOUR) for s in severities]
    assert all(e.lowest_units == left and e.lowest == left / 1000 for e in found.episodes)


@pytest.mark.parametrize("of", range(20, 2000, 180))
def test_the_thresholds_are_met_at_every_size(of: int) -> None:
    for left, severities in ((of * 9 // 10, 0), (of // 2, 1), (of // 20, 3), (of // 20 + 1, 2)):
        assert len(seen((HOUR, left), (2 * HOUR, of), begin=of, hours=4).episodes) == severities


def test_deeper_episodes_lie_inside_shallower_ones() -> None:
    found = seen((100, 3), (200, 1), (300, 0), (2000, 1), (3000, 3), (4000, 4))
    assert told(found) == [("partial", 100, 4000), ("severe", 200, 3000), ("total", 300, 2000)]
    assert [e.lowest_units for e in found.episodes] == [0, 0, 0]


def test_one_unit_of_four_is_an_outage() -> None:
    assert told(seen((100, 3), (200, 4))) == [("partial", 100, 200)]


def test_the_end_is_the_crossing_and_not_ten_minutes_later() -> None:
    found = seen((100, 0), (200, 4), hours=(200 + 600) / HOUR)
    assert told(found, "total") == [("total", 100, 200)]
    assert found.episodes[0].recovering_since is None


def test_an_end_does_not_count_before_ten_minutes() -> None:
    found = seen((100, 0), (200, 4), hours=(200 + 599) / HOUR)
    assert told(found, "total") == [("total", 100, None)]
    assert [e.recovering_since for e in found.episodes] == [T0 + 200] * 3


@pytest.mark.parametrize(
    ("above", "totals"),
    [(599, [("total", 100, 3000)]), (600, [("total", 100, 200), ("total", 800, 3000)])],
)
def test_a_relapse_within_ten_minutes_goes_on(above: int, totals: list[tuple[str, int, int]]) -> None:
    assert told(seen((100, 0), (200, 4), (200 + above, 0), (3000, 4)), "total") == totals


def test_a_relapse_that_is_shallower_ends_only_what_it_is_above() -> None:
    found = seen((100, 0), (200, 4), (500, 2), (3000, 4))
    assert told(found) == [("partial", 100, 3000), ("severe", 100, 200), ("total", 100, 200)]


def test_unknown_in_the_middle_neither_ends_nor_starts_anything() -> None:
    found = seen((100, 0), (4000, 4), unknown=((1000, 2000),))
    assert told(found, "total") == [("total", 100, 4000)]
    assert [(e.onset_range, e.end_range) for e in found.episodes] == [(None, None)] * 3
    assert seen(unknown=((1000, 2000),)).episodes == []


def test_what_happens_and_is_over_in_the_dark_is_not_told() -> None:
    assert seen((1100, 0), (1900, 4), unknown=((1000, 2000),)).episodes == []


def test_a_loss_in_the_dark_has_a_range_and_its_earliest_onset() -> None:
    found = seen((1500, 0), (4000, 4), unknown=((1000, 2000),))
    assert told(found, "total") == [("total", 1000, 4000)]
    assert {e.onset_range for e in found.episodes} == {(T0 + 1000, T0 + 2000)}
    assert {e.end_range for e in found.episodes} == {None}


def test_a_return_in_the_dark_has_a_range_and_its_latest_end() -> None:
    found = seen((100, 0), (1500, 4), unknown=((1000, 2000),))
    assert told(found, "total") == [("total", 100, 2000)]
    assert {e.end_range for e in found.episodes} == {(T0 + 1000, T0 + 2000)}
    assert {e.onset_range for e in found.episodes} == {None}


def test_only_what_crossed_in_the_dark_has_a_range() -> None:
    found = seen((100, 3), (1500, 0), (4000, 4), unknown=((1000, 2000),))
    assert [e.onset_range for e in found.episodes] == [None] + [(T0 + 1000, T0 + 2000)] * 2


def test_the_lowest_is_of_what_was_seen() -> None:
    # The 0 stands in the signal, but in the dark.
    found = seen((100, 1), (1500, 0), (1900, 1), (4000, 4), unknown=((1000, 2000),))
    assert [e.lowest_units for e in found.episodes] == [1, 1]


def test_sight_lost_while_the_ten_minutes_run_leaves_it_recovering() -> None:
    found = seen((100, 0), (200, 4), hours=2, unknown=((300, 2 * HOUR),))
    assert told(found, "total") == [("total", 100, None)]
    assert found.episodes[0].recovering_since == T0 + 200


def test_the_baseline_starts_as_what_is_seen_first() -> None:
    # The 0 at the begin is in the dark: nobody saw it.
    found = seen((600, 4), (HOUR, 0), (2 * HOUR, 4), begin=0, unknown=((0, 600),))
    assert found.baseline == [(T0, 4)]
    assert told(found, "total") == [("total", HOUR, 2 * HOUR)]


def test_a_replay_that_starts_in_an_outage_cannot_know_it() -> None:
    found = seen((HOUR, 4), begin=0)
    assert found.episodes == []
    # Once four have been seen for longer than none, four is what is usual.
    assert found.baseline[0] == (T0, 0)
    assert found.baseline[1][1] == 4
    assert T0 + 2 * HOUR <= found.baseline[1][0] <= T0 + 3 * HOUR


def test_a_country_that_started_at_nothing_can_be_lost_later() -> None:
    found = seen((HOUR, 4), (10 * HOUR, 0), (11 * HOUR, 4), begin=0)
    assert told(found, "total") == [("total", 10 * HOUR, 11 * HOUR)]


def test_the_baseline_is_the_median_of_the_last_day_by_time() -> None:
    # 1,000 units at first, then 1,050 for good: half of the last 24 hours after 12 hours.
    found = seen((30 * HOUR, 1050), hours=72, begin=1000)
    assert found.baseline[0] == (T0, 1000)
    ((changed, units),) = found.baseline[1:]
    assert units == 1050
    assert 12 * HOUR <= changed - T0 - 30 * HOUR <= 13 * HOUR


def test_many_samples_weigh_no_more_than_their_time() -> None:
    flutter = [(20 * HOUR + i, 95 if i % 2 else 96) for i in range(2000)]
    found = seen(*flutter, (20 * HOUR + 2000, 100), hours=48, begin=100)
    assert found.baseline == [(T0, 100)]


def test_a_growing_country_is_held_against_its_new_size() -> None:
    growth = [(day * DAY, 100 + 10 * day) for day in range(1, 6)]
    found = seen(*growth, (6 * DAY, 130), (6 * DAY + HOUR, 150), hours=7 * 24, begin=100)
    # 130 of 150 are less than 90 %; of the 100 at first they would be more than all.
    assert told(found) == [("partial", 6 * DAY, 6 * DAY + HOUR)]
    assert found.baseline_at(T0 + 6 * DAY) == 150


def test_the_values_of_an_outage_do_not_enter_the_baseline() -> None:
    found = seen((HOUR, 0), (21 * HOUR, 4), hours=96)
    assert found.baseline == [(T0, 4)]
    (stretch,) = found.open_stretches
    assert (stretch.began, stretch.closed) == (T0 + HOUR, T0 + 27 * HOUR)


def test_the_baseline_is_frozen_while_an_incident_is_open() -> None:
    # One of 100 units is lost, then more are gained than ever; the incident stays open for the six hours.
    found = seen((30 * HOUR, 80), (30 * HOUR + 60, 120), hours=50, begin=100)
    assert all(not 30 * HOUR < at - T0 < 36 * HOUR for at, _ in found.baseline)


def test_an_outage_longer_than_a_day_stays_one() -> None:
    found = seen((HOUR, 1), (6 * DAY, 4), hours=7 * 24)
    assert told(found, "severe") == [("severe", HOUR, 6 * DAY)]
    assert found.baseline == [(T0, 4)]


def test_a_steady_level_of_seven_days_is_the_new_baseline() -> None:
    found = seen((HOUR, 50), (9 * DAY, 20), (9 * DAY + HOUR, 50), hours=10 * 24, begin=100)
    adopted = HOUR + 7 * DAY
    first, second = found.open_stretches
    assert (first.began, first.closed, first.closed_as) == (T0 + HOUR, T0 + adopted, "new_level")
    assert second.closed_as is None
    assert found.baseline == [(T0, 100), (T0 + adopted, 50)]
    # 20 of the new 50 are severe, and all are back with 50.
    assert told(found) == [
        ("partial", HOUR, None),
        ("partial", 9 * DAY, 9 * DAY + HOUR),
        ("severe", 9 * DAY, 9 * DAY + HOUR),
    ]


def test_a_level_that_moves_by_more_than_two_percent_starts_anew() -> None:
    steady = seen((HOUR, 500), (3 * DAY, 520), (8 * DAY, 1000), hours=9 * 24, begin=1000)
    assert steady.open_stretches[0].closed_as == "new_level"
    moved = seen((HOUR, 500), (3 * DAY, 521), (8 * DAY, 1000), hours=9 * 24, begin=1000)
    assert [o.closed_as for o in moved.open_stretches] == [None]
    assert told(moved) == [("partial", HOUR, 8 * DAY)]


@pytest.mark.parametrize("of", range(100, 3000, 450))
def test_two_percent_are_two_percent_at_every_size(of: int) -> None:
    half, step = of // 2, of // 50
    steady = seen((HOUR, half), (DAY, half + step), hours=9 * 24, begin=of)
    assert [o.closed_as for o in steady.open_stretches] == ["new_level"]
    assert steady.open_stretches[0].closed == T0 + HOUR + 7 * DAY
    moved = seen((HOUR, half), (DAY, half + step + 1), hours=9 * 24, begin=of)
    assert moved.open_stretches[0].closed == T0 + 8 * DAY


def test_the_seven_days_begin_with_the_level_and_not_with_its_last_step() -> None:
    # 540 is too far from 515, not from 530: the level holds since day 1.
    found = seen((HOUR, 515), (DAY, 530), (5 * DAY, 540), hours=9 * 24, begin=1000)
    (stretch,) = found.open_stretches
    assert (stretch.closed, stretch.closed_as) == (T0 + 8 * DAY, "new_level")


def test_nothing_left_is_no_level() -> None:
    found = seen((HOUR, 0), (10 * DAY, 4), hours=11 * 24)
    assert told(found, "total") == [("total", HOUR, 10 * DAY)]


def test_every_episode_knows_its_baseline_by_the_second() -> None:
    found = Detection([], [], [(10, 4), (20, 5)])
    assert [found.baseline_at(t) for t in (0, 10, 19, 20, 99)] == [4, 4, 4, 5, 5]


def test_a_signal_without_a_change_has_nothing_to_tell() -> None:
    found = seen()
    assert (found.episodes, found.open_stretches, found.baseline) == ([], [], [(T0, 4)])


def test_settings_decide() -> None:
    rules = Settings(partial_below=0.99, severe_below=0.8, total_at=0.75, end_confirmed_s=10)
    signal = Signal(KP, [0, 100, 200, 215], [4, 3, 4, 3], 1000)
    found = detect(signal, rules).episodes
    assert [(e.severity, e.onset, e.end) for e in found] == [
        ("partial", 100, 200), ("severe", 100, 200), ("total", 100, 200),
        ("partial", 215, None), ("severe", 215, None), ("total", 215, None),
    ]  # fmt: skip
    assert all(isinstance(e, Episode) and e.lowest == 0.75 for e in found)
