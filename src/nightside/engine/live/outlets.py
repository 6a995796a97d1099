"""Who hears of what is found: the store, the webhook, and whoever reads the lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from nightside.engine.live.delivery import Webhook
from nightside.engine.live.watcher import Found
from nightside.model.instants import duration_words, parse_iso
from nightside.store.protocol import Store

SCHEMA = "nightside.message/1"


class Outlets:
    """Stores what is found, and tells every new message once to each outlet."""

    def __init__(self, store: Store, webhook: Webhook | None, line: Callable[[dict[str, Any]], None]) -> None:
        """`line` is given each message as JSON."""
        self._store, self._webhook, self._line = store, webhook, line

    async def tell(self, found: Found) -> None:
        """Keep the incident with its messages; spool and print the new ones."""
        stored = self._store.put_incident(found.incident, found.series)
        before = {m["key"] for m in self._store.messages(stored["id"])}
        told = [told_json(stored, message.to_json()) for message in found.new if message.key not in before]
        if self._webhook is not None:
            # Before the store says that it was told: what falls over in between is told twice, never not at all.
            for one in told:
                self._webhook.put(one["key"], json.dumps(one, ensure_ascii=False).encode())
        self._store.put_messages(stored["id"], [m.to_json() for m in found.messages])
        for one in told:
            self._line(one)


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
