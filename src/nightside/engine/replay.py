"""Replay: routing files in, incidents out. The whole path from bytes to findings, composed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nightside import __version__
from nightside.detection.episodes import detect
from nightside.detection.instability import instability, loud
from nightside.engine.collect import Collected, collect
from nightside.engine.findings import Findings
from nightside.engine.subjects import Subjects, as_subject, country_subjects, subject_prefixes
from nightside.incidents.grouping import group
from nightside.model.errors import UsageError
from nightside.model.incident import Incident, Provenance
from nightside.model.instants import iso
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.model.signal import Signal
from nightside.routing.observation import Observation, observe
from nightside.routing.timeline import Timeline, build
from nightside.signals.losses import lossy_prefixes, unit_losses
from nightside.signals.routes import RouteHistory
from nightside.signals.units import unit_signals
from nightside.sources.layout import Found, find_inputs
from nightside.world.names import require_country
from nightside.world.snapshot import Snapshot, label, load

Progress = Callable[[int], None]
Warn = Callable[[str], None]


@dataclass(frozen=True)
class Replay:
    """What a replay found, and the signals it found it in."""

    incidents: list[tuple[Incident, IncidentSeries]]
    """In the order of began, entity type, code."""
    signals: list[Signal]
    observation: Observation | None
    """None where no session was ever known: then nothing can be told."""
    collected: Collected


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
) -> Replay:
    """Replay files or folders. Countries only, all of them, unless narrowed or ASes are named.

    `begin` and `end` (seconds) narrow what is reported; the state starts at the newest table before. `started`
    is told how many bytes there are to read, `advance` how many were read since the last call.
    """
    settings = settings or Settings()
    if begin is not None and end is not None and begin >= end:
        raise UsageError(f"--from {iso(begin)} is not before --to {iso(end)}", advice="Swap them.")
    codes = [require_country(c) for c in countries]
    found = find_inputs([Path(i) for i in inputs])
    if found.passed_over:
        warn(
            f"{len(found.passed_over)} files not named like an archive's are passed over: {found.passed_over[0]} …"
        )
    started(sum(f.path.stat().st_size for f in found.files))
    snapshot = load()
    collected = collect(found, snapshot, settings, begin=begin, end=end, warn=warn, advance=advance)
    subjects = _subjects(codes, asns, snapshot, collected, settings)
    subject = subject_prefixes(collected, subjects, settings.shortest_cover_ipv4)
    timeline = build(collected.logs, 4, collected.prefix_table.family, settings, collected.end)
    observation = observe(
        timeline,
        collected.prefix_table,
        collected.ways,
        subject=subject,
        way_country=_way_country(collected, snapshot),
        home_asns=frozenset(asns),
        settings=settings,
    )
    if observation is None:
        warn("no table, and no session whose transfer was seen to end: nothing can be told from these files")
        return Replay([], [], None, collected)
    if begin is not None and observation.start > begin:
        warn(f"nothing is known before {iso(observation.start)}, the first table in the input")
    provenance = _provenance(found, collected, snapshot)
    incidents: list[tuple[Incident, IncidentSeries]] = []
    signals: list[Signal] = []
    for some in subjects:
        more, theirs = _detect_all(some, timeline, observation, collected, subject, provenance, settings)
        incidents += more
        signals += theirs
    incidents = [i for i in incidents if _reported(i[0], begin, end)]
    incidents.sort(key=lambda i: (i[0].began, i[0].entity.type, i[0].entity.code))
    return Replay(incidents, signals, observation, collected)


def _subjects(
    codes: Sequence[str], asns: Sequence[int], snapshot: Snapshot, collected: Collected, settings: Settings
) -> list[Subjects]:
    subjects = [country_subjects(snapshot, codes)] if codes or not asns else []
    return subjects + [as_subject(n, collected, settings.shortest_cover_ipv4) for n in sorted(set(asns))]


def _way_country(collected: Collected, snapshot: Snapshot) -> npt.NDArray[np.uint16]:
    """The country of each way's origin AS, 0 for none."""
    origins = collected.ways.origin
    at = np.minimum(np.searchsorted(snapshot.asn_numbers, origins), len(snapshot.asn_numbers) - 1)
    return np.where(snapshot.asn_numbers[at] == origins, snapshot.asn_codes[at], 0).astype(np.uint16)


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


def _detect_all(
    subjects: Subjects,
    timeline: Timeline,
    observation: Observation,
    collected: Collected,
    subject: npt.NDArray[np.uint8],
    provenance: Provenance,
    settings: Settings,
) -> tuple[list[tuple[Incident, IncidentSeries]], list[Signal]]:
    """Incidents and signals of some entities that share no unit."""
    signals = {
        n: s
        for n, s in unit_signals(observation, subjects.entities, subjects.entity_of_unit).items()
        if any(s.units)
    }
    history = RouteHistory(timeline, observation.view)
    lossy = lossy_prefixes(history, observation, subject, settings)
    losses = unit_losses(
        history,
        observation,
        collected.prefix_table,
        collected.prefixes,
        lossy,
        subjects.entity_of_unit,
        settings,
    )
    findings = Findings(subjects, observation, collected, history, subject, provenance, settings)
    incidents = []
    for number, signal in signals.items():
        mine = losses.get(number, [])
        if (
            min(signal.units) >= settings.partial_below * max(signal.units)
            and len(mine) < settings.unstable_losses
        ):
            continue
        first = detect(signal, settings)
        shaky = instability(mine, first.baseline_at, settings, observation.end)
        detection = detect(signal, settings, instability=shaky, busy=loud(mine, first.baseline_at, settings))
        for one in group(detection, shaky, observation.end):
            incidents.append(findings.incident(number, signal, detection, one))
    return incidents, list(signals.values())
