"""The report's table of what was checked: what each did while the routes were gone, and how fast it answers."""

from __future__ import annotations

from bisect import bisect_right

from nightside.model.services import Latency, PartCourse, Services, Verdict
from nightside.publish import report_phrases
from nightside.publish import services_phrases as words
from nightside.publish.literal import one_line
from nightside.publish.moments import Clock, Range
from nightside.publish.phrases import choose
from nightside.publish.reading import Json
from nightside.publish.report_cells import Cell, Table, Text, When, moment
from nightside.publish.services_shown import ORDER, shown_services
from nightside.publish.services_words import meanwhile

MOST_ROWS = 60
"""So many parts stand on the page, those that did not answer first; all of them stand in the data."""
LONGEST_NAME = 80


def services_table(incident: Json, found: Services | None) -> tuple[Table, str]:
    """The table, and a word on what is in the data only; no rows where nobody checked anything."""
    clock = Clock.of(incident)
    caption = words.TABLE_CAPTION
    if clock.zone is not None:
        caption = f"{caption} {report_phrases.PLACE_TIMES.format(city=clock.city)}"
    table = Table("services", caption, words.TABLE_COLUMNS)
    if found is None or not shown_services(found):
        return table, ""
    window = meanwhile(incident, found)
    ranked = sorted(
        found.parts,
        key=lambda p: (
            ORDER.index(p.service),
            _RANK[_verdict(p, window)],
            p.target.casefold(),
            p.part,
            p.family,
        ),
    )
    if len(ranked) > MOST_ROWS:
        ranked.sort(key=lambda p: _RANK[_verdict(p, window)])
    pace = {line.name: line for line in found.latencies if line.scope == "target"}
    table.rows.extend(_row(clock, part, window, pace.get(part.target)) for part in ranked[:MOST_ROWS])
    rest = len(ranked) - MOST_ROWS
    return table, choose(words.REST, rest).format(count=f"{rest:,}") if rest > 0 else ""


_RANK: dict[Verdict, int] = {"down": 0, "unknown": 1, "up": 2}


def _verdict(part: PartCourse, window: Range) -> Verdict:
    """What it did within the window: down where it was at any time, unknown where nothing is known."""
    seen = {word for begin, end, word in _pieces(part) if end > window[0] and begin < window[1]}
    return "down" if "down" in seen else "up" if "up" in seen else "unknown"


def _pieces(part: PartCourse) -> list[tuple[int, int, Verdict]]:
    ends = [second for second, _ in part.steps[1:]] + [1 << 62]
    return [(begin, end, word) for (begin, word), end in zip(part.steps, ends, strict=True)]


def _row(clock: Clock, part: PartCourse, window: Range, pace: Latency | None) -> tuple[Cell, ...]:
    verdict = _verdict(part, window)
    nothing = Text(words.ANSWERED if verdict == "up" else report_phrases.NOT_KNOWN)
    down: Cell = nothing
    again: Cell = nothing
    last = window[1]
    if verdict == "down":
        began = min(b for b, e, word in _pieces(part) if word == "down" and e > window[0] and b < window[1])
        good = dict(part.onsets).get(began)
        # Somewhere from the last good answer to the first that failed.
        known = (began,) if good is None else (good, began)
        down = When(tuple(moment(clock, second) for second in known))
        back = next((second for second, word in part.steps if word == "up" and second > began), None)
        again = When((), words.NOT_AGAIN) if back is None else When((moment(clock, back),))
        last = max(last, back or 0)
    return (
        Text(_name(part)),
        down,
        again,
        Text(_pace(pace, window[0], last)),
    )


def _name(part: PartCourse) -> str:
    """The target, and what of it: a name server and its transport, IPv6."""
    more = [one_line(part.part, LONGEST_NAME)] if part.part else []
    if part.family == 6:
        more.append(words.SIX)
    name = one_line(part.target, LONGEST_NAME)
    return words.PART.format(target=name, part=", ".join(more)) if more else name


def _pace(line: Latency | None, begin: int, end: int) -> str:
    """How long an answer of the target took, the last known before and the first after."""
    if line is None:
        return report_phrases.NOT_KNOWN
    before = [
        ms for second, ms in line.steps[: bisect_right(line.steps, begin, key=_second)] if ms is not None
    ]
    after = [ms for second, ms in line.steps if second >= end and ms is not None]
    told = {"before": f"{before[-1]:,.0f}" if before else "", "after": f"{after[0]:,.0f}" if after else ""}
    if not before and not after:
        return report_phrases.NOT_KNOWN
    which = "both" if before and after else "before" if before else "after"
    return words.LATENCY[which].format(**told)


def _second(step: tuple[int, float | None]) -> int:
    return step[0]
