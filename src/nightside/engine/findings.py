"""One group of episodes to one incident: whom it hit, what was lost and when, who carried it, how well we saw."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from nightside.detection.episodes import Detection
from nightside.engine.collect import Collected
from nightside.engine.subjects import Subjects
from nightside.incidents.grouping import Group
from nightside.model.entity import Entity
from nightside.model.incident import (
    Incident,
    LocalTime,
    NetworkLoss,
    OperatorLoss,
    Provenance,
    UpstreamShare,
    View,
)
from nightside.model.series import IncidentSeries, UpstreamCourse
from nightside.model.settings import Settings
from nightside.model.signal import Signal, UnknownStretch
from nightside.routing.observation import Observation
from nightside.signals.networks import Network, PrefixHistory, entity_networks, longest_overlap
from nightside.signals.operators import operator_units
from nightside.signals.quality import view_between
from nightside.signals.routes import RouteHistory
from nightside.signals.upstream_course import Step
from nightside.signals.upstreams import UpstreamMeans, upstream_means
from nightside.world.clocks import local_iso, zone_of
from nightside.world.names import as_name

AROUND_S = 86400
"""Upstreams `before` and `after` are means over this long (as far as there is input)."""
SERIES_MARGIN_S = 6 * 3600
"""A chart shows this much before the first sign and after the last recovery."""
MOST_LANES = 300
MOST_UPSTREAMS = 4
"""A series tells the course of these by name, and of all others together."""


class Findings:
    """Builds incidents of some entities from what was observed."""

    def __init__(
        self,
        subjects: Subjects,
        observation: Observation,
        collected: Collected,
        history: RouteHistory,
        subject: npt.NDArray[np.uint8],
        provenance: Provenance,
        settings: Settings,
    ) -> None:
        self.subjects, self.observation, self.collected = subjects, observation, collected
        self.history, self.provenance, self.settings = history, provenance, settings
        self.prefixes = PrefixHistory(observation)
        self.routes_since = max(observation.start, history.timeline.start or 0)
        """What was reachable may be known from earlier on than by whom."""
        self.routed = [int(p) for p in np.flatnonzero(subject) if self.prefixes.ever_visible(int(p))]

    def incident(
        self, number: int, signal: Signal, detection: Detection, group: Group
    ) -> tuple[Incident, IncidentSeries]:
        """The incident of the entity with this number, and what its chart needs."""
        # The last second in which nothing was wrong yet, as far as was seen.
        before = max(group.began - 1, self.observation.start)
        networks = self._networks(number, before)
        means = upstream_means(
            self.history,
            [n.number for n in networks],
            self.collected.ways,
            baseline_at=max(before, self.routes_since),
            windows=self._windows(group),
            by_border=self.subjects.by_border,
        )
        baseline_units = detection.baseline_at(group.onset)
        lowest_units = self._lowest(signal, group)
        incident = Incident(
            entity=signal.entity,
            status=group.status,
            closed_as=group.closed_as,
            severity=group.severity,
            headline=group.headline,
            began=group.began,
            ended=group.ended,
            baseline_units=baseline_units,
            lowest_units=lowest_units,
            lowest=lowest_units / baseline_units if baseline_units else 0.0,
            episodes=group.episodes,
            instability=group.instability,
            networks=[self._network_loss(n, means, group) for n in networks],
            operators=self._operators(networks, means, group, before),
            upstreams=self._upstreams(means),
            view=self._view(signal, group),
            local_time=_local_time(signal.entity, group),
            provenance=self.provenance,
            settings=self.settings.to_json(),
        )
        return incident, self._series(signal, detection, group, networks, means)

    def _end(self, group: Group) -> int:
        return self.observation.end if group.end is None else group.end

    def _windows(self, group: Group) -> list[tuple[int, int]]:
        start, end = self.routes_since, self.observation.end
        return [
            (max(start, group.began - AROUND_S), group.began),
            (max(start, group.onset), self._end(group)),
            (end, end) if group.end is None else (group.end, min(end, group.end + AROUND_S)),
        ]

    def _networks(self, number: int, at: int) -> list[Network]:
        """The entity's prefixes that were visible before. A country's are those that are mostly its own."""
        table = self.collected.prefix_table
        own = [p for p in self.routed if not self.subjects.by_border or table.country[p] == number]
        visible = [p for p in own if self.prefixes.visible_at(p, at)]
        texts = [self.collected.prefixes.text(p) for p in visible]
        return entity_networks(visible, table, texts, self.subjects.entity_of_unit, number)

    def _network_loss(self, network: Network, means: UpstreamMeans, group: Group) -> NetworkLoss:
        lost = longest_overlap(self.prefixes.invisible(network.number), group.onset, self._end(group))
        onset, end = lost or (None, None)
        return NetworkLoss(network.text, means.origins.get(network.number, []), onset, end)

    def _operators(
        self, networks: list[Network], means: UpstreamMeans, group: Group, before: int
    ) -> list[OperatorLoss]:
        units: dict[int, set[int]] = {}
        for network in networks:
            for asn in means.origins.get(network.number, []):
                units.setdefault(asn, set()).update(network.units.tolist())
        worst = {"total": self.settings.total_at, "severe": self.settings.severe_below}
        threshold = worst.get(group.severity, self.settings.partial_below)
        found = []
        for asn, mine in sorted(units.items()):
            course = operator_units(self.observation, sorted(mine))
            was = course.at(before)
            lost = course.below(threshold, was, inclusive=group.severity == "total")
            stretch = longest_overlap(lost, group.onset, self._end(group))
            onset, end = stretch or (None, None)
            found.append(
                OperatorLoss(asn, as_name(asn), was, course.lowest(group.onset, self._end(group)), onset, end)
            )
        return sorted(found, key=lambda o: (float("inf") if o.onset is None else o.onset, o.asn))

    def _upstreams(self, means: UpstreamMeans) -> list[UpstreamShare]:
        shares = [UpstreamShare(asn, as_name(asn), *three) for asn, three in means.shares.items()]
        return sorted(shares, key=lambda u: (-(u.before or 0.0), u.asn))

    def _lowest(self, signal: Signal, group: Group) -> int:
        if group.episodes:
            return min(e.lowest_units for e in group.episodes)
        end = self.observation.end if group.ended is None else group.ended
        lo, hi = bisect_right(signal.times, group.began) - 1, bisect_right(signal.times, end)
        return min(signal.units[max(lo, 0) : hi])

    def _view(self, signal: Signal, group: Group) -> View:
        end = self.observation.end if group.ended is None else group.ended
        steps = self.observation.view
        lo = max(bisect_right([v.second for v in steps], group.began) - 1, 0)
        during = [v for v in steps[lo:] if v.second <= end and v.second < self.observation.end]
        return View(
            peers_expected=max((v.expected for v in during), default=None),
            peers_known_min=min((v.known for v in during), default=None),
            unknown=[
                (u.begin, u.end, u.why)
                for u in _without_sight(signal)
                if u.begin < end and u.end > group.began
            ],
        )

    def _series(
        self,
        signal: Signal,
        detection: Detection,
        group: Group,
        networks: list[Network],
        means: UpstreamMeans,
    ) -> IncidentSeries:
        observation = self.observation
        begin = max(observation.start, group.began - SERIES_MARGIN_S)
        last = observation.end if group.ended is None else group.ended
        end = min(observation.end, last + SERIES_MARGIN_S)
        inside = [t for t in signal.times if begin < t < end]
        steps = [t for t, _ in detection.baseline if begin < t < end]
        times = sorted({begin, *inside, *steps})
        biggest = sorted(networks, key=lambda n: (-len(n.units), n.text))[:MOST_LANES]
        kept = {n.number for n in biggest}
        return IncidentSeries(
            begin=begin,
            end=end,
            times=times,
            units=[signal.units[max(bisect_right(signal.times, t) - 1, 0)] for t in times],
            baseline=[detection.baseline_at(t) for t in times],
            unknown=[
                (max(u.begin, begin), min(u.end, end), u.why)
                for u in _without_sight(signal)
                if u.begin < end and u.end > begin
            ],
            lanes=[self.prefixes.lane(n.number, n.text, begin, end) for n in networks if n.number in kept],
            view=view_between(observation.view, begin, end),
            upstreams=_courses(means, begin, end),
        )


def _without_sight(signal: Signal) -> list[UnknownStretch]:
    return sorted((*signal.unknown, *signal.in_doubt), key=lambda u: (u.begin, u.end))


def _courses(means: UpstreamMeans, begin: int, end: int) -> list[UpstreamCourse]:
    """The upstreams with the largest shares before (then: after) the outage, and all others together."""

    def importance(asn: int) -> tuple[float, float, int]:
        before, _during, after = means.shares[asn]
        return -(before or 0.0), -(after or 0.0), asn

    ranked = sorted(means.shares, key=importance)
    found = [
        UpstreamCourse(asn, as_name(asn), _rounded(means.counts.course([asn], begin, end)))
        for asn in ranked[:MOST_UPSTREAMS]
    ]
    others = ranked[MOST_UPSTREAMS:]
    if others:
        found.append(UpstreamCourse(None, None, _rounded(means.counts.course(others, begin, end))))
    return found


def _rounded(steps: list[Step]) -> list[Step]:
    return [(second, None if share is None else round(share, 6)) for second, share in steps]


def _local_time(entity: Entity, group: Group) -> LocalTime | None:
    zone = zone_of(entity.code) if entity.type == "country" else None
    if zone is None:
        return None
    end = group.end
    return LocalTime(zone, local_iso(group.onset, zone), None if end is None else local_iso(end, zone))
