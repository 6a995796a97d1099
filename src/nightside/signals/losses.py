"""Losses of units: within five minutes a quarter of the known ASes lose every prefix that covers a unit.

What the judge of visibility does not tell: a prefix may be lost by a quarter of the ASes and stay visible.
Only prefixes that enough withdrawals name within the time of one loss are looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import ceil

import numpy as np
import numpy.typing as npt

from nightside.model.settings import Settings
from nightside.model.signal import Loss
from nightside.routing.log import EVENT_KINDS
from nightside.routing.observation import Observation, PrefixTable
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.whole import Whole, unpacked
from nightside.signals.loss_count import LossCounter
from nightside.signals.routes import RouteHistory

FLIP = EVENT_KINDS["FLIP"]


def lossy_prefixes(
    history: RouteHistory, observation: Observation, subject: npt.NDArray[np.uint8], settings: Settings
) -> list[int]:
    """Prefixes with as many withdrawals within a loss window as one loss takes."""
    line = history.timeline
    known = [v.known for v in observation.view if not v.unknown]
    if not known or not len(subject):
        return []
    fewest = max(1, ceil(settings.loss_as_share * min(known)))
    gone = (line.kind == FLIP) & (line.way == 0)
    gone &= subject[np.minimum(line.prefix, len(subject) - 1)] > 0
    prefix, second = line.prefix[gone], line.second[gone].astype(np.int64)
    order = np.argsort(prefix, kind="stable")
    prefix, second = prefix[order], second[order]
    last = fewest - 1
    if len(prefix) <= last:
        return []
    near = prefix[last:] == prefix[: len(prefix) - last]
    near &= second[last:] - second[: len(prefix) - last] < settings.loss_window_s
    return [int(p) for p in np.unique(prefix[last:][near])]


def _chains(
    lossy: Sequence[int],
    prefixes: PrefixTable,
    index: PrefixIndex,
    entity_of_unit: npt.NDArray[np.uint16],
    shortest: int,
) -> dict[tuple[int, tuple[int, ...]], int]:
    """Units by (entity, all prefixes ever seen that cover them), for the units below the lossy prefixes."""
    groups: dict[tuple[int, tuple[int, ...]], int] = defaultdict(int)
    done: set[int] = set()
    for p in lossy:
        length = int(prefixes.length[p])
        if not shortest <= length <= 24:
            continue
        first = int(prefixes.hi[p]) >> 40
        inside = np.flatnonzero(entity_of_unit[first : first + (1 << (24 - length))]) + first
        for unit in inside.tolist():
            if unit in done:
                continue
            done.add(unit)
            chain = []
            for cover in range(24, shortest - 1, -1):
                found = index.find((unit >> (24 - cover) << (24 - cover)) << 40, 0, cover, 4)
                if found is not None:
                    chain.append(found)
            groups[(int(entity_of_unit[unit]), tuple(chain))] += 1
    return groups


def unit_losses(
    history: RouteHistory,
    observation: Observation,
    prefixes: PrefixTable,
    index: PrefixIndex,
    lossy: Sequence[int],
    entity_of_unit: npt.NDArray[np.uint16],
    settings: Settings,
) -> dict[int, list[Loss]]:
    """The losses of each entity's units, by the entity's number."""
    losses: dict[int, list[Loss]] = defaultdict(list)
    line = history.timeline
    groups = _chains(lossy, prefixes, index, entity_of_unit, settings.shortest_cover_ipv4)
    wanted = np.unique(np.array([p for _entity, chain in groups for p in chain], np.int64))
    with unpacked(load.ways for load in line.loads):
        loads = [(load.second, load.session, _part(load.ways, wanted)) for load in line.loads]
    counter = LossCounter(
        second=line.second,
        kind=line.kind,
        session=line.session,
        prefix=line.prefix,
        way=line.way,
        as_of=line.as_of,
        loads=loads,
        votes={s: [(a, b) for a, b, _why in stretches] for s, stretches in line.votes.items()},
        view=[(v.second, v.known, v.unknown) for v in observation.view],
        share=settings.loss_as_share,
        window_s=settings.loss_window_s,
        start=observation.start,
    )
    for number, ((entity, chain), units) in enumerate(sorted(groups.items())):
        lost = counter.count(np.array(chain, np.uint32), history.rows(chain))
        losses[entity] += [Loss(a, b, number, units) for a, b in lost]
    # Not by all fields: `returned` may be None.
    return {entity: sorted(found, key=lambda x: (x.lost, x.group)) for entity, found in losses.items()}


def _part(ways: npt.NDArray[np.uint32] | Whole, wanted: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """The ways of a few prefixes in their places: memory that nobody writes to is none."""
    part = np.zeros(len(ways), np.uint32)
    inside = wanted[wanted < len(ways)]
    part[inside] = ways[inside]
    return part
