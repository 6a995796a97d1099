"""The clocks of countries, by the tz database that the package `tzdata` carries.

Always that copy, never the machine's own: the same input must give the same incident everywhere.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

_TZDATA = files("tzdata") / "zoneinfo"

CAPITALS = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "FM": "Pacific/Pohnpei",
    "PS": "Asia/Hebron",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "UZ": "Asia/Tashkent",
    "XK": "Europe/Belgrade",
}
"""The capital's zone where it is not the first of its country in zone.tab. Reviewed by hand: Canberra keeps
Sydney's time, Ottawa Toronto's, Brasília São Paulo's, Ramallah Hebron's; Pristina (not in it) Belgrade's."""


@lru_cache(maxsize=1)
def _first_zones() -> dict[str, str]:
    zones: dict[str, str] = {}
    for line in (_TZDATA / "zone.tab").read_text(encoding="utf-8").splitlines():
        if line and line[0] != "#":
            code, _, zone = line.split("\t")[:3]
            zones.setdefault(code, zone)
    return zones


def zone_of(code: str) -> str | None:
    """The zone of the country's capital, `Asia/Pyongyang`; None where nobody lives by a clock (BV, HM)."""
    return CAPITALS.get(code) or _first_zones().get(code)


@lru_cache(maxsize=512)
def _zone(zone: str) -> ZoneInfo:
    with _TZDATA.joinpath(*zone.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=zone)


def local_iso(second: int, zone: str) -> str:
    """An instant on the zone's clocks with their offset of that day: `2016-04-06T23:40:00+08:30`.

    `second` is seconds since the epoch. FileNotFoundError where the tz database has no such zone.
    """
    return datetime.fromtimestamp(second, _zone(zone)).isoformat(timespec="seconds")
