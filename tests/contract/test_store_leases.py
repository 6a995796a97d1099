"""Leases in any store: one program does something alone, and who has lost that writes nothing more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pyarrow as pa
import pytest

from nightside.model.check import CheckResult
from nightside.model.entity import Entity
from nightside.model.errors import LeaseLostError
from nightside.model.lease import Lease
from nightside.model.signal import Signal
from nightside.model.token import Token
from nightside.store.protocol import Store

OpenStore = Callable[[], AbstractContextManager[Store]]
T0 = 1_419_131_400


def taken(store: Store, name: str, holder: str, for_s: float = 60) -> Lease:
    lease = store.take_lease(name, holder, for_s)
    assert lease is not None
    return lease


def test_one_alone_has_it(open_store: OpenStore) -> None:
    with open_store() as one, open_store() as two:
        lease = taken(one, "judge", "a")
        assert (lease.name, lease.holder, lease.number) == ("judge", "a", 1)
        assert abs(lease.until_s - time.time() - 60) < 30
        assert two.take_lease("judge", "b", 60) is None
        assert taken(two, "collector rrc00", "b").number == 1


def test_who_has_it_takes_it_again_under_its_number(open_store: OpenStore) -> None:
    with open_store() as store:
        first = taken(store, "judge", "a", 30)
        again = taken(store, "judge", "a", 300)
        assert again.number == first.number
        assert again.until_s > first.until_s + 200


def test_what_is_over_is_taken_by_the_next_under_the_next_number(open_store: OpenStore) -> None:
    with open_store() as store:
        taken(store, "judge", "a", 0.05)
        time.sleep(0.1)
        assert store.leases() == []
        assert taken(store, "judge", "b").number == 2
        assert store.take_lease("judge", "a", 60) is None


def test_what_is_over_and_nobodys_goes_on(open_store: OpenStore) -> None:
    with open_store() as store:
        late = taken(store, "judge", "a", 0.05)
        time.sleep(0.1)
        store.under(late).put_note("n", "late, but nobody else has done it")
        assert store.note("n") is not None
        assert taken(store, "judge", "a").number == late.number


def test_given_back_it_is_free_at_once(open_store: OpenStore) -> None:
    with open_store() as store:
        first = taken(store, "judge", "a")
        assert store.release_lease(first)
        assert store.leases() == []
        assert not store.release_lease(first)
        second = taken(store, "judge", "b")
        assert second.number == 2
        assert not store.release_lease(first)
        assert [lease.holder for lease in store.leases()] == ["b"]


def test_given_back_and_taken_anew_by_the_same_it_is_another(open_store: OpenStore) -> None:
    with open_store() as store:
        first = taken(store, "judge", "a")
        store.release_lease(first)
        assert taken(store, "judge", "a").number == 2
        with pytest.raises(LeaseLostError):
            store.under(first).put_note("n", "x")


def test_they_are_listed_by_name_and_as_far_as_asked(open_store: OpenStore) -> None:
    with open_store() as store:
        for name in ("collector rrc01", "judge", "collector rrc00", "collectors", "Collector x"):
            taken(store, name, "a")
        assert [lease.name for lease in store.leases("collector ")] == ["collector rrc00", "collector rrc01"]
        # As bytes are in order, whatever language the store's server speaks.
        assert [lease.name for lease in store.leases()] == [
            "Collector x",
            "collector rrc00",
            "collector rrc01",
            "collectors",
            "judge",
        ]
        assert store.leases("collector_") == []
        assert store.leases("%") == []


def writes(id: str) -> dict[str, Callable[[Store], Any]]:
    kp = Entity("country", "KP", "North Korea")
    result = CheckResult(
        1.5, "berlin", "KP", "news", "state media", "http", "", 4, None, "timed_out", "connect", None
    )
    return {
        "messages": lambda s: s.put_messages(id, [{"key": "k"}]),
        "close": lambda s: s.close_incident(id, "withdrawn"),
        "flips": lambda s: s.put_flips(id, pa.table({"time": pa.array([1])})),
        "samples": lambda s: s.put_samples([Signal(kp, [0], [4], 60)], {}),
        "results": lambda s: s.put_results([result]),
        "token": lambda s: s.put_token(Token("checks", "tokyo-1", b"\1" * 32, 7)),
        "acknowledgement": lambda s: s.put_acknowledgement(id, at=1, by="b", token="t", note=""),
        "note": lambda s: s.put_note("n", "x"),
    }


@pytest.mark.parametrize("what", writes(""))
def test_who_has_lost_it_writes_nothing(open_store: OpenStore, make_finding: Any, what: str) -> None:
    with open_store() as store:
        id = store.put_incident(*make_finding(T0, T0 + 600))["id"]
        lease = taken(store, "judge", "a", 0.05)
        held = store.under(lease)
        held.put_note("before", "held")
        time.sleep(0.1)
        taken(store, "judge", "b")
        before, told = store.last_change(), store.incident(id)
        with pytest.raises(LeaseLostError, match="b does this by now, a does not") as caught:
            writes(id)[what](held)
        assert "lease judge" in str(caught.value)
        assert store.last_change() == before
        assert store.incident(id) == told
        assert store.messages(id) == []
        assert store.flips(id) is None
        assert store.entities() == []
        assert store.result_countries() == []
        assert store.tokens() == []
        assert store.notes() == {"before": "held"}


def test_who_holds_it_reads_and_writes_as_ever(open_store: OpenStore, make_finding: Any) -> None:
    with open_store() as store:
        held = store.under(taken(store, "judge", "a"))
        for write in writes(held.put_incident(*make_finding(T0, T0 + 600))["id"]).values():
            write(held)
        assert [i["closed_as"] for i in held.incidents()] == ["withdrawn"]
        assert held.samples("country", "KP", 0, 60).num_rows == 1
        # It is the same store: closed with the other, not before.
        held.close()
        assert store.note("n") == "x"
        assert held.note("n") == "x"


def test_two_leases_are_both_needed(open_store: OpenStore) -> None:
    with open_store() as store:
        first, second = taken(store, "a", "me"), taken(store, "b", "me")
        both = store.under(first).under(second)
        both.put_note("n", "1")
        store.release_lease(first)
        with pytest.raises(LeaseLostError, match="me has given this back"):
            both.put_note("n", "2")
        store.under(second).put_note("n", "3")
        assert store.note("n") == "3"


def test_of_many_at_once_one_gets_it(open_store: OpenStore) -> None:
    found: list[Lease | None] = []
    with open_store() as store:

        def ask(holder: str) -> None:
            found.append(store.take_lease("judge", holder, 60))

        threads = [threading.Thread(target=ask, args=(f"p{i}",)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert [lease.number for lease in found if lease is not None] == [1]
        assert len(found) == 8


@pytest.mark.parametrize(("holder", "for_s"), [("", 9), ("a", 0), ("a", -1), ("a", float("nan"))])
def test_what_is_no_lease_is_refused(open_store: OpenStore, holder: str, for_s: float) -> None:
    with open_store() as store:
        with pytest.raises(ValueError, match="not a lease"):
            store.take_lease("judge", holder, for_s)
        assert store.leases() == []
