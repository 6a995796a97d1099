"""How well we see, as signals of their own: known peer ASes over all, and voting sessions of each collector."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from nightside.model.entity import Entity
from nightside.model.signal import Signal, UnknownStretch
from nightside.routing.observation import Observation, ViewStep, Votes
from nightside.routing.peers import Session
from nightside.routing.timeline import Timeline


def view_signals(timeline: Timeline, observation: Observation) -> list[Signal]:
    """The health of the view over a whole input; see `health`."""
    return health(
        observation.view,
        timeline.votes,
        timeline.sessions,
        observation.unknown,
        observation.start,
        observation.end,
    )


def health(
    view: Sequence[ViewStep],
    votes: Votes,
    sessions: Sequence[Session],
    unknown: list[UnknownStretch],
    start: int,
    end: int,
    *,
    collectors: Collection[str] = (),
) -> list[Signal]:
    """The health of the view: entity `view` with the code `all` (known full-feed peer ASes), and one for each
    collector (its full-feed sessions whose vote counts), by name; `collectors` have one though nobody votes.
    """
    before = [v for v in view if v.second <= start][-1:]
    known = [(max(v.second, start), v.known) for v in (*before, *(v for v in view if v.second > start))]
    every = Entity("view", "all", "peer ASes known")
    signals = [Signal(every, [t for t, _ in known], [n for _, n in known], end, unknown)]
    changes: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for session, stretches in votes.items():
        of = changes[sessions[session].collector]
        for begin, stop, _why in stretches:
            if stop is None or stop > start:
                of[max(begin, start)] += 1
                if stop is not None:
                    of[stop] -= 1
    for collector in sorted({*changes, *collectors}):
        times, counts, number = [start], [0], 0
        for second in sorted(changes[collector]):
            number += changes[collector][second]
            if second == start:
                counts[0] = number
            elif second < end:
                times.append(second)
                counts.append(number)
        signals.append(Signal(Entity("view", collector, f"sessions at {collector}"), times, counts, end))
    return signals


def view_between(view: Sequence[ViewStep], begin: int, end: int) -> list[tuple[int, int, int]]:
    """The view from `begin` to before `end` as steps (second, known, expected); the first holds at `begin`."""
    before = [v for v in view if v.second <= begin][-1:]
    inside = [v for v in view if begin < v.second < end]
    return [(max(v.second, begin), v.known, v.expected) for v in (*before, *inside)]
