"""Atom by RFC 4287 and JSON Feed by its version 1.1, read as readers read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from nightside.publish.feeds import atom, json_feed
from nightside.store.summary import summary_of

Told = dict[str, Any]
BASE = "https://example.org"
A = "{http://www.w3.org/2005/Atom}"


def texts(element: ElementTree.Element, tag: str) -> list[str | None]:
    return [found.text for found in element.findall(A + tag)]


def hrefs(element: ElementTree.Element, rel: str) -> list[str]:
    return [link.attrib["href"] for link in element.findall(A + "link") if link.attrib["rel"] == rel]


def test_atom_has_what_the_rfc_asks_for(told: Callable[..., Told]) -> None:
    feed = ElementTree.fromstring(atom([told()], base_url=BASE, country="KP", severity="severe"))
    assert feed.tag == A + "feed"
    for element in (feed, *feed.findall(A + "entry")):
        for tag in ("id", "title", "updated"):
            (text,) = texts(element, tag)
            assert text
        assert datetime.fromisoformat(str(texts(element, "updated")[0])).tzinfo is not None
    assert feed.find(f"{A}author/{A}name") is not None
    assert hrefs(feed, "self") == [f"{BASE}/feeds/incidents.atom?country=KP&severity=severe"]
    assert texts(feed, "id") == hrefs(feed, "self")
    (entry,) = feed.findall(A + "entry")
    assert texts(entry, "id") == [f"{BASE}/incidents/KP-20141221T0310Z"]
    assert hrefs(entry, "alternate") == [f"{BASE}/incidents/KP-20141221T0310Z/revisions/1"]
    assert texts(entry, "updated") == ["2014-12-23T16:12:40Z"]
    assert "16:15 UTC on 22 December 2014" in str(texts(entry, "summary")[0])
    assert {c.attrib["term"] for c in entry.findall(A + "category")} == {"KP", "total", "closed"}


def test_a_correction_keeps_the_id(told: Callable[..., Told]) -> None:
    later = told()
    later["revision"] = 2
    one, two = (ElementTree.fromstring(atom([i], base_url=BASE)) for i in (told(), later))
    assert texts(one.find(A + "entry"), "id") == texts(two.find(A + "entry"), "id")  # type: ignore[arg-type]
    assert ElementTree.tostring(one) != ElementTree.tostring(two)


def test_no_news_is_a_feed_too() -> None:
    feed = ElementTree.fromstring(atom([], base_url=BASE))
    assert texts(feed, "updated") == ["1970-01-01T00:00:00Z"]
    assert json.loads(json_feed([], base_url=BASE))["items"] == []


def test_json_feed(told: Callable[..., Told]) -> None:
    feed = json.loads(json_feed([told()], base_url=BASE, country="KP"))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == f"{BASE}/feeds/incidents.json?country=KP"
    (item,) = feed["items"]
    assert item["id"] == f"{BASE}/incidents/KP-20141221T0310Z"
    assert "9-hour 31-minute" in item["title"]
    assert item["content_text"]
    assert item["date_published"] <= item["date_modified"]
    assert all(key.startswith("_") or key in KNOWN for key in item)


KNOWN = {
    "id", "url", "external_url", "title", "content_html", "content_text", "summary", "image", "banner_image",
    "date_published", "date_modified", "authors", "tags", "language", "attachments",
}  # fmt: skip


def test_a_summary_will_do(told: Callable[..., Told]) -> None:
    short = summary_of(told())
    assert "2014-12-22T16:15:00Z" in json_feed([short], base_url=BASE)
    assert "16:15 UTC" in atom([short], base_url=BASE)


@pytest.mark.parametrize(
    "evil", ["</title><script>x</script>", "]]>", "&amp;<b>", "a\x00b\x0b￾", "\ud800", "﷐\U0001ffff"]
)
def test_any_name_is_only_words(told: Callable[..., Told], evil: str) -> None:
    incident = told()
    incident["entity"]["name"] = evil
    text = atom([incident], base_url=BASE)
    feed = ElementTree.fromstring(text.encode())
    allowed = {"feed", "id", "title", "updated", "published", "link", "author", "name", "generator", "entry"}
    assert {e.tag.removeprefix(A) for e in feed.iter()} == allowed | {"category", "summary"}
    assert len(json.loads(json_feed([incident], base_url=BASE).encode())["items"]) == 1


def test_the_same_bytes(told: Callable[..., Told]) -> None:
    for write in (atom, json_feed):
        assert write([told()], base_url=BASE) == write([told()], base_url=BASE)
