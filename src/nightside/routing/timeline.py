"""All collectors' logs of one family as one line of time, with the votes that count on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nightside.model.settings import Settings
from nightside.routing.collector_log import CollectorLog, UInt8, UInt32
from nightside.routing.peers import FullFeed, Session, all_sessions, expected_steps, full_feed
from nightside.routing.player import GAP_END, KNOWN, LOAD, UNKNOWN, Control
from nightside.routing.whole import Whole

START_MARGIN_S = 900
"""First tables this much later than the very first still belong to the start (RouteViews' and RIS' differ)."""


@dataclass(frozen=True, slots=True)
class Load:
    """A session's whole table, taken over at `second` in place of all it said before; `ways` by prefix number."""

    second: int
    session: int
    ways: UInt32 | Whole


@dataclass(frozen=True)
class Timeline:
    """Events of one family about (session, prefix), sorted by second, and the controls between them."""

    family: int
    sessions: list[Session]
    asns: list[int]
    """The distinct peer ASes, ascending; `as_of` gives each session's place in it."""
    as_of: UInt32
    second: UInt32
    kind: UInt8
    session: UInt32
    prefix: UInt32
    way: UInt32
    controls: list[Control]
    loads: list[Load]
    """In the order of time. A session has one from its first table, and one whenever only a table made it known."""
    full: FullFeed
    votes: dict[int, list[tuple[int, int | None, int]]]
    """Per session the stretches (begin, end or None, why it ended) in which its vote counts."""
    expected: list[tuple[int, int]]
    start: int | None
    """The second from which there is something to tell; None where no session was ever known."""
    end: int


def _family_events(
    logs: Sequence[CollectorLog], first: Sequence[int], family: int, prefix_family: UInt8
) -> tuple[tuple[UInt32, UInt8, UInt32, UInt32, UInt32], npt.NDArray[np.int64]]:
    """The events of all collectors, sorted by second, and which collector each is of."""
    parts = []
    owner = []
    for number, (log, offset) in enumerate(zip(logs, first, strict=True)):
        about_session = log.kind >= KNOWN
        mine = np.zeros(len(log.kind), bool)
        mine[about_session] = log.prefix[about_session] == family
        mine[~about_session] = prefix_family[log.prefix[~about_session]] == family
        parts.append(
            (
                log.second[mine],
                log.kind[mine],
                log.session[mine] + np.uint32(offset),
                log.prefix[mine],
                log.way[mine],
            )
        )
        owner.append(np.full(int(mine.sum()), number, np.int64))
    second, kind, session, prefix, way = (np.concatenate([p[i] for p in parts]) for i in range(5))
    order = np.argsort(second, kind="stable")
    merged = (second[order], kind[order], session[order], prefix[order], way[order])
    return merged, np.concatenate(owner)[order]


def start_second(controls: Sequence[Control], collector_of: Mapping[int, str]) -> int | None:
    """From when on there is something to tell: the first tables, else the first session that is known."""
    first_load: dict[str, int] = {}
    first_known: int | None = None
    for control in controls:
        if control.kind == LOAD:
            first_load.setdefault(collector_of[control.session], control.second)
        elif control.kind == KNOWN and first_known is None:
            first_known = control.second
    if not first_load:
        return first_known
    earliest = min(first_load.values())
    return max(second for second in first_load.values() if second <= earliest + START_MARGIN_S)


def _votes(
    controls: Sequence[Control], full: FullFeed, n_sessions: int
) -> dict[int, list[tuple[int, int | None, int]]]:
    """When each session's vote counts: while it is known and full feed."""
    changes: dict[int, list[tuple[int, int, str, int]]] = defaultdict(list)
    for order, control in enumerate(controls):
        if control.kind in (KNOWN, GAP_END):
            changes[control.session].append((control.second, order, "known", 0))
        elif control.kind == UNKNOWN:
            changes[control.session].append((control.second, order, "unknown", control.value))
    for second, session in full.changes():
        changes[session].append((second, -1, "standing", 0))
    votes: dict[int, list[tuple[int, int | None, int]]] = {}
    for session in range(n_sessions):
        known = False
        since: int | None = None
        stretches: list[tuple[int, int | None, int]] = []
        for second, _order, what, why in sorted(changes.get(session, ())):
            if what != "standing":
                known = what == "known"
            counts = known and full.at(session, second)
            if counts and since is None:
                since = second
            elif not counts and since is not None:
                if second > since:
                    stretches.append((since, second, why))
                since = None
        if since is not None:
            stretches.append((since, None, 0))
        if stretches:
            votes[session] = stretches
    return votes


def build(
    logs: Sequence[CollectorLog], family: int, prefix_family: UInt8, settings: Settings, end: int
) -> Timeline:
    """Merge the logs; `prefix_family` is the family of each prefix number, `end` the last second of the input."""
    sessions, first = all_sessions(logs)
    (second, kind, session, prefix, way), owner = _family_events(logs, first, family, prefix_family)
    is_control = kind >= KNOWN
    positions = np.flatnonzero(is_control)
    # A control's position counts the events that are not controls before it.
    before = np.cumsum(~is_control)
    controls: list[Control] = []
    loads: list[Load] = []
    for i in positions:
        value = int(way[i])
        if kind[i] == LOAD:
            loads.append(Load(int(second[i]), int(session[i]), logs[int(owner[i])].loads[value]))
            value = len(loads) - 1
        controls.append(Control(int(before[i]), int(second[i]), int(kind[i]), int(session[i]), value))
    full = full_feed(logs, first, len(sessions), family, settings.full_feed_share)
    votes = _votes(controls, full, len(sessions))
    asns = sorted({s.asn for s in sessions})
    place = {asn: i for i, asn in enumerate(asns)}
    expected = expected_steps(
        ((place[sessions[s].asn], a, b) for s, stretches in votes.items() for a, b, _why in stretches),
        settings.expected_memory_s,
    )
    return Timeline(
        family=family,
        sessions=sessions,
        asns=asns,
        as_of=np.array([place[s.asn] for s in sessions], np.uint32),
        second=second[~is_control],
        kind=kind[~is_control],
        session=session[~is_control],
        prefix=prefix[~is_control],
        way=way[~is_control],
        controls=controls,
        loads=loads,
        full=full,
        votes=votes,
        expected=expected,
        start=start_second(controls, {i: s.collector for i, s in enumerate(sessions)}),
        end=end,
    )
