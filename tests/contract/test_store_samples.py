"""What every store must do with samples, against an oracle that knows each second by itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightside.model.entity import Entity
from nightside.model.signal import Signal, UnknownStretch
from nightside.store.protocol import Store

KP = Entity("country", "KP", "North Korea")
SY = Entity("country", "SY", "Syria")

OpenStore = Callable[[], AbstractContextManager[Store]]
Points = list[tuple[int, int | None, str]]


def points(table: pa.Table) -> Points:
    rows = table.to_pylist()
    return [(int(row["time"].timestamp()), row["units"], row["quality"]) for row in rows]


def test_a_signal_comes_back_as_change_points(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_samples([Signal(KP, [100, 200, 300], [4, 0, 4], 400)])
        table = store.samples("country", "KP", 100, 400)
    assert points(table) == [(100, 4, "known"), (200, 0, "known"), (300, 4, "known")]
    assert table.schema == pa.schema(
        [
            ("time", pa.timestamp("s", tz="UTC")),
            ("units", pa.int64()),
            ("quality", pa.string()),
            ("baseline", pa.int64()),
            ("resolution_s", pa.int64()),
        ]
    )


def test_what_is_unknown_is_no_number(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_samples([Signal(KP, [100, 200], [4, 0], 400, [UnknownStretch(150, 250, "no peers")])])
        got = points(store.samples("country", "KP", 100, 400))
    assert got == [(100, 4, "known"), (150, None, "unknown"), (250, 0, "known")]


def test_the_value_in_force_stands_at_the_beginning_asked_for(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_samples([Signal(KP, [100, 200], [4, 0], 400)])
        assert points(store.samples("country", "KP", 150, 201)) == [(150, 4, "known"), (200, 0, "known")]


def test_before_the_samples_there_is_nothing_and_after_them_the_unknown(open_store: OpenStore) -> None:
    with open_store() as store:
        store.put_samples([Signal(KP, [100], [4], 200)])
        store.put_samples([Signal(KP, [300], [4], 400)])
        got = points(store.samples("country", "KP", 0, 1000))
    assert got == [(100, 4, "known"), (200, None, "unknown"), (300, 4, "known"), (400, None, "unknown")]


@pytest.mark.parametrize(
    ("code", "begin", "end"), [("SY", 0, 900), ("KP", 400, 900), ("KP", 300, 300), ("KP", 0, 99)]
)
def test_where_nothing_was_put_the_table_is_empty(
    open_store: OpenStore, code: str, begin: int, end: int
) -> None:
    with open_store() as store:
        store.put_samples([Signal(KP, [100], [4], 400)])
        table = store.samples("country", code, begin, end)
    assert table.num_rows == 0
    assert table.column_names == ["time", "units", "quality", "baseline", "resolution_s"]


def test_the_latest_written_wins(open_store: OpenStore) -> None:
    first, second = Signal(KP, [100], [4], 400), Signal(KP, [200], [3], 300)
    with open_store() as store:
        store.put_samples([first])
        store.put_samples([second])
        got = points(store.samples("country", "KP", 0, 400))
        assert got == [(100, 4, "known"), (200, 3, "known"), (300, 4, "known")]
        store.put_samples([first])
        assert points(store.samples("country", "KP", 0, 400)) == [(100, 4, "known")]


def test_many_entities_in_one_call_and_after_opening_again(open_store: OpenStore) -> None:
    signals = [
        Signal(Entity("country", f"{a}{b}", "x"), [0], [ord(a) + ord(b)], 9) for a in "ABC" for b in "XYZ"
    ]
    with open_store() as store:
        store.put_samples(iter(signals))
        store.put_samples([])
    with open_store() as store:
        for s in signals:
            assert points(store.samples("country", s.entity.code, 0, 9)) == [(0, s.units[0], "known")]


def test_times_that_go_backwards_are_refused(open_store: OpenStore) -> None:
    with open_store() as store:
        with pytest.raises(ValueError, match="backwards"):
            store.put_samples([Signal(KP, [200, 100], [4, 0], 400)])
        assert store.samples("country", "KP", 0, 400).num_rows == 0


@st.composite
def signals(draw: st.DrawFn) -> Signal:
    entity = draw(st.sampled_from([KP, SY]))
    begin = draw(st.integers(0, 30))
    end = draw(st.integers(begin + 1, 40))
    times = sorted({begin, *draw(st.lists(st.integers(begin, end - 1), max_size=6))})
    units = draw(st.lists(st.integers(0, 2), min_size=len(times), max_size=len(times)))
    stretches = draw(st.lists(st.tuples(st.integers(begin, 39), st.integers(1, 8)), max_size=3))
    return Signal(entity, times, units, end, [UnknownStretch(a, a + length, "w") for a, length in stretches])


def by_second(signal: Signal) -> dict[int, int | None]:
    value: dict[int, int | None] = {}
    for second in range(signal.times[0], signal.end):
        unknown = any(u.begin <= second < u.end for u in signal.unknown)
        held = [u for t, u in zip(signal.times, signal.units, strict=True) if t <= second][-1]
        value[second] = None if unknown else held
    return value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(st.lists(signals(), max_size=3), max_size=5),
    begin=st.integers(0, 40),
    length=st.integers(0, 45),
)
def test_samples_are_what_the_oracle_knows_of_each_second(
    store_at: Callable[[Path], AbstractContextManager[Store]],
    calls: list[list[Signal]],
    begin: int,
    length: int,
) -> None:
    known: dict[int, int | None] = {}
    with tempfile.TemporaryDirectory() as folder, store_at(Path(folder)) as store:
        for call in calls:
            store.put_samples(call)
            for signal in call:
                if signal.entity == KP:
                    known |= by_second(signal)
        got = points(store.samples("country", "KP", begin, begin + length))
    inside = {s: v for s, v in known.items() if begin <= s < begin + length}
    expected: Points = []
    for second in range(min(inside, default=0), begin + length if inside else 0):
        units = inside.get(second)
        if not expected or expected[-1][1] != units:
            expected.append((second, units, "unknown" if units is None else "known"))
    assert got == expected
