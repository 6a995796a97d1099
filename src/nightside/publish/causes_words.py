"""What speaks for which cause, in words and for the page: families first, each row followed to signal and minute.

Input is an incident as it is shown (`nightside.incident/1` with its `diagnosis`). Nothing is weighed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nightside.publish import causes_phrases as words
from nightside.publish.literal import one_line
from nightside.publish.moments import Clock
from nightside.publish.reading import Json
from nightside.publish.report_cells import Cell, Table, Text, When, when

CANDIDATE = 0.15
"""A family or cause with less is not named where nothing is sure."""
MOST_CAUSES = 3
MOST_ITEMS = 4
LONGEST = 300
UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of evidence in a score."""

    anchor: str
    weight: str
    says: str
    why: str


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause with what speaks for and against it."""

    name: str
    family: str
    score: str
    speaks_for: list[Item]
    against: list[Item]


@dataclass(frozen=True, slots=True)
class Seen:
    """One piece of evidence: what it says, and each place to look with its instant."""

    anchor: str
    rule: str
    says: str
    source: str
    look: list[tuple[str, When]]


@dataclass(frozen=True, slots=True)
class Why:
    """All that the page shows; `verdict` is empty where nothing was diagnosed."""

    verdict: str
    note: str
    families: Table
    causes: list[Cause]
    rest: list[Cause]
    evidence: list[Seen]


def verdict(incident: Json) -> str:
    """Family and cause in a sentence, `undetermined` said plainly; empty where it was not diagnosed."""
    found = incident.get("diagnosis")
    if found is None:
        return ""
    families, causes = found["families"], _causes(incident)
    if found["family"] == UNDETERMINED:
        candidates = [(_family(incident, f["family"]), f["score"]) for f in families]
        return words.NOT_SURE.format(candidates=_candidates(candidates))
    family, score = _family(incident, found["family"]), _score(families[0]["score"])
    if found["cause"] == UNDETERMINED:
        inner = [(_cause(c), c["score"]) for c in causes if c["family"] == found["family"]]
        return words.SURE_FAMILY.format(family=family, score=score, candidates=_candidates(inner))
    return words.SURE.format(
        family=family, score=score, cause=_cause(causes[0]), cause_score=_score(causes[0]["score"])
    )


def chapter(incident: Json) -> str:
    """The same as a chapter of a story for a terminal, with the strongest evidence; empty where not diagnosed."""
    if incident.get("diagnosis") is None:
        return ""
    lines = [f"{words.TITLE}: {verdict(incident)}", words.SHORT_NOTE.format(version=_version(incident))]
    causes = _causes(incident)
    for cause in causes[:MOST_CAUSES]:
        lines.append(
            words.HEAD.format(
                cause=_cause(cause), family=_family(incident, cause["family"]), score=_score(cause["score"])
            )
        )
        items = sorted(
            [(words.FOR, i) for i in cause["for"]] + [(words.AGAINST, i) for i in cause["against"]],
            key=lambda pair: -abs(pair[1]["weight"]),
        )
        for form, item in items[:MOST_ITEMS]:
            lines.append(
                form.format(
                    weight=f"{abs(item['weight']):.1f}",
                    says=one_line(item["says"], LONGEST),
                    rests="; ".join(
                        words.RESTS.format(signal=one_line(r["signal"]), at=one_line(r["at"]))
                        for r in item["rests_on"][:2]
                    ),
                )
            )
        if len(items) > MOST_ITEMS:
            lines.append(words.MORE.format(count=len(items) - MOST_ITEMS))
    rest = [(_cause(c), c["score"]) for c in causes[MOST_CAUSES:]]
    if rest:
        lines.append(words.OTHERS.format(list=_candidates(rest, least=0.0)))
    unknown = [e for e in incident["diagnosis"]["evidence"] if e["level"] == "unknown"]
    if unknown:
        told = "; ".join(
            words.UNKNOWN_ITEM.format(rule=one_line(e["id"]), why=one_line(e["says"], LONGEST))
            for e in unknown
        )
        lines.append(words.UNKNOWN.format(list=told))
    return "\n".join(lines)


def why(incident: Json) -> Why:
    """What the page shows."""
    columns = (words.FAMILY_COLUMN, words.SCORE_COLUMN)
    found = incident.get("diagnosis")
    if found is None:
        return Why("", "", Table("families", words.FAMILIES_CAPTION, columns), [], [], [])
    clock = Clock.of(incident)
    rows: list[tuple[Cell, ...]] = [
        (Text(_family(incident, f["family"])), Text(_score(f["score"]), "number")) for f in found["families"]
    ]
    causes = [
        Cause(
            _cause(c),
            _family(incident, c["family"]),
            _score(c["score"]),
            [_item(i) for i in c["for"]],
            [_item(i) for i in c["against"]],
        )
        for c in _causes(incident)
    ]
    evidence = [
        Seen(
            _anchor(e["id"]),
            one_line(e["id"]),
            words.UNKNOWN_SAYS.format(why=one_line(e["says"], LONGEST))
            if e["level"] == "unknown"
            else one_line(e["says"], LONGEST),
            one_line(e["source"], LONGEST),
            [(one_line(r["signal"]), when(clock, r["at"])) for r in e["rests_on"]],
        )
        for e in found["evidence"]
    ]
    return Why(
        verdict(incident),
        words.NOTE.format(version=_version(incident)),
        Table("families", words.FAMILIES_CAPTION, columns, rows),
        causes[:MOST_CAUSES],
        causes[MOST_CAUSES:],
        evidence,
    )


def _causes(incident: Json) -> list[Json]:
    """The causes without the row that stands for several."""
    return [c for c in incident["causes"] if c["cause"] != UNDETERMINED]


def _candidates(named: Sequence[tuple[str, float]], least: float = CANDIDATE) -> str:
    return ", ".join(words.CANDIDATE.format(name=n, score=_score(s)) for n, s in named if s >= least)


def _family(incident: Json, family: str) -> str:
    known = words.FAMILY_OF_AS if incident["entity"]["type"] == "asn" else words.FAMILY
    return known.get(family) or one_line(str(family))


def _cause(cause: Json) -> str:
    return words.CAUSE.get(cause["cause"]) or one_line(str(cause["cause"]))


def _score(score: float) -> str:
    return f"{score:.2f}"


def _version(incident: Json) -> str:
    return one_line(str(incident["rules_version"]))


def _anchor(rule: str) -> str:
    return "evidence-" + "".join(c if c.isalnum() and c.isascii() else "-" for c in rule)


def _item(item: Json) -> Item:
    return Item(
        _anchor(item["evidence"]),
        f"{item['weight']:+.1f}",
        one_line(item["says"], LONGEST),
        one_line(item["why"], LONGEST),
    )
