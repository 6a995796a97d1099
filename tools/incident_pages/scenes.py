"""What the ordinary program finds in a scene: `nightside demo NAME`, and then what it shows of the store."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.incident_pages.measured import Found, Json

from nightside.engine.incident_services import with_services
from nightside.engine.services import services_of
from nightside.engine.shown import shown_incident
from nightside.model.series import IncidentSeries
from nightside.publish.chapters import further_episodes, upstreams
from nightside.publish.headlines import sentence
from nightside.publish.services_words import services
from nightside.publish.words import after, around, before
from nightside.scenes.script import read_scene
from nightside.store.location import open_store
from nightside.store.protocol import Store


def replayed(name: str) -> Found:
    """Write the scene's archive, replay it by the command that everybody has, and see what it found."""
    with TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        # Nobody's settings, and no snapshots of the registries but the shipped one.
        bare = {key: value for key, value in os.environ.items() if not key.startswith("NIGHTSIDE")}
        bare |= {"HOME": folder, "XDG_DATA_HOME": folder, "MPLCONFIGDIR": folder, "TMPDIR": folder}
        ran = subprocess.run(
            [sys.executable, "-m", "nightside", "demo", name, "--no-serve", "--store", store],
            env=bare,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise SystemExit(ran.stderr)
        with open_store(store, read_only=True) as opened:
            return found_in(name, opened)


def found_in(name: str, store: Store) -> Found:
    """What a store that the demo of this name filled tells of it."""
    scene = read_scene(name)
    (country,) = {expected.country for expected in scene.expected}
    incidents, told = [], []
    for stored in sorted(store.incidents(), key=lambda incident: incident["began"]):
        series = store.series(stored["id"])
        assert series is not None
        series = with_services(store, stored, series)
        incidents.append(shown_incident(store, stored, series))
        told.append(_story(incidents[-1], series))
    return Found(scene, incidents, services_of(store, country, scene.begin, scene.end), told)


def _story(incident: Json, series: IncidentSeries) -> list[str]:
    """What the story of an incident says of it, without the lists and without what is said on every page."""
    chapters_told = (
        [sentence(incident)],
        [*before(incident, series), *around(incident)],
        services(incident, series.services),
        upstreams(incident),
        [*after(incident), *further_episodes(incident)],
    )
    return [" ".join(line for line in lines if line) for lines in chapters_told if any(lines)]
