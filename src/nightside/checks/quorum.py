"""What several places say together: for each part of a target a verdict over time.

A place says *up* from a result that is ok, and *down* after two failed results in a row, from the first of them; each
for as long as its last result holds. What it found while its own line did not work is left out, and what it said before
is unknown meanwhile. A part is *down* while more than half of the places that speak say so, *up* while fewer do, and
unknown where none speaks, or fewer than half of those that spoke within a day.
"""

from __future__ import annotations

import numpy as np

from nightside.checks.rounds import Series, held_ms
from nightside.checks.spans import Bool, Int64, Spans, counted, holds_at, joined, spans_of, within
from nightside.model.check_settings import CheckSettings

DOWN, UP, UNKNOWN = range(3)


def said(rows: Series, good: Bool, settings: CheckSettings) -> Spans:
    """What each series says, as spans of UP and DOWN. `good` is what counts as up, of each row."""
    series, at = rows.series, rows.at
    until = at + held_ms(rows, settings)
    goes_on = np.zeros(len(at), bool)
    goes_on[1:] = (series[1:] == series[:-1]) & ~good[1:] & ~good[:-1] & (at[1:] <= until[:-1])
    run = np.cumsum(~goes_on) - 1
    length = np.bincount(run, minlength=1)[run] if len(at) else run
    # One failure alone says nothing.
    tells = good | (length >= settings.down_results)
    key, begin, end = series[tells], at[tells], until[tells]
    value = np.where(good[tells], UP, DOWN)
    same = np.append(key[1:] == key[:-1], False) if len(key) else np.zeros(0, bool)
    end = np.where(same, np.minimum(end, np.append(begin[1:], 0)), end) if len(key) else end
    # Joined where the same is said without a break.
    new = np.ones(len(key), bool)
    new[1:] = ~(same[:-1] & (end[:-1] == begin[1:]) & (value[1:] == value[:-1]))
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(key)) - 1 if len(first) else first
    return Spans(key[first], begin[first], end[last], value[first])


def spoken(rows: Series, speaking: Spans) -> Series:
    """The rows that were found while the word of their place counted."""
    return rows.where(holds_at(speaking, rows.place, rows.at))


def verdicts(rows: Series, good: Bool, part_of: Int64, speaking: Spans, settings: CheckSettings) -> Spans:
    """By part, the verdict of the quorum; where there is no span, nobody ever said anything.

    `rows` are those that were `spoken`, `part_of` gives the part of each series, `speaking` is by place.
    """
    heard = within(said(rows, good, settings), rows.place_of, speaking)
    lately = joined(heard.longer_by(settings.spoke_lately_s * 1000)).keyed(part_of)
    heard = heard.keyed(part_of)
    counts = counted(heard.where(heard.value == DOWN), heard.where(heard.value == UP), lately)
    down, up, expected = counts.counts
    speak = down + up
    value = np.where(down > settings.quorum_share * speak, DOWN, UP)
    value[(speak == 0) | (speak < settings.speaking_share * expected)] = UNKNOWN
    return spans_of(counts, value)


def last_good(rows: Series, good: Bool, part_of: Int64, part: int, at: int) -> int | None:
    """Of the places that had failed by `at`, the last good answer before it; None where there is none."""
    found = None
    for series in np.flatnonzero(part_of == part):
        begin, end = np.searchsorted(rows.series, [series, series + 1])
        before = begin + int(np.searchsorted(rows.at[begin:end], at, "right"))
        if before == begin or good[before - 1]:
            continue
        answers = np.flatnonzero(good[begin:before])
        if len(answers):
            moment = int(rows.at[begin + int(answers[-1])])
            found = moment if found is None else max(found, moment)
    return found
