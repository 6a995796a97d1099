"""The networks of an entity: which were visible, when each went and came, and who originates them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nightside.model.series import Lane, LaneState
from nightside.routing.observation import Observation, PrefixTable

Stretch = tuple[int, int | None]


class PrefixHistory:
    """When each prefix was visible."""

    def __init__(self, observation: Observation) -> None:
        self.observation = observation
        changes = observation.prefixes
        self._changes: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for second, number, change in zip(
            changes.second.tolist(), changes.number.tolist(), changes.change.tolist(), strict=True
        ):
            self._changes[number].append((second, change))

    def visible_at(self, prefix: int, second: int) -> bool:
        """Whether a prefix was visible at the end of this second."""
        changes = self._changes.get(prefix, [])
        i = bisect_left(changes, (second + 1, -2))
        if i:
            return changes[i - 1][1] > 0
        return bool(self.observation.visible[prefix])

    def ever_visible(self, prefix: int) -> bool:
        """Whether a prefix was visible at the start or became so."""
        return bool(self.observation.visible[prefix]) or prefix in self._changes

    def invisible(self, prefix: int) -> list[Stretch]:
        """The stretches without visibility, in order; None as the end of one that lasts."""
        stretches: list[Stretch] = []
        since = None if self.observation.visible[prefix] else self.observation.start
        for second, change in self._changes.get(prefix, []):
            if change > 0 and since is not None:
                if second > since:
                    stretches.append((since, second))
                since = None
            elif change < 0 and since is None:
                since = second
        if since is not None:
            stretches.append((since, None))
        return stretches

    def lane(self, prefix: int, text: str, begin: int, end: int) -> Lane:
        """The prefix from `begin` to `end` for a chart, stretches without sight included."""
        marks: list[tuple[int, int, LaneState]] = []
        at = begin
        for a, b in self.invisible(prefix):
            lost, back = max(a, begin), min(end if b is None else b, end)
            if lost >= back:
                continue
            if lost > at:
                marks.append((at, lost, "up"))
            marks.append((lost, back, "down"))
            at = back
        if at < end:
            marks.append((at, end, "up"))
        for blind in self.observation.unknown:
            marks = _overlay(marks, blind.begin, blind.end)
        return Lane(text, marks)


def _overlay(
    marks: list[tuple[int, int, LaneState]], begin: int, end: int
) -> list[tuple[int, int, LaneState]]:
    """The same lane, unknown from `begin` to `end`."""
    out: list[tuple[int, int, LaneState]] = []
    for a, b, state in marks:
        inside = (max(a, begin), min(b, end))
        if inside[0] >= inside[1]:
            out.append((a, b, state))
            continue
        if a < inside[0]:
            out.append((a, inside[0], state))
        out.append((inside[0], inside[1], "unknown"))
        if inside[1] < b:
            out.append((inside[1], b, state))
    return out


@dataclass(frozen=True)
class Network:
    """One routed prefix of an entity; `units` are its /24s that are the entity's."""

    number: int
    text: str
    units: npt.NDArray[np.int64]


def entity_networks(
    candidates: Sequence[int],
    prefixes: PrefixTable,
    texts: Sequence[str],
    entity_of_unit: npt.NDArray[np.uint16],
    entity: int,
) -> list[Network]:
    """The candidates that hold units of the entity, by address and length. Longer than /24 holds none."""
    networks = []
    for number, text in zip(candidates, texts, strict=True):
        length = int(prefixes.length[number])
        if length > 24:
            continue
        first = int(prefixes.hi[number]) >> 40
        inside = np.flatnonzero(entity_of_unit[first : first + (1 << (24 - length))] == entity) + first
        if len(inside):
            networks.append(Network(number, text, inside))
    return sorted(networks, key=lambda n: (int(prefixes.hi[n.number]), int(prefixes.length[n.number])))


def longest_overlap(stretches: Sequence[Stretch], begin: int, end: int) -> Stretch | None:
    """The longest of the stretches that overlap [begin, end); one that lasts is the longest."""
    touching = [s for s in stretches if s[0] < end and (s[1] is None or s[1] > begin)]
    return max(touching, key=lambda s: (float("inf") if s[1] is None else s[1] - s[0], -s[0]), default=None)
