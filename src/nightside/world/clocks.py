"""The clocks of countries, by the tz database that the package `tzdata` carries.

Always that copy, never the machine's own: the same input must give the same incident everywhere.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from nightside.model.errors import UsageError

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


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """Every zone of the tz database, its older names too."""
    names = files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(names.split())


def require_zone(name: str) -> str:
    """The zone of the tz database that is called so, in its own spelling; UsageError with near ones where none is."""
    from difflib import get_close_matches

    asked = name.strip().replace(" ", "_").lower()
    by_name = {zone.lower(): zone for zone in sorted(zones())}
    if asked in by_name:
        return by_name[asked]
    by_city = {zone.rsplit("/", 1)[-1]: zone for zone in by_name if "/" in zone}
    near = get_close_matches(asked, [*by_name, *by_city], n=1, cutoff=0.7)
    hint = f"Did you mean {by_name[by_city.get(near[0], near[0])]}? " if near else ""
    raise UsageError(
        f"no time zone is called {name!r}",
        advice=f"{hint}Give a name of the tz database, such as Europe/Berlin or Asia/Pyongyang.",
    )


@lru_cache(maxsize=512)
def _zone(zone: str) -> ZoneInfo:
    with _TZDATA.joinpath(*zone.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=zone)


def local_iso(second: int, zone: str) -> str:
    """An instant on the zone's clocks with their offset of that day: `2016-04-06T23:40:00+08:30`.

    `second` is seconds since the epoch. FileNotFoundError where the tz database has no such zone.
    """
    return datetime.fromtimestamp(second, _zone(zone)).isoformat(timespec="seconds")


def instants_at(local: datetime, zone: str) -> tuple[int, ...]:
    """When the zone's clocks showed this, in seconds since the epoch: once; never in a gap, twice if set back.

    `local` has whole seconds and no zone of its own. FileNotFoundError where the tz database has no such zone.
    """
    clock = _zone(zone)
    found = {int(local.replace(tzinfo=clock, fold=fold).timestamp()) for fold in (0, 1)}
    return tuple(sorted(s for s in found if datetime.fromtimestamp(s, clock).replace(tzinfo=None) == local))
