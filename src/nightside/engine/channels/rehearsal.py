"""What would be sent where, and why not: a channel's rules, quiet hours and groups, played over past messages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightside.engine.channels.composing import Composer
from nightside.engine.channels.planning import Note, plan
from nightside.engine.channels.routing import why_not
from nightside.engine.live.outlets import told_json
from nightside.model.channel import Channel
from nightside.model.instants import iso_or_none, parse_iso
from nightside.publish.channels.words import record_of
from nightside.store.protocol import Store

SCHEMA = "nightside.rehearsal/1"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One thing that a channel would have been sent, or a message that it would not."""

    channel: Channel
    told: tuple[Json, ...]
    """The messages in it, in the shape nightside.message/1."""
    at: int | None
    """When it would have been sent; None where not."""
    why_not: tuple[str, ...]
    held_until: int | None
    """The end of the quiet hours that held it back."""
    body: bytes | None

    def to_json(self) -> Json:
        """In the shape `nightside.rehearsal/1`."""
        return {
            "schema": SCHEMA,
            "channel": self.channel.name,
            "keys": [one["key"] for one in self.told],
            "at": iso_or_none(self.at),
            "why_not": list(self.why_not),
            "held_until": iso_or_none(self.held_until),
            "body": None if self.body is None else json.loads(self.body),
        }


def stored_messages(
    store: Store, ids: Sequence[str], begin: int | None, end: int | None, base_url: str | None
) -> list[Json]:
    """The records of what was told of stored incidents, in the order of telling.

    Of the incidents named, or of all; sent within [begin, end). The incident is told as it is known now.
    """
    incidents = (store.incident(id) for id in ids) if ids else store.incidents(begin=begin, end=end)
    found = []
    for incident in incidents:
        if incident is None:
            continue
        for message in store.messages(incident["id"]):
            at = parse_iso(message["at"])
            if (begin is None or begin <= at) and (end is None or at < end):
                found.append(record_of(told_json(incident, message), incident, base_url))
    return sorted(found, key=lambda record: (record["told"]["at"], record["told"]["key"]))


def rehearse(channel: Channel, records: Sequence[Json]) -> Iterator[Rehearsed]:
    """Each message as if it had come at its time, to a receiver that takes everything at once."""
    by_number = dict(enumerate(records))
    coming: list[Note] = []
    for number, record in by_number.items():
        told = record["told"]
        if why := why_not(channel, told):
            yield Rehearsed(channel, (told,), None, tuple(why), None, None)
        else:
            coming.append(Note.of(number, told, parse_iso(told["at"])))
    composer = Composer(channel, Path())
    waiting: list[Note] = []
    now = coming[0].put_s if coming else 0.0
    while coming or waiting:
        while coming and coming[0].put_s <= now:
            waiting.append(coming.pop(0))
        planned = plan(channel, waiting, now, 1)
        for unit in planned.units:
            sent = [by_number[note.number] for note in unit.notes]
            fires, body = composer.compose(unit, sent, int(now))
            composer.firing.fires = fires
            told_all = tuple(record["told"] for record in sent)
            yield Rehearsed(channel, told_all, int(now), (), unit.held_until, body)
            waiting = [note for note in waiting if note not in unit.notes]
        if not planned.units:
            then = [planned.look_again_s] if planned.look_again_s is not None else []
            now = min([*then, *(note.put_s for note in coming[:1])])
