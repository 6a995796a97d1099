"""What others said of an incident, beside what was measured: in words, and for the pages.

Input is `reports` of an incident as JSON (`nightside.incident/1`). All of it is the words of others: each stands on one
line, without control characters and marks of direction, and is escaped by the templates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nightside.model.instants import duration_words, parse_iso
from nightside.model.report import STEP_S, Report
from nightside.publish import reports_phrases as words
from nightside.publish.literal import one_line
from nightside.publish.moments import short_date, time_words, utc
from nightside.publish.reading import Json

LONGEST = {"says": 1000, "by": 100, "source": 200, "why": 500}
LONGEST_URL = 500


@dataclass(frozen=True, slots=True)
class Told:
    """One report, ready for a page or a terminal. No markup."""

    id: str
    kind: str
    by: str
    says: str
    source: str
    href: str
    """Only addresses of the web were ever taken; empty where there is none."""
    said_on: str
    about: str
    """As it was given, with its zone."""
    about_utc: str
    """The same in UTC; empty where it was given so."""
    outages: list[str]
    """What was measured then, the longest of it."""
    figures: list[str]
    """Each figure beside the one that was measured."""
    verdict: str
    """A key of `words.VERDICT`, `context` or `withdrawn`."""
    verdict_words: str
    notes: list[str]


def told_reports(incident: Json) -> list[Told]:
    """Each report of an incident, in its order."""
    return [_told(item, incident) for item in incident["reports"]]


def reports(incident: Json) -> list[str]:
    """The reports in words, a heading first; empty where there is none. A line may go on in the next."""
    found = told_reports(incident)
    return [words.OVERVIEW, *map(_line, found)] if found else []


def taken_line(report: Report, outcome: str, nearness: str) -> str:
    """What became of a report that was just attached."""
    told = words.TAKEN[outcome].format(
        id=report.id, by=one_line(report.by, LONGEST["by"]), kind=words.KIND[report.kind]
    )
    return told + (words.TAKEN_FAR if nearness == "far" else "")


def _told(item: Json, incident: Json) -> Told:
    report = item["report"]
    about, about_utc = _about(report["about"], item["about_utc"])
    verdict = "context" if report["kind"] == "context" else item["verdict"]
    said = words.VERDICT[item["verdict"]]
    if verdict == "context":
        said = words.CONTEXT_FAR if item["nearness"] == "far" else words.CONTEXT
    if item["withdrawn"] is not None:
        verdict, said = "withdrawn", _withdrawn(item["withdrawn"])
    return Told(
        id=item["id"],
        kind=words.KIND[report["kind"]],
        by=one_line(report["by"], LONGEST["by"]),
        says=one_line(report["says"], LONGEST["says"]),
        source=one_line(report["source"], LONGEST["source"]),
        href=one_line(report["url"] or "", LONGEST_URL),
        said_on=report["said_on"],
        about=about,
        about_utc=about_utc,
        outages=[] if verdict == "context" else _outages(item["measured"], item["measured_count"]),
        figures=_figures(item),
        verdict=verdict,
        verdict_words=said,
        notes=_notes(item, incident),
    )


def _withdrawn(withdrawn: Json) -> str:
    return words.WITHDRAWN.format(
        at=_at(withdrawn["at"]), who=one_line(withdrawn["by"]), why=one_line(withdrawn["why"], LONGEST["why"])
    )


def _notes(item: Json, incident: Json) -> list[str]:
    notes = []
    if item["nearness"] == "far":
        first, last = map(parse_iso, item["about_utc"])
        began, ended = parse_iso(incident["began"]), incident["ended"]
        away = max(began - last, 0 if ended is None else first - parse_iso(ended))
        notes.append(words.FAR.format(away=duration_words(away)))
    if item["attached_to"] != incident["id"]:
        notes.append(words.MERGED.format(id=one_line(item["attached_to"])))
    return notes


def _line(told: Told) -> str:
    if told.verdict == "withdrawn":
        return f"- {told.by} ({told.kind}; {told.source}, {told.said_on}): {told.verdict_words}"
    url = words.URL.format(url=told.href) if told.href else ""
    head = words.HEAD.format(
        by=told.by, kind=told.kind, source=told.source, said_on=told.said_on, url=url, says=told.says
    )
    about = f"{told.about} ({told.about_utc})" if told.about_utc else told.about
    form = words.CONTEXT_LINE if told.verdict == "context" else words.LINE
    return form.format(
        head=head,
        about=about,
        measured="; ".join((*told.outages, *told.figures)),
        verdict=told.verdict_words,
        note="".join(f" {note}" for note in told.notes),
    )


def _about(about: Json, covers: Sequence[str]) -> tuple[str, str]:
    """The time as it was given, with its zone; and the same in UTC, where it was given otherwise."""
    given = about["at"] or words.BETWEEN.format(least=about["from"], most=about["to"])
    zone = one_line(about["zone"])
    text = one_line(given).replace("T", " ")
    if about["precision"] == "hour":
        text = f"about {text}"
    if zone == "UTC":
        return f"{text.replace('Z', '')} UTC", ""
    first, last = covers
    least = _at(first)
    one = about["at"] is not None and about["precision"] != "day"
    in_utc = least if one else words.BETWEEN.format(least=least, most=_at(last))
    offset = zone if zone not in text else ""
    return " ".join(part for part in (text, offset) if part), in_utc


def _outages(measured: Sequence[Json], count: int) -> list[str]:
    told = [
        (words.OUTAGE if each["end"] else words.OUTAGE_OPEN).format(
            severity=words.SEVERITY[each["severity"]],
            onset=_at(each["onset"], zone=False),
            end=_at(each["end"], zone=False) if each["end"] else "",
        )
        for each in measured
    ]
    if count > len(measured):
        told.append(words.MORE_OUTAGES.format(count=count - len(measured)))
    return told or [words.NO_OUTAGE]


def _figures(item: Json) -> list[str]:
    report = item["report"]
    pairs = zip(report["figures"], item["figures"], strict=True)
    return [_figure(given, figure, report["about"]["zone"]) for given, figure in pairs]


def _figure(given: Json, figure: Json, zone: str) -> str:
    what = words.WHAT[figure["what"]]
    rules = words.RULE_OF_TIME if figure["what"] in ("onset", "end") else words.RULE
    said = rules[figure["rule"]].format(value=_said(given, figure, zone))
    if figure["measured"] is None:
        return words.FIGURE_NOT.format(what=what, said=said, why=figure["why"])
    least, most = (_one(figure["what"], value) for value in figure["measured"])
    measured = least if least == most else words.BETWEEN.format(least=least, most=most)
    told = words.FIGURE.format(what=what, said=said, measured=measured)
    return f"{told}; {figure['why']}" if figure["why"] else told


def _said(given: Json, figure: Json, zone: str) -> str:
    """A figure as it was given; a time in UTC, but a day in the zone whose day it is."""
    if figure["what"] not in ("onset", "end"):
        return _one(figure["what"], given["value"])
    if given["precision"] == "day":
        return f"{one_line(given['value'])} {one_line(zone)}"
    # What it can mean ends where the time, cut at its precision, does.
    return _told_at(parse_iso(figure["said"][1]) + 1 - STEP_S[given["precision"]])


def _one(what: str, value: Any) -> str:
    if what in ("onset", "end"):
        return _at(value)
    return duration_words(value) if what == "duration_s" else str(value)


def _at(text: str, *, zone: bool = True) -> str:
    told = _told_at(parse_iso(text))
    return told if zone else told.removesuffix(" UTC")


def _told_at(second: int) -> str:
    at = utc(second)
    return f"{short_date(at)} {at.year} {time_words(at, seconds=at.second > 0)} UTC"
