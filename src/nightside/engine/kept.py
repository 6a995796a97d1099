"""What is kept of a replay: without the files it was read from, so that it can be sent, and stored elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nightside.engine.flips import incident_flips
from nightside.engine.replay import Replay
from nightside.incidents.messages import Message
from nightside.model.entity import Entity
from nightside.model.incident import Incident
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.model.signal import Signal
from nightside.store.protocol import Store

if TYPE_CHECKING:
    import pyarrow as pa

    from nightside.engine.shards.sharded import ShardedReplay


@dataclass(frozen=True)
class Kept:
    """Incidents in the order of began, entity type, code, and what belongs to them."""

    incidents: list[tuple[Incident, IncidentSeries]]
    messages: list[list[Message]]
    """Of each incident."""
    signals: list[Signal]
    """How well we saw among them."""
    baselines: dict[Entity, list[tuple[int, int]]]
    flips: Iterable[pa.Table]
    """Of each incident, in the shape of `Store.put_flips`; none where they came from no files."""


def kept_of(found: Replay, warn: Callable[[str], None]) -> Kept:
    """What is kept of a replay; the flips are read from its files once they are asked for."""
    return kept_with(found, incident_flips(found, Settings(), warn))


def kept_with(found: Replay | ShardedReplay, flips: Iterable[pa.Table]) -> Kept:
    """What is kept of a replay whose flips are these."""
    return Kept(found.incidents, found.messages, [*found.signals, *found.health], found.baselines, flips)


def put(store: Store, kept: Kept) -> list[dict[str, Any]]:
    """Store it; returns the incidents as they are in the store now."""
    stored = [store.put_incident(incident, series) for incident, series in kept.incidents]
    for incident, told in zip(stored, kept.messages, strict=True):
        store.put_messages(incident["id"], [message.to_json() for message in told])
    store.put_samples(kept.signals, kept.baselines)
    for incident, flips in zip(stored, kept.flips, strict=True):
        store.put_flips(incident["id"], flips)
    return stored
