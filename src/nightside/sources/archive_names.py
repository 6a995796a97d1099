"""What the name of an archive file, and the folders above it, say: archive, collector, kind, nominal time.

RIS: `rrcNN/YYYY.MM/{updates|bview}.YYYYMMDD.HHMM.gz`.
RouteViews: `COLLECTOR/bgpdata/YYYY.MM/{UPDATES/updates|RIBS/rib}.YYYYMMDD.HHMM.bz2`; a bare `bgpdata` is
route-views2.
And ours for what was asked of RIPEstat: `rrcNN/bgplay.YYYYMMDD.HHMMSS-YYYYMMDD.HHMMSS`, from when to when it tells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

FileKind = Literal["table", "updates", "unknown"]

RIS_CADENCE_S = 300
RIS_FIRST_CADENCE_S = 900
RIS_CADENCE_CHANGED = int(datetime(2003, 7, 23, tzinfo=UTC).timestamp())
ROUTE_VIEWS_CADENCE_S = 900

_NAME = re.compile(
    r"(?:(?P<collector>rrc\d{2}|route-views[\w.-]*)\.)?(?P<word>updates|bview|rib)"
    r"\.(?P<time>\d{8}\.\d{4})(?P<suffix>\.gz|\.bz2)?"
)
_STRETCH = re.compile(r"bgplay\.(?P<begin>\d{8}\.\d{6})-(?P<end>\d{8}\.\d{6})")
_RIS_COLLECTOR = re.compile(r"rrc\d{2}")
_ROUTE_VIEWS_COLLECTOR = re.compile(r"route-views[\w.-]*|[a-z0-9-]+\.[a-z]{3}")
_MONTH = re.compile(r"\d{4}\.\d{2}")


@dataclass(frozen=True, slots=True)
class ArchiveName:
    """One file name taken apart."""

    kind: FileKind
    nominal: int
    """Seconds since the epoch."""
    collector: str | None
    """Where the name begins with it."""
    is_ris: bool
    """As far as the name alone can tell: RouteViews packs with bzip2 and calls its tables `rib`."""
    length_s: int | None = None
    """Seconds of which the file tells, where its name says so."""


def take_apart(name: str) -> ArchiveName | None:
    """The name, if it is one that an archive gives."""
    found = _NAME.fullmatch(name)
    if not found:
        return _take_stretch_apart(name)
    try:
        nominal = datetime.strptime(found["time"], "%Y%m%d.%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None
    collector = found["collector"]
    if collector:
        is_ris = collector.startswith("rrc")
    else:
        is_ris = found["word"] == "bview" or (found["word"] == "updates" and found["suffix"] != ".bz2")
    kind: FileKind = "updates" if found["word"] == "updates" else "table"
    return ArchiveName(kind, int(nominal.timestamp()), collector, is_ris)


def stretch_name(begin: int, end: int) -> str:
    """What a file of RIPEstat's answers is called that tells of the seconds from `begin` to before `end`."""
    times = (f"{datetime.fromtimestamp(at, UTC):%Y%m%d.%H%M%S}" for at in (begin, end))
    return f"bgplay.{'-'.join(times)}"


def _take_stretch_apart(name: str) -> ArchiveName | None:
    found = _STRETCH.fullmatch(name)
    if not found:
        return None
    try:
        times = (datetime.strptime(found[one], "%Y%m%d.%H%M%S") for one in ("begin", "end"))
        begin, end = (int(at.replace(tzinfo=UTC).timestamp()) for at in times)
    except ValueError:
        return None
    return ArchiveName("updates", begin, None, True, end - begin) if begin < end else None


def cadence_s(is_ris: bool, nominal: int) -> int:
    """Seconds between two update files of an archive, at a time."""
    if not is_ris:
        return ROUTE_VIEWS_CADENCE_S
    return RIS_CADENCE_S if nominal >= RIS_CADENCE_CHANGED else RIS_FIRST_CADENCE_S


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a layout a file lies."""

    collector: str
    is_ris: bool
    depth: int
    """Index, among the folders above the file, of the one that belongs to the collector."""


def place_of(folders: Sequence[str], root_depth: int) -> Place | None:
    """The collector that the folders above a file name (from the outermost in), if they follow a layout.

    The folders from `root_depth` on lie below the input that was given. What is given, or lies above it, may
    be called anything: there only a name that looks like a RouteViews collector's is taken for one.
    """
    last = len(folders) - 1
    if last >= 0 and _RIS_COLLECTOR.fullmatch(folders[last]):
        return Place(folders[last], True, last)
    if last >= 1 and _MONTH.fullmatch(folders[last]) and _RIS_COLLECTOR.fullmatch(folders[last - 1]):
        return Place(folders[last - 1], True, last - 1)
    for at in (last - 2, last - 1, last):  # bgpdata/YYYY.MM/UPDATES, and files moved up from there
        if at >= 0 and folders[at] == "bgpdata":
            above = folders[at - 1] if at >= 1 else ""
            if above and (at - 1 >= root_depth or _ROUTE_VIEWS_COLLECTOR.fullmatch(above)):
                return Place(above, False, at - 1)
            return Place("route-views2", False, at)
    return None
