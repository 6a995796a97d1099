"""A day of a backfill as a job: done by a worker that may be on another machine, left in the work place."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from nightside import __version__
from nightside.engine.backfill_plan import Asked
from nightside.engine.backfill_reading import WindowRead, read_window
from nightside.engine.fetching import Told
from nightside.model.errors import NightsideError
from nightside.model.instants import iso
from nightside.sources.endpoints import read_endpoints
from nightside.sources.polite_http import Manners
from nightside.store.files import Files
from nightside.world.snapshot import Snapshot

OF_PLACES = ("ris_archive_url", "routeviews_archive_url", "broker_url")
"""What is the same for all who work on a backfill; where a worker keeps what it fetched is its own."""


@dataclass(frozen=True)
class DayWork:
    """All that what comes of a day depends on, beside the archives; and how to ask these."""

    asked: Asked
    lead: int
    begin: int
    end: int
    archives: tuple[tuple[str, str], ...]
    """Settings of the place, by name."""
    maps: tuple[tuple[str, str], ...]
    """For each day that what is read may begin on, the name of its map in the work place."""
    work: Files
    manners: Manners

    @property
    def key(self) -> str:
        """The name of what comes of it, in the work place."""
        about = asdict(replace(self.asked, store=None)) | {
            "version": __version__,
            "window": [self.lead, self.begin, self.end],
            "archives": self.archives,
            "maps": self.maps,
        }
        digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:24]
        return f"day-{iso(self.begin)[:10]}-{digest}"


@dataclass(frozen=True)
class DayDone:
    """What a worker says of a day that it read."""

    key: str
    files: int
    bytes: int
    """Of files that were read for it; 0 where it had been read before."""


@dataclass(frozen=True)
class DayLeft:
    """What is left in the work place of a day."""

    read: WindowRead
    warnings: list[str]


def read_day(work: DayWork) -> DayDone:
    """Fetch, read, and leave what is kept; nothing of it where that is there already.

    Raises what `read_window` raises.
    """
    left = _left(work.work, work.key)
    if left is not None:
        return DayDone(work.key, left.read.files, 0)
    places = read_endpoints()
    places = places.model_copy(update=dict(work.archives))
    warnings: list[str] = []
    maps = dict(work.maps)
    read = read_window(
        work.asked,
        work.lead,
        work.begin,
        work.end,
        places=places,
        told=Told(warn=warnings.append),
        manners=work.manners,
        world=lambda day: _map(work.work, maps[day.isoformat()]),
    )
    work.work.write_bytes(work.key, pickle.dumps(DayLeft(read, warnings), protocol=5))
    return DayDone(work.key, read.files, read.bytes)


def left_of(work: Files, done: DayDone) -> DayLeft:
    """What a worker left of a day. Raises NightsideError where it is not there any more."""
    left = _left(work, done.key)
    if left is None:
        raise NightsideError(
            "what a worker left there is gone",
            where=f"{work.place}/{done.key}",
            advice="The work place must be one that all workers and this program see: a shared folder, or a bucket.",
        )
    return left


def leave_map(work: Files, snapshot: Snapshot) -> str:
    """Leave a map in the work place; its name there, which follows from what it says."""
    data = pickle.dumps(replace(snapshot), protocol=5)
    name = f"map-{hashlib.sha256(data).hexdigest()[:24]}"
    if not work.exists(name):
        work.write_bytes(name, data)
    return name


@lru_cache(maxsize=4)
def _map(work: Files, name: str) -> Snapshot:
    found = _opened(work.read_bytes(name))
    assert isinstance(found, Snapshot)
    return found


def _left(work: Files, key: str) -> DayLeft | None:
    try:
        found = _opened(work.read_bytes(key))
    except FileNotFoundError:
        return None
    return found if isinstance(found, DayLeft) else None


class _OurOwn(pickle.Unpickler):
    """Opens values of ours, and calls nothing else: others may be able to write into a shared place."""

    def find_class(self, module: str, name: str) -> Any:
        print(module, name)
        return super().find_class(module, name)


def _opened(data: bytes) -> Any:
    return _OurOwn(io.BytesIO(data)).load()
