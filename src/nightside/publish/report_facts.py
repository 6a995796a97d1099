"""When, how long and how sure: the four facts that a first-time visitor must find within one screen."""

from __future__ import annotations

from dataclasses import dataclass

from nightside.model.instants import duration_words, parse_iso
from nightside.publish import reading
from nightside.publish import report_phrases as words
from nightside.publish.headlines import length_of, percent
from nightside.publish.moments import Clock
from nightside.publish.phrases import choose
from nightside.publish.reading import Json
from nightside.publish.report_cells import When, end_of, onset_of


@dataclass(frozen=True, slots=True)
class Fact:
    """A label, an instant or a word as its value, and what else belongs to it."""

    label: str
    when: When | None
    value: str
    notes: tuple[str, ...] = ()


def facts(incident: Json) -> list[Fact]:
    """Began, ended, lasted, how sure."""
    clock = Clock.of(incident)
    end = end_of(clock, incident)
    return [
        Fact(words.BEGAN[incident["severity"]], onset_of(clock, incident), ""),
        Fact(words.ENDED, end if end.moments else None, _no_end(incident)),
        Fact(words.LASTED, None, length_of(incident) or words.STILL, _how_much(incident)),
        Fact(words.SURE, None, _peers(incident), _how_sure(incident)),
    ]


def _no_end(incident: Json) -> str:
    """What stands where there is no end."""
    return {"recovering": words.NOT_CONFIRMED, "ongoing": words.NO_END_YET}.get(
        incident["status"], words.NO_END
    )


def _how_much(incident: Json) -> tuple[str, ...]:
    share = incident["share"]
    lowest = choose(words.LOWEST, share["baseline_units"]).format(
        units=f"{share['lowest_units']:,}",
        baseline=f"{share['baseline_units']:,}",
        percent=percent(share["lowest"]),
    )
    if incident["ended"] is None:
        return (lowest,)
    whole = parse_iso(incident["ended"]) - parse_iso(incident["began"])
    if incident["duration_s"] is None or whole < incident["duration_s"] + reading.CLIFF_S:
        return (lowest,)
    return lowest, words.SINCE_FIRST.format(length=duration_words(whole))


def _peers(incident: Json) -> str:
    seen = incident["view"]
    if seen["peers_expected"] is None or seen["peers_known_min"] is None:
        return words.PEERS_UNKNOWN
    known = min(seen["peers_known_min"], seen["peers_expected"])
    return words.PEERS.format(known=f"{known:,}", expected=f"{seen['peers_expected']:,}")


def _how_sure(incident: Json) -> tuple[str, ...]:
    """Who could see, how exact the instants are, and whether it may still change."""
    seen = incident["view"]
    unknown = seen["peers_expected"] is None or seen["peers_known_min"] is None
    notes = [words.PEERS_UNKNOWN_NOTE if unknown else words.PEERS_NOTE]
    ranges = [reading.range_of(incident[key]) for key in ("onset_range", "end_range")]
    if any(r is not None and r[0] != r[1] for r in ranges):
        notes.append(words.INEXACT)
    else:
        notes.append(words.EXACT_OPEN if incident["end"] is None else words.EXACT)
    blind = len(seen["unknown"])
    if blind:
        notes.append(choose(words.BLIND, blind).format(count=f"{blind:,}"))
    if incident["provenance"]["reconstruction"]:
        notes.append(words.SURE_RECONSTRUCTION)
    else:
        notes.append(words.PROVISIONAL[incident["status"]])
    return tuple(notes)
