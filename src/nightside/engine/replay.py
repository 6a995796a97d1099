"""Replay: routing files in, incidents out. The whole path from bytes to findings, composed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nightside import __version__
from nightside.engine.analysis import about, analyse, baselines, sight, told
from nightside.engine.collect import Collected, collect
from nightside.engine.country_by import by_basis, require_basis
from nightside.engine.files import bytes_to_read
from nightside.engine.findings import Findings
from nightside.engine.subjects import Subjects, as_subject, country_subjects
from nightside.engine.world_of_day import world_of_input
from nightside.incidents.messages import Message
from nightside.model.entity import Entity
from nightside.model.errors import InputError, UsageError
from nightside.model.incident import Incident, Provenance
from nightside.model.instants import iso
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.model.signal import Signal
from nightside.routing.observation import Observation
from nightside.signals.clocks import clocks_off
from nightside.signals.quality import view_signals
from nightside.sources.layout import Found, find_inputs
from nightside.world.names import require_country
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
    require_basis(settings)
    if begin is not None and end is not None and begin >= end:
        raise UsageError(f"--from {iso(begin)} is not before --to {iso(end)}", advice="Swap them.")
    codes = [require_country(c) for c in countries]
    found = find_inputs([Path(i) for i in inputs])
    started(bytes_to_read(found))
    snapshot = world_of_input(found, begin, end, settings.table_margin_s)
    collected = collect(
        found, snapshot, settings, begin=begin, end=end, warn=warn, advance=advance, processes=processes
    )
    snapshot, collected = by_basis(collected, snapshot, settings)
    subjects = _subjects(codes, asns, snapshot, collected, settings)
    seen = sight(collected, snapshot, subjects, settings, home_asns=frozenset(asns))
    if seen is None:
        raise InputError(
            "no table and no table transfer in the input: nobody's routes are known",
            advice="Give a table too (bview.… or rib.…) from before the updates.",
        )
    if begin is not None and seen.observation.end <= begin:
        raise InputError(
            f"the input ends at {iso(seen.observation.end)}, before --from {iso(begin)}",
            advice="Choose an earlier --from, or give later files.",
        )
    if begin is not None and seen.observation.start > begin:
        warn(f"nothing is known before {iso(seen.observation.start)}, the first table in the input")
    for off in clocks_off(seen.timeline, seen.observation):
        ahead = "ahead of" if off.offset_s > 0 else "behind"
        warn(
            f"{off.collector}: its clock seems {abs(off.offset_s)} s {ahead} the other collectors' from "
            f"{iso(off.begin)} to {iso(off.end)} (by {off.events} events); its times are taken as they are"
        )
    provenance = _provenance(found, collected, snapshot)
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


def _subjects(
    codes: Sequence[str], asns: Sequence[int], snapshot: Snapshot, collected: Collected, settings: Settings
) -> list[Subjects]:
    subjects = [country_subjects(snapshot, codes)] if codes or not asns else []
    return subjects + [as_subject(n, collected, settings.shortest_cover_ipv4) for n in sorted(set(asns))]


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
