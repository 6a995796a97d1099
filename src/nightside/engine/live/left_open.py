"""What an earlier watch left open: a watch that begins anew knows nothing of it, and nobody will tell its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nightside.model.entity import Entity
from nightside.model.incident import Status
from nightside.store.protocol import Store

OPEN: tuple[Status, ...] = ("ongoing", "recovering", "restored")


def close_left_open(store: Store, entities: Iterable[Entity], warn: Callable[[str], None]) -> None:
    """Close what a watch of these entities left open in the store.

    What had been restored was watched to its end: it closes as it would have. Anything else is `unwatched`. What
    rests on files is a replay's, or confirmed: that stands as it is.
    """
    mine = {(entity.type, entity.code) for entity in entities}
    left = [
        one["id"]
        for status in OPEN
        for one in store.incidents(status=status, summaries=True)
        if (one["entity"]["type"], one["entity"]["code"]) in mine
    ]
    for id in left:
        incident = store.incident(id)
        if incident is None or incident["provenance"]["inputs"]:
            continue
        if incident["status"] == "restored":
            store.close_incident(id, None)
        else:
            store.close_incident(id, "unwatched")
            warn(f"{id}: an earlier watch left it open: it is closed, nobody watched its end")
