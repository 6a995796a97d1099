"""Where a collector's files lie in its archive: folders by month, and which names are collectors' at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

ArchiveKind = Literal["table", "updates"]

RIS_TABLE_CADENCE_S = 28800
ROUTE_VIEWS_TABLE_CADENCE_S = 7200

_RIS = re.compile(r"rrc\d{2}")
_ROUTE_VIEWS = re.compile(r"route-views[\w.-]*|[a-z0-9-]+\.(?P<city>[a-z]{3})")
"""RouteViews calls newer collectors by exchange and city (`amsix.ams`)."""
_NO_CITY = frozenset(
    (
        "mrt",
        "rib",
        "raw",
        "dat",
        "bin",
        "txt",
        "log",
        "out",
        "zip",
        "tar",
        "tgz",
        "bak",
        "tmp",
        "csv",
        "bgp",
        "bmp",
    )
)
"""Three letters behind a dot that belong to file names."""


def is_collector(word: str) -> bool:
    """Whether a word is called as a collector is."""
    if _RIS.fullmatch(word):
        return True
    found = _ROUTE_VIEWS.fullmatch(word)
    return found is not None and found["city"] not in _NO_CITY


def is_ris(collector: str) -> bool:
    """Whether a collector belongs to RIS; RouteViews has the others."""
    return _RIS.fullmatch(collector) is not None


def table_cadence_s(collector: str) -> int:
    """Seconds between two tables of an archive."""
    return RIS_TABLE_CADENCE_S if is_ris(collector) else ROUTE_VIEWS_TABLE_CADENCE_S


def collector_folder(collector: str) -> str:
    """The folder of a collector below the root of its archive. The one of route-views2 is called `bgpdata` alone."""
    if is_ris(collector):
        return f"{collector}/"
    return "bgpdata/" if collector == "route-views2" else f"{collector}/bgpdata/"


def month_folder(collector: str, kind: ArchiveKind, at_s: int) -> str:
    """The folder with a collector's tables or updates of the month (UTC) in which an instant falls."""
    month = f"{collector_folder(collector)}{datetime.fromtimestamp(at_s, UTC):%Y.%m}/"
    if is_ris(collector):
        return month
    return f"{month}{'RIBS' if kind == 'table' else 'UPDATES'}/"


def file_name(collector: str, kind: ArchiveKind, nominal: int) -> str:
    """What a collector's file of a time is called."""
    moment = f"{datetime.fromtimestamp(nominal, UTC):%Y%m%d.%H%M}"
    if is_ris(collector):
        return f"{'bview' if kind == 'table' else 'updates'}.{moment}.gz"
    return f"{'rib' if kind == 'table' else 'updates'}.{moment}.bz2"


def months(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """[begin, end) cut where a month (UTC) begins, in order."""
    while begin < end:
        at = datetime.fromtimestamp(begin, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        following = at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)
        until = min(end, int(following.timestamp()))
        yield begin, until
        begin = until
