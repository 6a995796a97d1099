"""What answered in a country, asked of the engine and kept until something new is stored."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from nightside.model.series import IncidentSeries
from nightside.model.services import Services
from nightside.store.protocol import Store

if TYPE_CHECKING:
    from nightside.web.house import House

MOST_KEPT = 16
"""So many countries and ranges stay in memory."""

ServicesOf = Callable[[Store, str, int, int], Services | None]
"""What answered in a country within [begin, end); None where nobody checked anything. The engine has one."""


class Answering:
    """What the engine says of services, each question once for as long as nothing new is stored."""

    def __init__(self, services_of: ServicesOf | None) -> None:
        self._services_of = services_of
        self._number = -1
        self._countries: frozenset[str] = frozenset()
        self._kept: OrderedDict[tuple[str, int, int], Services | None] = OrderedDict()
        self._lock = Lock()

    def of(self, store: Store, number: int, country: str, begin: int, end: int) -> Services | None:
        """What answered. `number` is that of the newest change that is known of; a later one makes all old."""
        if self._services_of is None or end <= begin:
            return None
        key = (country, begin, end)
        if not self.checked(store, number, country):
            return None
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = self._services_of(store, country, begin, end)
        with self._lock:
            if number == self._number:
                self._kept[key] = found
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        return found

    def checked(self, store: Store, number: int, country: str) -> bool:
        """Whether anybody ever checked anything of a country."""
        if self._services_of is None:
            return False
        with self._lock:
            if number > self._number:
                self._number, self._countries = number, frozenset(store.result_countries())
                self._kept.clear()
            return country in self._countries

    def beside(
        self, store: Store, number: int, incident: dict[str, Any], series: IncidentSeries
    ) -> IncidentSeries:
        """The series of an incident with what answered meanwhile; of an AS nothing is checked."""
        entity = incident["entity"]
        if entity["type"] != "country":
            return series
        return replace(series, services=self.of(store, number, entity["code"], series.begin, series.end))


async def series_with_services(
    house: House, read: Callable[[Store], tuple[dict[str, Any], IncidentSeries]]
) -> tuple[dict[str, Any], IncidentSeries]:
    """An incident and its series with services; what is long to compute keeps no quick answer waiting."""
    incident, series = await house.quick.run(read)
    number = house.latest.number
    return incident, await house.slow.run(
        lambda store: house.answering.beside(store, number, incident, series)
    )
