"""A store made smaller while others use it: no answer is another, but where means of hours were asked for."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from nightside.model.entity import Entity
from nightside.model.errors import NightsideError
from nightside.model.signal import Signal, UnknownStretch
from nightside.store.protocol import Store

KP, SY = Entity("country", "KP", "North Korea"), Entity("country", "SY", "Syria")
HOUR_S, DAY_S = 3600, 86_400
END = 70 * DAY_S
"""January and February 1970, and a part of March."""

OpenStore = Callable[[], AbstractContextManager[Store]]
Rows = list[dict[str, Any]]


def answers(store: Store) -> list[Any]:
    return [
        store.entities(),
        *(
            ask("country", code, begin, end).to_pylist()
            for ask in (store.samples, store.rollup)
            for code in ("KP", "SY")
            for begin, end in ((0, END), (5 * DAY_S + 7_000, 6 * DAY_S), (50 * DAY_S, 61 * DAY_S))
        ),
    ]


def some(random_: random.Random, first_day: int, days: int) -> list[Signal]:
    """Signals within these days that overlap, have holes between them and are unknown in parts."""
    found = []
    for entity in random_.sample([KP, SY, KP], random_.randint(1, 3)):
        begin = random_.randrange(first_day * DAY_S, (first_day + days) * DAY_S - 9 * HOUR_S)
        length = random_.choice((2_000, 5_000, 8 * HOUR_S))
        times = sorted({begin, *(begin + random_.randrange(1, length) for _ in range(9))})
        blind = [UnknownStretch(begin + 50, begin + 50 + random_.randrange(1, 1900), "nobody")]
        units = [random_.randrange(9) for _ in times]
        found.append(Signal(entity, times, units, begin + length, blind if random_.random() < 0.4 else []))
    return found


def filled(store: Store, seed: int) -> None:
    random_ = random.Random(seed)
    for _ in range(25):
        first = random_.randrange(0, 69)
        store.put_samples(some(random_, first, 1), {KP: [(0, random_.randrange(9)), (9 * DAY_S, 4)]})
    for day in (3, 40):
        for _ in range(8):
            store.put_samples(some(random_, day, 1), {})
    # One that reaches over the end of a month.
    store.put_samples([Signal(KP, [30 * DAY_S, 31 * DAY_S], [7, 8], 33 * DAY_S)], {KP: [(0, 5)]})


def hourly_means(rows: Rows, end: int) -> dict[int, float]:
    """By the second at which it begins: the mean of what is known without a break within one hour."""
    found: dict[int, float] = {}
    pieces: list[tuple[int, int, int]] = []
    times = [int(row["time"].timestamp()) for row in rows]
    for row, begin, until in zip(rows, times, [*times[1:], end], strict=True):
        while begin < until and row["units"] is not None:
            cut = min(until, (begin // HOUR_S + 1) * HOUR_S)
            pieces.append((begin, cut, row["units"]))
            begin = cut
    run: list[tuple[int, int, int]] = []
    for piece in [*pieces, (END * 9, END * 9, 0)]:
        if run and (piece[0] != run[-1][1] or piece[0] // HOUR_S != run[0][0] // HOUR_S):
            lasts = run[-1][1] - run[0][0]
            found[run[0][0]] = sum(units * (b - a) for a, b, units in run) / lasts
            run = []
        run.append(piece)
    return found


def unknown_seconds(rows: Rows, end: int) -> list[tuple[int, int]]:
    """The stretches of which nothing is known."""
    times = [int(row["time"].timestamp()) for row in rows]
    found: list[tuple[int, int]] = []
    for row, begin, until in zip(rows, times, [*times[1:], end], strict=True):
        if row["quality"] == "unknown":
            joined = found and found[-1][1] == begin
            found[-1:] = [(found[-1][0], until)] if joined else [*found[-1:], (begin, until)]
    return found


@pytest.mark.parametrize("seed", range(2))
def test_no_answer_is_another(open_store: OpenStore, seed: int) -> None:
    with open_store() as store:
        filled(store, seed)
        before = answers(store)
        done = store.compact()
        assert answers(store) == before
        assert done.segments_after < done.segments_before
        assert done.pieces_after < done.pieces_before
        assert done.thinned == done.flips_deleted == done.work_deleted == 0
        assert list(store.check()) == []
        again = store.compact()
        assert (again.segments_before, again.segments_after) == (done.segments_after, done.segments_after)
        # What the first did without is gone with the second.
        assert again.files_deleted >= done.segments_before - done.segments_after
        assert len(store.files.child("segments").names()) == done.segments_after
    with open_store() as store:
        assert answers(store) == before


@pytest.mark.parametrize("seed", range(2))
def test_months_by_the_hour(open_store: OpenStore, seed: int) -> None:
    march = 59 * DAY_S
    with open_store() as store:
        filled(store, seed)
        exact = {code: store.samples("country", code, 0, END).to_pylist() for code in ("KP", "SY")}
        hours = [store.rollup("country", code, 0, END).to_pylist() for code in ("KP", "SY")]
        states = store.entities()
        changes = store.last_change()
        # On the first of March 1970 it is March that is not over.
        days = int(time.time() - march) // DAY_S
        done = store.compact(exact_days=days)
        assert done.thinned > 0
        assert store.last_change() > changes
        for code, rows in exact.items():
            coarse = store.samples("country", code, 0, march).to_pylist()
            old = [row for row in rows if row["time"].timestamp() < march]
            assert unknown_seconds(coarse, march) == unknown_seconds(old, march)
            means = hourly_means(old, march)
            said = hourly_means(coarse, march)
            assert said.keys() == means.keys()
            assert all(abs(said[at] - means[at]) <= 0.5 for at in means)
            assert all(row["units"] is None or row["resolution_s"] == HOUR_S for row in coarse)
            assert len(coarse) < len(old)
            later = store.samples("country", code, march, END).to_pylist()
            assert later == [row for row in rows if row["time"].timestamp() >= march] or later[1:] == [
                row for row in rows if row["time"].timestamp() > march
            ]
            assert all(row["resolution_s"] == 1 for row in later)
        assert [store.rollup("country", code, 0, END).to_pylist() for code in ("KP", "SY")] == hours
        assert store.entities() == states
        assert list(store.check()) == []
        before = answers(store)
        assert store.compact(exact_days=days).thinned == 0
        assert answers(store) == before


def test_what_is_stored_again_is_exact_again(open_store: OpenStore) -> None:
    signal = Signal(KP, [10, 1_000, 5_000], [4, 1, 3], 3 * HOUR_S)
    with open_store() as store:
        store.put_samples([signal], {})
        exact = store.samples("country", "KP", 0, DAY_S).to_pylist()
        store.compact(exact_days=0)
        # (4 · 990 + 1 · 2600) / 3590 and (1 · 1400 + 3 · 2200) / 3600, to the nearest.
        assert [
            (r["time"].timestamp(), r["units"]) for r in store.samples("country", "KP", 0, DAY_S).to_pylist()
        ] == [
            (10, 2),
            (7200, 3),
            (10800, None),
        ]
        store.put_samples([signal], {})
        assert store.samples("country", "KP", 0, DAY_S).to_pylist() == exact
        store.compact()
        assert store.samples("country", "KP", 0, DAY_S).to_pylist() == exact


def test_the_same_stored_and_compacted_again_and_again(open_store: OpenStore) -> None:
    morning = Signal(KP, [DAY_S, DAY_S + 100], [4, 1], DAY_S + 2 * HOUR_S)
    evening = Signal(KP, [DAY_S + 18 * HOUR_S], [7], DAY_S + 20 * HOUR_S)
    with open_store() as store:
        told = []
        for _ in range(3):
            for signal in (morning, evening):
                store.put_samples([signal], {})
            done = store.compact()
            assert (done.segments_after, done.pieces_after) == (1, 2)
            assert list(store.check()) == []
            told.append(answers(store))
        assert told[0] == told[1] == told[2]


def test_readers_see_the_one_or_the_other(open_store: OpenStore) -> None:
    """While the store is compacted, thinned out and written to, each month reads as before or as after."""
    months = ((0, 31 * DAY_S), (31 * DAY_S, 59 * DAY_S), (59 * DAY_S, END))

    def told(store: Store) -> list[str]:
        return [repr(store.samples("country", "KP", *month).to_pylist()) for month in months]

    with open_store() as store:
        filled(store, 5)
        allowed = [{text} for text in told(store)]
        seen: list[list[str]] = []
        wrong: list[str] = []
        done = threading.Event()

        def read() -> None:
            with open_store() as other:
                while not done.is_set():
                    try:
                        seen.append(told(other))
                    except Exception as error:  # whatever it is, the test must hear of it
                        wrong.append(repr(error))
                        return

        readers = [threading.Thread(target=read) for _ in range(2)]
        for thread in readers:
            thread.start()
        try:
            for turn in range(4):
                for day in range(100 + 3 * turn, 103 + 3 * turn):
                    store.put_samples([Signal(SY, [day * DAY_S], [day], (day + 1) * DAY_S)], {})
                store.compact()
            assert [{text} for text in told(store)] == allowed
            store.compact(exact_days=0)
            store.compact()
        finally:
            done.set()
            for thread in readers:
                thread.join(30)
        coarse = told(store)
    assert wrong == []
    assert len(seen) > 5
    for month, texts in enumerate(zip(*seen, strict=True)):
        assert set(texts) <= allowed[month] | {coarse[month]}
    assert any(text not in allowed[month] for month, text in enumerate(coarse))


def test_two_at_once_do_it_once(open_store: OpenStore) -> None:
    with open_store() as store:
        filled(store, 6)
        before = answers(store)
        failed: list[str] = []

        def compact() -> None:
            try:
                with open_store() as other:
                    other.compact()
            except Exception as error:  # whatever it is, the test must hear of it
                failed.append(repr(error))

        both = [threading.Thread(target=compact) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join(60)
        assert failed == []
        assert answers(store) == before
        assert list(store.check()) == []
        count = store.compact()
        assert count.segments_after == count.segments_before
        assert answers(store) == before


def test_flips_of_what_is_over_go_when_they_are_old(
    open_store: OpenStore, make_finding: Callable[..., Any], tmp_path: Path
) -> None:
    import pyarrow as pa

    began = 1_419_131_400
    with open_store() as store:
        over = store.put_incident(*make_finding(began, began + 3600))["id"]
        young = store.put_incident(*make_finding(began + 2 * DAY_S, began + 2 * DAY_S + 60))["id"]
        goes_on = store.put_incident(*make_finding(began, None, entity=SY, seen_until=began + 60))["id"]
        for id in (over, young, goes_on):
            store.put_flips(id, pa.table({"peer_asn": pa.array([1, 2], pa.uint32())}))
        long_ago = time.time() - 31 * DAY_S
        for id in (over, goes_on):
            (path,) = tmp_path.rglob(f"{id}.parquet")
            os.utime(path, times=(long_ago, long_ago))
        assert store.compact().flips_deleted == 0
        assert store.compact(flips_days=30).flips_deleted == 1
        assert store.flips(over) is None
        for id in (young, goes_on):
            found = store.flips(id)
            assert found is not None
            assert found.read_all().num_rows == 2
        assert store.incident(over) is not None
        assert list(store.check()) == []


def test_what_jobs_have_left_goes_when_it_is_old(open_store: OpenStore, tmp_path: Path) -> None:
    with open_store() as store:
        work = store.files.child("work")
        work.child("parts").write_bytes("old", b"1")
        work.child("parts").write_bytes("new", b"2")
        work.write_bytes("older", b"3")
        long_ago = time.time() - 8 * DAY_S
        for name in ("old", "older"):
            (path,) = tmp_path.rglob(name)
            os.utime(path, times=(long_ago, long_ago))
        assert store.compact(work_days=9).work_deleted == 0
        assert store.compact(work_days=7).work_deleted == 2
        assert work.child("parts").names() == ["new"]


def test_what_cannot_be_read_is_said_and_stays(open_store: OpenStore) -> None:
    with open_store() as store:
        for hour in (1, 2, 3):
            store.put_samples([Signal(KP, [hour * HOUR_S], [hour], (hour + 1) * HOUR_S)], {})
        files = store.files.child("segments")
        files.delete(files.names()[0])
    with open_store() as store:
        with pytest.raises(NightsideError, match="samples cannot be read"):
            store.compact()
        assert len(files.names()) == 2
        assert [each.kind for each in store.repair()] == ["file-missing"]
        store.compact()
        assert list(store.check()) == []


def test_an_empty_store_stays_so(open_store: OpenStore) -> None:
    with open_store() as store:
        done = store.compact(exact_days=0, flips_days=0, work_days=0)
        assert (done.segments_after, done.pieces_after, done.files_deleted) == (0, 0, 0)
