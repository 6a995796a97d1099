"""Many small puts become few large pieces, and no answer is another."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from nightside.model.entity import Entity
from nightside.model.signal import Signal, UnknownStretch
from nightside.store import merging
from nightside.store.catalogued import CataloguedStore
from nightside.store.protocol import Store

KP = Entity("country", "KP", "North Korea")
SY = Entity("country", "SY", "Syria")
HOUR_S = 3600
END = 60 * HOUR_S

OpenStore = Callable[[], AbstractContextManager[Store]]


def answers(store: Store) -> list[Any]:
    return [
        store.entities(),
        *(
            ask("country", code, begin, end).to_pylist()
            for ask in (store.samples, store.rollup)
            for code in ("KP", "SY")
            for begin, end in ((0, END), (7_000, 9_000), (HOUR_S, 5 * HOUR_S))
        ),
    ]


def some(random_: random.Random) -> list[Signal]:
    """Signals that overlap, have holes between them and are unknown in parts."""
    found = []
    for entity in random_.sample([KP, SY, KP], random_.randint(1, 3)):
        begin = random_.randrange(0, END - 5_000)
        times = sorted({begin, *(begin + random_.randrange(1, 4_000) for _ in range(4))})
        blind = [UnknownStretch(begin + 50, begin + 50 + random_.randrange(1, 900), "nobody")]
        units = [random_.randrange(9) for _ in times]
        found.append(Signal(entity, times, units, begin + 4_500, blind if random_.random() < 0.4 else []))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_no_answer_is_another(open_store: OpenStore, seed: int) -> None:
    random_ = random.Random(seed)
    with open_store() as store:
        merged = 0
        for _ in range(80):
            store.put_samples(some(random_), {KP: [(0, random_.randrange(9)), (90_000, 4)]})
            before = answers(store)
            merged += store.merge_samples()
            assert answers(store) == before
    with open_store() as again:
        assert answers(again) == before
        assert again.merge_samples() == 0


def test_the_same_put_again_after_it_answers_the_same(open_store: OpenStore) -> None:
    def puts() -> list[list[Signal]]:
        return [[Signal(KP, [i * 60], [i % 5], i * 60 + 60)] for i in range(100)]

    with open_store() as store:
        for signals in puts():
            store.put_samples(signals)
        before = answers(store)
        for signals in puts()[50:]:
            store.put_samples(signals)
        assert answers(store) == before


def test_readers_go_on_meanwhile(open_store: OpenStore) -> None:
    """Each reader sees all that was put before it asked, while pieces come, are merged and go."""
    puts = 150
    done = threading.Event()
    put: list[int] = [0]
    wrong: list[str] = []

    def read() -> None:
        with open_store() as store:
            while not done.is_set():
                least = put[0]
                try:
                    rows = store.samples("country", "KP", 0, 60 * puts).to_pylist()
                except Exception as error:  # whatever it is, the test must hear of it
                    wrong.append(repr(error))
                    return
                units = [row["units"] for row in rows if row["quality"] == "known"]
                if len(units) < least or units != list(range(len(units))):
                    wrong.append(f"{least} were put: {units}")

    readers = [threading.Thread(target=read) for _ in range(3)]
    with open_store() as store:
        for thread in readers:
            thread.start()
        for i in range(puts):
            store.put_samples([Signal(KP, [60 * i], [i], 60 * i + 60)])
            put[0] = i + 1
        done.set()
    for thread in readers:
        thread.join(30)
    assert wrong == []


def test_one_program_alone_merges(open_store: OpenStore) -> None:
    with open_store() as store, open_store() as other:
        assert isinstance(other, CataloguedStore)
        with other._catalogue.alone(merging.ALONE) as alone:
            assert alone
            for i in range(40):
                store.put_samples([Signal(KP, [10 * i], [i], 10 * i + 10)], {})
            assert store.merge_samples() == 0
            before = answers(store)
        assert store.merge_samples() > 30
        assert answers(store) == before
        assert store.leases() == []
