"""What every store must do with baselines, hours and states, against an oracle that knows each second by itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightside.model.entity import Entity
from nightside.model.signal import Signal, UnknownStretch
from nightside.model.state import EntityState
from nightside.store.protocol import Store

KP = Entity("country", "KP", "North Korea")
SY = Entity("country", "SY", "Syria")
HOUR = 3600
DAY = 24 * HOUR

OpenStore = Callable[[], AbstractContextManager[Store]]
Hour = tuple[int, int | None, float | None, int | None, int | None, int]


def hours(table: pa.Table) -> list[Hour]:
    return [
        (int(r["time"].timestamp()), r["lowest"], r["mean"], r["highest"], r["baseline"], r["unknown_s"])
        for r in table.to_pylist()
    ]


def held_against(table: pa.Table) -> list[tuple[int, int | None, int | None]]:
    return [(int(r["time"].timestamp()), r["units"], r["baseline"]) for r in table.to_pylist()]


def test_an_hour_in_five_numbers(open_store: OpenStore) -> None:
    signal = Signal(KP, [0, 900, 4500], [4, 1, 4], 2 * HOUR, [UnknownStretch(1800, 2700, "no peers")])
    with open_store() as store:
        store.put_samples([signal], {KP: [(0, 4), (HOUR, 5)]})
        table = store.rollup("country", "KP", 0, 2 * HOUR)
    # 15 minutes of 4 and 30 of 1; then 15 of 1 and 45 of 4.
    assert hours(table) == [
        (0, 1, pytest.approx((900 * 4 + 1800) / 2700), 4, 4, 900),
        (HOUR, 1, pytest.approx((900 + 2700 * 4) / 3600), 4, 5, 0),
    ]
    assert table.schema == pa.schema(
        [
            ("time", pa.timestamp("s", tz="UTC")),
            ("lowest", pa.int64()),
            ("mean", pa.float64()),
            ("highest", pa.int64()),
            ("baseline", pa.int64()),
            ("unknown_s", pa.int64()),
        ]
    )


def test_what_is_not_stored_of_an_hour_is_unknown_as_is_a_hole(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_samples([Signal(KP, [1000], [4], 2000)])
        store.put_samples([Signal(KP, [3 * HOUR], [2], 4 * HOUR)])
        got = hours(store.rollup("country", "KP", -DAY, DAY))
    none = (None, None, None, None, HOUR)
    assert got == [
        (0, 4, 4.0, 4, None, 2600),
        (HOUR, *none),
        (2 * HOUR, *none),
        (3 * HOUR, 2, 2.0, 2, None, 0),
    ]


@pytest.mark.parametrize(
    ("begin", "end", "first", "count"),
    [
        (0, 3 * HOUR, 0, 3),
        (1, 2, 0, 1),
        (HOUR - 1, HOUR + 1, 0, 2),
        (HOUR, 2 * HOUR, HOUR, 1),
        (2 * DAY - 1, 1 << 60, 2 * DAY - HOUR, 2),
        (-(1 << 60), 1, 0, 1),
        (5 * DAY, 6 * DAY, None, 0),
        (HOUR, HOUR, None, 0),
        (HOUR, 0, None, 0),
    ],
)
def test_the_hours_that_overlap_what_was_asked(
    open_store: OpenStore, begin: int, end: int, first: int | None, count: int
) -> None:
    with open_store() as store:
        store.put_samples([Signal(KP, [0], [4], 2 * DAY + 1)])
        got = hours(store.rollup("country", "KP", begin, end))
        assert hours(store.rollup("country", "SY", begin, end)) == []
        assert hours(store.rollup("asn", "KP", begin, end)) == []
    assert len(got) == count
    assert first is None or got[0][0] == first


def test_the_same_hour_written_in_parts_is_one_hour(open_store: OpenStore) -> None:
    with open_store() as store:
        for part in range(4):
            store.put_samples([Signal(KP, [900 * part], [part], 900 * part + 900)])
        got = hours(store.rollup("country", "KP", 0, HOUR))
    assert got == [(0, 0, 1.5, 3, None, 0)]


def test_a_baseline_changes_where_the_units_do_not(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_samples(
            [Signal(KP, [100, 200], [4, 3], 400)], {KP: [(150, 5), (300, 5), (350, 6), (999, 7)]}
        )
        got = held_against(store.samples("country", "KP", 0, 400))
        state = store.entities("country")
    assert got == [(100, 4, None), (150, 4, 5), (200, 3, 5), (350, 3, 6)]
    assert state == [EntityState("country", "KP", "North Korea", 100, 400, 3, 6, "known")]


def test_a_baseline_that_goes_backwards_is_refused(open_store: OpenStore) -> None:
    with open_store() as store:
        with pytest.raises(ValueError, match="backwards"):
            store.put_samples([Signal(KP, [0], [4], 400)], {KP: [(100, 4), (50, 5)]})
        assert store.entities() == []


def test_other_baselines_are_other_samples(open_store: OpenStore) -> None:
    with open_store() as store:
        for units in (5, 6):
            store.put_samples([Signal(KP, [0], [4], 400)], {KP: [(0, units)]})
        assert held_against(store.samples("country", "KP", 0, 400)) == [(0, 4, 6)]


def test_the_state_is_what_holds_at_the_end_of_what_is_stored(open_store: OpenStore) -> None:
    with open_store() as store, open_store() as reader:
        assert reader.entities() == []
        store.put_samples([Signal(SY, [50], [84], 100), Signal(KP, [0, 60], [4, 3], 100)], {SY: [(0, 90)]})
        assert reader.entities() == [
            EntityState("country", "KP", "North Korea", 0, 100, 3, None, "known"),
            EntityState("country", "SY", "Syria", 50, 100, 84, 90, "known"),
        ]
        # What is older changes how far back the samples go, what ends later how it is now.
        store.put_samples([Signal(SY, [0], [1], 90)])
        store.put_samples([Signal(KP, [90], [2], 200, [UnknownStretch(150, 200, "no peers")])])
        store.put_samples([Signal(Entity("asn", "1", "One"), [0], [7], 10)])
        assert [s.code for s in reader.entities()] == ["1", "KP", "SY"]
        assert reader.entities("country") == [
            EntityState("country", "KP", "North Korea", 0, 200, None, None, "unknown"),
            EntityState("country", "SY", "Syria", 0, 100, 84, 90, "known"),
        ]
        assert reader.entities("view") == []
    with open_store() as store:
        assert len(store.entities()) == 3


def test_whoever_changes_the_list_of_states_changes_his_own(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_samples([Signal(KP, [0], [4], 100)])
        store.entities().clear()
        store.entities("country").clear()
        assert len(store.entities()) == len(store.entities("country")) == 1


SLOTS = 8
SLOT = HOUR // 4
"""Quarters of an hour, so that hours are shared; the oracle goes by them."""


@st.composite
def signals(draw: st.DrawFn) -> tuple[Signal, list[tuple[int, int]]]:
    entity = draw(st.sampled_from([KP, SY]))
    begin = draw(st.integers(0, 4 * SLOTS - 1))
    end = draw(st.integers(begin + 1, 4 * SLOTS))
    times = sorted({begin, *draw(st.lists(st.integers(begin, end - 1), max_size=5))})
    units = draw(st.lists(st.integers(0, 3), min_size=len(times), max_size=len(times)))
    unknown = draw(st.lists(st.tuples(st.integers(begin, 4 * SLOTS), st.integers(1, 6)), max_size=2))
    steps = sorted(set(draw(st.lists(st.integers(0, 4 * SLOTS), max_size=3))))
    baseline = [(SLOT * s, draw(st.integers(1, 3))) for s in steps]
    return (
        Signal(
            entity,
            [SLOT * t for t in times],
            units,
            SLOT * end,
            [UnknownStretch(SLOT * a, SLOT * (a + n), "w") for a, n in unknown],
        ),
        baseline,
    )


def by_slot(signal: Signal, baseline: Sequence[tuple[int, int]]) -> dict[int, tuple[int | None, int | None]]:
    value: dict[int, tuple[int | None, int | None]] = {}
    for second in range(signal.times[0], signal.end, SLOT):
        unknown = any(u.begin <= second < u.end for u in signal.unknown)
        units = [u for t, u in zip(signal.times, signal.units, strict=True) if t <= second][-1]
        step = [b for t, b in baseline if t <= second]
        value[second // SLOT] = (None if unknown else units, step[-1] if step else None)
    return value


def expected_hours(known: Mapping[int, tuple[int | None, int | None]]) -> list[Hour]:
    """The hours from the first to the last with a slot."""
    found: list[Hour] = []
    if not known:
        return found
    for hour in range(min(known) // 4, max(known) // 4 + 1):
        slots = [known[s] for s in range(4 * hour, 4 * hour + 4) if s in known]
        units = [u for u, _ in slots if u is not None]
        baselines = [b for _, b in slots if b is not None]
        mean = pytest.approx(sum(units) / len(units)) if units else None
        found.append(
            (
                HOUR * hour,
                min(units, default=None),
                mean,
                max(units, default=None),
                baselines[-1] if baselines else None,
                HOUR - SLOT * len(units),
            )
        )
    return found


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(st.lists(signals(), max_size=3), max_size=5), apart=st.sampled_from([0, DAY - 2 * HOUR])
)
def test_hours_and_baselines_are_what_the_oracle_knows_of_each_slot(
    store_at: Callable[[Path], AbstractContextManager[Store]],
    calls: list[list[tuple[Signal, list[tuple[int, int]]]]],
    apart: int,
) -> None:
    known: dict[int, tuple[int | None, int | None]] = {}
    with tempfile.TemporaryDirectory() as folder, store_at(Path(folder)) as store:
        for call in calls:
            # One baseline for each entity of a call.
            baselines = {signal.entity: [(apart + t, b) for t, b in steps] for signal, steps in call}
            moved = [
                Signal(
                    s.entity,
                    [apart + t for t in s.times],
                    s.units,
                    apart + s.end,
                    [UnknownStretch(apart + u.begin, apart + u.end, u.why) for u in s.unknown],
                )
                for s, _ in call
            ]
            store.put_samples(moved, baselines)
            for signal in moved:
                if signal.entity == KP:
                    known |= by_slot(signal, baselines[KP])
        got = hours(store.rollup("country", "KP", 0, 3 * DAY))
        points = held_against(store.samples("country", "KP", 0, 3 * DAY))
    assert got == expected_hours(known)
    for slot, (units, baseline) in known.items():
        holds = [p for p in points if p[0] <= SLOT * slot][-1]
        assert holds[1:] == (units, baseline)
