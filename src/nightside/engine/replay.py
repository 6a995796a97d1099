"""Replay: routing files in, incidents out. The whole path from bytes to findings, composed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nightside import __version__
from nightside.engine.analysis import Sight, about, analyse, baselines, told
from nightside.engine.collect import Collected
from nightside.engine.findings import Findings
from nightside.engine.seeing import see
from nightside.engine.subjects import Subjects
from nightside.engine.world_of_day import World, world_of_day
from nightside.incidents.messages import Message
from nightside.model.entity import Entity
from nightside.model.incident import Incident, Provenance
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.model.signal import Signal
from nightside.routing.observation import Observation
from nightside.signals.quality import view_signals
from nightside.world.snapshot import Snapshot, label

Progress = Callable[[int], None]
Warn = Callable[[str], None]


@dataclass(frozen=True)
class Replay:
    """What a replay found, and the signals it found it in."""

    incidents: list[tuple[Incident, IncidentSeries]]
    """In the order of began, entity type, code."""
    messages: list[list[Message]]
    """What is to be told of each of them, in the order of sending."""
    signals: list[Signal]
    baselines: dict[Entity, list[tuple[int, int]]]
    """What each signal is held against, as steps (second, units)."""
    health: list[Signal]
    """How well we saw: of all peer ASes together, and of each collector."""
    observation: Observation
    collected: Collected
    subjects: list[Subjects]
    """Who was asked about."""
    provenance: Provenance
    """What all of it rests on."""
    checks: list[Path] = field(default_factory=list)
    """Files of results of checks that lie beside the routes."""


def replay(
    inputs: Sequence[Path],
    *,
    countries: Sequence[str] = (),
    asns: Sequence[int] = (),
    begin: int | None = None,
    end: int | None = None,
    settings: Settings | None = None,
    warn: Warn = lambda _text: None,
    started: Callable[[int], None] = lambda _total_bytes: None,
    advance: Progress = lambda _bytes: None,
    processes: int | None = 1,
    world: World = world_of_day,
) -> Replay:
    """Replay files or folders. Countries only, all of them, unless narrowed or ASes are named.

    `begin` and `end` (seconds) narrow what is reported; the state starts at the newest table before. `started`
    is told how many bytes there are to read, `advance` how many were read since the last call. `processes`: so many
    read collectors at the same time; None: as many as there are cores, where it pays. `world` gives the map.

    Raises UsageError, and InputError where nobody's routes are known, or nothing after `begin`.
    """
    settings = settings or Settings()
    looked = see(
        inputs,
        countries=countries,
        asns=asns,
        begin=begin,
        end=end,
        settings=settings,
        warn=warn,
        started=started,
        advance=advance,
        processes=processes,
        world=world,
    )
    found, seen = looked.found, looked.sight
    provenance = provenance_of(looked.collected, looked.snapshot, found.reconstruction, found.note)
    told_of = judge(seen, looked.subjects, provenance, begin, end, settings)
    incidents = in_order(told_of.incidents)
    return Replay(
        [(incident, series) for incident, series, _told in incidents],
        [told for _incident, _series, told in incidents],
        told_of.signals,
        told_of.baselines,
        view_signals(seen.timeline, seen.observation),
        seen.observation,
        looked.collected,
        looked.subjects,
        provenance,
        found.checks,
    )


@dataclass(frozen=True)
class Judged:
    """What was found of some entities."""

    incidents: list[tuple[Incident, IncidentSeries, list[Message]]]
    """Entity by entity."""
    signals: list[Signal]
    """In the order of the subjects."""
    baselines: dict[Entity, list[tuple[int, int]]]


def judge(
    seen: Sight,
    subjects: Sequence[Subjects],
    provenance: Provenance,
    begin: int | None,
    end: int | None,
    settings: Settings,
) -> Judged:
    """Everything there is to tell of these entities; of incidents those that are of the asked time."""
    found = Judged([], [], {})
    for some in subjects:
        analysis = analyse(seen, some, settings)
        found.signals.extend(analysis.signals)
        found.baselines.update(baselines(analysis, settings))
        findings = Findings(
            some, seen.observation, seen.collected, analysis.history, seen.subject, provenance, settings
        )
        for found_in in analysis.detected:
            messages = told(found_in, settings, seen.observation.end)
            for one in found_in.groups:
                incident, series = findings.incident(
                    found_in.number, found_in.signal, found_in.detection, one
                )
                if _reported(incident, begin, end):
                    found.incidents.append((incident, series, about(messages, one)))
    return found


def in_order(
    incidents: Sequence[tuple[Incident, IncidentSeries, list[Message]]],
) -> list[tuple[Incident, IncidentSeries, list[Message]]]:
    """By began, entity type and code; those of one entity in the order in which they were found."""
    return sorted(incidents, key=lambda i: (i[0].began, i[0].entity.type, i[0].entity.code))


def provenance_of(
    collected: Collected, snapshot: Snapshot, reconstruction: bool, note: str | None
) -> Provenance:
    """What everything that is told of an input rests on."""
    return Provenance(
        inputs=collected.inputs,
        snapshot=label(snapshot, collected.first_day),
        version=__version__,
        reconstruction=reconstruction,
        note=note,
    )


def _reported(incident: Incident, begin: int | None, end: int | None) -> bool:
    if begin is not None and incident.ended is not None and incident.ended <= begin:
        return False
    return end is None or incident.began < end
