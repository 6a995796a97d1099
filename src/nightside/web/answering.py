"""What answered in a country, asked of the engine and kept until something new is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nightside.model.series import IncidentSeries
from nightside.model.services import Services
from nightside.store.protocol import Store
from nightside.web.until_news import UntilNews

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
        self._countries: UntilNews[frozenset[str]] = UntilNews(1)
        self._kept: UntilNews[Services | None] = UntilNews(MOST_KEPT)

    def of(self, store: Store, number: int, country: str, begin: int, end: int) -> Services | None:
        """What answered. `number` is that of the newest change that is known of; a later one makes all old."""
        ask = self._services_of
        if ask is None or end <= begin or not self.checked(store, number, country):
            return None
        return self._kept.once(number, (country, begin, end), lambda: ask(store, country, begin, end))

    def checked(self, store: Store, number: int, country: str) -> bool:
        """Whether anybody ever checked anything of a country."""
        if self._services_of is None:
            return False
        return country in self._countries.once(number, None, lambda: frozenset(store.result_countries()))

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
