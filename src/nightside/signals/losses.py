"""Losses of units: within five minutes a quarter of the known ASes lose every prefix that covers a unit.

What the judge of visibility does not tell: a prefix may be lost by a quarter of the ASes and stay visible.
Only prefixes that enough withdrawals name within the time of one loss are looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from heapq import merge
from math import ceil

import numpy as np
import numpy.typing as npt

from nightside.model.settings import Settings
from nightside.model.signal import Loss
from nightside.routing.log import EVENT_KINDS
from nightside.routing.observation import Observation, PrefixTable
from nightside.routing.prefixes import PrefixIndex
from nightside.signals.routes import RouteEvent, RouteHistory

FLIP = EVENT_KINDS["FLIP"]
STALE = EVENT_KINDS["STALE"]
HEARD = EVENT_KINDS["HEARD"]


def lossy_prefixes(
    history: RouteHistory, observation: Observation, subject: npt.NDArray[np.uint8], settings: Settings
) -> list[int]:
    """Prefixes with as many withdrawals within a loss window as one loss takes."""
    line = history.timeline
    known = [v.known for v in observation.view if not v.unknown]
    if not known:
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


def _losses(
    history: RouteHistory, chain: Sequence[int], group: int, units: int, start: int, settings: Settings
) -> list[Loss]:
    """The losses of the units that exactly these prefixes cover."""
    line = history.timeline
    as_of = line.as_of
    sessions_of: dict[int, list[int]] = defaultdict(list)
    for session in range(len(line.sessions)):
        sessions_of[int(as_of[session])].append(session)
    held: dict[int, set[int]] = defaultdict(set)
    # Who lost the units by updates, and when. Whoever becomes unknown meanwhile has not returned by that.
    missing: dict[int, int] = {}
    losses: list[Loss] = []
    lost_at: int | None = None

    def judge(second: int) -> None:
        nonlocal lost_at
        view = history.view_at(second)
        quarter = settings.loss_as_share * view.known
        since = (second if lost_at is None else lost_at) - settings.loss_window_s
        lately = sum(1 for t in missing.values() if t > since)
        enough = lately > 0 and lately >= quarter
        if lost_at is None:
            if enough and second >= start and not view.unknown:
                lost_at = second
        elif not enough:
            losses.append(Loss(lost_at, second, group, units))
            lost_at = None

    def take(event: RouteEvent) -> None:
        mine = held[event.session]
        had = bool(mine)
        if event.way:
            mine.add(event.prefix)
        else:
            mine.discard(event.prefix)
        asn = int(as_of[event.session])
        if not history.votes_at(event.session, event.second):
            return
        if mine:
            missing.pop(asn, None)
        elif had and event.kind == FLIP:
            others = (s for s in sessions_of[asn] if s != event.session and held[s])
            if not any(history.votes_at(s, event.second) for s in others):
                missing[asn] = event.second

    def come(session: int) -> None:
        """A session's vote counts again: it may have returned with its transfer."""
        if held[session]:
            missing.pop(int(as_of[session]), None)

    now: int | None = None
    for second, _order, event, session in _with_comers(history, chain):
        if now is not None and second != now:
            judge(now)
        now = second
        if event is None:
            come(session)
        elif event.kind not in (STALE, HEARD):
            take(event)
    if now is not None:
        judge(now)
    if lost_at is not None:
        losses.append(Loss(lost_at, None, group, units))
    return losses


def _with_comers(
    history: RouteHistory, chain: Sequence[int]
) -> Iterator[tuple[int, int, RouteEvent | None, int]]:
    """The events of some prefixes, and after those of its second each session whose vote begins to count."""
    comers = sorted((a, s) for s, stretches in history.timeline.votes.items() for a, _b, _why in stretches)
    events = ((e.second, 0, e, e.session) for e in history.events(chain))
    return merge(events, ((second, 1, None, session) for second, session in comers), key=lambda i: i[:2])


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
    groups = _chains(lossy, prefixes, index, entity_of_unit, settings.shortest_cover_ipv4)
    for number, ((entity, chain), units) in enumerate(sorted(groups.items())):
        losses[entity] += _losses(history, chain, number, units, observation.start, settings)
    # Not by all fields: `returned` may be None.
    return {entity: sorted(found, key=lambda x: (x.lost, x.group)) for entity, found in losses.items()}
