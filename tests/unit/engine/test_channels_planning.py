"""What goes next and together with what; quiet hours to the second, where the clocks jump too."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from nightside.engine.channels.planning import MOST_IN_ONE, Note, plan
from nightside.engine.channels.quiet import quiet_until
from nightside.model.channel import Channel, Quiet

BERLIN = ZoneInfo("Europe/Berlin")
ALL = frozenset(range(7))
NIGHT = Quiet(22 * 60, 7 * 60, "Europe/Berlin")
HOOK = Channel("ops", "webhook", "https://example.org")


def second(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


# By hand, from the tz database: Berlin goes to +02:00 on 29 March 2026 at 01:00 UTC, back on 25 October at 01:00 UTC.
QUIET = [
    ("an ordinary night", NIGHT, "2026-11-02T21:59:59+01:00", None),
    ("its begin", NIGHT, "2026-11-02T22:00:00+01:00", "2026-11-03T07:00:00+01:00"),
    ("its last second", NIGHT, "2026-11-03T06:59:59+01:00", "2026-11-03T07:00:00+01:00"),
    ("its end", NIGHT, "2026-11-03T07:00:00+01:00", None),
    ("the short night in spring", NIGHT, "2026-03-28T22:00:00+01:00", "2026-03-29T07:00:00+02:00"),
    ("the long night in autumn", NIGHT, "2026-10-24T22:00:00+02:00", "2026-10-25T07:00:00+01:00"),
    (
        "an end that the clocks jump over",
        Quiet(60, 150, "Europe/Berlin"),
        "2026-03-29T01:30:00+01:00",
        "2026-03-29T03:00:00+02:00",
    ),
    (
        "a begin that the clocks jump over",
        Quiet(150, 240, "Europe/Berlin"),
        "2026-03-29T03:00:00+02:00",
        "2026-03-29T04:00:00+02:00",
    ),
    (
        "an hour that comes twice, the first time",
        Quiet(120, 180, "Europe/Berlin"),
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T03:00:00+01:00",
    ),
    (
        "an end that comes twice",
        Quiet(60, 150, "Europe/Berlin"),
        "2026-10-25T02:29:00+01:00",
        "2026-10-25T02:30:00+01:00",
    ),
    (
        "a day that is none of them",
        Quiet(1320, 420, "Europe/Berlin", frozenset({0})),
        "2026-11-03T23:00+01:00",
        None,
    ),
    (
        "the morning after one of them",
        Quiet(1320, 420, "Europe/Berlin", frozenset({0})),
        "2026-11-03T06:00+01:00",
        "2026-11-03T07:00+01:00",
    ),
    ("noon to three", Quiet(720, 900, "Asia/Pyongyang"), "2026-11-03T03:00:00Z", "2026-11-03T06:00:00Z"),
]


@pytest.mark.parametrize(("quiet", "at", "until"), [q[1:] for q in QUIET], ids=[q[0] for q in QUIET])
def test_quiet_hours(quiet: Quiet, at: str, until: str | None) -> None:
    assert quiet_until(quiet, second(at)) == (None if until is None else second(until))


def test_it_is_quiet_for_as_long_as_the_clocks_say_on_every_day_of_a_year() -> None:
    """By every half hour of the year, read off the clocks."""
    for at in range(second("2026-01-01T00:00Z"), second("2027-01-01T00:00Z"), 1800):
        local = datetime.fromtimestamp(at, BERLIN)
        assert (quiet_until(NIGHT, at) is not None) == (local.hour >= 22 or local.hour < 7), local


def notes(*said: tuple[str, str, float], severity: str = "severe") -> list[Note]:
    return [
        Note(n, f"country/{entity}/1/1/{kind}/{n}", kind, entity, severity, put_s)
        for n, (entity, kind, put_s) in enumerate(said, 1)
    ]


def numbers(channel: Channel, waiting: list[Note], now: float, most: int = 8) -> list[list[int]]:
    return [[note.number for note in unit.notes] for unit in plan(channel, waiting, now, most).units]


def test_of_one_entity_one_message_at_a_time() -> None:
    waiting = notes(("KP", "opened", 0), ("KP", "restored", 0), ("SY", "opened", 0), ("IQ", "opened", 0))
    assert numbers(HOOK, waiting, 1) == [[1], [3], [4]]
    assert numbers(HOOK, waiting, 1, most=2) == [[1], [3]]


def grouping(group_s: int) -> Channel:
    return Channel("ops", "webhook", "https://example.org", group_s=group_s)


def test_a_group_waits_for_its_kind_and_lets_nobody_overtake() -> None:
    waiting = notes(
        ("KP", "opened", 100),
        ("SY", "restored", 101),
        ("SY", "opened", 102),
        ("IQ", "opened", 109.9),
        ("IR", "opened", 110),
    )
    first = plan(grouping(10), waiting, 105, 8)
    assert (first.units, first.look_again_s) == ((), 110)
    # Syria's was there before its outage of now began: that comes later, in another.
    assert numbers(grouping(10), waiting, 110) == [[1, 4]]
    assert numbers(grouping(10), waiting, 120) == [[1, 4], [2], [5]]


def test_a_clock_that_is_set_back_holds_up_no_group() -> None:
    waiting = notes(("KP", "opened", 7200), ("SY", "opened", 7201))
    assert numbers(grouping(10), waiting, 7205) == []
    assert numbers(grouping(10), waiting, 5) == [[1, 2]]


def test_a_group_has_no_more_than_it_may() -> None:
    waiting = notes(*((str(n), "opened", 0.0) for n in range(MOST_IN_ONE + 5)))
    assert [len(unit) for unit in numbers(grouping(60), waiting, 1)] == [MOST_IN_ONE]
    assert [len(unit) for unit in numbers(grouping(60), waiting, 60)] == [MOST_IN_ONE, 5]


def test_the_key_of_a_group_is_that_of_its_messages() -> None:
    waiting = notes(("KP", "opened", 0), ("SY", "opened", 0), ("IQ", "opened", 1))
    (one,) = plan(grouping(10), waiting, 11, 8).units
    (again,) = plan(grouping(10), waiting, 99, 8).units
    (other,) = plan(grouping(10), waiting[:2], 11, 8).units
    assert one.key == again.key != other.key
    assert plan(HOOK, waiting, 11, 1).units[0].key == waiting[0].key


@pytest.mark.parametrize("seed", range(20))
def test_each_message_goes_once_and_each_entitys_in_order(seed: int) -> None:
    """Whatever comes when, with groups, quiet hours and receivers that fail."""
    chance = random.Random(seed)
    quiet = Quiet(22 * 60, 7 * 60, "Europe/Berlin", ALL, chance.choice(("total", None)))
    channel = Channel("ops", "webhook", "https://example.org", group_s=chance.choice((0, 600)), quiet=quiet)
    begin = second("2026-10-24T20:00:00+02:00")
    coming = [
        Note(
            n,
            f"k{n}",
            chance.choice(("opened", "restored")),
            chance.choice("abcd"),
            chance.choice(("severe", "total")),
            begin + n * 400.0,
        )
        for n in range(150)
    ]
    waiting: list[Note] = []
    sent: list[Note] = []
    for now in itertools.count(begin, 300):
        waiting += [note for note in coming if now - 300 < note.put_s <= now]
        for unit in plan(channel, waiting, now, 8).units:
            if chance.random() < 0.3:
                continue  # The receiver is down.
            if quiet_until(quiet, now) is not None:
                assert quiet.breaks_through is not None
            sent += unit.notes
            waiting = [note for note in waiting if note not in unit.notes]
        if not waiting and now > coming[-1].put_s:
            break
        assert now < begin + 5 * 86400
    assert sorted(note.number for note in sent) == list(range(150))
    for entity in "abcd":
        order = [note.number for note in sent if note.entity == entity]
        assert order == sorted(order)


def test_what_breaks_through_takes_what_was_before_it_along() -> None:
    at = second("2026-11-02T23:00:00+01:00")
    severe = notes(("KP", "opened", at), ("SY", "opened", at))
    total = Note(3, "k", "worsened", "KP", "total", at + 60)
    channel = Channel("ops", "webhook", "https://example.org", quiet=NIGHT)
    assert numbers(channel, severe, at + 90) == []
    assert plan(channel, severe, at + 90, 8).look_again_s == second("2026-11-03T07:00:00+01:00")
    assert numbers(channel, [*severe, total], at + 90) == [[1]]
    assert numbers(channel, [severe[1], total], at + 90) == [[3]]
    (held,) = plan(channel, severe, second("2026-11-03T07:00:00+01:00"), 8).units
    assert [note.number for note in held.notes] == [1, 2]
    assert datetime.fromtimestamp(held.held_until or 0, UTC).hour == 6
