"""What the pages say of incidents and entities, ready for the templates. No new facts: it is read off.

Input is what the store gives: incidents in short (`nightside.incident-summary/1`), `EntityState`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from nightside.model.instants import duration_words, parse_iso
from nightside.model.settings import Settings
from nightside.model.state import EntityState
from nightside.publish.chapters import snapshot
from nightside.publish.headlines import as_name, headline, length_of, percent
from nightside.publish.literal import one_line
from nightside.publish.moments import Clock, short_date, time_words
from nightside.web.reader import Reader

Json = dict[str, Any]

STATUS_WORDS = {
    "ongoing": "going on",
    "recovering": "coming back, not yet confirmed",
    "restored": "over",
    "closed": "over",
}
WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Card:
    """An incident as a line of a list."""

    id: str
    headline: str
    severity: str
    status: str
    status_words: str
    onset_s: int
    end_s: int | None
    length: str
    lowest: str
    sure: str
    local: str
    """The clocks of the place: `In Pyongyang (UTC+09:00): 23 Dec 2014 01:15 to …`; empty where no place is known."""
    entity_name: str
    entity_href: str


def card(incident: Json, reader: Reader) -> Card:
    """The facts of one incident in short."""
    incident = reader.named(incident)
    entity = incident["entity"]
    name = entity_name(entity["type"], entity["code"], entity["name"])
    end = incident["end"]
    return Card(
        id=incident["id"],
        headline=reader.set_off(headline(incident), entity["name"] or ""),
        severity=incident["severity"],
        status=incident["status"],
        status_words=WITHDRAWN if incident["closed_as"] == "withdrawn" else STATUS_WORDS[incident["status"]],
        onset_s=parse_iso(incident["onset"]),
        end_s=None if end is None else parse_iso(end),
        length=_length(incident),
        lowest=lowest_words(incident["share"]),
        sure=sure_words(incident),
        local=local_words(incident),
        entity_name=reader.set_off(name, entity["name"] or ""),
        entity_href=entity_href(entity["type"], entity["code"]),
    )


def _length(incident: Json) -> str:
    if incident["severity"] == "instability":
        return "" if incident["duration_s"] is None else duration_words(incident["duration_s"])
    return length_of(incident)


def lowest_words(share: Json) -> str:
    """What was left at the lowest."""
    if share["lowest"] is None:
        return "How much was left is not known"
    if share["lowest"] == 0:
        return "Nothing was left"
    return f"{percent(share['lowest'])} was left at the lowest"


def sure_words(incident: Json) -> str:
    """How well it was seen, in one sentence or two."""
    view = incident["view"]
    expected, fewest = view["peers_expected"], view["peers_known_min"]
    if expected is None or fewest is None:
        seen = "How many could see it is not known."
    elif fewest >= expected:
        seen = f"All {expected} observers could see it."
    else:
        seen = f"At the fewest, {fewest} of {expected} observers could see it."
    ranged = incident["onset_range"] is not None or incident["end_range"] is not None
    blind = " Its begin or end is known as a range only." if ranged else ""
    made = " A reconstruction, not a recording." if incident["provenance"]["reconstruction"] else ""
    return seen + blind + made


def local_words(incident: Json) -> str:
    """When it began and ended on the clocks of the place, with their offset; empty where there is no one place."""
    clock = Clock.of(incident)
    if clock.zone is None:
        return ""
    end = incident["end"]
    instants = [parse_iso(text) for text in (incident["onset"], end) if text is not None]
    told = [
        (f"{short_date(local)} {local.year} {time_words(local, seconds=False)}", clock.offset(second))
        for second in instants
        if (local := clock.local(second)) is not None
    ]
    if len({offset for _, offset in told}) == 1:
        return f"In {clock.city} ({told[0][1]}): {' to '.join(words for words, _ in told)}"
    return f"In {clock.city}: {' to '.join(f'{words} ({offset})' for words, offset in told)}"


def snapshots(incidents: Iterable[Json]) -> list[str]:
    """By which maps of the registries the networks of these belong to countries, each once."""
    lines = dict.fromkeys(snapshot(incident) for incident in incidents)
    return [line for line in lines if line]


def entity_name(type: str, code: str, name: str | None) -> str:
    """`North Korea`, `AS131279 (Star Joint Venture)`."""
    if type == "asn":
        return as_name(code, name)
    return one_line(name or code)


def entity_href(type: str, code: str) -> str:
    """Where the entity's page is; whatever the code is made of, it stays one segment of the path."""
    return f"/{'asns' if type == 'asn' else 'countries'}/{quote(code, safe='')}"


@dataclass(frozen=True, slots=True)
class Standing:
    """How an entity is doing at the end of what is stored."""

    state: str
    """`up`, `partial`, `severe`, `total`, `unknown` or `unwatched`."""
    words: str
    share: str
    """`100 %`; empty where it is not known."""
    blocks: str


STANDING_WORDS = {
    "up": "Routes up",
    "partial": "Routes partly down",
    "severe": "Routes mostly down",
    "total": "Routes down",
    "unknown": "Unknown: our view is broken",
    "unwatched": "Not watched here",
}


def standing(state: EntityState | None, thresholds: Settings) -> Standing:
    """The latest state in words; by these thresholds."""
    if state is None:
        return Standing("unwatched", STANDING_WORDS["unwatched"], "", "This store holds no data about it.")
    if state.quality == "unknown" or state.units is None:
        blocks = "Whether it can be reached is not known: not the same as an outage."
        return Standing("unknown", STANDING_WORDS["unknown"], "", blocks)
    if not state.baseline_units:
        blocks = f"{_blocks(state.units)} can be reached; what is usual is not known."
        return Standing("up" if state.units else "unknown", "Routes seen", "", blocks)
    share = state.units / state.baseline_units
    kind = "up"
    for name, reached in (
        ("total", share <= thresholds.total_at),
        ("severe", share < thresholds.severe_below),
        ("partial", share < thresholds.partial_below),
    ):
        if reached:
            kind = name
            break
    blocks = f"{state.units:,} of the usual {_blocks(state.baseline_units)} can be reached."
    return Standing(kind, STANDING_WORDS[kind], percent(share), blocks)


def _blocks(count: int) -> str:
    return f"{count:,} address block{'' if count == 1 else 's'}"
