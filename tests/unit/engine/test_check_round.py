"""Rounds of checks with checks that are made up: nothing they do ends the runner, and what came is kept."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from nightside.checks.probe import Probe
from nightside.checks.schedule import Planned, plan, plan_once
from nightside.engine.checks import attempts, runner
from nightside.engine.checks.kept import Kept
from nightside.engine.checks.runner import Rounds, run
from nightside.model.check import CheckResult, Family, Kind, Outcome, Target
from nightside.model.errors import NightsideError, UsageError

pytestmark = pytest.mark.xdist_group("timed")


class NoNames:
    async def addresses(self, host: str, family: Family, within_s: float) -> list[str]:
        raise AssertionError(host)

    async def records(self, name: str, rdtype: str, within_s: float) -> list[str]:
        raise AssertionError(name)


PROBE = Probe("here", NoNames(), time.time, "nightside/test")


def target(name: str, kind: Kind = "tcp", country: str = "KP") -> Target:
    return Target(name, kind, "g", country, f"{name}.kp", 1)


def result(one: Target, family: Family, probe: Probe, outcome: Outcome = "ok") -> CheckResult:
    return CheckResult(
        probe.now(), probe.place, one.country, one.name, "g", one.kind, "", family, None, outcome, None, None
    )


async def answers(one: Target, family: Family, probe: Probe) -> list[CheckResult]:
    return [result(one, family, probe)]


class Play:
    """What a runner kept and said."""

    def __init__(
        self, check: Any = answers, keep: Callable[[Sequence[CheckResult]], object] | None = None
    ) -> None:
        self.kept: list[CheckResult] = []
        self.warned: list[str] = []
        self.told: list[tuple[Planned, Sequence[CheckResult]]] = []
        self.rounds: list[tuple[int, int]] = []
        self._check, self._keep = check, keep or self.kept.extend

    def of(self, planned: Sequence[Planned], every_s: float | None = None, **more: Any) -> Rounds:
        return Rounds(
            planned,
            every_s,
            {"": PROBE, "KP": PROBE},
            self._keep,
            self.warned.append,
            lambda planned, results: self.told.append((planned, results)),
            lambda number, due: self.rounds.append((number, due)),
            check_of=lambda _kind: self._check,
            **more,
        )


async def for_a_while(rounds: Rounds, seconds: float) -> None:
    task = asyncio.create_task(run(rounds))
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_once_checks_all_once_and_keeps_it() -> None:
    play = Play()
    targets = [target(f"t{n}") for n in range(50)]
    asyncio.run(run(play.of(plan_once(targets))))
    assert sorted(one.target for one in play.kept) == sorted(one.name for one in targets)
    assert play.rounds == [(0, 50)]
    assert len(play.told) == 50
    assert play.warned == []


def test_an_exception_is_a_result_and_is_told_and_the_others_go_on() -> None:
    async def check(one: Target, family: Family, probe: Probe) -> list[CheckResult]:
        if one.name == "bad":
            raise ZeroDivisionError("x\x1b[2J" + "y" * 500)
        return [result(one, family, probe)]

    play = Play(check)
    asyncio.run(run(play.of(plan_once([target("good"), target("bad", country="KP")]))))
    found = {one.target: one for one in play.kept}
    assert found["good"].outcome == "ok"
    bad = found["bad"]
    assert (bad.outcome, bad.failed_in, bad.country, bad.kind) == ("not_possible", None, "KP", "tcp")
    assert bad.detail is not None
    assert bad.detail.startswith("ZeroDivisionError: x")
    assert len(bad.detail) == 200
    (warned,) = play.warned
    assert warned.startswith("tcp of 'bad': ZeroDivisionError")


def test_a_check_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "LONGEST_S", 0.05)

    async def check(one: Target, family: Family, probe: Probe) -> list[CheckResult]:
        await asyncio.sleep(60)
        return []

    play = Play(check)
    asyncio.run(run(play.of(plan_once([target("slow")]))))
    (found,) = play.kept
    assert found.outcome == "not_possible"
    assert found.detail == "was not done after 0.05 s"
    assert found.total_ms is not None
    assert found.total_ms >= 50


def test_round_follows_round_and_each_target_is_in_each(monkeypatch: pytest.MonkeyPatch) -> None:
    # The gate would hold back the second round of hosts that are asked again within ten seconds.
    monkeypatch.setattr(runner, "Gate", OpenGate)
    play = Play()
    asyncio.run(for_a_while(play.of(plan([target(f"t{n}") for n in range(8)], 0.2), 0.2), 0.7))
    counts = Counter(one.target for one in play.kept)
    assert set(counts) == {f"t{n}" for n in range(8)}
    assert set(counts.values()) <= {3, 4}
    assert [number for number, _ in play.rounds] == [0, 1, 2, 3]


class OpenGate:
    def start(self, planned: Planned, now: float) -> float:
        return now


def test_two_of_a_kind_at_one_host_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nightside.checks.schedule.SAME_KIND_S", 0.3)
    twins = [Target(f"t{n}", "tcp", "g", "KP", "same.kp", n) for n in (1, 2)]
    play = Play()
    planned = [Planned(one, 4, ("same.kp",), 0.0) for one in twins]
    asyncio.run(run(play.of(planned)))
    first, second = sorted(one.at for one in play.kept)
    assert second - first >= 0.29


def test_no_more_are_open_at_once_than_allowed() -> None:
    open_now, most = 0, 0

    async def check(one: Target, family: Family, probe: Probe) -> list[CheckResult]:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0.1)
        open_now -= 1
        return [result(one, family, probe)]

    play = Play(check)
    asyncio.run(run(play.of(plan_once([target(f"t{n}") for n in range(40)]), open_at_once=5)))
    assert most == 5
    assert len(play.kept) == 40


def test_what_had_come_is_kept_when_a_round_is_cut_and_what_had_not_is_nothing() -> None:
    async def check(one: Target, family: Family, probe: Probe) -> list[CheckResult]:
        if one.name == "slow":
            await asyncio.sleep(60)
        return [result(one, family, probe)]

    play = Play(check)
    began = time.monotonic()
    asyncio.run(for_a_while(play.of(plan_once([target("quick"), target("slow")])), 0.3))
    assert time.monotonic() - began < 5
    assert [one.target for one in play.kept] == ["quick"]
    assert play.warned == []


def test_a_target_slower_than_its_round_is_not_checked_twice_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "Gate", OpenGate)
    open_now: Counter[str] = Counter()
    worst = 0

    async def check(one: Target, family: Family, probe: Probe) -> list[CheckResult]:
        nonlocal worst
        open_now[one.name] += 1
        worst = max(worst, open_now[one.name])
        await asyncio.sleep(0.25)
        open_now[one.name] -= 1
        return [result(one, family, probe)]

    play = Play(check)
    asyncio.run(for_a_while(play.of(plan([target("slow")], 0.1), 0.1), 2.0))
    assert worst == 1
    assert len(play.kept) >= 2


def test_what_the_machine_slept_through_is_no_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "Gate", OpenGate)
    blocked = False

    async def check(one: Target, family: Family, probe: Probe) -> list[CheckResult]:
        nonlocal blocked
        if not blocked:
            blocked = True
            time.sleep(0.55)
        return [result(one, family, probe)]

    play = Play(check)
    asyncio.run(for_a_while(play.of(plan([target("a")], 0.1), 0.1), 0.9))
    assert len(play.kept) <= 6
    assert any("rounds were missed: this process stood still" in warned for warned in play.warned)


def test_a_clock_that_was_set_is_told_and_the_rounds_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "Gate", OpenGate)
    real, began, began_at = time.time, time.monotonic(), time.time()
    monkeypatch.setattr(time, "time", lambda: real() + (3600 if time.monotonic() - began > 0.5 else 0))
    play = Play()
    asyncio.run(for_a_while(play.of(plan([target("a")], 0.1), 0.1), 1.5))
    told = [warned for warned in play.warned if "the clock was set by +3600 s" in warned]
    assert len(told) == 1
    assert any(one.at > began_at + 0.5 for one in play.kept), "the probe's own clock was left alone"


def test_what_cannot_be_kept_waits_and_is_told_once() -> None:
    tries = 0
    kept: list[CheckResult] = []

    def keep(results: Sequence[CheckResult]) -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise NightsideError("the disk is full")
        kept.extend(results)

    async def play() -> list[str]:
        warned: list[str] = []
        keeping = Kept(keep, warned.append)
        for number in range(5):
            keeping.add([result(target(f"t{number}"), 4, PROBE)])
            await keeping.flush()
        return warned

    warned = asyncio.run(play())
    assert [one.target for one in kept] == [f"t{n}" for n in range(5)]
    assert warned == ["results cannot be kept, and wait: the disk is full", "results are kept again"]


def test_what_waits_is_bounded_and_the_oldest_go() -> None:
    def keep(_results: Sequence[CheckResult]) -> None:
        raise NightsideError("no")

    async def play() -> tuple[list[str], int]:
        warned: list[str] = []
        keeping = Kept(keep, warned.append, most_waiting=10)
        for number in range(25):
            keeping.add([result(target(f"t{number}"), 4, PROBE)])
        await keeping.flush()
        return warned, keeping.waiting

    warned, waiting = asyncio.run(play())
    assert waiting == 10
    assert warned[0] == "more than 10 results wait to be kept: the oldest are lost"
    assert len(warned) == 2


def test_one_result_that_is_refused_does_not_hold_up_the_others() -> None:
    kept: list[str] = []

    def keep(results: Sequence[CheckResult]) -> None:
        if any(one.target == "t7" for one in results):
            raise UsageError("a name that is too long")
        kept.extend(one.target for one in results)

    async def play() -> tuple[list[str], int]:
        warned: list[str] = []
        keeping = Kept(keep, warned.append)
        keeping.add([result(target(f"t{number}"), 4, PROBE) for number in range(20)])
        assert await keeping.flush()
        return warned, keeping.waiting

    warned, waiting = asyncio.run(play())
    assert kept == [f"t{n}" for n in range(20) if n != 7]
    assert waiting == 0
    assert warned == ["a result of tcp of 't7' is refused, and lost: a name that is too long"]


def test_what_is_lost_at_the_end_is_told() -> None:
    def keep(_results: Sequence[CheckResult]) -> None:
        raise NightsideError("no")

    play = Play(keep=keep)
    asyncio.run(run(play.of(plan_once([target("a")]))))
    assert play.warned[-1] == "1 results are lost"
