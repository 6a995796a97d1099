"""Posts: what is told of an incident at one instant, in at most 300 characters.

A post says only what was known at its instant, though the incident may know more by now. A loss and a return are
provisional until they have lasted; a reconstruction says so first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nightside.model.errors import NightsideError
from nightside.model.instants import duration_words, parse_iso
from nightside.publish import attribution, headlines, moments, phrases, reading
from nightside.publish import post_phrases as words
from nightside.publish.literal import LONGEST as LONGEST_NAME
from nightside.publish.moments import Clock, Range, short_date, time_words, utc
from nightside.publish.phrases import choose
from nightside.publish.post_facts import Known
from nightside.publish.reading import Json

LONGEST = 300
"""Characters of a post."""


@dataclass(frozen=True, slots=True)
class Style:
    """How much a post tells."""

    detail: int
    """0: what happened when, and how sure that is. 1: more of what was seen. 2: and why it is as sure as that."""
    city: bool = True
    """Whether it tells the clocks of the place."""
    offset: bool = True
    """Whether it tells how far these are from UTC."""
    brief: bool = False
    """Whether it tells as little as a post may."""
    name: int = LONGEST_NAME
    """Characters of a name."""


STYLES = (
    Style(detail=2),
    Style(detail=2, offset=False),
    Style(detail=1),
    Style(detail=1, offset=False),
    Style(detail=0),
    Style(detail=0, offset=False),
    Style(detail=0, offset=False, name=30),
    Style(detail=0, city=False, name=30),
    Style(detail=0, city=False, brief=True, name=24),
)
"""From the fullest to the briefest; a post takes the first with which it is short enough."""


def post(message: Json, incident: Json, longest: int = LONGEST) -> str:
    """The post of one message {key, kind, at, severity, onset, end} of an incident; at most `longest` characters.

    Raises NightsideError for a kind of message that it has no words for.
    """
    known = Known.of(message, incident)
    told = _TOLD.get(known.kind)
    if told is None or known.severity not in words.WAS:
        raise NightsideError(
            f"there are no words for a message of the kind {known.kind!r} and the severity {known.severity!r}",
            where=str(message["key"]),
            advice="A newer program may have written it: update this one.",
        )
    text = ""
    for style in STYLES:
        text = _whole(told(known, style), incident)
        if len(text) <= longest:
            return text
    return text[: longest - 1].rstrip() + "…"


def _whole(sentences: list[str], incident: Json) -> str:
    """The sentences, and whose data they rest on; what is made up is nobody's data."""
    if incident["provenance"]["reconstruction"]:
        sentences = [words.RECONSTRUCTED, *sentences]
    else:
        sentences = [*sentences, _data(incident)]
    return " ".join(sentence for sentence in sentences if sentence)


def _data(incident: Json) -> str:
    sources = attribution.named_sources(incident)
    if not sources:
        return ""
    if len(sources) > 1:
        sources = [words.AND.format(firsts=", ".join(sources[:-1]), last=sources[-1])]
    return words.DATA.format(sources=sources[0])


def _opened(known: Known, style: Style) -> list[str]:
    now = known.lasting(known.onset)
    said = [_lasting(words.OPENED, words.OPENED_GONE, known, now, style)]
    unstable_s = known.unstable_s()
    if style.detail and unstable_s:
        said.append(words.UNSTABLE_BEFORE.format(lead=duration_words(unstable_s)))
    return [*said, _how_new(known, now, style)]


def _worsened(known: Known, style: Style) -> list[str]:
    now = known.lasting(known.onset)
    if now["severity"] != "total":
        return _opened(known, style)
    said = [_lasting({"total": words.WORSENED}, words.WORSENED_GONE, known, now, style)]
    if style.detail and parse_iso(now["onset"]) > known.onset:
        first = _instant(known, known.onset, None, Style(detail=0, city=False))
        said.append(words.DISRUPTED_FROM.format(first=first))
    return [*said, _how_new(known, now, style)]


def _lasting(forms: dict[str, str], gone: phrases.Pair, known: Known, now: Json, style: Style) -> str:
    """What lasts at the instant, and since when."""
    severity = now["severity"]
    since = _instant(known, parse_iso(now["onset"]), reading.range_of(now["onset_range"]), style)
    filled = {"subject": _subject(known, style), "since": since}
    count = known.networks_gone(now)
    if count:
        return choose(gone, count).format(count=f"{count:,}", **filled)
    threshold = "total_at" if severity == "total" else "severe_below"
    return forms[severity].format(percent=_threshold(known, threshold), **filled)


def _how_new(known: Known, now: Json, style: Style) -> str:
    """That a loss is provisional, and how old it is."""
    lasted_s = known.at - parse_iso(now["onset"])
    if style.detail < 2 or now["onset_range"] is not None:
        return words.PROVISIONAL
    if lasted_s < 60:
        return words.PROVISIONAL_NEW
    return words.PROVISIONAL_LASTED.format(length=duration_words(lasted_s))


def _recovering(known: Known, style: Style) -> list[str]:
    outer = known.outer()
    form = words.RECOVERING_BRIEF if style.brief else words.RECOVERING
    end = known.at if known.end is None else known.end
    said = form.format(
        subject=_subject(known, style),
        percent=_threshold(known, "severe_below"),
        since=_instant(known, end, reading.range_of(outer["end_range"]), style),
        length=headlines.length_of(outer),
    )
    why = words.PROVISIONAL_RETURN.format(confirm=_confirm(known))
    return [said, words.PROVISIONAL if style.brief else why]


def _restored(known: Known, style: Style) -> list[str]:
    worst = known.worst()
    partly = known.partly()
    form = words.RESTORED_PARTLY if partly else words.RESTORED
    if style.brief:
        form = words.RESTORED_PARTLY_BRIEF if partly else words.RESTORED_BRIEF
    said = [
        form.format(
            subject=_subject(known, style),
            outage=headlines.outage(worst),
            was=words.WAS[worst["severity"]],
            span=_span(known, worst, style),
        )
    ]
    if style.detail:
        said += _more(known, worst, partly=partly)
    return [*said, _confirmed(known, style)]


def _more(known: Known, worst: Json, *, partly: bool) -> list[str]:
    """How little was left, what it lay in, and what is still missing."""
    said = []
    lowest = known.lowest(worst)
    if worst["severity"] == "severe" and lowest is not None:
        said.append(words.AT_THE_LOWEST.format(percent=headlines.percent(lowest)))
    until = known.around_until(worst)
    if until is not None and worst["severity"] == "total":
        said.append(
            words.DISRUPTED_UNTIL.format(end=_instant(known, until, None, Style(detail=0, city=False)))
        )
    if partly:
        said.append(words.NOT_YET_WHOLLY.format(percent=_threshold(known, "partial_below")))
    return said


def _confirmed(known: Known, style: Style) -> str:
    return words.CONFIRMED_RETURN.format(confirm=_confirm(known)) if style.detail == 2 else words.CONFIRMED


def _digest(known: Known, style: Style) -> list[str]:
    count = known.short_ones()
    worst = known.worst()
    if count > 1:
        said = words.DIGEST[known.severity].format(
            subject=_subject(known, style),
            count=f"{count:,}",
            confirm=_confirm(known),
            span=_span(known, {"onset_range": None, "end_range": None}, style, known.onset, known.end),
        )
    else:
        form = words.DIGEST_ONE_BRIEF[worst["severity"]] if style.brief else words.DIGEST_ONE
        said = form.format(
            subject=_subject(known, style), outage=headlines.outage(worst), span=_span(known, worst, style)
        )
    again = known.since_then()
    if again is None:
        return [said, choose(words.DIGEST_OVER, max(1, count))]
    since = _instant(
        known,
        parse_iso(again["onset"]),
        reading.range_of(again["onset_range"]),
        Style(detail=0, city=False, brief=style.brief),
    )
    return [said, words.DOWN_SINCE[again["severity"]].format(since=since)]


def _corrected(known: Known, style: Style) -> list[str]:
    subject = _subject(known, style)
    if known.end is None:
        now = known.lasting(known.onset)
        since = _instant(known, parse_iso(now["onset"]), reading.range_of(now["onset_range"]), style)
        said = words.CORRECTED_OPEN[now["severity"]].format(subject=subject, since=since)
    else:
        worst = known.worst()
        forms = words.CORRECTED_BRIEF if style.brief else words.CORRECTED
        said = forms[worst["severity"]].format(
            subject=subject, span=_span(known, worst, style), length=headlines.length_of(worst)
        )
    return [said, words.REPLACES]


def _withdrawn(known: Known, style: Style) -> list[str]:
    onset = _instant(known, known.onset, None, style)
    return [words.WITHDRAWN[known.severity].format(subject=_subject(known, style), onset=onset)]


_TOLD: dict[str, Callable[[Known, Style], list[str]]] = {
    "opened": _opened,
    "worsened": _worsened,
    "recovering": _recovering,
    "restored": _restored,
    "resolved": _restored,
    "digest": _digest,
    "corrected": _corrected,
    "withdrawn": _withdrawn,
}


def _subject(known: Known, style: Style) -> str:
    return headlines.subject(known.incident, style.name)


def _threshold(known: Known, name: str) -> str:
    return headlines.percent(reading.setting(known.incident, name))


def _confirm(known: Known) -> str:
    return duration_words(int(reading.setting(known.incident, "end_confirmed_s")))


def _clock(known: Known, style: Style) -> Clock:
    place = Clock.of(known.incident)
    return Clock(place.zone, place.city, style.offset) if style.city else Clock(None, "")


def _instant(known: Known, second: int, within: Range | None, style: Style) -> str:
    if not style.brief:
        return moments.instant_or_range(_clock(known, style), second, within)
    if within is None or within[0] == within[1]:
        return _brief(second)
    return words.BRIEF_RANGE.format(first=_brief(within[0]), last=_brief(within[1]))


def _brief(second: int) -> str:
    at = utc(second)
    return words.BRIEF_INSTANT.format(date=short_date(at), year=at.year, time=time_words(at, seconds=False))


def _span(known: Known, episode: Json, style: Style, onset: int | None = None, end: int | None = None) -> str:
    """From when to when an ended episode lasted."""
    onset = parse_iso(episode["onset"]) if onset is None else onset
    end = reading.second(episode["end"]) if end is None else end
    assert end is not None
    ranges = reading.range_of(episode["onset_range"]), reading.range_of(episode["end_range"])
    if not style.brief:
        return moments.span(_clock(known, style), onset, end, *ranges)
    return phrases.SPAN.format(
        first=_instant(known, onset, ranges[0], style), last=_instant(known, end, ranges[1], style)
    )
