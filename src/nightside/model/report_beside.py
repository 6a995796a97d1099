"""Reports beside what was measured: each figure with a verdict. Pure functions of a report and an incident's JSON.

Nothing is decided here about who is right: a verdict says whether two figures can both be true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nightside.model.incident import SEVERITIES
from nightside.model.instants import iso, iso_or_none, parse_iso
from nightside.model.report import Figure, KeptReport, Range, Report

Verdict = Literal["agrees", "contradicts", "not_comparable"]
Nearness = Literal["within", "near", "far"]

NEAR_S = 7 * 86_400
"""What a report is about may lie so far from its incident; beyond, it is marked as far."""
NEAREST_EPISODE_S = 86_400
"""Where nothing was measured at the time named, an episode no further than this is what the report must mean."""

NOTHING_THERE = "no outage was measured within a day of what it is about"
NOT_ENDED = "it had not ended when last seen"
ONLY_A_RANGE = "what was measured is known as a range only, wider than what was said"
SHORT_ONES = "it depends on whether outages under ten minutes are counted"
SHORT_S = 600
"""An end counts once it has held so long; so people may take several shorter outages for one, or for none."""
MOST_MEASURED = 3
"""So many of the outages at the time named are listed: the longest."""


@dataclass(frozen=True, slots=True)
class _Measured:
    """An episode as ranges; `end` is None while it lasts."""

    severity: str
    onset: Range
    end: Range | None

    @property
    def duration(self) -> Range | None:
        if self.end is None:
            return None
        return max(0, self.end[0] - self.onset[1]), self.end[1] - self.onset[0]

    @property
    def is_short(self) -> bool:
        return self.duration is not None and self.duration[1] < SHORT_S

    def touches(self, covers: Range) -> bool:
        return self.onset[0] < covers[1] and (self.end is None or self.end[1] >= covers[0])

    def distance_s(self, covers: Range) -> int:
        if self.touches(covers):
            return 0
        return (
            self.onset[0] - covers[1] if self.onset[0] >= covers[1] else covers[0] - (self.end or (0, 0))[1]
        )


def shown_reports(kept: Sequence[KeptReport], incident: dict[str, Any]) -> list[dict[str, Any]]:
    """The reports as they stand in an incident, by the time that they are about, then by when they were attached."""
    ordered = sorted(kept, key=lambda k: (k.report.about.covers, k.attached_at, k.report.id))
    return [_shown(each, incident) for each in ordered]


def _shown(kept: KeptReport, incident: dict[str, Any]) -> dict[str, Any]:
    report, episodes = kept.report, _episodes(incident)
    then = [e for e in episodes if e.touches(report.about.covers)]
    figures = _figures(report, episodes)
    return {
        "id": report.id,
        "attached_to": kept.attached_to,
        "attached": {"at": iso(kept.attached_at), "by": kept.attached_by},
        "withdrawn": None
        if kept.withdrawn is None
        else {"at": iso(kept.withdrawn.at), "by": kept.withdrawn.by, "why": kept.withdrawn.why},
        "report": report.to_json(),
        "about_utc": [iso(report.about.covers[0]), iso(report.about.covers[1])],
        "nearness": nearness(report, incident),
        "measured": [
            {
                "severity": e.severity,
                "onset": iso(e.onset[0]),
                "end": iso_or_none(e.end[1] if e.end else None),
            }
            for e in sorted(sorted(then, key=_shortness)[:MOST_MEASURED], key=lambda e: e.onset)
        ],
        "measured_count": len(then),
        "figures": figures,
        "verdict": _overall(figures),
    }


def _shortness(episode: _Measured) -> tuple[int, Range]:
    """The longest first; what lasts on before all."""
    return -(episode.duration[1] if episode.duration else 1 << 62), episode.onset


def nearness(report: Report, incident: dict[str, Any]) -> Nearness:
    """Whether what a report is about lies within the incident, within a week of it, or far from it."""
    first, last = report.about.covers
    began, ended = parse_iso(incident["began"]), incident["ended"]
    away = max(began - last, 0 if ended is None else first - parse_iso(ended))
    return "within" if away <= 0 else "near" if away <= NEAR_S else "far"


def _episodes(incident: dict[str, Any]) -> list[_Measured]:
    """The outermost episodes of severe or worse, else of any severity, in the order of onset; of an instability that
    stands alone, itself."""
    every = [_measured(e) for e in incident["episodes"]] or [_measured(incident)]
    grave = [e for e in every if SEVERITIES.index(e.severity) >= SEVERITIES.index("severe")] or every
    worst = sorted(grave, key=lambda e: (e.onset[0], -(e.end[1] if e.end else 1 << 62)))
    kept: list[_Measured] = []
    for each in worst:
        within = kept and (kept[-1].end is None or (each.end is not None and each.end[1] <= kept[-1].end[1]))
        if not within:
            kept.append(each)
        elif SEVERITIES.index(each.severity) > SEVERITIES.index(kept[-1].severity):
            # The crossings of the deepest are what people tell of.
            kept[-1] = each
    return kept


def _measured(episode: dict[str, Any]) -> _Measured:
    return _Measured(
        episode["severity"],
        _range(episode["onset_range"], episode["onset"]),
        None if episode["end"] is None else _range(episode["end_range"], episode["end"]),
    )


def _range(known: Sequence[str] | None, instant: str) -> Range:
    first, last = known or (instant, instant)
    return parse_iso(first), parse_iso(last)


def _figures(report: Report, episodes: Sequence[_Measured]) -> list[dict[str, Any]]:
    """Each figure beside the outage that the report must mean.

    That is, of those at its time, else of the nearest within a day, the one with which most of its figures agree; of
    several such, the longest.
    """
    covers = report.about.covers
    then = [e for e in episodes if e.touches(covers)]
    count = sum(not e.is_short for e in then), len(then)
    meant = then or _nearest([e for e in episodes if not e.is_short] or episodes, covers)
    beside: list[_Measured | None] = [*sorted(meant, key=_shortness)] or [None]
    tried = [[_beside(figure, each, count) for figure in report.figures] for each in beside]
    # The first of the best: max keeps the order, which is that of length.
    return max(tried, key=lambda figures: sum(f["verdict"] == "agrees" for f in figures))


def _nearest(episodes: Sequence[_Measured], covers: Range) -> list[_Measured]:
    """The one nearest to a time at which there was none; empty where it is too far to be meant."""
    near = min(episodes, key=lambda e: (e.distance_s(covers), e.onset))
    return [near] if near.distance_s(covers) <= NEAREST_EPISODE_S else []


def _beside(figure: Figure, episode: _Measured | None, count: Range) -> dict[str, Any]:
    measured: Range | None = None
    why: str | None = None
    if figure.what == "outages":
        measured = count
    elif episode is None:
        why = NOTHING_THERE
    else:
        measured = {"onset": episode.onset, "end": episode.end, "duration_s": episode.duration}[figure.what]
        why = NOT_ENDED if measured is None else None
    verdict: Verdict = "not_comparable" if measured is None else _verdict(figure, measured)
    if measured is not None and verdict == "not_comparable":
        why = SHORT_ONES if figure.what == "outages" else ONLY_A_RANGE
    return {
        "what": figure.what,
        "rule": figure.rule,
        "said": _told(figure, figure.covers),
        "measured": None if measured is None else _told(figure, measured),
        "verdict": verdict,
        "why": why,
    }


def _told(figure: Figure, range_: Range) -> list[Any]:
    return [iso(s) for s in range_] if figure.what in ("onset", "end") else list(range_)


def _verdict(figure: Figure, measured: Range) -> Verdict:
    (least, most), (low, high) = figure.covers, measured
    agrees = (figure.rule == "at_most" or low >= least) and (figure.rule == "at_least" or high <= most)
    contradicts = (figure.rule != "at_most" and high < least) or (figure.rule != "at_least" and low > most)
    return "agrees" if agrees else "contradicts" if contradicts else "not_comparable"


def _overall(figures: Sequence[dict[str, Any]]) -> Verdict:
    """One figure that cannot be true is enough; without any that can be compared nothing is said."""
    verdicts = {figure["verdict"] for figure in figures}
    if "contradicts" in verdicts:
        return "contradicts"
    return "agrees" if "agrees" in verdicts else "not_comparable"
