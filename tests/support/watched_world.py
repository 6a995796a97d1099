"""A world of `routing_world` watched live, and the same input replayed: the incidents that each finds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import numpy as np
from routing_live import ByTheWhole, advance, ground_of
from routing_world import Seen, World

from nightside.engine.analysis import Analysis, Sight, about, analyse, told
from nightside.engine.collect import Collected
from nightside.engine.findings import Findings
from nightside.engine.live.watcher import Found, Watcher
from nightside.engine.subjects import Subjects
from nightside.model.entity import Entity
from nightside.model.incident import Incident, Provenance
from nightside.routing.kept import Kept
from nightside.routing.stepwise import Stepwise
from nightside.routing.ways import WayIndex

PROVENANCE = Provenance([], None, "0", False, None)


def subjects_of(world: World) -> Subjects:
    """The countries of a world."""
    numbers = sorted(set(world.homes.values()))
    entities = {n: Entity("country", f"X{chr(64 + n)}", f"country {n}") for n in numbers}
    return Subjects(entities, world.entity_of_unit(), by_border=True)


def watcher_of(world: World, seen: Seen | None = None) -> Watcher:
    """A watcher of this world; with `seen` by the start and the standings that the whole input shows."""
    asns = np.array(sorted(world.asn_country), np.uint32)
    codes = np.array([world.asn_country[int(a)] for a in asns], np.uint16)
    snapshot: Any = SimpleNamespace(asn_numbers=asns, asn_codes=codes, ipv4=world.entity_of_unit())
    watcher = Watcher(snapshot, subjects_of(world), world.settings, provenance=PROVENANCE)
    holder: list[Stepwise] = []
    watcher.live = Stepwise(
        ground_of(world),
        world.settings,
        WayIndex(asns, codes),
        start=seen.timeline.start if seen else None,
        standing=ByTheWhole(seen, holder) if seen else None,
    )
    holder.append(watcher.live)
    watcher.kept = Kept(watcher.live)
    return watcher


def watched(
    world: World,
    end: int,
    stops: Iterable[int],
    *,
    seen: Seen | None = None,
    seed: int = 0,
    each: Callable[[Watcher, list[Found]], None] = lambda _watcher, _found: None,
) -> tuple[Watcher, list[Found]]:
    """Play it in time; `each` is called after each stop. Time ends right before `end`."""
    watcher = watcher_of(world, seen)
    found: list[Found] = []
    for stop in advance(watcher.live, world, stops, end, random.Random(seed)):
        new = watcher.until(min(stop, end - 1))
        found += new
        each(watcher, new)
    return watcher, found + watcher.finish()


def last_told(found: Iterable[Found]) -> dict[tuple[str, int], Incident]:
    """Of each incident what was found last; one that turned out to begin earlier takes the place of what it was."""
    last: dict[tuple[str, int], Incident] = {}
    for one in found:
        incident = one.incident
        reach = float("inf") if incident.ended is None else incident.ended
        for code, began in list(last):
            if code == incident.entity.code and incident.began <= began <= reach:
                del last[code, began]
        last[incident.entity.code, incident.began] = incident
    return last


def replayed(world: World, end: int) -> tuple[list[tuple[Incident, list[Any]]], Seen]:
    """What a replay finds in the world: its incidents with their messages."""
    seen = world.seen(end)
    subjects, analysis, collected = analysed(world, seen)
    if analysis is None:
        return [], seen
    findings = Findings(
        subjects, seen.saw, collected, analysis.history, seen.subject, PROVENANCE, world.settings
    )
    found = []
    for one in analysis.detected:
        messages = told(one, world.settings, end)
        for group in one.groups:
            incident, _series = findings.incident(one.number, one.signal, one.detection, group)
            found.append((incident, about(messages, group)))
    return found, seen


def analysed(world: World, seen: Seen) -> tuple[Subjects, Analysis | None, Collected]:
    """Signals and episodes, as a replay finds them; None where nothing can be told."""
    subjects = subjects_of(world)
    collected = Collected(
        logs=seen.logs,
        prefixes=seen.prefixes,
        prefix_table=seen.table,
        ways=seen.ways,
        inputs=[],
        readings=[],
        first_second=0,
        end=seen.end,
    )
    if seen.observation is None:
        return subjects, None, collected
    sight = Sight(collected, seen.subject, seen.timeline, seen.observation)
    return subjects, analyse(sight, subjects, world.settings), collected


def shown(incident: Incident) -> dict[str, Any]:
    """All that an incident says."""
    return incident.to_json(id="", revision=0, corrections=[])
