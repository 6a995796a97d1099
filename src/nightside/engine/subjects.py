"""Whom a run asks about: countries and ASes, and which units are theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nightside.engine.collect import Collected
from nightside.model.entity import Entity
from nightside.routing.cover import covering
from nightside.routing.log import EVENT_KINDS
from nightside.world.names import as_name, country_name
from nightside.world.snapshot import Snapshot

KNOWN = EVENT_KINDS["KNOWN"]


@dataclass(frozen=True)
class Subjects:
    """Some entities that share no unit; `entity_of_unit` is the entity's number by /24, 0 for nobody."""

    entities: dict[int, Entity]
    entity_of_unit: npt.NDArray[np.uint16]
    by_border: bool
    """Upstreams are counted at the country's border, not beside the origin."""


def country_subjects(snapshot: Snapshot, codes: Sequence[str]) -> Subjects:
    """The countries named, or all."""
    numbers = [snapshot.index_of(c) for c in codes] if codes else list(range(1, len(snapshot.codes)))
    entities = {
        n: Entity("country", snapshot.codes[n], country_name(snapshot.codes[n])) for n in sorted(numbers)
    }
    return Subjects(entities, _units_of(snapshot, numbers), by_border=True)


def _units_of(snapshot: Snapshot, numbers: Sequence[int]) -> npt.NDArray[np.uint16]:
    """The country's number for each unit of these countries; 0 elsewhere."""
    if len(set(numbers)) == len(snapshot.codes) - 1:
        return snapshot.ipv4_indices
    starts, codes = snapshot.ipv4_runs
    ends = np.append(starts[1:], np.uint64(1 << 24))
    # A page that nobody writes to takes no memory: few countries cost little.
    units = np.zeros(1 << 24, np.uint16)
    for run in np.flatnonzero(np.isin(codes, numbers)).tolist():
        units[int(starts[run]) : int(ends[run])] = codes[run]
    return units


def as_subject(asn: int, collected: Collected, shortest: int) -> Subjects:
    """One AS: the units below every prefix that anybody saw it originate."""
    units = np.zeros(1 << 24, np.uint16)
    way_mine = collected.ways.origin == asn
    table = collected.prefix_table
    for prefix in _originated(collected, way_mine):
        length = int(table.length[prefix])
        if table.family[prefix] == 4 and shortest <= length <= 24:
            first = int(table.hi[prefix]) >> 40
            units[first : first + (1 << (24 - length))] = 1
    return Subjects({1: Entity("asn", str(asn), as_name(asn) or f"AS{asn}")}, units, by_border=False)


def _originated(collected: Collected, way_mine: npt.NDArray[np.bool_]) -> list[int]:
    found: set[int] = set()
    for log in collected.logs:
        flips = log.kind < KNOWN
        found.update(log.prefix[flips][way_mine[log.way[flips]]].tolist())
        for load in log.loads:
            found.update(np.flatnonzero(way_mine[np.asarray(load)]).tolist())
    return sorted(found)


def subject_prefixes(
    collected: Collected, subjects: Sequence[Subjects], shortest: int
) -> npt.NDArray[np.uint8]:
    """1 for each IPv4 prefix that covers a unit of somebody who is asked about."""
    table = collected.prefix_table
    found = np.zeros(len(table.hi), np.uint8)
    for subject in subjects:
        covering(subject.entity_of_unit, table.hi, table.length, table.family, shortest, found)
    return found
