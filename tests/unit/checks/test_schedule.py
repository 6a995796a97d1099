"""Rounds of checks: spread evenly, never two alike at one host within ten seconds, held back, looked at again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from nightside.checks.schedule import Gate, Planned, Schedule, hosts_of, plan, plan_once
from nightside.model.check import CheckResult, Kind, Outcome, Target


def target(name: str, kind: Kind = "icmp", where: str = "", **more: Any) -> Target:
    at = where or f"{name}.kp"
    return Target(name, kind, "g", "KP", f"http://{at}/" if kind == "http" else at, **more)


def result(planned: Planned, outcome: Outcome) -> CheckResult:
    one = planned.target
    return CheckResult(
        0, "here", one.country, one.name, "g", one.kind, "", planned.family, None, outcome, None, None
    )


def play(schedule: Schedule, rounds: int, outcome: Outcome | Sequence[Outcome]) -> list[list[str]]:
    """The kinds that ran in each round of a minute, when all ends like this."""
    ran = []
    for number in range(rounds):
        due = schedule.due(number, 60.0 * number)
        ran.append(sorted(one.target.kind for one in due))
        for one in due:
            schedule.told(one, [result(one, outcome if isinstance(outcome, str) else outcome[number])])
    return ran


def test_checks_are_spread_evenly_over_the_round() -> None:
    kinds: tuple[Kind, ...] = ("icmp", "tcp", "http", "dns", "tls")
    planned = plan((target(f"t{n}", kind) for n in range(400) for kind in kinds), 60)
    assert len(planned) == 2000
    assert all(0 <= one.offset_s < 60 for one in planned)
    seconds = Counter(int(one.offset_s) for one in planned)
    assert min(seconds.values()) > 0.8 * 2000 / 60
    assert max(seconds.values()) < 1.2 * 2000 / 60


def test_a_plan_is_the_same_however_the_file_is_sorted() -> None:
    targets = [target(f"t{n}") for n in range(50)]
    assert plan(targets, 60) == plan(reversed(targets), 60)


def test_one_hosts_checks_are_evenly_apart_over_all_kinds() -> None:
    kinds: tuple[Kind, ...] = ("icmp", "tcp", "http", "trace", "tls")
    others = [target(f"t{n}") for n in range(20)]
    planned = plan([*others, *(target("x", kind, "x.kp") for kind in kinds)], 60)
    offsets = sorted(one.offset_s for one in planned if one.hosts == ("x.kp",))
    assert [b - a for a, b in pairwise(offsets)] == pytest.approx([12.0] * 4)


def test_of_one_kind_at_one_host_a_round_takes_what_fits_ten_seconds_apart() -> None:
    planned = plan([target(f"t{n}", "http", "x.kp") for n in range(20)], 60)
    by_round = defaultdict(list)
    for number in range(8):
        for one in planned:
            if number % one.stride == one.turn:
                by_round[number].append(one)
    for ran in by_round.values():
        offsets = sorted(one.offset_s for one in ran)
        assert len(offsets) <= 6
        assert all(b - a >= 10 - 1e-9 for a, b in pairwise(offsets))
    ran = Counter(one.target.name for each in by_round.values() for one in each)
    assert set(ran.values()) == {2}, "20 of which 6 fit: each in every fourth round"


def test_each_family_is_planned_on_its_own() -> None:
    planned = plan([target("a", families=(4, 6))], 60)
    assert sorted(one.family for one in planned) == [4, 6]
    assert abs(planned[0].offset_s - planned[1].offset_s) >= 10


def test_once_is_soon_and_polite_all_the_same() -> None:
    kinds: tuple[Kind, ...] = ("icmp", "tcp", "trace")
    planned = plan_once([target(f"t{n}", kind, "x.kp") for n in range(3) for kind in kinds])
    moments = sorted(one.offset_s for one in planned)
    assert moments[-1] < 30
    for kind in kinds:
        of_kind = sorted(one.offset_s for one in planned if one.target.kind == kind)
        assert [b - a for a, b in pairwise(of_kind)] == pytest.approx([10.0, 10.0])
    assert all(b - a >= 1 - 1e-9 for a, b in pairwise(moments))
    assert max(one.offset_s for one in plan_once([target(f"t{n}") for n in range(500)])) == pytest.approx(
        4.99
    )


def test_hosts_are_those_that_are_spoken_to() -> None:
    assert hosts_of(target("a", "http", "a.kp:8080")) == ("a.kp",)
    assert hosts_of(target("a", "dns", "kp", servers=("192.0.2.1", "192.0.2.2"))) == (
        "192.0.2.1",
        "192.0.2.2",
    )
    assert hosts_of(target("a", "dns", "kp")) == ("kp",)
    assert hosts_of(target("a", "smtp", "mail.kp")) == ("mail.kp",)


def test_the_gate_keeps_ten_seconds_whatever_the_plan_says() -> None:
    gate = Gate()
    first = Planned(
        target("a", "dns", "kp", servers=("192.0.2.1", "192.0.2.2")), 4, ("192.0.2.1", "192.0.2.2"), 0
    )
    second = Planned(target("b", "dns", "b.kp", servers=("192.0.2.2",)), 4, ("192.0.2.2",), 0)
    other_kind = Planned(target("c", "icmp", "192.0.2.2"), 4, ("192.0.2.2",), 0)
    assert gate.start(first, 100.0) == 100.0
    assert gate.start(second, 103.0) == 110.0
    assert gate.start(second, 104.0) == 120.0
    assert gate.start(other_kind, 104.0) == 104.0
    assert gate.start(first, 200.0) == 200.0


def test_a_target_in_trouble_is_held_back_after_its_down_is_sure_and_stays_heard() -> None:
    schedule = Schedule(plan([target("a", "http")], 60), 60)
    ran = play(schedule, 12, "timed_out")
    assert ran[:3] == [["http"]] * 3, "the failure, and the two rounds after it"
    assert ran[3:] == [[], ["http"]] * 4 + [[]]


def test_light_checks_are_never_held_back() -> None:
    for kind in ("icmp", "tcp", "dns"):
        assert play(Schedule(plan([target("a", kind)], 60), 60), 9, "timed_out") == [[kind]] * 9


def test_what_answers_again_is_checked_in_every_round_again() -> None:
    schedule = Schedule(plan([target("a", "http")], 60), 60)
    ran = play(schedule, 10, [*["refused"] * 6, *["ok"] * 4])
    assert ran == [*[["http"]] * 3, [], ["http"], [], *[["http"]] * 4]


def test_who_says_that_we_ask_too_often_is_asked_less_often_at_once() -> None:
    schedule = Schedule(plan([target("a", "http")], 60), 60)
    assert play(schedule, 6, "held_back") == [["http"], []] * 3


def test_what_tells_nothing_is_no_trouble() -> None:
    schedule = Schedule(plan([target("a", "http")], 60), 60)
    assert play(schedule, 8, "not_possible") == [["http"]] * 8


def test_nobody_waits_longer_than_ten_minutes() -> None:
    schedule = Schedule(plan([target("a", "http")], 360), 360)
    assert play(schedule, 8, "timed_out") == [["http"]] * 8


def test_the_path_is_looked_at_every_quarter_of_an_hour() -> None:
    ran = play(Schedule(plan([target("a", "trace")], 60), 60), 31, "ok")
    assert [number for number, kinds in enumerate(ran) if kinds] == [0, 15, 30]


def test_and_at_once_after_a_failure_but_not_again_and_again() -> None:
    schedule = Schedule(plan([target("a", "trace", "ns.kp"), target("b", "icmp")], 60), 60)
    outcomes: list[Outcome] = ["ok"] * 6 + [
        "timed_out",
        "ok",
        "timed_out",
        "ok",
        "ok",
        "ok",
        "timed_out",
        "ok",
    ]
    traced = []
    for number, outcome in enumerate(outcomes):
        for one in schedule.due(number, 60.0 * number):
            if one.target.kind == "trace":
                traced.append(number)
            schedule.told(one, [result(one, "ok" if one.target.kind == "trace" else outcome)])
    assert traced == [0, 7, 13]


def test_a_canary_that_fails_alarms_nobody() -> None:
    canary = Target("root", "icmp", "canary", "", "192.0.2.1")
    schedule = Schedule(plan([canary, target("a", "trace")], 60), 60)
    ran = []
    for number in range(10):
        for one in schedule.due(number, 60.0 * number):
            ran.append((number, one.target.kind))
            schedule.told(one, [result(one, "ok" if number < 6 else "timed_out")])
    assert [number for number, kind in ran if kind == "trace"] == [0]
