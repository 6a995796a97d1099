"""An outage's place in history in words: rank, comparison, series, what is usual, what others said.

Every sentence names its set, and how much of that time was observed; where that is too little there is none. The
facts are those of `history` in an incident's JSON (`nightside.incident/1`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nightside.model.instants import duration_words, parse_iso
from nightside.publish import history_phrases as phrases
from nightside.publish.headlines import percent, subject
from nightside.publish.literal import one_line
from nightside.publish.moments import Clock, date_words, instant, utc
from nightside.publish.phrases import choose
from nightside.publish.reading import Json

YEAR_LETTERS = 4
LEAST_DAYS = 1
"""Of fewer observed days nothing is told as usual."""


def rank_text(ranks: Sequence[Mapping[str, Any]]) -> str | None:
    """`longest of the 3 total losses known here for 2016 so far (99.2 % of that time observed)`.

    None where no period was observed well enough. The 365 days stand beside the year where their set is another.
    """
    placed = [r for r in ranks if r["place"] is not None]
    if len(placed) == 2 and placed[0]["known"] == placed[1]["known"]:
        placed = placed[:1]
    return phrases.AND_ALSO.join(_place(r) for r in placed) or None


def _place(rank: Mapping[str, Any]) -> str:
    best, worst = rank["place"]
    form = phrases.FOR_YEAR if len(rank["period"]) == YEAR_LETTERS else phrases.FOR_DAYS
    words = {
        "known": f"{rank['known']:,}",
        "losses": choose(phrases.LOSS[rank["severity"]], rank["known"]),
        "when": form.format(period=rank["period"]),
    }
    if rank["known"] == 1:
        told = phrases.ONLY.format(**words)
    elif best != worst:
        form = phrases.BETWEEN_FIRST if best == 1 else phrases.BETWEEN
        told = form.format(best=ordinal(best), worst=ordinal(worst), **words)
    elif best == 1:
        told = phrases.LONGEST.format(**words)
    else:
        told = phrases.NTH.format(ordinal=ordinal(best), **words)
    if rank["ongoing"]:
        told = phrases.BY_NOW.format(place=told)
    asides = [phrases.OBSERVED.format(percent=percent(rank["coverage"]))]
    if best != worst and not rank["ongoing"]:
        asides.insert(0, phrases.UNSETTLED)
    if rank["reconstruction"]:
        asides.insert(0, phrases.RECONSTRUCTED)
    if rank["documented"]:
        asides.insert(0, choose(phrases.DOCUMENTED, rank["documented"]).format(count=rank["documented"]))
    if rank["as_long"]:
        asides.insert(0, choose(phrases.AS_LONG, rank["as_long"]).format(count=rank["as_long"]))
    return f"{told} ({'; '.join(asides)})"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`, `22nd`."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def comparison_text(
    rare: Mapping[str, str], outages: Sequence[Mapping[str, Any]], reader: str | None = None
) -> str | None:
    """Whole countries lost are rare, who says so, and those that are compared with it; None where there are none.

    Times are told in the zone `reader`, else in UTC.
    """
    if not outages:
        return None
    told = []
    for outage in outages:
        onset = parse_iso(outage["from"])
        words = {
            "country": outage["name"],
            "year": utc(onset).year,
            "onset": instant(Clock(None, "", reader=reader), onset),
        }
        least, most = outage["lasted_s"]
        if most is None:
            told.append(phrases.COMPARED_OPEN.format(**words))
        else:
            told.append(phrases.COMPARED.format(length=duration_words((least + most) // 2), **words))
    return phrases.RARE.format(says=rare["says"], by=rare["by"], date=rare["date"], list=", ".join(told))


def series_text(series: Mapping[str, Any]) -> str:
    """On how many days, and between what hours by whose clocks."""
    zone = series["zone"]
    place = phrases.UTC if zone == "UTC" else one_line(zone.rsplit("/", 1)[-1].replace("_", " "))
    first, last = series["first_clock"], series["last_clock"]
    form = phrases.CLOCK_ONE if first == last else phrases.CLOCK
    clock = form.format(first=first, last=last, place=place).replace(" in UTC", " UTC")
    days = [date_words(utc(parse_iso(series[key]))) for key in ("from", "to")]
    return phrases.SERIES.format(
        days=series["days"],
        first=days[0],
        last=days[1],
        clock=clock,
        count=len(series["ids"]),
        all=series["all"],
    )


def history(incident: Json, reader: str | None = None) -> list[str]:
    """The paragraph of a story: what is known, and no more; times in the zone `reader`, else in UTC."""
    told = incident["history"]
    lines = []
    if told["rank_text"]:
        lines.append(f"{told['rank_text'][:1].upper()}{told['rank_text'][1:]}.")
    if compared := told.get("comparison"):
        lines.append(comparison_text(compared["rare"], compared["outages"], reader) or compared["text"])
    if told.get("series"):
        lines.append(told["series"]["text"])
    if told["usual"] and told["usual"][0]["observed_days"] >= LEAST_DAYS:
        lines.append(usual_text(incident, told["usual"]))
    return lines


def usual_text(incident: Json, usual: Sequence[Mapping[str, Any]]) -> str:
    """What was usual before it, over the longest of the periods that is whole; else over what there is."""
    whole = [u for u in usual if u["whole"]]
    told = whole[-1] if whole else usual[0]
    form = phrases.USUAL if whole else phrases.USUAL_PART
    availability = told["availability"]
    worst = [s for s in ("total", "severe", "partial") if told["crossings"][s]]
    longest = told["longest_s"][worst[0]] if worst else 0
    return form.format(
        days=told["days"],
        observed=f"{told['observed_days']:.1f}".removesuffix(".0"),
        since=date_words(utc(parse_iso(told["from"]))),
        subject=subject(incident),
        availability=percent(availability),
        crossings=crossings_text(told["crossings"]),
        longest=phrases.LONGEST_LOSS.format(length=duration_words(longest)) if longest else "",
    )


def crossings_text(crossings: Mapping[str, int]) -> str:
    """`3 total losses` by the worst depth that there was."""
    for severity in ("total", "severe", "partial"):
        count = crossings[severity]
        if count:
            losses = choose(phrases.LOSS[severity], count)
            return choose(phrases.CROSSINGS, count).format(count=f"{count:,}", losses=losses)
    return phrases.NO_CROSSINGS


def not_ranked(ranks: Sequence[Mapping[str, Any]]) -> str | None:
    """Why there is no place, by the calendar year; None where there is one, or where nothing is ranked at all."""
    if not ranks or any(r["place"] is not None for r in ranks):
        return None
    year = ranks[0]
    return phrases.NOT_RANKED.format(percent=percent(year["coverage"]), period=year["period"])
