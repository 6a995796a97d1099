"""Services at the newest moment, in words: how many answer, and the newest findings."""

from __future__ import annotations

from nightside.model.services import Services
from nightside.publish import services_phrases as words
from nightside.publish.headlines import percent
from nightside.publish.moments import Clock
from nightside.publish.phrases import choose
from nightside.publish.services_shown import count_of, heard_places, shown_services
from nightside.publish.services_words import finding

MOST_FINDINGS = 5


def state_words(found: Services) -> str:
    """`Services answering`, partly, not, or not known."""
    last = [course.steps[-1] for course in shown_services(found) if course.steps]
    up, down = sum(step[1] for step in last), sum(step[2] for step in last)
    if not up + down:
        return words.STATE["unknown"]
    return words.STATE["partly" if up and down else "up" if up else "down"]


def how_many(found: Services) -> str:
    """`3 of 3 name servers, 5 of 6 sites. Seen from 3 places.`"""
    told = []
    for course in shown_services(found):
        count = count_of(found, course.name)
        _second, up, down, unknown = course.steps[-1]
        text = {"service": choose(words.SERVICE[course.name], count), "count": f"{count:,}"}
        if not up + down:
            told.append(words.HOW_MANY_NOT_KNOWN.format(**text))
        elif up + down + unknown != count:
            told.append(words.HOW_MANY_SHARE.format(share=percent(up / (up + down)), **text))
        elif unknown:
            told.append(words.HOW_MANY_SOME.format(up=f"{up:,}", unknown=f"{unknown:,}", **text))
        else:
            told.append(words.HOW_MANY.format(up=f"{up:,}", **text))
    places = len(heard_places(found))
    seen = words.RESTS_ON.format(places=choose(words.PLACES, places).format(count=f"{places:,}"))
    return f"{', '.join(told)}. {seen}"


def newest_findings(clock: Clock, found: Services) -> list[str]:
    """The newest first, those that last on before all others."""
    ranked = sorted(found.findings, key=lambda f: (f.end is not None, -f.begin))
    return [finding(clock, found, one) for one in ranked[:MOST_FINDINGS]]
