"""Replay: routing files in, incidents out. The whole path from bytes to findings, composed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nightside import __version__
from nightside.engine.analysis import about, analyse, baselines, told
from nightside.engine.collect import Collected
from nightside.engine.findings import Findings
from nightside.engine.seeing import see
from nightside.engine.subjects import Subjects
from nightside.incidents.messages import Message
from nightside.model.entity import Entity
from nightside.model.incident import Incident, Provenance
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.model.signal import Signal
from nightside.routing.observation import Observation
from nightside.signals.quality import view_signals
from nightside.sources.layout import Found
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
) -> Replay:
    """Replay files or folders. Countries only, all of them, unless narrowed or ASes are named.

    `begin` and `end` (seconds) narrow what is reported; the state starts at the newest table before. `started`
    is told how many bytes there are to read, `advance` how many were read since the last call. `processes`: so many
    read collectors at the same time; None: as many as there are cores, where it pays.

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
    )
    found, collected, subjects, seen = looked.found, looked.collected, looked.subjects, looked.sight
    provenance = _provenance(found, collected, looked.snapshot)
    incidents: list[tuple[Incident, IncidentSeries, list[Message]]] = []
    signals: list[Signal] = []
    held_against: dict[Entity, list[tuple[int, int]]] = {}
    for some in subjects:
        analysis = analyse(seen, some, settings)
        signals += analysis.signals
        held_against |= baselines(analysis, settings)
        findings = Findings(
            some, seen.observation, collected, analysis.history, seen.subject, provenance, settings
        )
        for found_in in analysis.detected:
            messages = told(found_in, settings, seen.observation.end)
            incidents += [
                (
                    *findings.incident(found_in.number, found_in.signal, found_in.detection, one),
                    about(messages, one),
                )
                for one in found_in.groups
            ]
    incidents = [i for i in incidents if _reported(i[0], begin, end)]
    incidents.sort(key=lambda i: (i[0].began, i[0].entity.type, i[0].entity.code))
    health = view_signals(seen.timeline, seen.observation)
    return Replay(
        [(incident, series) for incident, series, _told in incidents],
        [told for _incident, _series, told in incidents],
        signals,
        held_against,
        health,
        seen.observation,
        collected,
        subjects,
        provenance,
        found.checks,
    )


def _provenance(found: Found, collected: Collected, snapshot: Snapshot) -> Provenance:
    return Provenance(
        inputs=collected.inputs,
        snapshot=label(snapshot, collected.first_day),
        version=__version__,
        reconstruction=found.reconstruction,
        note=found.note,
    )


def _reported(incident: Incident, begin: int | None, end: int | None) -> bool:
    if begin is not None and incident.ended is not None and incident.ended <= begin:
        return False
    return end is None or incident.began < end
