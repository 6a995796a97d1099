"""Who hears of what is found: the store, the channels, and whoever reads the lines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from nightside.engine.channels.outbox import Outbox
from nightside.engine.live.confirmed import overlapping, put_live, still_to_tell, told_together
from nightside.engine.live.watcher import Found
from nightside.model.errors import NightsideError
from nightside.model.incident import first_id
from nightside.model.instants import duration_words, parse_iso
from nightside.store.protocol import Store

SCHEMA = "nightside.message/1"
MOST_HANDED = 10_000
"""So many messages are remembered; far more than wait for a store at any time."""


class Outlets:
    """Stores what is found, and tells every new message to each outlet; again only where it fell over in between."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox | None,
        line: Callable[[dict[str, Any]], None],
        *,
        stored: Callable[[Found, str], None] = lambda _found, _id: None,
    ) -> None:
        """`line` is given each message as JSON; `stored` hears of each finding that was stored, and its id.

        Neither may block or raise.
        """
        self._store, self._outbox, self._line, self._stored = store, outbox, line, stored
        self._handed: dict[str, None] = {}
        """Keys of the messages that the outlets have: nothing that is tried again is handed out again."""
        self.lock = asyncio.Lock()
        """Held while an incident and its messages are written."""

    async def tell(self, found: Found) -> None:
        """Keep the incident with its messages; spool and print the new ones. Raises what the store raises."""
        async with self.lock:
            kept = await asyncio.to_thread(put_live, self._store, found)
            id = kept.incident["id"]
            before = await asyncio.to_thread(self._store.messages, id)
            # Before the store says that it was told: what falls over in between is told twice, never not at all.
            for message in still_to_tell(before, found.new):
                await self.hand_out(kept.incident, message.to_json())
            await asyncio.to_thread(self._store.put_messages, id, told_together(before, found.messages))
        if kept.is_live:
            self._stored(found, id)

    async def tell_unstored(self, found: Found) -> None:
        """Spool and print the new messages of what cannot be stored now, by the id that it would have."""
        async with self.lock:
            incident, before = await asyncio.to_thread(self._as_known, found)
            for message in still_to_tell(before, found.new):
                await self.hand_out(incident, message.to_json(), is_stored=False)

    def _as_known(self, found: Found) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A finding as an incident with the last id and revision known of it; and what was told of that."""
        id, revision = first_id(found.incident.entity, found.incident.began), 1
        before: list[dict[str, Any]] = []
        try:
            if known := overlapping(self._store, found):
                one = min(known, key=lambda one: str(one["id"]))
                id, revision = one["id"], one["revision"]
                before = self._store.messages(id)
        except (NightsideError, OSError):
            # It cannot even be read: what may have been told before is told again, by the same key.
            pass
        return found.incident.to_json(id=id, revision=revision, corrections=[]), before

    async def hand_out(
        self, incident: dict[str, Any], message: dict[str, Any], *, is_stored: bool = True
    ) -> None:
        """Give one message to all who hear of it, once."""
        told = told_json(incident, message, is_stored=is_stored)
        if told["key"] in self._handed:
            return
        self._handed[told["key"]] = None
        if len(self._handed) > MOST_HANDED:
            del self._handed[next(iter(self._handed))]
        if self._outbox is not None:
            await self._outbox.put(told, incident)
        self._line(told)


def told_json(incident: dict[str, Any], message: dict[str, Any], *, is_stored: bool = True) -> dict[str, Any]:
    """A message in the shape `nightside.message/1`: the message, whom it is about, and its incident."""
    return {
        "schema": SCHEMA,
        **message,
        "entity": incident["entity"],
        "incident": {"id": incident["id"], "revision": incident["revision"], "stored": is_stored},
        "share": incident["share"],
        "reconstruction": incident["provenance"]["reconstruction"],
    }


def in_words(told: dict[str, Any]) -> str:
    """One line for people."""
    name = told["entity"]["name"] or told["entity"]["code"]
    lasted = ""
    if told["end"] is not None:
        lasted = f" to {told['end']}, {duration_words(parse_iso(told['end']) - parse_iso(told['onset']))}"
    unstored = "" if told["incident"]["stored"] else "; not stored yet"
    return f"{told['at']} {name}: {told['kind']} ({told['severity']}, from {told['onset']}{lasted}{unstored})"
