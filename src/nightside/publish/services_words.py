"""What services did around an outage, in plain sentences: what went, what came back when, and what that says.

Names of targets and places come from outside: each is made one line without control characters before it is told.
Unknown is told as unknown; nothing is said to be down of which nobody knew.
"""

from __future__ import annotations

from collections.abc import Sequence

from nightside.model.instants import duration_words, parse_iso
from nightside.model.services import OVER_IPV6, Finding, Return, Services
from nightside.publish import reading
from nightside.publish import services_phrases as words
from nightside.publish.headlines import percent
from nightside.publish.literal import one_line
from nightside.publish.moments import Clock, Range, instant, span, time_words, zone_words
from nightside.publish.phrases import choose
from nightside.publish.reading import Json
from nightside.publish.services_shown import ORDER, count_of, heard_places, shown_services, stretches

MOST_FINDINGS = 6
MOST_PLACES = 5
LONGEST_NAME = 60


def services(incident: Json, found: Services | None, reader: str | None = None) -> list[str]:
    """The chapter of a story; empty where nobody checked anything."""
    if found is None or not shown_services(found):
        return []
    clock, window = Clock.of(incident, reader), meanwhile(incident, found)
    went = returns_of(found, window)
    told = [_return(clock, found, one) for one in went]
    if not went:
        told = [_checked(found), _nothing_went(found, window)]
    told += findings(clock, found, window)
    further = len({r.down for r in found.returns} - {r.down for r in went})
    if further:
        told.append(choose(words.FURTHER, further).format(count=f"{further:,}"))
    return [*told, *caveats(found)]


def meanwhile(incident: Json, found: Services) -> Range:
    """When the routes were gone: the headline episode, or all of a standing instability."""
    end = reading.second(incident["end"])
    return parse_iso(incident["onset"]), found.end if end is None else end


def returns_of(found: Services, window: Range) -> list[Return]:
    """Of each service the outage that shares most time with the window, in the services' order."""
    picked = []
    for course in shown_services(found):
        own = [(_shared(r, found, window), -r.down, r) for r in found.returns if _is_of(r, course.name)]
        best = max(own, default=None, key=lambda item: item[:2])
        if best is not None and best[0] > 0:
            picked.append(best[2])
    return picked


def _is_of(one: Return, service: str) -> bool:
    return one.scope == "service" and one.name == service


def _shared(one: Return, found: Services, window: Range) -> int:
    """Seconds of the window in which not all was back."""
    return min(one.all if one.all is not None else found.end, window[1]) - max(one.down, window[0])


def _return(clock: Clock, found: Services, one: Return) -> str:
    """One service: how many, from when on, and the steps of the return."""
    parts = sum(p.service == one.name for p in found.parts)
    count = count_of(found, one.name)
    if parts == count:
        count = one.before
    text = {
        "count": f"{count:,}",
        "service": choose(words.SERVICE[one.name], count),
        "places": _places(found),
        "down": instant(clock, one.down),
    }
    if one.lowest:
        left = f"{one.lowest:,}" if parts == count else percent(one.lowest / one.before)
        told = words.WENT_PARTLY.format(left=left, **text)
    else:
        told = choose(words.WENT, count).format(**text)
    if one.first is None:
        return told + words.NOT_BACK
    first = instant(clock, one.first)
    if count == 1:
        return told + words.BACK_ONE.format(first=first)
    if one.all is not None and one.all // 60 == one.first // 60:
        return told + words.BACK_AT_ONCE.format(first=first)
    return told + words.BACK.format(first=first, further=", ".join(_steps(clock, one, one.first)))


def _steps(clock: Clock, one: Return, first: int) -> list[str]:
    """`half at 02:13 UTC, all at 02:41 UTC`; what falls into the same minute is told once, by the most."""
    reached = [("half", one.half), ("nine_tenths", one.nine_tenths), ("all", one.all)]
    told: list[str] = []
    for number, (name, at) in enumerate(reached):
        if at is None:
            return [*told, words.BACK_NOT[name]]
        following = reached[number + 1][1] if number + 1 < len(reached) else None
        if following is None or following // 60 != at // 60:
            told.append(words.BACK_STEPS[name].format(at=_later(clock, at, first)))
    return told


def _later(clock: Clock, second: int, first: int) -> str:
    """An instant after another one: the time alone where the day is the same, here and there."""
    here = clock.told(second), clock.told(first)
    there = clock.local(second), clock.local(first)
    other_day = there[0] is not None and there[1] is not None and there[0].date() != there[1].date()
    if here[0].date() != here[1].date() or other_day:
        return instant(clock, second)
    return f"{time_words(here[0], seconds=False)} {zone_words(here[0])}"


def _places(found: Services) -> str:
    count = len(heard_places(found))
    return choose(words.PLACES, count).format(count=f"{count:,}")


def _checked(found: Services) -> str:
    items = []
    for course in shown_services(found):
        count = count_of(found, course.name)
        items.append(
            words.CHECKED_ITEM.format(count=f"{count:,}", service=choose(words.SERVICE[course.name], count))
        )
    return words.CHECKED.format(places=_places(found), services=", ".join(items))


def _nothing_went(found: Services, window: Range) -> str:
    known = any(
        share is not None
        for course in shown_services(found)
        for _begin, _end, share in stretches(course, *window)
    )
    return words.NONE_WENT if known else words.NOTHING_KNOWN


def findings(clock: Clock, found: Services, window: Range) -> list[str]:
    """What services say beside the routes around the window, each finding a sentence or two."""
    near = findings_near(found, window)
    return [finding(clock, found, one) for one in near[:MOST_FINDINGS]]


def findings_near(found: Services, window: Range) -> list[Finding]:
    """The findings that touch the window, or the return after it."""
    last = max([window[1], *(r.all for r in returns_of(found, window) if r.all is not None)])
    return [f for f in found.findings if f.begin <= last and (f.end is None or f.end > window[0])]


def finding(clock: Clock, found: Services, one: Finding) -> str:
    """One finding in words: what, when, and on which places it rests where that is not all of them."""
    facts = one.facts
    named = [words.SERVICES[name] for name in ORDER if name in facts.get("services", ())]
    text = {
        "services": _listed(named),
        "begin": instant(clock, one.begin),
        "place": _listed(_names(one.rests_on)),
        "why": words.WHY_LOST.get(str(facts.get("why")), words.WHY_LOST["unheard"]),
        "span": "" if one.end is None else span(clock, one.begin, one.end),
        "length": "" if one.end is None else duration_words(one.end - one.begin),
    }
    told = words.FINDINGS[one.kind][one.end is None].format(**text)
    told = told[:1].upper() + told[1:]
    if one.kind == "services_up_routes_down" and facts.get("abroad"):
        where = _listed([one_line(str(c), 2) for c in facts.get("address_countries", ())])
        told += " " + words.ABROAD.format(countries=where)
    if one.kind != "place_lost" and _bare(one.rests_on) != set(heard_places(found)) and one.rests_on:
        told += " " + words.RESTS_ON.format(places=_listed(_names(one.rests_on)))
    return told


def _bare(places: Sequence[str]) -> set[str]:
    return {place.removesuffix(OVER_IPV6) for place in places}


def caveats(found: Services) -> list[str]:
    """What weakens all of it: one place, no canaries, made-up results."""
    heard = heard_places(found)
    told = []
    if len(heard) == 1:
        told.append(words.ONE_PLACE.format(place=_names(heard)[0]))
    if found.unwatched:
        told.append(words.UNWATCHED)
    if found.reconstruction:
        told.append(words.MADE_UP)
    return told


def _names(places: Sequence[str]) -> list[str]:
    shown = [one_line(place, LONGEST_NAME) for place in places[:MOST_PLACES]]
    more = len(places) - MOST_PLACES
    return [*shown, words.MORE_PLACES.format(count=f"{more:,}")] if more > 0 else shown


def _listed(items: Sequence[str]) -> str:
    """`a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return words.AND.format(first=", ".join(items[:-1]), last=items[-1])
