"""What is asked wrongly, too much of, or with bad intent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from web_store import KP_ID

from nightside.web.app import create_app
from nightside.web.limits import Buckets, Limits, client_of

API = "/api/1"


def check_error(answer: Any, status: int) -> dict[str, str]:
    assert answer.status_code == status, answer.text
    error: dict[str, str] = answer.json()["error"]
    assert set(error) == {"what", "where", "advice"}
    assert error["what"]
    return error


@pytest.mark.parametrize(
    "path",
    [
        "/incidents?limit=0",
        "/incidents?limit=100000",
        "/incidents?limit=x",
        "/incidents?severity=awful",
        "/incidents?from=yesterday",
        "/incidents?from=2014-13-45",
        "/incidents?from=2014-12-23&to=2014-12-22",
        "/incidents?from=1900-01-01",
        "/incidents?from=9999-12-31T23:59-23:59",
        "/incidents?cursor=AAAA",
        "/incidents?cursor=%FF",
        "/incidents?cursor=WzEsMiwzLDRd",
        "/incidents?colour=red",
        "/incidents?limit=1&limit=2",
        "/incidents?code=' OR 1=1",
        "/incidents/KP",
        f"/incidents/{KP_ID}/revisions/0",
        f"/incidents/{KP_ID}/revisions/99999999999999999999999",
        f"/incidents/{KP_ID}/series?format=xlsx",
        "/signals/planet/KP",
        "/signals/country/%00",
        "/signals/country/KP?resolution=second",
        "/entities?cursor=country/NOWHERE",
        "/entities?q=",
        "/map?frames=0",
        "/map?frames=401",
        "/map?from=2014-12-22T00:00:00Z&to=2014-12-22T00:00:00Z",
        "/world?x=1",
        "/events?after=-1",
    ],
)
def test_wrong_words_are_400(client: TestClient, path: str) -> None:
    check_error(client.get(API + path), 400)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/incidents/..%2f..%2fetc%2fpasswd",
        "/incidents/KP-19000101T0000Z",
        "/incidents/KP-19000101T0000Z/series",
        "/incidents/KP-19000101T0000Z/revisions",
        f"/incidents/{KP_ID}/revisions/7",
        "/entities/country/ZZ",
        "/signals/asn/4294967295",
        "/signals/view/rrc99",
    ],
)
def test_what_is_not_there_is_404(client: TestClient, path: str) -> None:
    check_error(client.get(API + path), 404)


@pytest.mark.parametrize(
    "path",
    [
        "/signals/country/KP?from=1970-01-01&to=2199-01-01",
        "/signals/country/KP?from=1970-01-01&to=2199-01-01&resolution=hour",
        "/view?from=2000-01-01&to=2014-01-01",
        "/map?from=2000-01-01&to=2014-01-01",
    ],
)
def test_huge_ranges_are_413(client: TestClient, path: str) -> None:
    assert "shorter" in check_error(client.get(API + path), 413)["advice"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_it_is_for_reading_only(client: TestClient, method: str) -> None:
    check_error(client.request(method, f"{API}/incidents"), 405)
    check_error(client.request(method, f"{API}/incidents/{KP_ID}"), 405)


def test_a_misspelt_filter_is_told_what_there_is(client: TestClient) -> None:
    error = check_error(client.get(f"{API}/incidents?serverity=total"), 400)
    assert error["where"] == "serverity"
    assert "severity" in error["advice"]


@pytest.mark.parametrize("host", ["[", "a b", "<script>", "x" * 300, "evil.example/%0d%0a"])
def test_a_hostile_host_is_no_error_of_ours(client: TestClient, host: str) -> None:
    assert client.get(f"{API}/incidents", headers={"Host": host}).status_code == 200
    assert client.get(f"{API}/nothing", headers={"Host": host}).status_code == 404


def test_hostile_names_are_data(client: TestClient) -> None:
    answer = client.get(f"{API}/entities/country/XK")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["entity"]["name"] == "<script>alert(1)</script>\"'&"


def test_who_asks_too_often_is_429_and_may_come_back(web_store: Path) -> None:
    limits = Limits(requests_per_s=0.001, burst=3)
    with TestClient(create_app(web_store, limits)) as client:
        codes = [client.get(f"{API}/incidents").status_code for _ in range(5)]
        assert codes == [200, 200, 200, 429, 429]
        answer = client.get(f"{API}/incidents")
        check_error(answer, 429)
        assert int(answer.headers["retry-after"]) >= 1


def test_a_bucket_fills_again() -> None:
    buckets = Buckets(Limits(requests_per_s=2, burst=2))
    assert [buckets.take("a", 0.0) for _ in range(3)] == [True, True, False]
    assert buckets.take("b", 0.0)
    assert [buckets.take("a", 0.4), buckets.take("a", 0.6), buckets.take("a", 0.7)] == [False, True, False]
    assert [buckets.take("a", 1e6) for _ in range(3)] == [True, True, False]


def test_only_so_many_addresses_are_remembered() -> None:
    buckets = Buckets(Limits(requests_per_s=0.0, burst=1, clients=2))
    assert all(buckets.take(name, 0.0) for name in "abc")
    assert buckets.take("a", 0.0)  # forgotten
    assert not buckets.take("c", 0.0)


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_client_is_an_address_or_all_of_a_network(host: str, client: str) -> None:
    assert client_of({"type": "http", "client": (host, 1)}) == client
