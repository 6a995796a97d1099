"""The health of places: whether what one says may be about itself.

A place is *healthy* while at least half of its canaries' networks answer it as they should: a refusal, or an answer of
somebody else's, may be of the place's own gateway. A network answers from one answer to the next; where the next result
is no answer, it stopped with the last answer, for nobody knows when the line broke. So what fails shortly before the
canaries fail is not told of a country. A network is expected for a day after its last result, or for as long as that
holds.

A place without canaries is *unwatched*. Its word counts while anything at all answers it so, of whatever it checks;
where nothing does, it may be its own line, and it says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nightside.checks.rounds import Series, held_ms
from nightside.checks.spans import Int64, Spans, counted, joined, spans_of
from nightside.model.check_settings import CheckSettings

LOST, UNHEARD, UNWATCHED_SILENT, UNWATCHED, HEALTHY = range(5)


@dataclass(frozen=True, slots=True)
class Places:
    """The places over time, by number."""

    speaking: Spans
    """When the word of a place counts."""
    course: Spans
    """Its health as the words above; where there is no span, nobody expects anything of it."""


def answering(rows: Series, settings: CheckSettings) -> Spans:
    """By series, when it answered as it should: from one answer to the next, as long as an answer holds."""
    end = rows.at + held_ms(rows, settings)
    if len(end):
        # The next result of the same series, where it comes while this one holds.
        soon = np.append((rows.series[1:] == rows.series[:-1]) & (rows.at[1:] <= end[:-1]), False)
        following = np.where(np.append(rows.ok[1:], True), np.append(rows.at[1:], 0), rows.at)
        end = np.where(soon, following, end)
    found = Spans(rows.series, rows.at, end, np.ones(len(end), np.int64))
    return found.where(rows.ok & (end > rows.at))


def health(canaries: Series, network_of: Int64, checked: Series, settings: CheckSettings) -> Places:
    """The health of all places. `network_of` gives the number of its network by the series of a canary.

    Raises nothing; a place is there as soon as it has checked anything.
    """
    # One number for a place and a network of it.
    many = int(network_of.max(initial=0)) + 1
    pair_of = canaries.place_of * many + network_of
    place_of_pair = np.arange((int(canaries.place_of.max(initial=0)) + 1) * many) // many
    answers = joined(answering(canaries, settings).keyed(pair_of)).keyed(place_of_pair)
    expected = joined(_expected(canaries, settings).keyed(pair_of)).keyed(place_of_pair)
    anything = joined(answering(checked, settings).keyed(checked.place_of))
    known = joined(_expected(checked, settings).keyed(checked.place_of))
    heard, tried = (
        joined(Spans(rows.place, rows.at, rows.at + held_ms(rows, settings), rows.series))
        for rows in (canaries, checked)
    )
    counts = counted(answers, expected, anything, known, heard, tried)
    well, of, some, there, heard_of, tried_of = counts.counts
    watched = of > 0
    value = np.select(
        [
            watched & (well >= settings.healthy_share * of) & (well > 0),
            watched & (heard_of > 0),
            watched,
            (there > 0) & (some > 0),
            (there > 0) & (tried_of > 0),
            there > 0,
        ],
        [HEALTHY, LOST, UNHEARD, UNWATCHED, UNWATCHED_SILENT, UNHEARD],
        -1,
    )
    course = spans_of(counts, value)
    course = course.where(course.value >= 0)
    return Places(joined(course.where(course.value >= UNWATCHED)), course)


def _expected(rows: Series, settings: CheckSettings) -> Spans:
    long = np.maximum(held_ms(rows, settings), settings.spoke_lately_s * 1000)
    return Spans(rows.series, rows.at, rows.at + long, np.ones(len(rows.at), np.int64))
