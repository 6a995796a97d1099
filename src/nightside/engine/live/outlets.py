"""Who hears of what is found: the store, the webhook, and whoever reads the lines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from nightside.engine.live.confirmed import put_live, still_to_tell, told_together
from nightside.engine.live.delivery import Webhook
from nightside.engine.live.watcher import Found
from nightside.model.instants import duration_words, parse_iso
from nightside.store.protocol import Store

SCHEMA = "nightside.message/1"


class Outlets:
    """Stores what is found, and tells every new message to each outlet; again only where it fell over in between."""

    def __init__(
        self,
        store: Store,
        webhook: Webhook | None,
        line: Callable[[dict[str, Any]], None],
        *,
        stored: Callable[[Found, str], None] = lambda _found, _id: None,
    ) -> None:
        """`line` is given each message as JSON; `stored` hears of each finding that was stored, and its id."""
        self._store, self._webhook, self._line, self._stored = store, webhook, line, stored
        self._handed: set[str] = set()
        """Keys of messages that the outlets have, and the store does not yet."""
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
                if message.key not in self._handed:
                    await self.hand_out(kept.incident, message.to_json())
                    self._handed.add(message.key)
            await asyncio.to_thread(self._store.put_messages, id, told_together(before, found.messages))
            self._handed.clear()
        if kept.is_live:
            self._stored(found, id)

    async def hand_out(self, incident: dict[str, Any], message: dict[str, Any]) -> None:
        """Give one message to all who hear of it."""
        told = told_json(incident, message)
        if self._webhook is not None:
            await self._webhook.put(told["key"], json.dumps(told, ensure_ascii=False).encode())
        self._line(told)


def told_json(incident: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    """A message in the shape `nightside.message/1`: the message, whom it is about, and its incident."""
    return {
        "schema": SCHEMA,
        **message,
        "entity": incident["entity"],
        "incident": {"id": incident["id"], "revision": incident["revision"]},
        "share": incident["share"],
        "reconstruction": incident["provenance"]["reconstruction"],
    }


def in_words(told: dict[str, Any]) -> str:
    """One line for people."""
    name = told["entity"]["name"] or told["entity"]["code"]
    lasted = ""
    if told["end"] is not None:
        lasted = f" to {told['end']}, {duration_words(parse_iso(told['end']) - parse_iso(told['onset']))}"
    return f"{told['at']} {name}: {told['kind']} ({told['severity']}, from {told['onset']}{lasted})"
