"""Takes the vitals of a running watch from its parts. It only reads, on the event loop, between two steps."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from nightside.engine.channels.delivery import Delivery
from nightside.engine.live.daemon import LATENESS_S, Daemon
from nightside.engine.live.vitals import (
    ChannelVitals,
    CheckpointVitals,
    CollectorVitals,
    SourceVitals,
    Vitals,
)
from nightside.engine.live.watcher import Found
from nightside.incidents.messages import AFTERWARDS, KINDS
from nightside.sources.stream import Faults, Figures


class Counted(Protocol):
    """A source that counts what it does: `RisLive`, `BmpListener`."""

    faults: Faults
    figures: Figures


class KeptBytes(Protocol):
    """What is on disk of what a watch knows (`kept_state.KeptState`)."""

    @property
    def is_kept(self) -> bool:
        """Whether what comes is written down."""

    @property
    def state_bytes(self) -> int:
        """The newest checkpoint."""

    @property
    def journal_bytes(self) -> int:
        """What came in since."""


class Tally:
    """Counts the messages that go through it."""

    def __init__(self, tell: Callable[[Found], Awaitable[None]]) -> None:
        self._tell = tell
        self.by_kind: Counter[str] = Counter(dict.fromkeys((*KINDS, *AFTERWARDS), 0))

    async def tell(self, found: Found) -> None:
        """Pass it on; it counts once that is done."""
        await self._tell(found)
        self.by_kind.update(message.kind for message in found.new)


class Pulse:
    """The vitals, whenever they are asked for (`vitals`)."""

    def __init__(
        self,
        daemon: Daemon,
        tally: Tally,
        *,
        sources: Mapping[str, Counted],
        channels: Sequence[Delivery] = (),
        kept: KeptBytes | None = None,
        lateness_s: float = LATENESS_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`sources` by a short name for each, such as `bmp`; `lateness_s` and `clock` are the daemon's."""
        self.starting: str | None = None
        """What is done before the daemon runs, in words; to be set, and taken back, by who does it."""
        self._daemon, self._tally, self._lateness_s = daemon, tally, lateness_s
        self._sources, self._channels, self._kept, self._clock = sources, channels, kept, clock

    def vitals(self) -> Vitals:
        """As of now."""
        watcher = self._daemon.watcher
        step = watcher.view[-1] if watcher.view else None
        beginning = watcher.live.beginning
        return Vitals(
            now_s=self._clock(),
            judged_s=watcher.until_s or None,
            lateness_s=self._lateness_s,
            began_s=beginning.second if beginning else None,
            known=step.known if step else 0,
            expected=step.expected if step else 0,
            blind=step is None or step.unknown,
            waiting=self._daemon.waiting,
            untold=len(self._daemon.telling.waiting),
            elements=self._daemon.figures.elements,
            incidents_open=sum(course.open_since is not None for course in watcher.courses.all.values()),
            told=dict(self._tally.by_kind),
            starting=self.starting,
            channels=[_channel(one) for one in self._channels],
            checkpoint=self._checkpoint(),
            collectors=self._collectors(),
            sources=[_source(name, source) for name, source in self._sources.items()],
        )

    def _checkpoint(self) -> CheckpointVitals | None:
        if self._kept is None:
            return None
        at_s = self._daemon.figures.state_at_s
        return CheckpointVitals(at_s, self._kept.state_bytes, self._kept.journal_bytes, self._kept.is_kept)

    def _collectors(self) -> list[CollectorVitals]:
        newest: dict[str, float] = {}
        for source in self._sources.values():
            newest |= source.figures.newest_s
        not_heard = self._daemon.figures.not_heard
        found = []
        for name, collector in sorted(self._daemon.watcher.live.collectors.items()):
            away = collector.table.away
            why = not_heard.get(name, "not heard yet") if away or name in not_heard else None
            found.append(CollectorVitals(name, why is None, why, newest.get(name)))
        return found


def _channel(delivery: Delivery) -> ChannelVitals:
    state = delivery.state
    return ChannelVitals(
        delivery.channel.name,
        delivery.waiting,
        state.failing_since is not None,
        state.delivered,
        state.refused,
    )


def _source(name: str, source: Counted) -> SourceVitals:
    figures = source.figures
    return SourceVitals(
        name,
        figures.connections,
        figures.received_bytes,
        figures.messages,
        figures.duplicates,
        figures.elements,
        figures.restamped,
        source.faults.counts,
    )
