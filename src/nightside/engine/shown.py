"""Incidents as they are shown: what is stored, and beside it what depends on the rest of the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nightside.engine.history import Histories
from nightside.model.entity import Entity

if TYPE_CHECKING:
    from nightside.store.protocol import Store


def shown(store: Store, incidents: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each of these incidents of the store with its `history`, and with its series in `related`."""
    histories = Histories(store)
    for incident in incidents:
        yield histories.told(incident)


def shown_incident(store: Store, incident: Mapping[str, Any]) -> dict[str, Any]:
    """One of them."""
    return next(shown(store, [incident]))


def entity_history(store: Store, entity: Entity, first_s: int, last_s: int) -> dict[str, Any]:
    """`nightside.history/1` of an entity whose samples reach from `first_s` to `last_s`."""
    return Histories(store).of_entity(entity, first_s, last_s)
