"""Changes that may have happened unseen: onset and end are ranges, the onset its earliest, the end its latest."""

from __future__ import annotations

from nightside.detection.episodes import detect
from nightside.model.entity import Entity
from nightside.model.incident import Episode
from nightside.model.settings import Settings
from nightside.model.signal import Signal, UnknownStretch

KP = Entity("country", "KP", "North Korea")
T0 = 1_419_120_000
HOUR = 3600


def totals(
    *steps: tuple[int, int], unseen: dict[int, int], unknown: tuple[tuple[int, int], ...] = ()
) -> list[Episode]:
    """The total episodes of four units that go on as (seconds from T0, units)."""
    signal = Signal(
        KP,
        [T0, *(T0 + at for at, _ in steps)],
        [4, *(n for _, n in steps)],
        T0 + 24 * HOUR,
        [UnknownStretch(T0 + a, T0 + b, "no sight") for a, b in unknown],
        {T0 + at: T0 + since for at, since in unseen.items()},
    )
    return [e for e in detect(signal, Settings()).episodes if e.severity == "total"]


def test_an_onset_that_was_not_seen() -> None:
    (told,) = totals((2 * HOUR, 0), (3 * HOUR, 4), unseen={2 * HOUR: HOUR})
    assert (told.onset, told.onset_range) == (T0 + HOUR, (T0 + HOUR, T0 + 2 * HOUR))
    assert (told.end, told.end_range) == (T0 + 3 * HOUR, None)


def test_an_end_that_was_not_seen() -> None:
    (told,) = totals((HOUR, 0), (3 * HOUR, 4), unseen={3 * HOUR: 2 * HOUR})
    assert (told.onset, told.onset_range) == (T0 + HOUR, None)
    assert (told.end, told.end_range) == (T0 + 3 * HOUR, (T0 + 2 * HOUR, T0 + 3 * HOUR))


def test_each_severity_has_the_range_of_its_own_crossing() -> None:
    signal = Signal(
        KP, [T0, T0 + HOUR, T0 + 3 * HOUR], [4, 1, 0], T0 + 4 * HOUR, [], {T0 + 3 * HOUR: T0 + 2 * HOUR}
    )
    told = {e.severity: (e.onset - T0, e.onset_range) for e in detect(signal, Settings()).episodes}
    assert told["partial"] == told["severe"] == (HOUR, None)
    assert told["total"] == (2 * HOUR, (T0 + 2 * HOUR, T0 + 3 * HOUR))


def test_no_sight_and_then_too_few_votes_are_one_range_from_the_earlier() -> None:
    for unseen, unknown in (
        ({3 * HOUR: HOUR}, (2 * HOUR, 3 * HOUR)),
        ({3 * HOUR: 2 * HOUR}, (HOUR, 3 * HOUR)),
    ):
        (told,) = totals((3 * HOUR, 0), (4 * HOUR, 4), unseen=unseen, unknown=(unknown,))
        assert (told.onset, told.onset_range) == (T0 + HOUR, (T0 + HOUR, T0 + 3 * HOUR))


def test_a_change_that_crosses_nothing_leaves_no_range() -> None:
    (told,) = totals((HOUR, 1), (2 * HOUR, 0), (3 * HOUR, 4), unseen={HOUR: 600})
    assert (told.onset, told.onset_range, told.end_range) == (T0 + 2 * HOUR, None, None)


def test_a_loss_again_before_the_end_counts_keeps_the_first_onset_and_the_last_end() -> None:
    (told,) = totals((HOUR, 0), (7000, 4), (7300, 0), (3 * HOUR, 4), unseen={7000: 6900, 7300: 7100})
    assert (told.onset, told.onset_range) == (T0 + HOUR, None)
    assert (told.end, told.end_range) == (T0 + 3 * HOUR, None)


def test_no_range_reaches_behind_what_was_told_before() -> None:
    hour = HOUR
    # Down from 2 h to 3 h, the end unseen since 1 h; down again at 4 h, its onset unseen since 2.5 h.
    times, units = [0, 2 * hour, 3 * hour, 4 * hour, 5 * hour], [4, 0, 4, 0, 4]
    unseen = {3 * hour: hour, 4 * hour: 5 * hour // 2}
    found = detect(Signal(KP, times, units, 40 * hour, unseen_since=unseen), Settings())
    first, second = (e for e in found.episodes if e.severity == "total")
    assert (first.onset, first.end, first.end_range) == (2 * hour, 3 * hour, (2 * hour, 3 * hour))
    assert (second.onset, second.onset_range) == (3 * hour, (3 * hour, 4 * hour))


def test_no_incident_reaches_behind_the_close_of_the_one_before() -> None:
    hour = HOUR
    times, units = [0, hour, 2 * hour, 20 * hour, 21 * hour], [4, 0, 4, 0, 4]
    found = detect(Signal(KP, times, units, 40 * hour, unseen_since={20 * hour: 3 * hour}), Settings())
    first, second = found.open_stretches
    assert first.closed == 8 * hour
    assert second.began == 8 * hour
    last = found.episodes[-1]
    assert (last.onset, last.onset_range) == (8 * hour, (8 * hour, 20 * hour))
