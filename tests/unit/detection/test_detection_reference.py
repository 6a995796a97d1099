"""Detection against a slow reading of docs/definitions.md, one second after the other.

The reference knows no stretches and no crossings: it asks in every second what is seen, and what that means.
It runs on a clock of its own (ten minutes are ten seconds here), so that weeks fit into a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nightside.detection import episodes as episodes_room
from nightside.detection.episodes import detect
from nightside.incidents.grouping import group
from nightside.model.entity import Entity
from nightside.model.incident import InstabilityStretch
from nightside.model.settings import Settings
from nightside.model.signal import Signal, UnknownStretch

KP = Entity("country", "KP", "North Korea")
CONFIRM, QUIET, WINDOW, NEW_LEVEL, STEP = 10, 60, 200, 240, 30
RULES = Settings(end_confirmed_s=CONFIRM, quiet_s=QUIET, baseline_window_s=WINDOW, new_level_s=NEW_LEVEL)
BELOW = {
    "partial": lambda units, base: units / base < 0.9,
    "severe": lambda units, base: units / base < 0.5,
    "total": lambda units, base: units / base <= 0.05,
}
Stretch = tuple[int, int]


@pytest.fixture(autouse=True, scope="module")
def _a_short_hour() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(episodes_room, "BASELINE_STEP_S", STEP)
        yield


@dataclass
class Case:
    """A signal second by second (None: not seen), and what else breaks the quiet."""

    seconds: list[int | None]
    shaky: list[Stretch]
    losses: list[Stretch]
    start: int = 0

    def signal(self) -> Signal:
        """The same as a step function; within an unknown stretch stands what was last seen."""
        times, units, unknown = [], [], []
        last = next((u for u in self.seconds if u is not None), 0)
        for i, seen in enumerate(self.seconds):
            at = self.start + i
            if seen is None:
                if unknown and unknown[-1][1] == at:
                    unknown[-1][1] = at + 1
                else:
                    unknown.append([at, at + 1])
            value = last if seen is None else seen
            if not times or value != units[-1]:
                times.append(at)
                units.append(value)
            last = value
        stretches = [UnknownStretch(a, b, "no sight") for a, b in unknown]
        return Signal(KP, times, units, self.start + len(self.seconds), stretches)


@dataclass
class Open:
    severity: str
    onset: int
    onset_range: Stretch | None
    lowest: int
    back: int | None = None
    back_range: Stretch | None = None


def reference(case: Case) -> tuple[list[tuple], list[tuple], list[tuple[int, int]]]:
    """(episodes, open stretches, baseline), each as plain tuples."""
    seen = dict(enumerate(case.seconds, case.start))
    end = case.start + len(seen)
    base = next((u for u in case.seconds if u is not None), None)
    if base is None:
        base = case.signal().units[0]
    baseline = [(case.start, base)]
    running: dict[str, Open] = {}
    episodes: list[tuple] = []
    incidents: list[tuple] = []
    opened: int | None = None
    loud_until = 0
    watched: list[tuple[int, int]] = []
    dark_since: int | None = None

    def over_by(instant: int) -> None:
        nonlocal opened
        if opened is not None and not running and instant >= loud_until + QUIET:
            incidents.append((opened, loud_until + QUIET, None))
            opened = None
            watched.clear()

    for t in range(case.start, end):
        units = seen[t]
        if units is None and dark_since is None:
            dark_since = t
        over_by(t if dark_since is None else dark_since)
        if t % STEP == 0 and opened is None:
            values = sorted(
                u
                for s, u in seen.items()
                if t - WINDOW <= s < t and u is not None and not any(a <= s < b for a, b, _ in incidents)
            )
            if values and values[len(values) // 2] != base:
                base = values[len(values) // 2]
                baseline.append((t, base))
        if base == 0:
            dark_since = dark_since if units is None else None
            continue
        if units is not None:
            unsure = None if dark_since is None else (dark_since, t)
            for severity, is_below in BELOW.items():
                one = running.get(severity)
                if is_below(units, base):
                    if one is None:
                        onset = t if unsure is None else unsure[0]
                        running[severity] = Open(severity, onset, unsure, units)
                    else:
                        one.lowest = min(one.lowest, units)
                        one.back = None
                elif one is not None:
                    if one.back is None:
                        one.back, one.back_range = t, unsure
                    if t + 1 - one.back >= CONFIRM:
                        done = running.pop(severity)
                        loud_until = max(loud_until, one.back)
                        episodes.append(
                            (
                                severity,
                                done.onset,
                                done.back,
                                done.onset_range,
                                done.back_range,
                                done.lowest,
                                None,
                            )
                        )
        signs = [one.onset for one in running.values()]
        last_close = incidents[-1][1] if incidents else case.start
        if opened is None:
            signs += [a for a, b in case.shaky if a <= t < b and a >= last_close]
        if signs:
            opened = min(signs) if opened is None else min(opened, *signs)
        if opened is not None:
            for one in running.values():
                loud_until = max(loud_until, t + 1 if one.back is None else one.back)
            for a, b in [*case.shaky, *case.losses]:
                if a <= t:
                    loud_until = max(loud_until, min(b, t + 1))
            if units is not None:
                watched.append((t, units))
                since, low, high = t, units, units
                for at, value in reversed(watched):
                    low, high = min(low, value), max(high, value)
                    if high - low > 0.02 * base:
                        break
                    since = at
                left = min(value for at, value in watched if at >= since)
                adopted = since + NEW_LEVEL
                if t + 1 >= adopted and left > 0.05 * base:
                    over_by(adopted)
                if opened is not None and t + 1 >= adopted and left > 0.05 * base:
                    for one in running.values():
                        episodes.append(
                            (one.severity, one.onset, None, one.onset_range, None, one.lowest, one.back)
                        )
                    running.clear()
                    incidents.append((opened, adopted, "new_level"))
                    opened, base = None, units
                    watched.clear()
                    baseline.append((adopted, units))
        if units is not None:
            dark_since = None
            over_by(t)
    over_by(end if dark_since is None else dark_since)
    if opened is not None:
        incidents.append((opened, None, None))
    for one in running.values():
        episodes.append((one.severity, one.onset, None, one.onset_range, None, one.lowest, one.back))
    order = list(BELOW)
    return sorted(episodes, key=lambda e: (e[1], order.index(e[0]))), incidents, baseline


def found(case: Case) -> tuple[list[tuple], list[tuple], list[tuple[int, int]]]:
    """What the program says of the same case, as plain tuples."""
    shaky = [InstabilityStretch(a, b, 3, 1) for a, b in case.shaky]
    seen = detect(case.signal(), RULES, instability=shaky, busy=case.losses)
    episodes = [
        (
            e.severity,
            e.onset,
            e.end,
            e.onset_range,
            e.end_range,
            e.lowest_units,
            e.recovering_since,
        )
        for e in seen.episodes
    ]
    return episodes, [(o.began, o.closed, o.closed_as) for o in seen.open_stretches], seen.baseline


LENGTHS = st.sampled_from(
    [1, 2, 5, CONFIRM - 1, CONFIRM, CONFIRM + 1, 25, 31, QUIET - 1, QUIET, QUIET + 1, 130]
)
LONG = st.sampled_from([NEW_LEVEL - 1, NEW_LEVEL, NEW_LEVEL + 40])
OF_FOUR = st.sampled_from([0, 1, 2, 3, 4, 4, 4, 5])
OF_HUNDRED = st.sampled_from(
    [0, 5, 6, 30, 31, 32, 33, 49, 50, 51, 88, 89, 90, 91, 98, 100, 100, 100, 102, 120]
)
DARK = st.none()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    of = draw(st.sampled_from([OF_FOUR, OF_HUNDRED]))
    calm = draw(st.integers(0, 2)) * 35
    usual = 4 if of is OF_FOUR else 100
    steps = draw(
        st.lists(st.tuples(of | of | of | DARK, LENGTHS | LENGTHS | LENGTHS | LONG), min_size=1, max_size=10)
    )
    seconds: list[int | None] = [usual] * calm
    for units, length in steps:
        seconds += [units] * length
    start = draw(st.sampled_from([0, 7, STEP]))
    last = start + len(seconds)
    instants = st.integers(start, last - 1)
    shaky: list[Stretch] = []
    for a, length in sorted(draw(st.lists(st.tuples(instants, LENGTHS), max_size=2))):
        if not shaky or a > shaky[-1][1]:
            shaky.append((a, min(a + length, last)))
    losses = [
        (a, min(a + n, last))
        for a, n in draw(st.lists(st.tuples(instants, LENGTHS | st.just(0)), max_size=4))
    ]
    return Case(seconds, shaky, losses, start)


def dark(n: int) -> list[int | None]:
    return [None] * n


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
@example(
    Case([4] * 40 + [0] * 30 + [4] * 40 + dark(60) + [0] * 20, [], [])
)  # begins in the dark, in the quiet
@example(Case([4] * 40 + [0] * 30 + [4] * 40 + dark(60) + [4] * 20, [], []))  # and the quiet was quiet
@example(Case([4] * 35 + dark(3) + [0], [(36, 37)], []))  # a later sign begins in the dark
@example(Case([4] * 40 + dark(20) + [0] * 30 + [4] * 90, [(50, 80)], []))  # both signs begin in the dark
@example(Case([4] * 300, [(10, 290)], []))  # a level that stays, while the routes shake
@example(
    Case([100] * 30 + [50] * 5 + [52] * 100 + [53] * 200, [], [])
)  # the level begins before its last step
@example(Case([100] * 35 + [88] * 239 + [90] * 20, [], []))  # a new level before the end is confirmed
@example(Case(dark(20) + [4] * 40 + [3] * 30, [], []))  # nothing is seen at first
@example(Case([0] * 40 + [4] * 60 + [0] * 30, [], []))  # a country that starts at nothing
@example(
    Case([None, 1, *dark(239), 1, 1], [(0, 1), (241, 243)], [])
)  # the routes shake from the second on in which a level is taken
def test_every_second_agrees(case: Case) -> None:
    expected, seen = reference(case), found(case)
    for what, wanted, got in zip(("episodes", "incidents", "baseline"), expected, seen, strict=True):
        assert got == wanted, what


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_what_holds_of_every_signal(case: Case) -> None:
    shaky = [InstabilityStretch(a, b, 3, 1) for a, b in case.shaky]
    signal = case.signal()
    seen = detect(signal, RULES, instability=shaky, busy=case.losses)
    groups = group(seen, shaky, signal.end)
    # Each episode is in exactly one incident; incidents do not overlap.
    assert [e for g in groups for e in g.episodes] == seen.episodes
    assert all(a.closed is not None and a.closed <= b.began for a, b in pairwise(seen.open_stretches))
    for g, stretch in zip(groups, seen.open_stretches, strict=True):
        assert g.began == stretch.began
        assert (g.status == "closed") == (stretch.closed is not None)
        if g.status == "closed" and g.closed_as is None:
            assert g.ended is not None
            assert all(e.end is not None for e in g.episodes)
            assert g.ended + QUIET <= stretch.closed
    # A deeper episode lies within a shallower one.
    for deeper, shallower in (("severe", "partial"), ("total", "severe")):
        for e in (e for e in seen.episodes if e.severity == deeper):
            assert any(
                o.onset <= e.onset and (o.end is None or (e.end is not None and e.end <= o.end))
                for o in seen.episodes
                if o.severity == shallower
            )
    # Episodes of one severity do not overlap, and the time between two holds ten minutes above.
    for severity in BELOW:
        mine = [e for e in seen.episodes if e.severity == severity]
        for one, other in pairwise(mine):
            assert one.end is None or one.end < other.onset or other.onset_range is not None


def chained(intervals: list[Stretch], losses: list[Stretch]) -> list[list[Stretch]]:
    """Intervals with less than six quiet hours between them, by nothing but their begins and ends."""
    marked = sorted([(a, b, True) for a, b in intervals] + [(a, b, False) for a, b in losses])
    chains: list[list[Stretch]] = []
    reach = None
    for a, b, real in marked:
        if reach is not None and a - reach >= QUIET:
            reach = None
        if reach is None:
            if real:
                chains.append([(a, b)])
                reach = b
            continue
        reach = max(reach, b)
        if real:
            chains[-1].append((a, b))
    return chains


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_incidents_are_what_less_than_six_quiet_hours_join(case: Case) -> None:
    """Afterwards, from the episodes alone: which belong together."""
    signal = case.signal()
    shaky = [InstabilityStretch(a, b, 3, 1) for a, b in case.shaky]
    seen = detect(signal, RULES, instability=shaky, busy=case.losses)
    if any(o.closed_as for o in seen.open_stretches) or signal.units[0] == 0:
        return
    # In the dark nothing is over: what stirs there goes on with what was open before.
    if any(u.begin < b and a <= u.end for u in signal.unknown for a, b in [*case.shaky, *case.losses]):
        return
    intervals = [(e.onset, signal.end if e.end is None else e.end) for e in seen.episodes] + case.shaky
    # A loss that began before the first sign, and lasts, still breaks the quiet after it.
    begun = [(max(a, min((x for x, _ in intervals), default=0)), b) for a, b in case.losses]
    joined = [sorted(chain) for chain in chained(intervals, [s for s in begun if s[0] <= s[1]])]
    groups = group(seen, shaky, signal.end)
    told = [
        sorted(
            [(e.onset, signal.end if e.end is None else e.end) for e in g.episodes]
            + [(s.began, s.ended or 0) for s in g.instability]
        )
        for g in groups
    ]
    assert told == joined


def test_the_lengths_of_the_cases_are_what_they_say() -> None:
    case = Case([4, 4, None, None, 0], [], [], start=7)
    assert case.signal() == Signal(KP, [7, 11], [4, 0], 12, [UnknownStretch(9, 11, "no sight")])
