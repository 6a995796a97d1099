"""The newest incidents as feeds, by country and severity."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

ATOM = "{http://www.w3.org/2005/Atom}"


def test_atom_has_the_newest_first(client: TestClient) -> None:
    answer = client.get("/feeds/incidents.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    entries = ElementTree.fromstring(answer.content).findall(f"{ATOM}entry")
    listed = client.get("/api/1/incidents").json()["items"]
    assert len(entries) == len(listed) == 8
    links = [entry.find(f"{ATOM}link") for entry in entries]
    assert all(
        i["id"] in link.attrib["href"] for i, link in zip(listed, links, strict=True) if link is not None
    )


@pytest.mark.parametrize(
    ("query", "count"), [("", 8), ("country=kp", 2), ("country=KP&severity=total", 2), ("severity=severe", 6)]
)
def test_feeds_are_narrowed(client: TestClient, query: str, count: int) -> None:
    answer = client.get(f"/feeds/incidents.json?{query}")
    assert answer.headers["content-type"].startswith("application/feed+json")
    assert len(answer.json()["items"]) == count
    assert (
        len(
            ElementTree.fromstring(client.get(f"/feeds/incidents.atom?{query}").content).findall(
                f"{ATOM}entry"
            )
        )
        == count
    )


def test_addresses_in_a_feed_are_of_this_server(client: TestClient) -> None:
    feed = client.get("/feeds/incidents.json", headers={"Host": "night.example:8080"}).json()
    assert feed["feed_url"].startswith("http://night.example:8080/feeds/")


@pytest.mark.parametrize("query", ["country=ZZ", "country=Korea", "severity=bad", "colour=red"])
def test_wrong_words_are_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/feeds/incidents.atom?{query}").status_code == 400


@pytest.mark.parametrize("host", ["[", "a b", 'evil"><script>', "x" * 300])
def test_a_hostile_host_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/feeds/incidents.atom", headers={"Host": host}).status_code == 400


def test_a_feed_that_is_known_is_not_sent_again(client: TestClient) -> None:
    tag = client.get("/feeds/incidents.atom").headers["etag"]
    assert client.get("/feeds/incidents.atom", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("query", "count"), [("", 8), ("country=kp", 2), ("country=KP&severity=total", 2), ("severity=severe", 6)]
)
def test_the_calendar_has_the_same_incidents(client: TestClient, query: str, count: int) -> None:
    answer = client.get(f"/feeds/incidents.ics?{query}")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.text.count("BEGIN:VEVENT\r\n") == count
    ids = [i["_nightside"]["id"] for i in client.get(f"/feeds/incidents.json?{query}").json()["items"]]
    assert [line for line in answer.text.split("\r\n") if line.startswith("UID:")] == [
        f"UID:{i}@nightside" for i in ids
    ]


def test_the_calendar_is_linked_where_the_feed_is(client: TestClient) -> None:
    for page in ("/", "/incidents", "/about"):
        text = client.get(page).text
        assert ('href="/feeds/incidents.atom"' in text, 'href="/feeds/incidents.ics"' in text) == (True, True)
