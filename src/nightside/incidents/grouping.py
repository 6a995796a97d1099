"""Episodes to incidents: which belong together, which is the headline, and how far things have come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nightside.detection.episodes import Detection, OpenStretch
from nightside.model.incident import SEVERITIES, Episode, InstabilityStretch, Severity, Status


@dataclass(frozen=True, slots=True)
class Group:
    """What makes up one incident."""

    episodes: list[Episode]
    instability: list[InstabilityStretch]
    headline: Episode | None
    severity: Severity
    status: Status
    closed_as: str | None
    began: int
    ended: int | None

    @property
    def onset(self) -> int:
        """The headline's onset; of an instability that stands alone, its begin."""
        return self.headline.onset if self.headline else self.began

    @property
    def end(self) -> int | None:
        """The headline's end; of an instability that stands alone, its end."""
        return self.headline.end if self.headline else self.ended


def _headline(episodes: Sequence[Episode], last: int) -> Episode | None:
    """The longest episode of the worst severity; of two as long the earlier."""
    if not episodes:
        return None
    worst = max(SEVERITIES.index(e.severity) for e in episodes)
    return max(
        (e for e in episodes if SEVERITIES.index(e.severity) == worst),
        key=lambda e: ((last if e.end is None else e.end) - e.onset, -e.onset),
    )


def _status(episodes: Sequence[Episode], ended: int | None, stretch: OpenStretch) -> Status:
    if stretch.closed is not None:
        return "closed"
    lasting = [e for e in episodes if e.end is None]
    if any(e.recovering_since is None for e in lasting):
        return "ongoing"
    if lasting:
        return "recovering"
    return "ongoing" if ended is None else "restored"


def group(detection: Detection, instability: Sequence[InstabilityStretch], input_end: int) -> list[Group]:
    """One group for each stretch in which an incident was open, in the order of time."""
    groups = []
    for stretch in detection.open_stretches:
        until = float("inf") if stretch.closed is None else stretch.closed
        episodes = [e for e in detection.episodes if stretch.began <= e.onset < until]
        shaky = [s for s in instability if stretch.began <= s.began < until]
        ends = [e.end for e in episodes] + [s.ended for s in shaky]
        last = [e for e in ends if e is not None]
        ended = None if len(last) < len(ends) or not last else max(last)
        if stretch.closed_as == "new_level":
            ended = stretch.closed
        headline = _headline(episodes, input_end if stretch.closed is None else stretch.closed)
        groups.append(
            Group(
                episodes=episodes,
                instability=shaky,
                headline=headline,
                severity=headline.severity if headline else "instability",
                status=_status(episodes, ended, stretch),
                closed_as=stretch.closed_as,
                began=min([e.onset for e in episodes] + [s.began for s in shaky]),
                ended=ended,
            )
        )
    return groups
