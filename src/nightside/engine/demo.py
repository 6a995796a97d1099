"""A demo: a scene written as an archive, then replayed by the ordinary program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightside.engine.incident_services import with_services
from nightside.engine.record import Recorded, replay_into
from nightside.engine.shown import shown_incident
from nightside.publish import causes_words
from nightside.publish.chart import draw
from nightside.publish.named import named_in
from nightside.publish.posted import chapter
from nightside.publish.words import story
from nightside.scenes.build import build, file_count
from nightside.scenes.script import read_scene
from nightside.store.location import StoreLocation, open_store


@dataclass(frozen=True)
class Demo:
    """What a demo leaves behind."""

    recorded: Recorded
    archive: Path
    chart: Path | None
    """The chart of the gravest incident."""
    told: str
    """The gravest incident in words, and what would have been posted of it; empty where nothing was found."""
    gravest: dict[str, Any] | None
    """The gravest incident as JSON; None where nothing was found."""


def write_archive(
    name: str, folder: Path, *, started: Callable[[int], None], advance: Callable[[int], None]
) -> Path:
    """Write the scene's archive into `folder`; raises UsageError where there is no such scene."""
    started(file_count(read_scene(name)))
    archive = folder / "archive"
    build(name, archive, progress=advance)
    return archive


def replay_archive(
    archive: Path,
    store: StoreLocation,
    *,
    warn: Callable[[str], None],
    started: Callable[[int], None],
    advance: Callable[[int], None],
) -> Recorded:
    """What `nightside replay ARCHIVE --store STORE` does."""
    return replay_into(store, [archive], warn=warn, started=started, advance=advance)


def tell(
    recorded: Recorded, archive: Path, pictures: Path, *, reader: str | None = None, language: str = "en"
) -> Demo:
    """The gravest incident in words, times in the zone `reader`, and as a chart in the folder `pictures`.

    The words name the country in the language.
    """
    gravest = max(recorded.stored, key=_gravity, default=None)
    if gravest is None:
        return Demo(recorded, archive, None, "", None)
    with open_store(recorded.store) as store:
        series, messages = store.series(gravest["id"]), store.messages(gravest["id"])
        if series is not None:
            series = with_services(store, gravest, series)
        gravest = shown_incident(store, gravest, series)
    chart = None
    if series is not None:
        chart = pictures / f"{gravest['id']}.png"
        draw(gravest, series, chart)
    named = named_in(gravest, language)
    parts = (story(named, series, reader), causes_words.chapter(named), chapter(gravest, messages, reader))
    told = "\n\n".join(part for part in parts if part)
    return Demo(recorded, archive, chart, told, gravest)


def _gravity(incident: dict[str, Any]) -> tuple[float, int]:
    severity = ("instability", "partial", "severe", "total").index(incident["severity"])
    return severity, incident["duration_s"] or 0
