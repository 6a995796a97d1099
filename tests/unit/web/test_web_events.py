"""What is stored while the server runs is told, and stands in the lists without a restart."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
from web_server import served
from web_store import DAY_S, KP, KP_ID, ONSET, STAR, SY, T, fill, finding

from nightside.model.signal import Signal
from nightside.model.state import Change
from nightside.store.location import open_store
from nightside.web import memory, news
from nightside.web.errors import BusyError, TooManyError
from nightside.web.limits import Limits
from nightside.web.memory import Memory
from nightside.web.news import News

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


def test_a_silent_line_shows_life_and_who_listens_is_counted(
    own_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(news, "ALIVE_EVERY", 2)
    with (
        served(own_store) as address,
        httpx2.Client(base_url=address, timeout=WAIT_S) as client,
        client.stream("GET", f"{API}/events") as stream,
    ):
        lines = (line for line in stream.iter_lines() if line)
        assert [next(lines) for _ in range(4)] == [": listening", ": alive", ": alive", ": alive"]
        assert "\nnightside_listeners 1.0\n" in client.get("/metrics").text


def a_change(number: int) -> Change:
    return Change(number, "incident", f"KP-2014122{number}T0000Z", 1)


def test_all_who_listen_hear_the_same_bytes() -> None:
    async def hear() -> list[list[tuple[tuple[int, bytes], ...]]]:
        told = News(Limits(streams=500, streams_per_client=500))
        with ExitStack() as stack:
            listeners = [stack.enter_context(told.listening("1.2.3.4")) for _ in range(500)]
            with pytest.raises(TooManyError):
                told.require_room("1.2.3.4")
            with pytest.raises(BusyError):
                told.require_room("1.2.3.5")
            for number in range(1, 4):
                told.tell([a_change(number)])
            return [[await anext(batches) for _ in range(3)] for batches in listeners]

    heard = asyncio.run(hear())
    assert len(heard) == 500
    assert all(own == heard[0] for own in heard)
    assert [number for batch in heard[0] for number, _ in batch] == [1, 2, 3]
    # Made once, however many listen.
    assert all(own[0] is heard[0][0] for own in heard)


def test_who_reads_too_slowly_is_sent_away_and_costs_nobody_else() -> None:
    async def fall_behind() -> tuple[int, int]:
        told = News(Limits())
        with told.listening("slow") as slow, told.listening("quick") as quick:
            for number in range(1, news.MOST_WAITING + 2):
                told.tell([a_change(number)])
                assert (await anext(quick))[0][0] == number
            remaining = [batch async for batch in slow]
            return len(remaining), told.listeners

    read, left = asyncio.run(fall_behind())
    # One was dropped for the end.
    assert (read, left) == (news.MOST_WAITING - 1, 1)


def test_turns_are_spread_and_nobody_waits_longer_than_a_round() -> None:
    async def one_round() -> list[int]:
        told = News(Limits(streams=100, streams_per_client=100))
        with ExitStack() as stack:
            for _ in range(3 * news.ALIVE_EVERY):
                stack.enter_context(told.listening("1.2.3.4"))
            each = []
            for _ in range(news.ALIVE_EVERY):
                before = sum(not one.waiting.empty() for one in told._listeners)
                told.show_life()
                each.append(sum(not one.waiting.empty() for one in told._listeners) - before)
            return each

    assert asyncio.run(one_round()) == [3] * news.ALIVE_EVERY


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
