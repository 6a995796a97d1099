"""Whose data a result rests on, told by the archives' layouts and file names."""

from __future__ import annotations

import re
from typing import Any

from nightside.publish import phrases

RIS = "RIPE NCC RIS"
RIPESTAT = "RIPE NCC RIS by RIPEstat"
ROUTEVIEWS = "RouteViews"

_RIPESTAT_NAME = re.compile(r"(^|/)bgplay\.\d{8}\.\d{6}-\d{8}\.\d{6}$")
_RIS_NAME = re.compile(r"(^|/)rrc\d\d(/|$)|(^|/)(bview|updates)\.\d{8}\.\d{4}\.gz$")
_ROUTEVIEWS_NAME = re.compile(
    r"(^|/)(route-views[^/]*|bgpdata|RIBS|UPDATES)(/|$)|(^|/)(rib|updates)\.\d{8}\.\d{4}\.bz2$"
)


def archives(incident: dict[str, Any]) -> tuple[list[str], int]:
    """The archives among the inputs by name, and how many files are of neither: those are not guessed at."""
    every = [entry["name"] for entry in incident["provenance"]["inputs"]]
    names = [name for name in every if not _RIPESTAT_NAME.search(name)]
    ripestat = len(every) - len(names)
    ris = [name for name in names if _RIS_NAME.search(name)]
    routeviews = [name for name in names if not _RIS_NAME.search(name) and _ROUTEVIEWS_NAME.search(name)]
    sources = ((RIS, ris), (RIPESTAT, ripestat), (ROUTEVIEWS, routeviews))
    found = [name for name, files in sources if files]
    return found, len(names) - len(ris) - len(routeviews)


def full_feed_known(incident: dict[str, Any]) -> bool:
    """Whether the inputs can tell who has a full feed: RIPEstat tells of the asked prefixes alone."""
    return not any(_RIPESTAT_NAME.search(entry["name"]) for entry in incident["provenance"]["inputs"])


def named_sources(incident: dict[str, Any]) -> list[str]:
    """The archives by name, and, where there are any, the count of files that are of neither."""
    found, others = archives(incident)
    if others:
        found.append(phrases.choose(phrases.OTHER_FILES, others).format(count=f"{others:,}"))
    return found


def data_line(incident: dict[str, Any]) -> str:
    """One sentence on the source; a reconstruction is never called anybody's data. Empty without inputs."""
    if incident["provenance"]["reconstruction"]:
        layouts, _others = archives(incident)
        template = phrases.DATA_RECONSTRUCTED if layouts else phrases.DATA_RECONSTRUCTED_ONLY
        return template.format(sources=", ".join(layouts))
    found = named_sources(incident)
    return phrases.DATA.format(sources=", ".join(found)) if found else ""
