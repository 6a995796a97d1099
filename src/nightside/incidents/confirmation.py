"""What has to be told anew when the archives say otherwise than what was told live (docs/definitions.md, Messages).

A pure function of what was told and what the archives show. What was told includes earlier corrections, so the same
confirmation twice says nothing new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from nightside.incidents.messages import Message, Outage, is_short, outages, sequence_key
from nightside.model.entity import Entity
from nightside.model.incident import SEVERITIES, Episode, Range, Severity
from nightside.model.instants import parse_iso
from nightside.model.settings import Settings

KEY_PARTS = 4
"""So many parts of a message's key name the outage that it is about (`sequence_key`)."""
FOR_EVER = 2**62


@dataclass(frozen=True)
class ArchiveView:
    """What the archives show of one entity in [begin, end): its episodes, and where they could not see."""

    begin: int
    end: int
    episodes: Sequence[Episode]
    unknown: Sequence[tuple[int, int]] = ()
    """[from, to) in which our view of it was broken in the archives too."""

    def saw(self, begin: int, end: int) -> bool:
        """Whether they saw all of this time."""
        whole = self.begin <= begin and end <= self.end
        return whole and not any(a < end and begin < b for a, b in self.unknown)


@dataclass
class _Told:
    """What was last said of one outage; of a digest, of its short ones together."""

    key: str
    digest: bool
    severity: Severity
    onset: int
    first: int
    """The earliest onset that was said."""
    at: int
    """When something was said last."""
    end: int | None = None
    last: int = 0
    """The latest end that was said."""
    withdrawn: bool = False
    until: int = FOR_EVER
    """When the next one began, of which it was told apart."""

    @property
    def reach(self) -> tuple[int, int]:
        return self.first, self.until if self.end is None else max(self.end, self.last)

    def nearest(self, these: Sequence[Outage]) -> Outage:
        """The one that is meant: which bears its name; else by its onset while it lasts, later by the time shared."""
        for outage in these:
            if self.key.endswith(f"/{outage.outer.onset}"):
                return outage
        if self.end is None:
            return min(these, key=lambda o: abs(o.outer.onset - self.first))
        return max(these, key=lambda o: _shared_s(self.reach, _reach(o)))


@dataclass(frozen=True)
class _Shown:
    """What the archives say of one outage."""

    severity: Severity
    onset: int
    end: int | None
    onset_range: Range | None
    end_range: Range | None

    def is_told_by(self, told: _Told) -> bool:
        if told.withdrawn or told.severity != self.severity or (told.end is None) != (self.end is None):
            return False
        ends = told.end is None or self.end is None or _within(told.end, self.end, self.end_range)
        return ends and _within(told.onset, self.onset, self.onset_range)


def to_tell_anew(
    entity: Entity, told: Sequence[Mapping[str, Any]], archive: ArchiveView, settings: Settings, now: int
) -> list[Message]:
    """The messages `corrected` and `withdrawn` that are due, by onset; they are sent at `now`.

    `told` are all messages of the entity within the time, as they are stored, in the order of sending.
    """
    accounts = _accounts(told)
    shown = outages(archive.episodes)
    found: list[Message] = []
    for one in accounts:
        mine = [outage for outage in shown if _overlap(one.reach, _reach(outage))]
        if mine and not one.digest:
            found += _corrected(one, one.nearest(mine), archive, settings, now)
        elif not mine and not _told_singly(one, accounts):
            found += _withdrawn(one, archive, settings, now)
    # What was said to go on may end by that, before an outage of which nobody was told.
    sequences = [one for one in _accounts([*told, *(m.to_json() for m in found)]) if not one.digest]
    for outage in shown:
        if not any(_overlap(one.reach, _reach(outage)) for one in sequences):
            found += _missed(entity, outage, archive, settings, now)
    known = {message["key"] for message in told}
    return sorted((m for m in found if m.key not in known), key=lambda m: (m.onset, m.key))


def sequence_of(key: str) -> str:
    """What a message's key says of the outage it is about."""
    return "/".join(key.split("/")[:KEY_PARTS])


def withdrawn_sequences(told: Iterable[Mapping[str, Any]]) -> set[str]:
    """Of which outages the last that was said is that they were none."""
    last: dict[str, str] = {}
    for message in told:
        if message["kind"] in ("corrected", "withdrawn"):
            last[sequence_of(message["key"])] = message["kind"]
    return {key for key, kind in last.items() if kind == "withdrawn"}


def _accounts(told: Sequence[Mapping[str, Any]]) -> list[_Told]:
    found: dict[tuple[str, bool], _Told] = {}
    for message in told:
        key = sequence_of(message["key"])
        digest = "digest" in message["key"].split("/")[KEY_PARTS:]
        onset, at = parse_iso(message["onset"]), parse_iso(message["at"])
        end = None if message["end"] is None else parse_iso(message["end"])
        one = found.get((key, digest))
        if one is None:
            one = _Told(key, digest, message["severity"], onset, onset, at)
            found[key, digest] = one
        one.at = max(one.at, at)
        if message["kind"] == "withdrawn":
            one.withdrawn = True
            continue
        one.withdrawn = False
        # Recovering says no end yet.
        one.end = None if message["kind"] == "recovering" else end
        one.severity, one.onset = message["severity"], onset
        anew = message["kind"] == "corrected"
        one.first = onset if anew else min(one.first, onset)
        one.last = (one.end or 0) if anew else max(one.last, one.end or 0)
    sequences = sorted((one for one in found.values() if not one.digest), key=lambda one: one.first)
    for one, following in pairwise(sequences):
        one.until = max(one.first, following.first - 1)
    return list(found.values())


def _corrected(
    told: _Told, outage: Outage, archive: ArchiveView, settings: Settings, now: int
) -> list[Message]:
    confirmed_s = settings.end_confirmed_s
    shown = _shown(outage, settings)
    if shown.end is None and outage.crossed_back is not None:
        return []
    if told.end is not None and shown.end is None and not archive.saw(told.end, told.end + confirmed_s):
        return []
    if told.end is None and shown.end is not None and archive.end < told.at + confirmed_s:
        # It may be gone again: what was told since is of a time that the archives do not have yet.
        return []
    if (
        told.end is None
        and shown.end is None
        and _deeper(told.severity, shown.severity)
        and told.at > archive.end
    ):
        shown = _Shown(told.severity, shown.onset, None, shown.onset_range, None)
    if shown.is_told_by(told):
        return []
    return [_message(told.key, shown, now, outage)]


def _missed(
    entity: Entity, outage: Outage, archive: ArchiveView, settings: Settings, now: int
) -> list[Message]:
    """Of an outage that nobody was told of: one message, and none where it was short."""
    until = archive.end if outage.crossed_back is None else outage.crossed_back
    if until - outage.outer.onset < settings.end_confirmed_s:
        return []
    shown = _shown(outage, settings)
    if shown.end is None and outage.crossed_back is not None:
        return []
    return [_message(sequence_key(entity, outage.outer.onset), shown, now, outage)]


def _withdrawn(told: _Told, archive: ArchiveView, settings: Settings, now: int) -> list[Message]:
    until = (told.at if told.end is None else max(told.end, told.last)) + settings.end_confirmed_s
    if told.withdrawn or not archive.saw(told.first, until):
        return []
    key = f"{told.key}/digest/withdrawn" if told.digest else f"{told.key}/withdrawn"
    return [Message(key, "withdrawn", now, told.severity, told.onset, told.end, ())]


def _told_singly(digest: _Told, accounts: Sequence[_Told]) -> bool:
    """Whether what a digest sums up was told by itself too, so that it is withdrawn by itself."""
    return digest.digest and any(not a.digest and _overlap(a.reach, digest.reach) for a in accounts)


def _shown(outage: Outage, settings: Settings) -> _Shown:
    outer, worst = outage.outer, outage.worst
    if outer.end is not None and not is_short(outer, settings):
        return _Shown(worst.severity, worst.onset, worst.end, worst.onset_range, worst.end_range)
    # While it lasts, and of a short one, the outermost crossing is told.
    return _Shown(worst.severity, outer.onset, outer.end, outer.onset_range, outer.end_range)


def _message(sequence: str, shown: _Shown, now: int, outage: Outage) -> Message:
    end = "open" if shown.end is None else shown.end
    key = f"{sequence}/corrected/{shown.severity}/{shown.onset}/{end}"
    return Message(key, "corrected", now, shown.severity, shown.onset, shown.end, (outage.outer,))


def _within(told: int, second: int, range_: Range | None) -> bool:
    """Whether an instant is as it was told; what the archives know as a range only corrects nothing within."""
    return told == second or (range_ is not None and range_[0] <= told <= range_[1])


def _deeper(one: Severity, other: Severity) -> bool:
    return SEVERITIES.index(one) > SEVERITIES.index(other)


def _reach(outage: Outage) -> tuple[int, int]:
    outer = outage.outer
    first = outer.onset if outer.onset_range is None else outer.onset_range[0]
    last = outer.end if outer.end_range is None else outer.end_range[1]
    return first, FOR_EVER if last is None else last


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _shared_s(one: tuple[int, int], other: tuple[int, int]) -> int:
    return min(one[1], other[1]) - max(one[0], other[0])
