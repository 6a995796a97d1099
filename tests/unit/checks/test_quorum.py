"""The verdict of a quorum: against a slow recount in random worlds, and by cases."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from check_worlds import T0, by_chance, every, result, table
from slow_checks import SlowChecks

from nightside.checks.judging import Judged, judge
from nightside.checks.place import HEALTHY, LOST, UNHEARD, UNWATCHED, UNWATCHED_SILENT
from nightside.checks.quorum import DOWN, UNKNOWN, UP, last_good
from nightside.model.check import CheckResult
from nightside.model.check_settings import CheckSettings

WORD = {UP: "up", DOWN: "down", UNKNOWN: "unknown"}
HEALTH = {
    HEALTHY: "healthy",
    LOST: "lost",
    UNHEARD: "unheard",
    UNWATCHED: "unwatched",
    UNWATCHED_SILENT: "silent",
}
SHORT = CheckSettings(spoke_lately_s=300)


def judged(results: list[CheckResult], settings: CheckSettings = SHORT) -> Judged:
    return judge(
        table([r for r in results if not r.country]), table([r for r in results if r.country]), settings
    )


def verdict_at(found: Judged, part: int, t: int) -> str:
    spans = found.verdict
    at = np.flatnonzero((spans.key == part) & (spans.begin <= t) & (t < spans.end))
    assert len(at) <= 1
    return WORD[int(spans.value[at[0]])] if len(at) else "unknown"


def steps(found: Judged, part: int = 0) -> list[tuple[float, str]]:
    """(second from T0, word), and at the end the end of the last."""
    mine = found.verdict.where(found.verdict.key == part)
    return [
        ((b - T0 * 1000) / 1000, WORD[int(v)])
        for b, v in zip(mine.begin.tolist(), mine.value.tolist(), strict=True)
    ]


@pytest.mark.parametrize("seed", range(40))
def test_as_the_slow_recount_says(seed: int) -> None:
    results = by_chance(seed, 700)
    found, slow = judged(results), SlowChecks(results, SHORT)
    instants = slow.instants()
    random_ = random.Random(seed)
    asked = random_.sample(instants, min(len(instants), 12))
    for t in sorted({*asked, *(t - 1 for t in asked[:4])}):
        for place, name in enumerate(found.places):
            c = found.health.course
            at = np.flatnonzero((c.key == place) & (c.begin <= t) & (t < c.end))
            assert (HEALTH[int(c.value[at[0]])] if len(at) else None) == slow.health(name, t), (t, name)
        for number, part in enumerate(found.parts):
            key = (part.target, part.kind, part.part, part.family)
            assert verdict_at(found, number, t) == slow.verdict(key, t, instants), (t, key)


@pytest.mark.parametrize("seed", range(10))
def test_neither_the_order_nor_the_names_matter(seed: int) -> None:
    results = by_chance(seed)
    before = judged(results)
    shuffled = results.copy()
    random.Random(seed).shuffle(shuffled)
    again = judged(shuffled)
    names = {"berlin": "z", "tokyo": "y", "lima": "x", "oslo": "w"}
    other = judged([replace(r, place=names[r.place]) for r in results])
    for one in (again, other):
        assert one.parts == before.parts
        for name in ("key", "begin", "end", "value"):
            assert np.array_equal(getattr(one.verdict, name), getattr(before.verdict, name))


@pytest.mark.parametrize("seed", range(10))
def test_as_many_again_that_see_the_same_say_the_same(seed: int) -> None:
    results = by_chance(seed)
    before, after = judged(results), judged(results + [replace(r, place=f"{r.place} 2") for r in results])
    for name in ("key", "begin", "end", "value"):
        assert np.array_equal(getattr(after.verdict, name), getattr(before.verdict, name))


@pytest.mark.parametrize("seed", range(10))
def test_what_tells_nothing_changes_nothing(seed: int) -> None:
    results = by_chance(seed)
    random_ = random.Random(seed)
    noise = [
        replace(random_.choice(results), at=T0 + random_.uniform(0, 1200), outcome="held_back")
        for _ in range(50)
    ]
    telling = [r for r in results if r.outcome != "not_possible"]
    before, after = judged(telling), judged(results + noise)
    for name in ("key", "begin", "end", "value"):
        assert np.array_equal(getattr(after.verdict, name), getattr(before.verdict, name))


def place(
    name: str,
    begin: float,
    end: float,
    cut: tuple[float, float] = (1e9, 1e9),
    down: tuple[float, float] = (1e9, 1e9),
    step: float = 60,
    shift: float = 0,
    canaries: int = 4,
) -> list[CheckResult]:
    """A place that checks one part from `begin` to `end`; its own line is `cut`, the part is `down`."""

    def made(at: float, country: str, target: str) -> CheckResult:
        bad = cut[0] <= at < cut[1] or (country and down[0] <= at < down[1])
        return result(at, name, country, target=target, outcome="timed_out" if bad else "ok")

    found = every(step, begin + shift, end, lambda at: made(at, "KP", "news"))
    for i in range(canaries):
        found += every(step, begin + shift + 1 + i, end, lambda at, i=i: made(at, "", f"c{i}"))
    return found


def test_down_from_the_first_of_two_failures_up_from_the_first_answer() -> None:
    found = judged(place("a", 0, 1800, down=(600, 1200)))
    words = dict(steps(found))
    assert words[600] == "down"
    assert words[1200] == "up"
    assert [w for _, w in steps(found) if w != "unknown"] == ["up", "down", "up"]


@pytest.mark.parametrize("outcome", ["refused", "reset", "not_authoritative", "certificate", "wrong_content"])
def test_a_gateway_that_answers_for_all_the_world_is_no_line(outcome: str) -> None:
    """A firewall that rejects what goes out, or a hotel's sign-in page: canaries "answer", but not as themselves."""
    found = judged(
        [
            replace(one, outcome=outcome) if one.outcome == "timed_out" else one
            for one in place("a", 0, 1800, cut=(600, 1200))
        ]
    )
    words = [word for _, word in steps(found)]
    assert words[:3] == ["up", "unknown", "up"]
    assert "down" not in words


def test_one_failure_alone_is_none() -> None:
    found = judged(place("a", 0, 1800, down=(600, 650)))
    assert "down" not in [w for _, w in steps(found)]


def test_a_place_whose_own_line_is_cut_says_nothing() -> None:
    both = place("a", 0, 3600, cut=(1230, 2400)) + place("b", 0, 3600, shift=20)
    assert "down" not in [w for _, w in steps(judged(both))]
    alone = judged(place("a", 0, 3600, cut=(1230, 2400)))
    assert [w for _, w in steps(alone) if w == "down"] == []
    # Unknown at once from its last good answers on, though the failures came later.
    assert next(s for s, w in steps(alone) if w == "unknown" and 1000 < s < 2400) <= 1230


@pytest.mark.parametrize("fails", ["timed_out", "refused"])
def test_a_place_without_canaries_counts_while_anything_answers_it(fails: str) -> None:
    """A refusal of everything may be its own gateway's."""

    def made(down: tuple[str, ...]) -> list[CheckResult]:
        return [
            r
            for target in ("news", "mail")
            for r in every(
                60,
                0,
                3600,
                lambda at, t=target: result(
                    at, target=t, outcome=fails if t in down and at >= 1200 else "ok"
                ),
            )
        ]

    some = judged(made(("news",)))
    assert (1200, "down") in steps(some, [p.target for p in some.parts].index("news"))
    all_ = judged(made(("news", "mail")))
    assert all("down" not in [w for _, w in steps(all_, n)] for n in range(2))


@pytest.mark.parametrize(
    ("down", "verdict"), [((), "up"), (("a",), "up"), (("a", "b"), "down"), (("a", "b", "c"), "down")]
)
def test_more_than_half_of_three(down: tuple[str, ...], verdict: str) -> None:
    results = [
        r
        for i, name in enumerate("abc")
        for r in place(name, 0, 1800, down=(900, 1e9) if name in down else (1e9, 1e9), shift=i * 10)
    ]
    found = judged(results)
    assert verdict_at(found, 0, (T0 + 1500) * 1000) == verdict


def test_two_that_disagree_are_no_majority() -> None:
    found = judged(place("a", 0, 1800, down=(600, 1e9)) + place("b", 0, 1800))
    assert verdict_at(found, 0, (T0 + 1200) * 1000) == "up"


def test_the_onset_is_when_the_quorum_had_failed() -> None:
    """Places at 0, 20 and 40 s of the minute; the part fails at 905: they find out at 920, 940 and 960."""
    results = [r for i, name in enumerate("abc") for r in place(name, 0, 1800, down=(905, 1e9), shift=i * 20)]
    found = judged(results)
    onset = next(s for s, w in steps(found) if w == "down")
    assert onset == 940
    good = last_good(found.rows, found.rows.ok, found.part_of, 0, (T0 + 940) * 1000)
    # a failed at 960, c at 940 and b at 920; by 940 those that had failed are b, good until 860, and c, until 880.
    assert good == (T0 + 880) * 1000


def test_where_most_places_are_gone_nobody_knows() -> None:
    settings = CheckSettings()
    results = [r for i, n in enumerate("abc") for r in place(n, 0, 7200 if n == "a" else 3600, shift=i)]
    found = judged(results, settings)
    assert verdict_at(found, 0, (T0 + 3000) * 1000) == "up"
    assert verdict_at(found, 0, (T0 + 6000) * 1000) == "unknown"


def test_who_joins_late_counts_from_its_first_word() -> None:
    results = place("a", 0, 3600, down=(1800, 1e9)) + place("b", 2400, 3600) + place("c", 2400, 3600)
    found = judged(results)
    assert verdict_at(found, 0, (T0 + 2300) * 1000) == "down"
    assert verdict_at(found, 0, (T0 + 3000) * 1000) == "up"


@pytest.mark.parametrize(("step", "holds"), [(60, 150), (3600, 9000), (86400, 216000), (2 * 86400, 216000)])
def test_a_word_holds_for_two_rounds_and_a_half_of_its_own(step: int, holds: int) -> None:
    results = every(step, 0, step * 4, lambda at: result(at))
    found = judged(results, CheckSettings())
    ups = found.verdict.where(found.verdict.value == UP)
    assert int(ups.end[-1]) == (T0 + step * 3 + holds) * 1000


def test_nothing_is_nothing() -> None:
    found = judged([])
    assert (found.places, found.parts, len(found.verdict)) == ([], [], 0)
    canaries = judged([r for r in place("a", 0, 600) if not r.country])
    assert (canaries.places, canaries.parts, len(canaries.verdict)) == (["a"], [], 0)


def test_a_place_that_stops_checking_is_unheard_and_not_lost() -> None:
    """Its agent is killed; of the path, which it looks at every 15 minutes, its word would hold longer."""
    path = every(900, 0, 3600, lambda at: result(at, "a", target="path", kind="trace"))
    found = judged(place("a", 0, 3600) + path, CheckSettings())
    course = found.health.course
    by_end = {
        (end - T0 * 1000) // 1000: HEALTH[int(value)]
        for end, value in zip(course.end.tolist(), course.value.tolist(), strict=True)
    }
    last_heard = 3540 + 4 + 150
    (healthy,) = [end for end, word in by_end.items() if word == "healthy"]
    assert last_heard - 60 <= healthy <= last_heard
    assert by_end[max(by_end)] == "unheard"
    assert all(end <= last_heard for end, word in by_end.items() if word == "lost")
