"""Lists: filters, pages with cursors, and memory that says what the store says."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from web_store import DAY_S, KP_ID, ONSET, T

from nightside.model.instants import iso
from nightside.store.cursor import place_of
from nightside.store.location import open_store
from nightside.web import memory
from nightside.web.memory import Memory, Wanted, stored_page

API = "/api/1"


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def test_incidents_come_newest_first_and_short(client: TestClient) -> None:
    page = client.get(f"{API}/incidents").json()
    began = [item["began"] for item in page["items"]]
    assert began == sorted(began, reverse=True)
    assert len(began) == 8
    assert page["next"] is None
    for item in page["items"]:
        assert not {"networks", "operators", "settings"} & item.keys()
        assert "inputs" not in item["provenance"]
        assert item["provenance"]["reconstruction"] is True


def test_pages_add_up_to_the_whole(client: TestClient) -> None:
    whole = ids(client.get(f"{API}/incidents"))
    pages, cursor = [], None
    while True:
        answer = client.get(f"{API}/incidents", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))
        pages.append(ids(answer))
        cursor = answer.json()["next"]
        if cursor is None:
            break
    assert [len(p) for p in pages] == [3, 3, 2]
    assert [i for p in pages for i in p] == whole


def test_a_page_that_is_just_full_has_no_next(client: TestClient) -> None:
    assert client.get(f"{API}/incidents?limit=8").json()["next"] is None
    assert client.get(f"{API}/incidents?limit=7").json()["next"] is not None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("type=asn", 1),
        ("type=country", 7),
        ("code=kp", 2),
        ("code=131279", 1),
        ("code=AS131279", 1),
        ("severity=severe", 6),
        ("severity=total", 4),
        ("status=ongoing", 1),
        ("status=closed", 0),
        (f"to={iso(T)}", 3),
        (f"from={iso(T)}", 5),
        (f"from={iso(ONSET)}&to={iso(ONSET + 1)}", 2),
    ],
)
def test_filters(client: TestClient, query: str, count: int) -> None:
    assert len(ids(client.get(f"{API}/incidents?{query}"))) == count


def test_memory_and_store_give_the_same_pages(web_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = (None, T - 30 * DAY_S, T + 3600, T + 3601, ONSET)
    with open_store(web_store, read_only=True) as store:
        whole = Memory()
        whole.refresh(store)
        assert whole.latest.complete
        monkeypatch.setattr(memory, "MOST_INCIDENTS", 5)
        newest = Memory()
        newest.refresh(store)
        assert (len(newest.latest.shorts), newest.latest.complete) == (5, False)
        answered = 0
        for type_, severity, begin, end, limit in product(
            (None, "country"), (None, "instability", "total"), times, times, (1, 3, 50)
        ):
            wanted = Wanted(type_, None, begin, end, severity)  # type: ignore[arg-type]
            cursor = None
            for _ in range(9):
                expected = stored_page(store, wanted, cursor, limit)
                after = None if cursor is None else place_of(cursor)
                assert whole.latest.page(wanted, after, limit) == expected
                got = newest.latest.page(wanted, after, limit)
                assert got in (None, expected)
                answered += got is not None
                cursor = expected.next
                if cursor is None:
                    break
            else:
                pytest.fail("a list without end")
        assert answered > 50


def test_episodes_are_those_of_the_incidents(client: TestClient) -> None:
    items = client.get(f"{API}/episodes?code=KP").json()["items"]
    newest = items[0]
    assert (newest["incident"], newest["severity"], newest["duration_s"]) == (KP_ID, "total", 34_260)
    assert len(client.get(f"{API}/episodes").json()["items"]) == 7  # the instability has none
    assert {i["severity"] for i in client.get(f"{API}/episodes?severity=total").json()["items"]} == {"total"}


def test_entities_and_their_states(client: TestClient) -> None:
    page = client.get(f"{API}/entities").json()
    keys = [(i["entity"]["type"], i["entity"]["code"]) for i in page["items"]]
    assert keys == sorted(keys)
    assert len(keys) == 6
    syria = client.get(f"{API}/entities/country/sy").json()
    assert syria["entity"] == {"type": "country", "code": "SY", "name": "Syria"}
    assert (syria["units"], syria["baseline_units"], syria["share"], syria["quality"]) == (
        40,
        80,
        0.5,
        "known",
    )
    assert (syria["first"], syria["last"]) == (iso(T), iso(T + 3 * DAY_S))


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("type=country", ["KP", "SY", "XK"]),
        ("q=korea", ["KP"]),
        ("q=sy", ["SY"]),
        ("q=1312", ["131279"]),
        ("q=nobody", []),
        ("type=country&limit=2", ["KP", "SY"]),
        ("type=country&limit=2&cursor=country/SY", ["XK"]),
    ],
)
def test_finding_entities(client: TestClient, query: str, codes: list[str]) -> None:
    items = client.get(f"{API}/entities?{query}").json()["items"]
    assert [i["entity"]["code"] for i in items] == codes


def test_a_cursor_of_entities_leads_on(client: TestClient) -> None:
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{API}/entities?limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
        seen += [i["entity"]["code"] for i in page["items"]]
        cursor = page["next"]
    assert seen == ["131279", "KP", "SY", "XK", "all", "rrc00"]
