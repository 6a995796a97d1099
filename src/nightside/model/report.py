"""Reports: what somebody said of an incident, dated and sourced, in the shape `nightside.report/1`.

A report is never evidence by itself of more than that somebody said it. Instants are whole seconds since the epoch
here; texts of times stay as they were given, with the zone in which they were given.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

SCHEMA = "nightside.report/1"

Kind = Literal["observation", "claim", "denial", "context"]
"""`observation`: what somebody saw; `claim`: what somebody says was so; `denial`: what somebody says was not so;
`context`: what stood near in time. Of these only an observation may ever weigh anything in a diagnosis."""
KINDS: tuple[Kind, ...] = get_args(Kind)
OBSERVED: frozenset[Kind] = frozenset({"observation"})
"""The kinds that a diagnosis may weigh, low. Context weighs nothing, ever."""
WITHOUT_FIGURES: frozenset[Kind] = frozenset({"denial", "context"})

Precision = Literal["second", "minute", "hour", "day"]
STEP_S: dict[Precision, int] = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
"""From the finest to the coarsest, with their seconds."""

FigureName = Literal["onset", "end", "duration_s", "outages"]
"""`outages`: how many, within what the report is about."""
FIGURE_NAMES: tuple[FigureName, ...] = get_args(FigureName)
Rule = Literal["about", "at_least", "at_most"]
RULES: tuple[Rule, ...] = get_args(Rule)

Range = tuple[int, int]

ID_DIGITS = 32
"""Hexadecimal digits of SHA-256 that are an id: 128 bits."""


@dataclass(frozen=True, slots=True)
class About:
    """The time that a report is about: one instant (`at`) or two, as they were given, and what they cover."""

    at: str | None
    begin: str | None
    end: str | None
    zone: str
    """A name of the tz database, or an offset: `Asia/Pyongyang`, `+09:00`, `UTC`."""
    precision: Precision
    covers: Range
    """From the first second to the first one after it; seconds since the epoch."""

    def to_json(self) -> dict[str, Any]:
        """As it stands in a report."""
        return {
            "at": self.at,
            "from": self.begin,
            "to": self.end,
            "zone": self.zone,
            "precision": self.precision,
        }


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that can be put beside what was measured."""

    what: FigureName
    value: str | int
    """A time as it was given, in the zone of what the report is about unless it has an offset; or a number."""
    rule: Rule
    precision: Precision | None
    """Of times and lengths; None of a number of outages."""
    covers: Range
    """The least and the most that it can mean: seconds since the epoch, seconds, or a number."""

    def to_json(self) -> dict[str, Any]:
        """As it stands in a report."""
        return {"what": self.what, "value": self.value, "rule": self.rule, "precision": self.precision}


@dataclass(frozen=True, slots=True)
class Report:
    """What was said, by whom, where that stands, and of which time."""

    kind: Kind
    says: str
    by: str
    source: str
    """The title of where it stands."""
    url: str | None
    said_on: str
    """The date of the source, `2014-12-27`."""
    about: About
    figures: tuple[Figure, ...] = ()

    @property
    def id(self) -> str:
        """The same report has the same id, whoever attaches it and whenever."""
        # Not `ndjson.dumps`: how lines are printed may change, and an id must not.
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:ID_DIGITS]

    def to_json(self) -> dict[str, Any]:
        """The shape `nightside.report/1`."""
        return {
            "schema": SCHEMA,
            "kind": self.kind,
            "says": self.says,
            "by": self.by,
            "source": self.source,
            "url": self.url,
            "said_on": self.said_on,
            "about": self.about.to_json(),
            "figures": [figure.to_json() for figure in self.figures],
        }

    def to_kept(self) -> dict[str, Any]:
        """The report with what its times meant when it was read: the rules of zones are corrected now and then."""
        return {
            "report": self.to_json(),
            "about": list(self.about.covers),
            "figures": [list(figure.covers) for figure in self.figures],
        }

    @classmethod
    def from_kept(cls, kept: dict[str, Any]) -> Report:
        """The inverse of `to_kept`."""
        said, (first, last) = kept["report"], kept["about"]
        about = said["about"]
        return cls(
            kind=said["kind"],
            says=said["says"],
            by=said["by"],
            source=said["source"],
            url=said["url"],
            said_on=said["said_on"],
            about=About(
                about["at"], about["from"], about["to"], about["zone"], about["precision"], (first, last)
            ),
            figures=tuple(
                Figure(f["what"], f["value"], f["rule"], f["precision"], (covers[0], covers[1]))
                for f, covers in zip(said["figures"], kept["figures"], strict=True)
            ),
        )


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Somebody took a report back. What it said stays on record."""

    at: int
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A report as a store has it: to which incident it was attached, when, and by whom."""

    report: Report
    attached_to: str
    attached_at: int
    attached_by: str
    """The name of a token, or `here` for whoever has the store itself."""
    withdrawn: Withdrawal | None = None


PutReport = Literal["attached", "known", "withdrawn"]
"""What became of a report: it is new; it was there already; it was there, and has been withdrawn for good."""
