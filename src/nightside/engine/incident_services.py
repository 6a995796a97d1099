"""What answered while an incident went on, put beside its routes when it is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nightside.engine.services import services_of
from nightside.model.series import IncidentSeries

if TYPE_CHECKING:
    from nightside.store.protocol import Store


def with_services(store: Store, incident: dict[str, Any], series: IncidentSeries) -> IncidentSeries:
    """The series of an incident with the services of its country; as it was for an AS, of which nothing is checked."""
    if incident["entity"]["type"] != "country":
        return series
    found = services_of(store, incident["entity"]["code"], series.begin, series.end)
    return replace(series, services=found)
