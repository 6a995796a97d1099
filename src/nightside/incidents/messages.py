"""Which messages an incident's episodes make, and when each is sent (docs/definitions.md, Messages).

A pure function: whoever sends them, and whoever scores them, asks it again with what is known by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nightside.model.entity import Entity
from nightside.model.incident import SEVERITIES, Episode, InstabilityStretch, Severity
from nightside.model.instants import compact, iso, iso_or_none
from nightside.model.settings import Settings
from nightside.model.signal import Loss

MessageKind = Literal[
    "opened", "worsened", "recovering", "restored", "resolved", "digest", "corrected", "withdrawn"
]
KINDS: tuple[MessageKind, ...] = ("opened", "worsened", "recovering", "restored", "resolved", "digest")
"""What is told while it happens."""
AFTERWARDS: tuple[MessageKind, ...] = ("corrected", "withdrawn")
"""What is told when the archives say otherwise (`incidents.confirmation`)."""
_SEVERE = SEVERITIES.index("severe")


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to be told. `onset`, `end` and `severity` are what it says, `at` is when it is sent."""

    key: str
    """The same whenever the same is told again, so that it is delivered once."""
    kind: MessageKind
    at: int
    severity: Severity
    onset: int
    end: int | None
    episodes: tuple[Episode, ...]
    """What it is about: the outermost episode; of a digest all of its short ones."""

    @property
    def duration_s(self) -> int | None:
        """Seconds from onset to end."""
        return None if self.end is None else self.end - self.onset

    def to_json(self) -> dict[str, Any]:
        """What it says, and when it is sent, as it is stored."""
        return {
            "key": self.key,
            "kind": self.kind,
            "at": iso(self.at),
            "severity": self.severity,
            "onset": iso(self.onset),
            "end": iso_or_none(self.end),
        }


Unstable = tuple[int, int | None]
"""An instability stretch as it is known while it goes on: from the second it can be told, to its end."""


@dataclass(frozen=True, slots=True)
class Outage:
    """One outermost severe-or-deeper episode with what nests inside."""

    outer: Episode
    nested: tuple[Episode, ...]

    @property
    def crossed_back(self) -> int | None:
        """The crossing back above, confirmed or not."""
        return self.outer.end if self.outer.end is not None else self.outer.recovering_since

    @property
    def worst(self) -> Episode:
        """The longest episode of the worst severity; of two as long the earlier."""
        everyone = (self.outer, *self.nested)
        worst = max((e.severity for e in everyone), key=SEVERITIES.index)
        return max(
            (e for e in everyone if e.severity == worst),
            key=lambda e: ((e.end or e.onset) - e.onset, -e.onset),
        )


def known_unstable(
    instability: Sequence[InstabilityStretch], losses: Sequence[Loss], settings: Settings
) -> list[Unstable]:
    """When each stretch can be told. It is dated back to its first loss, but until the third nobody knows of it."""
    found: list[Unstable] = []
    for stretch in instability:
        seconds = sorted({x.lost for x in losses if x.lost >= stretch.began})
        enough = seconds[: settings.unstable_losses]
        found.append((max(enough, default=stretch.began), stretch.ended))
    return found


def messages(
    entity: Entity,
    episodes: Sequence[Episode],
    unstable: Sequence[Unstable],
    settings: Settings,
    known_until: int,
) -> list[Message]:
    """All messages that are due by `known_until`, in the order of sending.

    `episodes` are one entity's, of any severity. Short is an episode that ends within `end_confirmed_s` of its
    onset. While the entity is unstable, or had a short severe-or-deeper episode in the last `quiet_s`, opened
    waits until the loss is that old. The short ones are told by one digest for each chain of them with less than
    `quiet_s` between; it is sent when the chain is over. Where opened was sent before a short one ended, resolved
    says so as soon as the end counts.
    """
    deep = [e for e in episodes if SEVERITIES.index(e.severity) >= _SEVERE]
    found: list[Message] = []
    short: list[Episode] = []
    for one in outages(deep):
        if is_short(one.outer, settings):
            short.append(one.outer)
        found += _sequence_messages(entity, one, deep, unstable, settings)
    found += _digests(entity, short, settings)
    due = [m for m in found if m.at <= known_until]
    return sorted(due, key=lambda m: (m.at, m.onset, KINDS.index(m.kind)))


def outages(episodes: Sequence[Episode]) -> list[Outage]:
    """The outermost severe-or-deeper episodes of one entity, by onset, each with what nests inside."""
    deep = [e for e in episodes if SEVERITIES.index(e.severity) >= _SEVERE]
    ordered = sorted(deep, key=lambda e: (e.onset, SEVERITIES.index(e.severity)))
    outer: list[tuple[Episode, list[Episode]]] = []
    for episode in ordered:
        if outer:
            last, nested = outer[-1]
            if last.end is None or episode.onset < last.end:
                nested.append(episode)
                continue
        outer.append((episode, []))
    return [Outage(episode, tuple(nested)) for episode, nested in outer]


def is_short(episode: Episode, settings: Settings) -> bool:
    """Whether it ended before its end could have been confirmed."""
    return episode.end is not None and episode.end - episode.onset < settings.end_confirmed_s


def _waits(onset: int, deep: Sequence[Episode], unstable: Sequence[Unstable], settings: Settings) -> bool:
    """Whether the entity is flapping by what is known in the second of a crossing."""
    if any(begin <= onset and (end is None or onset <= end) for begin, end in unstable):
        return True
    return any(
        e.end is not None and is_short(e, settings) and onset - settings.quiet_s <= e.end <= onset
        for e in deep
    )


def _sequence_messages(
    entity: Entity,
    one: Outage,
    deep: Sequence[Episode],
    unstable: Sequence[Unstable],
    settings: Settings,
) -> list[Message]:
    outer = one.outer
    confirmed_s = settings.end_confirmed_s
    waits = _waits(outer.onset, deep, unstable, settings)
    opened_at = _known_at(outer) + confirmed_s if waits else _known_at(outer)
    back = one.crossed_back
    if back is not None and back < opened_at:
        return []
    told: Severity = max(
        (e.severity for e in (outer, *one.nested) if _known_at(e) <= opened_at), key=SEVERITIES.index
    )
    found = [_message(entity, "opened", opened_at, told, outer.onset, None, outer)]
    for deeper in one.nested:
        if SEVERITIES.index(deeper.severity) > SEVERITIES.index(told):
            told = deeper.severity
            found.append(_message(entity, "worsened", _known_at(deeper), told, outer.onset, None, outer))
    if back is not None:
        found.append(_message(entity, "recovering", back, told, outer.onset, back, outer))
    if outer.end is not None:
        at = outer.end + confirmed_s
        if is_short(outer, settings):
            found.append(_message(entity, "resolved", at, told, outer.onset, outer.end, outer))
        else:
            worst = one.worst
            found.append(_message(entity, "restored", at, worst.severity, worst.onset, worst.end, outer))
    return found


def _known_at(episode: Episode) -> int:
    """When its onset can be told: where nobody saw it, when sight was back."""
    return episode.onset if episode.onset_range is None else episode.onset_range[1]


def _digests(entity: Entity, short: Sequence[Episode], settings: Settings) -> list[Message]:
    chains: list[list[Episode]] = []
    for episode in short:
        last = chains[-1][-1].end if chains else None
        if last is not None and episode.onset - last < settings.quiet_s:
            chains[-1].append(episode)
        else:
            chains.append([episode])
    found = []
    for chain in chains:
        end = chain[-1].end
        assert end is not None
        worst = max((e.severity for e in chain), key=SEVERITIES.index)
        found.append(_message(entity, "digest", end + settings.quiet_s, worst, chain[0].onset, end, *chain))
    return found


def _message(
    entity: Entity,
    kind: MessageKind,
    at: int,
    severity: Severity,
    onset: int,
    end: int | None,
    *episodes: Episode,
) -> Message:
    key = f"{sequence_key(entity, episodes[0].onset)}/{kind}"
    return Message(key, kind, at, severity, onset, end, tuple(episodes))


def sequence_key(entity: Entity, onset: int) -> str:
    """What the keys of all messages about one outermost episode begin with."""
    return f"{entity.type}/{entity.code}/{compact(onset)}/{onset}"
