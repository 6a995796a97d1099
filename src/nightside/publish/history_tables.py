"""History as tables and lists: what was usual, and what others documented, for reports and for pages of entities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nightside.model.instants import duration_words, parse_iso
from nightside.publish import history_phrases as phrases
from nightside.publish import report_phrases as words
from nightside.publish.headlines import percent
from nightside.publish.history_words import history, not_ranked
from nightside.publish.literal import one_line
from nightside.publish.moments import date_words, short_date, utc
from nightside.publish.reading import Json
from nightside.publish.report_cells import Table, Text

DEPTHS = ("total", "severe", "partial")
MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class Said:
    """One claim: what, by whom, where it is to be read, and what speaks against it."""

    text: str
    source: str
    url: str
    against: str


@dataclass(frozen=True, slots=True)
class Told:
    """One documented outage in words."""

    title: str
    claims: tuple[Said, ...]
    note: str
    here: str
    """Whether it was found here; empty on the page of an incident, which it is."""
    incidents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """The chapter of a report."""

    lines: tuple[str, ...]
    usual: Table
    documented: tuple[Told, ...]


def past(incident: Json) -> Past:
    """An incident's place in history; everything is empty where nobody filled it in."""
    told = incident["history"]
    why_not = not_ranked(told.get("ranks", ()))
    lines = [*history(incident), *([why_not] if why_not else ())]
    return Past(
        tuple(lines),
        usual_table(told["usual"] or (), phrases.USUAL_BEFORE),
        documented(told.get("documented", ())),
    )


def usual_table(usual: Sequence[Mapping[str, Any]], caption: str) -> Table:
    """A row for each period of which anything was observed; two that are the same time are one."""
    rows: list[tuple[Text, ...]] = []
    seen: set[tuple[str, str]] = set()
    for period in usual:
        span = period["from"], period["to"]
        if span in seen:
            continue
        seen.add(span)
        rows.append(_period(period))
    return Table("usual", caption, phrases.USUAL_COLUMNS, list(rows))


def _period(period: Mapping[str, Any]) -> tuple[Text, ...]:
    observed = f"{period['observed_days']:.1f}".removesuffix(".0")
    form = phrases.PERIOD if period["whole"] else phrases.PERIOD_PART
    first, last = (utc(parse_iso(period[key])) for key in ("from", "to"))
    availability = period["availability"]
    counts = period["crossings"]
    longest = next((period["longest_s"][d] for d in DEPTHS if period["longest_s"][d]), 0)
    deepest = next((d for d in DEPTHS if period["longest_s"][d]), "")
    return (
        Text(form.format(days=period["days"], observed=observed)),
        Text(
            phrases.FROM_TO.format(
                first=f"{short_date(first)} {first.year}", last=f"{short_date(last)} {last.year}"
            )
        ),
        Text(percent(period["coverage"]), "number"),
        Text(words.NOT_KNOWN if availability is None else percent(availability), "number"),
        Text(phrases.COUNTS.format(**{d: f"{counts[d]:,}" for d in DEPTHS})),
        Text(
            phrases.LONGEST_ONE.format(length=duration_words(longest), severity=deepest)
            if longest
            else phrases.NONE
        ),
    )


def documented(rows: Iterable[Mapping[str, Any]]) -> tuple[Told, ...]:
    """What others told of, row by row."""
    found = []
    for row in rows:
        here = phrases.HERE[row["here"]] if "here" in row else ""
        found.append(
            Told(
                title=_title(row),
                claims=tuple(_said(claim) for claim in row["claims"]),
                note=row["note"] or "",
                here=here,
                incidents=tuple(row.get("incidents", ())),
            )
        )
    return tuple(found[:MOST_ROWS])


def _title(row: Mapping[str, Any]) -> str:
    what = one_line(row["what"], 200)
    if "from" in row:
        # The earliest that a vague claim allows is not when it began: the id has the day it is known by.
        year, month, *day = row["id"][3:].split("-")
        parts = f"{year}-{month}-{day[0] if day else '01'}T12:00:00Z"
        began = date_words(utc(parse_iso(parts)))
        when = began if day else began.partition(" ")[2]
        return phrases.TITLE_ON.format(when=when, kind=phrases.KINDS[row["kind"]], what=what)
    return phrases.TITLE.format(kind=phrases.KINDS[row["kind"]], what=what)


def _said(claim: Mapping[str, Any]) -> Said:
    return Said(
        text=phrases.SAID.format(by=one_line(claim["by"], 100), says=one_line(claim["says"], 400)),
        source=phrases.SAID_WHERE.format(source=one_line(claim["source"], 200), date=claim["date"]),
        url=claim["url"] or "",
        against=phrases.AGAINST.format(why=one_line(claim["contradicted"], 400))
        if claim["contradicted"]
        else "",
    )
