"""Incidents as they are shown: what is stored, and beside it what depends on the rest of the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nightside.engine.diagnosis import diagnosed
from nightside.engine.history import Histories
from nightside.engine.incident_services import with_services
from nightside.model.entity import Entity
from nightside.model.series import IncidentSeries

if TYPE_CHECKING:
    from nightside.store.protocol import Store


def shown(store: Store, incidents: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each of these incidents of the store with its `history`, and with its series in `related`; not diagnosed."""
    histories = Histories(store)
    for incident in incidents:
        yield histories.told(incident)


def shown_whole(store: Store, incidents: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The same, each diagnosed too: that takes up to half a second where services were checked."""
    for incident in shown(store, incidents):
        series = store.series(incident["id"])
        if series is not None:
            incident = diagnosed(store, incident, with_services(store, incident, series))
        yield incident


def shown_incident(
    store: Store, incident: Mapping[str, Any], series: IncidentSeries | None = None
) -> dict[str, Any]:
    """One of them, whole; `series` is the incident's with its services, where somebody has it already."""
    if series is None:
        return next(shown_whole(store, [incident]))
    return diagnosed(store, next(shown(store, [incident])), series)


def entity_history(store: Store, entity: Entity, first_s: int, last_s: int) -> dict[str, Any]:
    """`nightside.history/1` of an entity whose samples reach from `first_s` to `last_s`."""
    return Histories(store).of_entity(entity, first_s, last_s)
