"""What is stored while the server runs is told, and stands in the lists without a restart."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from web_server import served
from web_store import DAY_S, KP, KP_ID, ONSET, STAR, SY, T, fill, finding

from nightside.model.signal import Signal
from nightside.store.location import open_store
from nightside.web import memory
from nightside.web.limits import Limits
from nightside.web.memory import Memory

API = "/api/1"
WAIT_S = 10


@pytest.fixture
def own_store(tmp_path: Path) -> Path:
    """A store that may be written."""
    fill(tmp_path / "store")
    return tmp_path / "store"


def events(answer: httpx2.Response) -> Iterator[tuple[str, str, Any]]:
    """(event, id, data) of a stream."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield fields["event"], fields["id"], json.loads(fields["data"])
            fields = {}


def test_what_is_stored_is_told_and_listed(own_store: Path) -> None:
    with served(own_store) as address, httpx2.Client(base_url=address, timeout=WAIT_S) as client:
        before = client.get(f"{API}/incidents").json()["items"]
        with client.stream("GET", f"{API}/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert "default-src 'self'" in stream.headers["content-security-policy"]
            assert "content-encoding" not in stream.headers
            told = events(stream)

            def write() -> None:
                with open_store(own_store) as store:
                    store.put_incident(*finding(STAR, T + 2 * DAY_S + 30, None))
                    store.put_samples([Signal(SY, [T + 3 * DAY_S], [7], T + 4 * DAY_S)], {})

            writer = threading.Timer(0.3, write)
            writer.start()
            first, second = next(told), next(told)
            writer.join()
        assert (first[0], first[2]) == ("incident", {"id": "AS131279-20141224T0000Z", "revision": 1})
        assert (second[0], second[2]) == ("samples", {})
        assert int(second[1]) > int(first[1])
        # Memory was brought up to date before anybody was told.
        after = client.get(f"{API}/incidents").json()["items"]
        assert {i["id"] for i in after} - {i["id"] for i in before} == {"AS131279-20141224T0000Z"}
        assert client.get(f"{API}/entities/country/SY").json()["units"] == 7


def test_who_was_away_is_told_what_was_missed(own_store: Path) -> None:
    with served(own_store) as address, httpx2.Client(base_url=address, timeout=WAIT_S) as client:
        with client.stream("GET", f"{API}/events?after=0") as stream:
            told = events(stream)
            first = [next(told) for _ in range(9)]
        assert (KP_ID, 2) in [(data.get("id"), data.get("revision")) for _, _, data in first]
        assert (KP_ID, 1) not in [(data.get("id"), data.get("revision")) for _, _, data in first]
        last_but_one = first[-2][1]
        with client.stream("GET", f"{API}/events", headers={"Last-Event-ID": last_but_one}) as stream:
            assert next(events(stream)) == first[-1]


def test_only_so_many_streams(own_store: Path) -> None:
    limits = Limits(streams_per_client=2)
    with served(own_store, limits) as address, httpx2.Client(base_url=address, timeout=WAIT_S) as client:
        with client.stream("GET", f"{API}/events") as one, client.stream("GET", f"{API}/events") as two:
            assert (one.status_code, two.status_code) == (200, 200)
            refused = client.get(f"{API}/events")
            assert refused.status_code == 429
            assert refused.json()["error"]["what"]
        # Whoever has gone makes room.
        deadline = time.monotonic() + WAIT_S
        while True:
            with client.stream("GET", f"{API}/events") as again:
                if again.status_code == 200:
                    break
            assert time.monotonic() < deadline
            time.sleep(0.05)


def same_as_anew(own: Memory, store: Any) -> None:
    anew = Memory()
    anew.refresh(store)
    assert own.latest.number == anew.latest.number
    assert own.latest.entities == anew.latest.entities
    assert own.latest.shorts == anew.latest.shorts
    assert own.latest.complete == anew.latest.complete


def test_memory_that_reads_on_is_memory_read_anew(own_store: Path) -> None:
    own = Memory()
    with open_store(own_store) as store:
        assert own.refresh(store) == []
        assert own.refresh(store) == []
        # A new one, one that is revised, and one that joins two which were apart.
        store.put_incident(*finding(KP, T + DAY_S * 2 + 50, T + DAY_S * 2 + 90))
        assert [c.kind for c in own.refresh(store)] == ["incident"]
        same_as_anew(own, store)
        store.put_incident(*finding(KP, ONSET, ONSET + 5 * DAY_S))
        own.refresh(store)
        same_as_anew(own, store)
        assert sum(s.place[2] == "KP" for s in own.latest.shorts) == 2
        store.put_samples([Signal(KP, [T + 3 * DAY_S], [1], T + 4 * DAY_S)], {})
        own.refresh(store)
        same_as_anew(own, store)
        assert own.latest.entities["country", "KP"].units == 1


@pytest.mark.parametrize(("most_incidents", "most_changes"), [(5, 500), (8, 500), (5, 1), (1000, 1)])
def test_so_it_is_where_not_all_is_kept(
    own_store: Path, monkeypatch: pytest.MonkeyPatch, most_incidents: int, most_changes: int
) -> None:
    monkeypatch.setattr(memory, "MOST_INCIDENTS", most_incidents)
    monkeypatch.setattr(memory, "MOST_CHANGES", most_changes)
    own = Memory()
    with open_store(own_store) as store:
        own.refresh(store)
        for finding_ in (
            finding(SY, T + 2 * DAY_S + 86_000, None),
            finding(SY, T - 300 * DAY_S, T - 299 * DAY_S),
            finding(STAR, T + 50, T + 70),
        ):
            store.put_incident(*finding_)
            own.refresh(store)
            same_as_anew(own, store)


def test_another_store_in_the_same_place_is_read_anew(own_store: Path, tmp_path: Path) -> None:
    own = Memory()
    with open_store(own_store) as store:
        own.refresh(store)
    with open_store(tmp_path / "other") as other:
        other.put_incident(*finding(KP, T, None))
        own.refresh(other)
        same_as_anew(own, other)
