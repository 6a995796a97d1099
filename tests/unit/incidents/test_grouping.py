"""Which episodes are one incident, what stands at its top, and how far it has come."""

from __future__ import annotations

import pytest

from nightside.detection.episodes import Detection, OpenStretch, detect
from nightside.detection.instability import instability, loud
from nightside.incidents.grouping import Group, group
from nightside.model.entity import Entity
from nightside.model.incident import Episode, InstabilityStretch, Severity, first_id
from nightside.model.settings import Settings
from nightside.model.signal import Loss, Signal, UnknownStretch

KP = Entity("country", "KP", "North Korea")
T0 = 1_419_120_000  # 2014-12-21T00:00:00Z
MINUTE, HOUR = 60, 3600
RULES = Settings()


def incidents(
    *steps: tuple[int, int],
    hours: float = 24,
    unknown: tuple[tuple[int, int], ...] = (),
    lost: tuple[Loss, ...] = (),
) -> list[Group]:
    """What a signal of four units shows that goes on as (seconds from T0, units); `lost` in seconds from T0."""
    end = T0 + round(hours * HOUR)
    dark = [UnknownStretch(T0 + a, T0 + b, "no sight") for a, b in unknown]
    signal = Signal(KP, [T0, *(T0 + at for at, _ in steps)], [4, *(n for _, n in steps)], end, dark)
    losses = [Loss(T0 + x.lost, x.returned and T0 + x.returned, x.group, x.units) for x in lost]
    shaky = instability(losses, lambda _second: 4, RULES, end)
    seen = detect(signal, RULES, instability=shaky, busy=loud(losses, lambda _second: 4, RULES))
    return group(seen, shaky, end)


def down(*stretches: tuple[int, int], to: int = 0) -> list[tuple[int, int]]:
    return [step for a, b in stretches for step in ((a, to), (b, 4))]


def episode(severity: Severity, onset: int, end: int | None, recovering: int | None = None) -> Episode:
    return Episode(severity, onset, end, 0.0, 0, recovering_since=recovering)


def test_four_short_total_losses_in_one_morning_are_one_incident() -> None:
    losses = [(8 * HOUR + 40 * MINUTE * i, 8 * HOUR + 40 * MINUTE * i + 180 + 40 * i) for i in range(4)]
    assert all(180 <= b - a <= 300 for a, b in losses)
    (one,) = incidents(*down(*losses))
    totals = [(e.onset - T0, e.end and e.end - T0) for e in one.episodes if e.severity == "total"]
    assert totals == losses
    # The longest of the four is at the top.
    assert (one.onset - T0, one.end and one.end - T0) == losses[3]
    assert (one.began, one.ended) == (T0 + losses[0][0], T0 + losses[3][1])
    assert (one.severity, one.status, one.closed_as) == ("total", "closed", None)


@pytest.mark.parametrize(("quiet", "number"), [(6 * HOUR - 60, 1), (6 * HOUR - 1, 1), (6 * HOUR, 2)])
def test_less_than_six_quiet_hours_join(quiet: int, number: int) -> None:
    assert len(incidents(*down((HOUR, 2 * HOUR), (2 * HOUR + quiet, 3 * HOUR + quiet)))) == number


def test_quiet_is_no_episode_of_any_severity() -> None:
    found = incidents(
        *down((HOUR, 2 * HOUR)), *down((5 * HOUR, 6 * HOUR), to=3), *down((11 * HOUR, 12 * HOUR))
    )
    assert len(found) == 1


@pytest.mark.parametrize("size", [1, 4])
def test_a_loss_of_a_unit_breaks_the_quiet(size: int) -> None:
    two = down((HOUR, 2 * HOUR), (9 * HOUR, 10 * HOUR))
    assert len(incidents(*two)) == 2
    assert len(incidents(*two, lost=(Loss(5 * HOUR, 5 * HOUR + 60, 0, size),))) == 1
    # One before the first sign, or six hours from both, joins nothing.
    assert len(incidents(*two, lost=(Loss(HOUR - 60, HOUR - 30, 0, size),))) == 2


def test_losses_alone_are_no_incident() -> None:
    assert incidents(lost=(Loss(5 * HOUR, 5 * HOUR + 60, 0, 4),)) == []


def test_a_chain_of_losses_joins_what_is_a_day_apart() -> None:
    two = down((HOUR, 2 * HOUR), (22 * HOUR, 23 * HOUR))
    chain = tuple(Loss(h * HOUR, h * HOUR + 60, h, 1) for h in (7, 12, 17))
    assert len(incidents(*two, hours=40, lost=chain)) == 1
    assert len(incidents(*two, hours=40, lost=chain[:2])) == 2


def test_an_onset_in_the_dark_counts_from_its_earliest() -> None:
    # Sight is lost five hours after the first, and what is then seen is the second.
    found = incidents(*down((HOUR, 2 * HOUR), (9 * HOUR, 10 * HOUR)), unknown=((7 * HOUR, 9 * HOUR),))
    (one,) = found
    assert [e.onset - T0 for e in one.episodes if e.severity == "total"] == [HOUR, 7 * HOUR]


def test_no_episode_is_in_two_incidents_or_in_none() -> None:
    # The instability begins in the dark, as does the loss that is then seen.
    shaky = tuple(Loss(HOUR + 60 * m, HOUR + 60 * m + 30, 0, 4) for m in (30, 40, 50))
    (one,) = incidents(*down((HOUR, 3 * HOUR)), unknown=((HOUR, 2 * HOUR),), lost=shaky)
    assert {e.severity for e in one.episodes} == {"partial", "severe", "total"}
    assert one.began == T0 + HOUR


def test_instability_may_stand_alone() -> None:
    shaky = tuple(Loss(HOUR * h, HOUR * h + 600, 0, 1) for h in (2, 3, 4))
    (one,) = incidents(lost=shaky)
    assert (one.severity, one.headline, one.episodes) == ("instability", None, [])
    assert (one.onset, one.end) == (one.began, one.ended) == (T0 + 2 * HOUR, T0 + 4 * HOUR + 600)
    assert one.status == "closed"


def test_instability_before_an_outage_is_its_first_sign() -> None:
    shaky = tuple(Loss(HOUR * h, HOUR * h + 600, 0, 1) for h in (2, 3, 4))
    (one,) = incidents(*down((9 * HOUR, 10 * HOUR)), lost=shaky)
    assert (one.began, one.onset) == (T0 + 2 * HOUR, T0 + 9 * HOUR)
    assert len(one.instability) == 1


def test_a_steady_level_under_an_instability_closes_once_and_loses_nothing() -> None:
    # For eight days the routes shake, though never half of them go: the level stays, and is said to.
    shaky = tuple(Loss(HOUR * h, HOUR * h + 600, 0, 1) for h in range(2, 9 * 24, 2))
    one, *more = incidents(hours=10 * 24, lost=shaky)
    assert (one.closed_as, one.began, one.severity) == ("new_level", T0 + 2 * HOUR, "instability")
    assert more == []


@pytest.mark.parametrize(
    ("hours", "status"),
    [
        (1.5, "ongoing"),
        (2.1, "recovering"),  # six minutes back
        (2 + 599 / 3600, "recovering"),
        (2 + 600 / 3600, "restored"),
        (7.9, "restored"),
        (8, "closed"),  # six quiet hours
    ],
)
def test_the_life_of_an_incident(hours: float, status: str) -> None:
    (one,) = incidents(*[s for s in down((HOUR, 2 * HOUR)) if s[0] < hours * HOUR], hours=hours)
    assert (one.status, one.closed_as) == (status, None)
    over = status in ("restored", "closed")
    assert (one.end, one.ended) == ((T0 + 2 * HOUR,) * 2 if over else (None, None))


def test_it_is_ongoing_again_after_a_relapse() -> None:
    (one,) = incidents((HOUR, 0), (2 * HOUR, 4), (2 * HOUR + 300, 0), hours=2.2)
    assert (one.status, one.end) == ("ongoing", None)


def test_what_is_back_half_way_is_ongoing() -> None:
    (one,) = incidents((HOUR, 0), (2 * HOUR, 3), hours=4)
    assert one.status == "ongoing"
    assert (one.end, one.ended) == (T0 + 2 * HOUR, None)


def test_the_incident_waits_while_sight_is_lost() -> None:
    (one,) = incidents((HOUR, 0), hours=24, unknown=((2 * HOUR, 24 * HOUR),))
    assert (one.status, one.end) == ("ongoing", None)


def test_an_instability_that_lasts_is_ongoing() -> None:
    shaky = (*(Loss(HOUR * h, HOUR * h + 600, 0, 1) for h in (2, 3)), Loss(4 * HOUR, None, 0, 1))
    (one,) = incidents(hours=5, lost=shaky)
    assert (one.status, one.end, one.ended) == ("ongoing", None, None)


def headline(*episodes: Episode, closed: int | None = None, input_end: int = 9000) -> Group:
    stretch = OpenStretch(0, closed, None)
    (one,) = group(Detection(list(episodes), [stretch], [(0, 4)]), [], input_end)
    return one


def test_the_headline_is_the_longest_of_the_worst() -> None:
    long_partial, short, longer = (
        episode("partial", 0, 5000),
        episode("total", 10, 20),
        episode("total", 30, 50),
    )
    one = headline(long_partial, short, longer)
    assert (one.severity, one.headline) == ("total", longer)
    assert (one.onset, one.end) == (30, 50)


def test_of_two_as_long_the_earlier_is_the_headline() -> None:
    one, other = episode("severe", 10, 20), episode("severe", 30, 40)
    assert headline(one, other).headline == one


def test_one_that_lasts_is_as_long_as_it_was_seen() -> None:
    done, lasting = episode("total", 0, 100), episode("total", 8950, None)
    assert headline(done, lasting).headline == done
    assert headline(done, lasting, input_end=9051).headline == lasting


def test_groups_come_in_the_order_of_time_with_their_own_instability() -> None:
    found = Detection(
        [episode("total", 100, 200), episode("total", 50000, 50100)],
        [OpenStretch(100, 21800, None), OpenStretch(49000, None, None)],
        [(0, 4)],
    )
    shaky = [InstabilityStretch(49000, 49900, 3, 1)]
    first, second = group(found, shaky, 51000)
    assert (first.began, first.instability, first.ended) == (100, [], 200)
    assert (second.began, second.instability, second.ended) == (49000, shaky, 50100)
    assert (first.status, second.status) == ("closed", "restored")


def test_ids_are_the_entity_and_the_minute_it_began() -> None:
    assert first_id(KP, T0 + 3 * HOUR + 10 * MINUTE + 24) == "KP-20141221T0310Z"
    assert first_id(Entity("asn", "131279", "Star"), T0) == "AS131279-20141221T0000Z"
