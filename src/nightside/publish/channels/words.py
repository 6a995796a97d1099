"""What people read: a title, the post, the link to the incident's page; of several messages one text.

A record is {"told": nightside.message/1, "text": its post, "short": the same where all has to be short}.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from nightside.model.channel import Channel
from nightside.model.instants import parse_iso
from nightside.publish.channels import phrases
from nightside.publish.channels.phrases import TEST_TITLE as TEST_TITLE
from nightside.publish.headlines import as_name
from nightside.publish.literal import one_line
from nightside.publish.moments import Clock, short_instant
from nightside.publish.phrases import choose
from nightside.publish.posts import LONGEST, post

Json = dict[str, Any]
WHOLE = 10
"""Of so many messages at most each is told whole; of more by a line each."""


def record_of(told: Json, incident: Json, base_url: str | None) -> Json:
    """What is kept of a message until it is sent, its words as of now."""
    address = link(told, base_url)
    text = post(told, incident)
    room = LONGEST - len(address) - 1 if address else LONGEST
    return {"told": told, "text": text, "short": text if len(text) <= room else post(told, incident, room)}


def link(told: Json, base_url: str | None) -> str:
    """The page of the incident; empty where there are none, and where it is not stored."""
    if base_url is None or not told["incident"]["stored"]:
        return ""
    return f"{base_url}/incidents/{quote(told['incident']['id'], safe='')}"


def title(told: Json) -> str:
    """What it is, in a few words."""
    forms = phrases.TITLE[told["kind"]]
    if told["kind"] == "corrected" and told["end"] is None:
        forms = phrases.CORRECTED_OPEN
    short = forms[told["severity"]].format(name=name_of(told))
    return phrases.RECONSTRUCTION.format(title=short) if told["reconstruction"] else short


def name_of(told: Json) -> str:
    """Whom it is about."""
    entity = told["entity"]
    if entity["type"] == "asn":
        return as_name(entity["code"], entity["name"])
    return one_line(entity["name"] or entity["code"])


def for_people(channel: Channel, records: Sequence[Json], held_until: int | None) -> bytes:
    """{"title", "body"} of what is sent as one; `held_until` is the end of the quiet hours that held it back."""
    told = records[0]["told"]
    if len(records) == 1 and held_until is None:
        return said("" if channel.short else title(told), _whole(channel, records[0]))
    count = f"{len(records):,}"
    if held_until is None:
        head = choose(phrases.GROUP[told["kind"]], len(records)).format(count=count)
    else:
        zone = ZoneInfo(channel.quiet.zone if channel.quiet else "UTC")
        end = datetime.fromtimestamp(held_until, zone)
        when = end.strftime(phrases.END.format(day=end.day))
        head = choose(phrases.HELD, len(records)).format(count=count, end=when)
    if any(one["told"]["reconstruction"] for one in records):
        head = phrases.RECONSTRUCTION.format(title=head)
    if channel.short:
        return said("", _among(head, [name_of(one["told"]) for one in records]))
    if len(records) <= WHOLE:
        return said(head, "\n\n".join(_whole(channel, one) for one in records))
    return said(head, "\n".join(_in_a_line(one["told"]) for one in records))


def for_test(name: str, at: int) -> str:
    """That it is a test."""
    return phrases.TEST.format(name=name, at=short_instant(Clock(None, ""), at))


def said(title: str, body: str) -> bytes:
    """What a sender of text is given."""
    return json.dumps({"title": title, "body": body}, ensure_ascii=False).encode()


def _whole(channel: Channel, record: Json) -> str:
    address = link(record["told"], channel.base_url)
    text = record["short"] if channel.short else record["text"]
    return f"{text}\n{address}" if address else text


def _in_a_line(told: Json) -> str:
    at = short_instant(Clock(None, ""), parse_iso(told["end"] or told["onset"]))
    return phrases.GROUP_LINE.format(title=title(told), at=at)


def _among(head: str, names: Sequence[str]) -> str:
    """The head with as many names as there is room for."""
    names = list(dict.fromkeys(names))
    text = phrases.AMONG.format(group=head, names=", ".join(names))
    kept = list(names)
    while len(text) > LONGEST and len(kept) > 1:
        kept.pop()
        more = f"{len(names) - len(kept):,}"
        text = phrases.AMONG_MORE.format(group=head, names=", ".join(kept), more=more)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
