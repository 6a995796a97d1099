"""An incident in words: the sentence, and the story for a terminal.

Input is an incident as JSON (`nightside.incident/1`, `nightside.model.incident`). What is null there is
left out here, or said to be not known; nothing is guessed.
"""

from __future__ import annotations

from nightside.model.instants import duration_words, parse_iso
from nightside.model.series import IncidentSeries
from nightside.publish import chapters, phrases, reading
from nightside.publish.acknowledged import acknowledgements
from nightside.publish.headlines import headline, length_of, percent, sentence
from nightside.publish.history_words import history
from nightside.publish.moments import Clock, instant, instant_or_range, span
from nightside.publish.phrases import choose
from nightside.publish.reading import Json
from nightside.publish.reports_told import reports
from nightside.publish.services_words import services

__all__ = ["after", "around", "before", "headline", "sentence", "story"]


def story(incident: Json, series: IncidentSeries | None = None, reader: str | None = None) -> str:
    """The incident in plain paragraphs, a blank line between them; lines are not wrapped.

    `series` adds what only the course of the signal can tell: whether anything preceded it, and what services did
    meanwhile. `reader` is the zone in which times are told in place of UTC.
    """
    paragraphs = [
        [sentence(incident, reader)],
        [*before(incident, series, reader), *around(incident, reader)],
        [*chapters.networks(incident, reader), chapters.operators(incident)],
        services(incident, None if series is None else series.services, reader),
        [" ".join(chapters.upstreams(incident))],
        [*after(incident, reader), *chapters.further_episodes(incident, reader)],
        history(incident, reader),
        reports(incident),
        acknowledgements(incident),
        chapters.view(incident, reader),
        chapters.provenance(incident),
    ]
    told = ["\n".join(line for line in lines if line) for lines in paragraphs]
    return "\n\n".join(text for text in told if text)


def before(incident: Json, series: IncidentSeries | None, reader: str | None = None) -> list[str]:
    """What came before the headline: instability, a first sign, or, where known, nothing."""
    if incident["severity"] == "instability":
        return []
    clock = Clock.of(incident, reader)
    onset, end = parse_iso(incident["onset"]), reading.second(incident["end"])
    first = [s for s in incident["instability"] if parse_iso(s["began"]) < onset]
    if first:
        began = min(parse_iso(s["began"]) for s in first)
        losses = sum(s["losses"] for s in first)
        ends = [reading.second(s["ended"]) for s in first]
        last = max((e for e in ends if e is not None), default=onset)
        forms = phrases.BEFORE_UNSTABLE
        if None in ends:
            forms = phrases.BEFORE_UNSTABLE_OPEN
        elif end is not None and last > end:
            forms = phrases.BEFORE_UNSTABLE_THROUGH
        return [
            choose(forms, losses).format(
                began=instant(clock, began),
                lead=duration_words(onset - began),
                losses=f"{losses:,}",
                ended=instant(clock, last),
            )
        ]
    began = parse_iso(incident["began"])
    if onset - began > reading.CLIFF_S:
        if any(e["onset"] == incident["began"] for e in reading.enclosing(incident)):
            return []  # Told with that episode.
        return [phrases.BEFORE_SIGN.format(began=instant(clock, began), lead=duration_words(onset - began))]
    quiet = reading.quiet_before(incident, series)
    return [] if quiet is None else [phrases.BEFORE_NOTHING.format(window=duration_words(quiet))]


def around(incident: Json, reader: str | None = None) -> list[str]:
    """The shallower and longer episodes around the headline."""
    clock = Clock.of(incident, reader)
    lines = []
    for episode in reading.enclosing(incident):
        threshold = percent(reading.setting(incident, f"{episode['severity']}_below"))
        onset, end = parse_iso(episode["onset"]), reading.second(episode["end"])
        ranges = reading.range_of(episode["onset_range"]), reading.range_of(episode["end_range"])
        if end is None:
            since = instant_or_range(clock, onset, ranges[0])
            lines.append(phrases.ENCLOSED_OPEN.format(threshold=threshold, onset=since))
        else:
            when = span(clock, onset, end, *ranges)
            lines.append(phrases.ENCLOSED.format(threshold=threshold, span=when, length=length_of(episode)))
    return lines


def after(incident: Json, reader: str | None = None) -> list[str]:
    """The instability that came after the headline's onset, which joins what follows to it."""
    if incident["severity"] == "instability":
        return []
    clock = Clock.of(incident, reader)
    later = [s for s in incident["instability"] if s["began"] >= incident["onset"]]
    if not later:
        return []
    began = min(parse_iso(s["began"]) for s in later)
    ends = [reading.second(s["ended"]) for s in later]
    losses = sum(s["losses"] for s in later)
    words = {"losses": f"{losses:,}", "quiet": duration_words(int(reading.setting(incident, "quiet_s")))}
    if None in ends:
        return [choose(phrases.AFTER_UNSTABLE, losses).format(began=instant(clock, began), **words)]
    when = span(clock, began, max(e for e in ends if e is not None))
    return [choose(phrases.AFTER_UNSTABLE_ENDED, losses).format(span=when, **words)]
