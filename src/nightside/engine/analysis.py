"""From what collectors told to what it means: visibility, signals, episodes, groups; nothing of single networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nightside.detection.baseline import Stretch
from nightside.detection.episodes import Before, Detection, Medians, detect
from nightside.detection.instability import instability, loud
from nightside.engine.collect import Collected
from nightside.engine.subjects import Subjects, subject_prefixes
from nightside.incidents.grouping import Group, group
from nightside.incidents.messages import Message, known_unstable, messages
from nightside.model.entity import Entity
from nightside.model.incident import InstabilityStretch
from nightside.model.settings import Settings
from nightside.model.signal import Loss, Signal
from nightside.routing.observation import Observation, observe
from nightside.routing.timeline import Timeline, build
from nightside.signals.doubts import doubts
from nightside.signals.losses import lossy_prefixes, unit_losses
from nightside.signals.routes import RouteHistory
from nightside.signals.units import unit_signals
from nightside.world.snapshot import Snapshot
from nightside.world.units import asn_country


@dataclass(frozen=True)
class Sight:
    """What all collectors together saw."""

    collected: Collected
    subject: npt.NDArray[np.uint8]
    """1 for each prefix that covers a unit of somebody who is asked about."""
    timeline: Timeline
    observation: Observation


@dataclass(frozen=True)
class Detected:
    """What happened to one entity; only where something did."""

    number: int
    """The entity's, among the subjects."""
    signal: Signal
    detection: Detection
    losses: list[Loss]
    instability: list[InstabilityStretch]
    groups: list[Group]
    busy: list[Stretch]
    """Losses that break the quiet."""


@dataclass(frozen=True)
class Analysis:
    """What happened to some entities that share no unit."""

    signals: list[Signal]
    """Of every entity that ever had a reachable unit."""
    detected: list[Detected]
    history: RouteHistory


def sight(
    collected: Collected,
    snapshot: Snapshot,
    subjects: Sequence[Subjects],
    settings: Settings,
    *,
    home_asns: frozenset[int] = frozenset(),
) -> Sight | None:
    """Visibility over time; None where no session was ever known, so that nothing can be told."""
    subject = subject_prefixes(collected, subjects, settings.shortest_cover_ipv4)
    timeline = build(collected.logs, 4, collected.prefix_table.family, settings, collected.end)
    observation = observe(
        timeline,
        collected.prefix_table,
        collected.ways,
        subject=subject,
        way_country=asn_country(snapshot, collected.ways.origin),
        unit_country=snapshot.ipv4_indices,
        home_asns=home_asns,
        settings=settings,
    )
    return None if observation is None else Sight(collected, subject, timeline, observation)


def signals_of(seen: Sight, subjects: Subjects, settings: Settings) -> dict[int, Signal]:
    """By entity its reachable units over time, with what is unknown and what is in doubt."""
    signals = unit_signals(seen.observation, subjects.entities, subjects.entity_of_unit)
    in_doubt = doubts(
        seen.observation, seen.collected.prefix_table, signals, subjects.entity_of_unit, settings
    )
    return {n: replace(s, in_doubt=in_doubt.get(n, [])) for n, s in signals.items()}


def analyse(seen: Sight, subjects: Subjects, settings: Settings) -> Analysis:
    """Signals, and where they show something the episodes and their groups, of entities that share no unit."""
    observation = seen.observation
    signals = {n: s for n, s in signals_of(seen, subjects, settings).items() if any(s.units)}
    history = RouteHistory(seen.timeline)
    losses = unit_losses(
        history,
        observation,
        seen.collected.prefix_table,
        seen.collected.prefixes,
        lossy_prefixes(history, observation, seen.subject, settings),
        subjects.entity_of_unit,
        settings,
    )
    detected = []
    for number, signal in signals.items():
        mine = losses.get(number, [])
        if (
            min(signal.units) >= settings.partial_below * max(signal.units)
            and len(mine) < settings.unstable_losses
        ):
            continue
        detected.append(detect_in(number, signal, mine, settings))
    return Analysis(list(signals.values()), detected, history)


def detect_in(
    number: int,
    signal: Signal,
    losses: list[Loss],
    settings: Settings,
    *,
    before: Before | None = None,
    medians: Medians | None = None,
) -> Detected:
    """What happened to one entity by its signal and the losses of its units; the signal's end is now.

    `before` and `medians` as `detect` takes them.
    """
    detection = detect(signal, settings, before=before, medians=medians)
    shaky = instability(losses, detection.baseline_at, settings, signal.end)
    busy = loud(losses, detection.baseline_at, settings)
    if shaky or busy:
        detection = detect(signal, settings, instability=shaky, busy=busy, before=before, medians=medians)
    return Detected(number, signal, detection, losses, shaky, group(detection, shaky, signal.end), busy)


def told(detected: Detected, settings: Settings, known_until: int) -> list[Message]:
    """Everything that is to be told of an entity."""
    unstable = known_unstable(detected.instability, detected.losses, settings)
    return messages(detected.signal.entity, detected.detection.episodes, unstable, settings, known_until)


def about(told: Sequence[Message], group: Group) -> list[Message]:
    """Those that tell of this incident: what a message is about lies in one."""
    return [message for message in told if message.episodes[0] in group.episodes]


def baselines(analysis: Analysis, settings: Settings) -> dict[Entity, list[tuple[int, int]]]:
    """What each signal is held against, as steps (second, units); of entities that nothing happened to, too."""
    loud_ones = {d.signal.entity: d.detection for d in analysis.detected}
    return {
        s.entity: (loud_ones[s.entity] if s.entity in loud_ones else detect(s, settings)).baseline
        for s in analysis.signals
    }
