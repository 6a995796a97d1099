"""A replay without what was only there to know where things stood when the asked time began."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from nightside.model.signal import Signal, UnknownStretch

if TYPE_CHECKING:
    from nightside.engine.replay import Replay
    from nightside.engine.shards.sharded import ShardedReplay

Some = TypeVar("Some", "Replay", "ShardedReplay")


def since(found: Some, begin: int) -> Some:
    """The incidents that lasted beyond `begin`, whole, with what is told of them; the signals from `begin` on."""
    lasting = [
        (incident, told)
        for incident, told in zip(found.incidents, found.messages, strict=True)
        if incident[0].ended is None or incident[0].ended > begin
    ]
    return replace(
        found,
        incidents=[incident for incident, _told in lasting],
        messages=[told for _incident, told in lasting],
        signals=[_from(signal, begin) for signal in found.signals if signal.end > begin],
        health=[_from(signal, begin) for signal in found.health if signal.end > begin],
    )


def _from(signal: Signal, begin: int) -> Signal:
    at = bisect_right(signal.times, begin) - 1
    if at < 0:
        return signal
    return replace(
        signal,
        times=[begin, *signal.times[at + 1 :]],
        units=list(signal.units[at:]),
        unknown=_stretches(signal.unknown, begin),
        in_doubt=_stretches(signal.in_doubt, begin),
    )


def _stretches(stretches: Sequence[UnknownStretch], begin: int) -> list[UnknownStretch]:
    return [replace(one, begin=max(one.begin, begin)) for one in stretches if one.end > begin]
