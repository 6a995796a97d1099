"""Scoring: what a rule told against what is true, episode by episode. Pure functions.

An episode matches a true one of the same entity and severity when they overlap, one to one. Among all ways to
pair them the one with the most pairs is taken, and of these the one with the most seconds in common. Both sides
are without overlaps of their own, so pairs never need to cross and a pass over both in time finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from nightside.model.incident import Episode, Severity

SCORED: tuple[Severity, ...] = ("total", "severe", "partial")


class TrueEpisode(Protocol):
    """What is true of one stretch below one threshold; `end` is None where the input ends before it does."""

    @property
    def severity(self) -> Severity:
        """`partial`, `severe` or `total`."""

    @property
    def onset(self) -> int:
        """Second of the crossing."""

    @property
    def end(self) -> int | None:
        """Second of the crossing back."""


@dataclass(frozen=True, slots=True)
class True_:  # noqa: N801
    """One true episode, with what the rows of the figures are made of."""

    block: int
    country: str
    severity: Severity
    onset: int
    end: int | None
    until: int
    """The end, or the end of the input."""
    units: int
    """Baseline units of the country."""
    shape: str
    """Of the injection; `none` where it came about without one."""
    blind: bool
    """Wholly inside a stretch in which the rule's view is unknown."""

    @property
    def duration_s(self) -> int:
        """Seconds, as far as the input goes."""
        return self.until - self.onset


@dataclass(frozen=True, slots=True)
class Told:
    """One episode that a rule told."""

    block: int
    country: str
    episode: Episode
    until: int
    units: int
    shape: str

    @property
    def duration_s(self) -> int:
        """Seconds, as far as the input goes."""
        return self.until - self.episode.onset


@dataclass(frozen=True, slots=True)
class Score:
    """The pairs of one rule, and what is left over on either side, in the order of block, country, time."""

    pairs: list[tuple[True_, Told]]
    missed: list[True_]
    """Without those that were wholly unseen."""
    blind: list[True_]
    """True episodes wholly inside unknown stretches; a pair with one of them counts nowhere."""
    false: list[Told]


def overlap_s(a: tuple[int, int], b: tuple[int, int]) -> int:
    """Seconds in common of two stretches."""
    return max(0, min(a[1], b[1]) - max(a[0], b[0]))


def match(true: Sequence[tuple[int, int]], told: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pairs of places in two lists of stretches (begin, end), each list sorted and without overlaps of its own.

    The most pairs that overlap, and of all such sets the one with the most seconds in common.
    """
    rows, columns = len(true), len(told)
    best = [[(0, 0)] * (columns + 1) for _ in range(rows + 1)]
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            value = max(best[i - 1][j], best[i][j - 1])
            common = overlap_s(true[i - 1], told[j - 1])
            if common:
                pairs, seconds = best[i - 1][j - 1]
                value = max(value, (pairs + 1, seconds + common))
            best[i][j] = value
    found = []
    i, j = rows, columns
    while i and j:
        if best[i][j] == best[i - 1][j]:
            i -= 1
        elif best[i][j] == best[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            found.append((i, j))
    return found[::-1]


def wholly_inside(onset: int, end: int | None, stretches: Iterable[tuple[int, int]]) -> bool:
    """Whether one of the stretches holds the whole episode."""
    return end is not None and any(a <= onset and end <= b for a, b in stretches)


def score_country(true: Sequence[True_], told: Sequence[Told]) -> Score:
    """All severities of one country in one block."""
    score = Score([], [], [], [])
    for severity in SCORED:
        mine = sorted((t for t in true if t.severity == severity), key=lambda t: t.onset)
        theirs = sorted((t for t in told if t.episode.severity == severity), key=lambda t: t.episode.onset)
        pairs = match([(t.onset, t.until) for t in mine], [(t.episode.onset, t.until) for t in theirs])
        score.pairs.extend((mine[i], theirs[j]) for i, j in pairs if not mine[i].blind)
        paired_true, paired_told = {i for i, _ in pairs}, {j for _, j in pairs}
        score.blind.extend(t for t in mine if t.blind)
        score.missed.extend(t for i, t in enumerate(mine) if i not in paired_true and not t.blind)
        score.false.extend(t for j, t in enumerate(theirs) if j not in paired_told)
    return score


@dataclass(frozen=True, slots=True)
class Instants:
    """How far the instants of the pairs are off: seconds where an instant was told, else whether the range holds."""

    errors_s: list[int]
    """Absolute, sorted."""
    ranges: int
    ranges_right: int
    open: int
    """Ends that only one side has: the input ended too soon for the other."""


def onset_instants(pairs: Iterable[tuple[True_, Told]]) -> Instants:
    """The onsets of the pairs."""
    return _instants((t.onset, d.episode.onset, d.episode.onset_range) for t, d in pairs)


def end_instants(pairs: Iterable[tuple[True_, Told]]) -> Instants:
    """The ends of the pairs; where both are still open there is nothing to measure."""
    ends = ((t.end, d.episode.end, d.episode.end_range) for t, d in pairs)
    return _instants(e for e in ends if e[0] is not None or e[1] is not None)


def _instants(
    instants: Iterable[tuple[int | None, int | None, tuple[int, int] | None]],
) -> Instants:
    errors: list[int] = []
    ranges = right = open_ = 0
    for true, told, within in instants:
        if true is None or told is None:
            open_ += 1
        elif within is not None:
            ranges += 1
            right += within[0] <= true <= within[1]
        else:
            errors.append(abs(told - true))
    return Instants(sorted(errors), ranges, right, open_)
