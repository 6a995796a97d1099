"""Who has seen an incident: in words, and for the pages.

Input is `acknowledgements` of an incident as JSON (`nightside.incident/1`). Names and notes are the words of others:
each stands on one line, without control characters and marks of direction, and is escaped by the templates.
"""

from __future__ import annotations

from dataclasses import dataclass

from nightside.model.acknowledgement import BY_CHARS, NOTE_CHARS
from nightside.model.instants import parse_iso
from nightside.publish import acknowledged_phrases as words
from nightside.publish.literal import one_line
from nightside.publish.moments import short_date, time_words, utc
from nightside.publish.reading import Json

LEDE_CHARS = 120
"""Of a note at the head of a page; all of it stands in the list."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One acknowledgement, ready for a page or a terminal. No markup."""

    id: str
    by: str
    token: str
    """`by the token on-call`; empty where that is who it was."""
    at: str
    saw: str
    """Which revision, how bad it was."""
    note: str
    """Empty where it was withdrawn."""
    worse: str
    """What is worse since; empty where nothing is, or it was withdrawn."""
    withdrawn: str
    """When and by whom it was withdrawn; empty where it was not."""


def seen(incident: Json) -> list[Seen]:
    """Each acknowledgement of an incident, in its order."""
    return [_seen(item, incident) for item in incident["acknowledgements"]]


def newest(incident: Json) -> list[str]:
    """The newest that was not withdrawn, in a sentence or two; empty where there is none."""
    standing = [each for each in seen(incident) if not each.withdrawn]
    if not standing:
        return []
    last = standing[-1]
    return [
        words.NEWEST.format(by=last.by, at=last.at, note=one_line(last.note, LEDE_CHARS)),
        *([last.worse] if last.worse else []),
    ]


def acknowledgements(incident: Json) -> list[str]:
    """All of them in words, a heading first; empty where there is none."""
    found = seen(incident)
    return [words.OVERVIEW, *map(_line, found)] if found else []


def taken_line(answer: Json) -> str:
    """What became of one (`nightside.acknowledged/1`)."""
    item = answer["acknowledgement"]
    return words.TAKEN[answer["outcome"]].format(id=item["id"], saw=_saw(item, answer["incident"]))


def _seen(item: Json, incident: Json) -> Seen:
    by, token = one_line(item["by"], BY_CHARS), one_line(item["token"])
    gone, worse = _withdrawn(item["withdrawn"]), item["worsened"]
    number = int(incident["revision"])
    saw = _saw(item, incident["id"])
    if item["acknowledged"] == incident["id"]:
        saw += f"; {words.THIS if item['revision'] == number else words.OLDER.format(newest=number)}"
    return Seen(
        id=item["id"],
        by=by,
        token="" if by == token else words.BY_TOKEN.format(token=token),
        at=_at(item["at"]),
        saw=saw,
        note="" if gone else one_line(item["note"], NOTE_CHARS),
        worse=""
        if gone or worse is None
        else words.WORSE.format(severity=words.SEVERITY[worse["severity"]], onset=_at(worse["onset"])),
        withdrawn=gone,
    )


def _saw(item: Json, incident_id: str) -> str:
    form = words.SAW if item["acknowledged"] == incident_id else words.SAW_OF
    return form.format(
        id=one_line(item["acknowledged"]),
        revision=item["revision"],
        severity=words.SEVERITY[item["severity"]],
    )


def _withdrawn(gone: Json | None) -> str:
    if gone is None:
        return ""
    form = words.WITHDRAWN if gone["why"] is None else words.WITHDRAWN_WHY
    why = one_line(gone["why"] or "", NOTE_CHARS)
    return form.format(at=_at(gone["at"]), who=one_line(gone["by"], BY_CHARS), why=why)


def _line(each: Seen) -> str:
    who = f"{each.by}, {each.token}" if each.token else each.by
    if each.withdrawn:
        return words.LINE_WITHDRAWN.format(by=who, at=each.at, saw=each.saw, withdrawn=each.withdrawn)
    line = words.LINE.format(by=who, at=each.at, saw=each.saw, note=each.note)
    return f"{line}. {each.worse}" if each.worse else line


def _at(text: str) -> str:
    at = utc(parse_iso(text))
    return f"{short_date(at)} {at.year} {time_words(at, seconds=False)} UTC"
