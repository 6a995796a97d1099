"""Incidents as feeds: Atom (RFC 4287) and JSON Feed 1.1 (jsonfeed.org/version/1.1).

Input are incidents (`nightside.incident/1`) or their summaries (`nightside.incident-summary/1`), in the order
the feed is to have; a summary does not say how many networks were gone, whose they are, nor whose data. The same
input gives the same bytes: an entry's time is the newest instant that its incident tells, never the time of day.
So a correction may leave an entry's time as it is; its text says the revision, and its link is the revision's.
The program's standard library writes the XML: the one library for feeds that writes Atom had its last release
in 2023.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from nightside.publish import attribution, chapters
from nightside.publish import report_phrases as words
from nightside.publish.headlines import headline, sentence
from nightside.publish.literal import one_line
from nightside.publish.reading import Json

ATOM = "http://www.w3.org/2005/Atom"
JSON_FEED = "https://jsonfeed.org/version/1.1"
NEVER = "1970-01-01T00:00:00Z"
"""The time of a feed in which nothing has happened: Atom asks for one."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (2.2) cannot hold even as a reference."""


def atom(
    incidents: Sequence[Json], *, base_url: str, country: str | None = None, severity: str | None = None
) -> str:
    """The feed as Atom. `base_url` is scheme and host, no slash at the end; the filters are named in the title."""
    root = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": "en"})
    own = f"{base_url}/feeds/incidents.atom{_query(country, severity)}"
    _add(root, "id", own)
    _add(root, "title", title_of(country, severity))
    _add(root, "updated", max((newest_of(i) for i in incidents), default=NEVER))
    ElementTree.SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": own})
    ElementTree.SubElement(
        root, "link", {"rel": "alternate", "type": "text/html", "href": f"{base_url}/incidents"}
    )
    _add(ElementTree.SubElement(root, "author"), "name", words.HOUSE)
    _add(root, "generator", words.HOUSE)
    for incident in incidents:
        _entry(root, filled(incident), base_url)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def json_feed(
    incidents: Sequence[Json], *, base_url: str, country: str | None = None, severity: str | None = None
) -> str:
    """The feed as JSON Feed. `_nightside` holds what a program wants to know without reading words."""
    feed: dict[str, Any] = {
        "version": JSON_FEED,
        "title": title_of(country, severity),
        "home_page_url": f"{base_url}/incidents",
        "feed_url": f"{base_url}/feeds/incidents.json{_query(country, severity)}",
        "description": words.MOTTO,
        "language": "en",
        "authors": [{"name": words.HOUSE, "url": f"{base_url}/"}],
        "items": [_item(filled(incident), base_url) for incident in incidents],
    }
    return json.dumps(feed, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def filled(incident: Json) -> Json:
    """A summary with the lists it leaves out, empty, so that the words can be asked of it."""
    source = {"inputs": [], **incident["provenance"]}
    return {"networks": [], "operators": [], "settings": {}, **incident, "provenance": source}


def _entry(root: ElementTree.Element, incident: Json, base_url: str) -> None:
    entry = ElementTree.SubElement(root, "entry")
    _add(entry, "id", _address(incident, base_url))
    _add(entry, "title", headline(incident))
    _add(entry, "updated", newest_of(incident))
    _add(entry, "published", str(incident["began"]))
    ElementTree.SubElement(
        entry, "link", {"rel": "alternate", "type": "text/html", "href": revision_of(incident, base_url)}
    )
    for term in _tags(incident):
        ElementTree.SubElement(entry, "category", {"term": _xml(term)})
    _add(entry, "summary", text_of(incident))


def _item(incident: Json, base_url: str) -> dict[str, Any]:
    return {
        "id": _address(incident, base_url),
        "url": revision_of(incident, base_url),
        "title": headline(incident),
        "content_text": text_of(incident),
        "date_published": incident["began"],
        "date_modified": newest_of(incident),
        "tags": _tags(incident),
        "_nightside": {
            "about": f"{base_url}/about",
            "id": incident["id"],
            "revision": incident["revision"],
            "entity": incident["entity"] | {"name": one_line(incident["entity"]["name"] or "")},
            "severity": incident["severity"],
            "status": incident["status"],
            "onset": incident["onset"],
            "end": incident["end"],
            "duration_s": incident["duration_s"],
            "reconstruction": incident["provenance"]["reconstruction"],
        },
    }


def text_of(incident: Json) -> str:
    """What an entry says of an incident that is `filled`."""
    revision = words.REVISION.format(revision=incident["revision"])
    return " ".join(
        part
        for part in (
            sentence(incident),
            chapters.operators(incident),
            attribution.data_line(incident),
            chapters.snapshot(incident),
            f"{revision}.",
        )
        if part
    )


def _tags(incident: Json) -> list[str]:
    entity = incident["entity"]
    code = f"AS{entity['code']}" if entity["type"] == "asn" else str(entity["code"])
    return [one_line(code), incident["severity"], incident["status"]]


def newest_of(incident: Json) -> str:
    """The newest instant the incident tells; ISO texts in UTC sort as their times do."""
    return max(str(incident[key]) for key in ("began", "onset", "end", "ended") if incident[key] is not None)


def _address(incident: Json, base_url: str) -> str:
    return f"{base_url}/incidents/{quote(str(incident['id']), safe='')}"


def revision_of(incident: Json, base_url: str) -> str:
    """Where the revision is shown."""
    return f"{_address(incident, base_url)}/revisions/{int(incident['revision'])}"


def _query(country: str | None, severity: str | None) -> str:
    asked = {k: v for k, v in (("country", country), ("severity", severity)) if v}
    return f"?{urlencode(asked)}" if asked else ""


def title_of(country: str | None, severity: str | None) -> str:
    """The feed's title, which names what narrows it."""
    what = ", ".join(one_line(part) for part in (country, severity) if part)
    return words.FEED_TITLE_OF.format(what=what) if what else words.FEED_TITLE


def _add(parent: ElementTree.Element, tag: str, text: str) -> None:
    ElementTree.SubElement(parent, tag).text = _xml(text)


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
