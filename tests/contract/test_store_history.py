"""What every store must do with revisions, messages and the numbers of changes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from threading import Barrier, Thread
from typing import Any

import pytest

from nightside.model.entity import Entity
from nightside.model.signal import Signal
from nightside.model.state import Change
from nightside.store.protocol import Store

T0 = 1_419_131_400
HOUR = 3600
KP = Entity("country", "KP", "North Korea")
ID = "KP-20141221T0310Z"

Make = Callable[..., Any]
OpenStore = Callable[[], AbstractContextManager[Store]]


def message(kind: str) -> dict[str, Any]:
    return {"key": f"k/{kind}", "kind": kind, "at": "2014-12-21T03:10:00Z", "severity": "total", "end": None}


def test_every_revision_can_be_read_for_good(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        put = [store.put_incident(*make_finding(T0, T0 + HOUR, version=v)) for v in ("1", "2", "2", "3")]
        other = store.put_incident(*make_finding(T0 + 9 * HOUR, T0 + 10 * HOUR))
    with open_store() as store:
        assert store.revisions(ID) == [1, 2, 3]
        assert [store.revision(ID, n) for n in (1, 2, 3)] == [put[0], put[1], put[3]]
        assert store.revisions(other["id"]) == [1]


@pytest.mark.parametrize(("id", "number"), [(ID, 0), (ID, 2), (ID, -1), (ID, 10**30), ("KP", 1), ("", 1)])
def test_a_revision_that_is_not_there(
    open_store: OpenStore, make_finding: Make, id: str, number: int
) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T0, T0 + HOUR))
        assert store.revision(id, number) is None
        assert store.revisions("KP") == []


def test_messages_come_back_in_the_order_of_sending(open_store: OpenStore, make_finding: Make) -> None:
    told = [message(kind) for kind in ("opened", "worsened", "restored", "digest")]
    with open_store() as store:
        store.put_incident(*make_finding(T0, T0 + HOUR))
        assert store.messages(ID) == []
        store.put_messages(ID, told)
        assert store.messages(ID) == told
        store.put_incident(*make_finding(T0, T0 + HOUR, version="2"))
        assert store.messages(ID) == told
        store.put_messages(ID, told[:2])
    with open_store() as store:
        assert store.messages(ID) == told[:2]
        assert store.messages("SY") == []
        with pytest.raises(LookupError):
            store.put_messages("SY", told)


def test_what_changes_has_a_number_and_what_does_not_has_none(
    open_store: OpenStore, make_finding: Make
) -> None:
    signal = Signal(KP, [0], [4], 10)
    with open_store() as store, open_store() as reader:
        assert (store.last_change(), store.changes(0, 10)) == (0, [])
        store.put_incident(*make_finding(T0, T0 + HOUR))
        store.put_messages(ID, [message("opened")])
        store.put_samples([signal])
        store.put_incident(*make_finding(T0, T0 + HOUR, version="2"))
        last = reader.last_change()
        found = reader.changes(0, 10)
        assert [(c.kind, c.id, c.revision) for c in found] == [
            ("incident", ID, 1),
            ("incident", ID, 1),
            ("samples", None, None),
            ("incident", ID, 2),
        ]
        assert last == found[-1].number
        # The same again.
        store.put_incident(*make_finding(T0, T0 + HOUR, version="2"))
        store.put_messages(ID, [message("opened")])
        store.put_samples([signal])
        store.put_samples([])
        assert reader.last_change() == last
        assert reader.changes(last, 10) == []


def test_a_series_that_grows_is_a_change(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T0, None, seen_until=T0 + HOUR))
        before = store.last_change()
        store.put_incident(*make_finding(T0, None, seen_until=T0 + 2 * HOUR))
        assert [(c.id, c.revision) for c in store.changes(before, 10)] == [(ID, 1)]


def test_a_merged_incident_is_a_change(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T0, T0 + HOUR))
        store.put_incident(*make_finding(T0 + 2 * HOUR, T0 + 3 * HOUR))
        before = store.last_change()
        store.put_incident(*make_finding(T0, T0 + 3 * HOUR))
        changed = {(c.id, c.revision) for c in store.changes(before, 10)}
    assert changed == {(ID, 2), ("KP-20141221T0510Z", 2)}


def test_changes_can_be_read_bit_by_bit(open_store: OpenStore) -> None:
    with open_store() as store:
        for i in range(7):
            store.put_samples([Signal(KP, [i], [i], i + 1)])
        found: list[Change] = []
        while some := store.changes(found[-1].number if found else 0, 3):
            assert len(some) <= 3
            found += some
        assert store.changes(10**30, 3) == []
    assert len(found) == 7
    assert [c.number for c in found] == sorted({c.number for c in found})


def test_what_was_refused_is_no_change(open_store: OpenStore, make_finding: Make) -> None:
    incident, series = make_finding(T0, T0 + HOUR)
    with open_store() as store:
        with pytest.raises(ValueError, match="JSON"):
            store.put_incident(replace(incident, settings={"total_at": float("nan")}), series)
        with pytest.raises(ValueError, match="backwards"):
            store.put_samples([Signal(KP, [2, 1], [4, 4], 10)])
        assert store.last_change() == 0


def test_one_object_serves_many_threads_while_one_writes(open_store: OpenStore, make_finding: Make) -> None:
    threads, rounds = 6, 15
    ready = Barrier(threads + 1)
    wrong: list[object] = []

    def read(store: Store) -> None:
        ready.wait()
        for _ in range(rounds):
            try:
                for incident in store.incidents(newest_first=True, limit=5):
                    if store.incident(incident["id"]) is None:
                        wrong.append(incident["id"])
                times = store.samples("country", "KP", 0, 1000)["time"].to_pylist()
                hours = store.rollup("country", "KP", 0, 1000).num_rows
                if times != sorted(times) or hours > 1 or len(store.entities()) > 1:
                    wrong.append((times, hours))
            except Exception as error:
                wrong.append(error)

    with open_store() as store:
        workers = [Thread(target=read, args=(store,)) for _ in range(threads)]
        for worker in workers:
            worker.start()
        ready.wait()
        for number in range(rounds):
            store.put_incident(*make_finding(T0 + 9000 * number, T0 + 9000 * number + HOUR))
            store.put_samples([Signal(KP, [10 * number], [number], 10 * number + 10)])
        for worker in workers:
            worker.join()
        assert wrong == []
        assert len(list(store.incidents())) == rounds
