"""What happened elsewhere at that time: other countries, strangers in the space, and our own view."""

from __future__ import annotations

from nightside.diagnosis.rule import Rule, Said, unknown
from nightside.diagnosis.stored import Stored
from nightside.diagnosis.telling import counted, when
from nightside.model.diagnosis import RestsOn

FELL_BELOW = 0.9
FEWEST = 5
"""Of fewer countries nobody can say that it was only here."""
MANY = 1 / 3
AROUND_S = 600
NEARLY_ALL = 0.9


def neighbours(stored: Stored) -> Said:
    """Whether other countries fell within ten minutes."""
    if stored.incident["entity"]["type"] != "country":
        return unknown("it is not a country, and its own country falls with it")
    seen = [o for o in stored.others or [] if o.type == "country" and o.lowest is not None]
    fell = sorted((o for o in seen if (o.lowest or 0.0) < FELL_BELOW), key=lambda o: (o.at, o.code))
    if fell:
        codes = ", ".join(o.code for o in fell[:5]) + (" and more" if len(fell) > 5 else "")
        many = len(seen) >= FEWEST and len(fell) > MANY * len(seen)
        said = f"{len(fell)} of {len(seen)} other countries watched fell within ten minutes ({codes})."
        rests = tuple(RestsOn(f"routes:country:{o.code}", o.at) for o in fell[:5])
        return Said("many_fell" if many else "others_fell", said, fell[0].at, fell[-1].at, rests)
    if len(seen) < FEWEST:
        return unknown(f"{counted(len(seen), 'other country was', 'other countries were')} watched then")
    said = f"None of {len(seen)} other countries watched fell within ten minutes."
    rests = tuple(RestsOn(f"routes:country:{o.code}", o.at) for o in seen[:5])
    return Said("only_here", said, stored.onset, None, rests)


def strangers(stored: Stored) -> Said:
    """Whether somebody else announced the space."""
    if stored.strangers is None:
        return unknown("no flips are stored, so nobody knows who announced what")
    expected = stored.incident["view"]["peers_expected"]
    enough = max(2.0, 0.25 * (expected or 0))
    found = [s for s in stored.strangers if s.peers >= enough]
    if not found:
        said = "Nobody but its usual origins was seen to announce its space."
        return Said(
            "none", said, stored.onset, stored.end, (RestsOn(f"flips:{stored.incident['id']}", stored.onset),)
        )
    one = min(found, key=lambda s: (s.at, s.asn, s.prefix))
    said = f"AS{one.asn} announced {one.prefix} at {when(one.at)}, to {counted(one.peers, 'peer AS', 'peer ASes')}."
    return Said("stranger", said, one.at, None, (RestsOn(f"network:{one.prefix}", one.at),))


def _seen_gone(stored: Stored, onset: int) -> int | None:
    """From when on it was seen to be gone for ten minutes, with nearly all peers known; None where it was not."""
    series = stored.series
    if series is None:
        return None
    end = series.end if stored.end is None else stored.end
    since: int | None = None
    for i, (second, known, expected) in enumerate(series.view):
        begin = max(second, onset)
        until = min(end, series.view[i + 1][0] if i + 1 < len(series.view) else series.end)
        if begin >= until:
            continue
        if known < NEARLY_ALL * max(expected, 1):
            since = None
            continue
        since = begin if since is None else since
        blind = stored.blind_within(since, until - 1)
        while blind is not None and since < until:
            if blind[0] - since >= AROUND_S:
                return since
            since = max(since + 1, blind[1] + 1)
            blind = stored.blind_within(since, until - 1) if since < until else None
        if until - since >= AROUND_S:
            return since
    return None


def view(stored: Stored) -> Said:
    """How well we saw when it began."""
    if stored.incident["closed_as"] == "withdrawn":
        said = "It was withdrawn: later data says that our view was broken."
        return Said("broken", said, stored.onset, None, (RestsOn("view:all", stored.onset),))
    first, last = stored.onset_range or (stored.onset, stored.onset)
    blind = stored.blind_within(first - AROUND_S // 2, last + AROUND_S // 2)
    later = _seen_gone(stored, last)
    if blind is not None or stored.onset_range is not None:
        begin, end = blind or (first, last)
        said = f"There was no sight from {when(begin)} to {when(end)}, around the onset."
        if later is not None:
            said = f"{said[:-1]}; but with all in sight, it was gone at {when(later)}."
            return Said(
                "thin", said, begin, later, (RestsOn("view:all", begin), RestsOn(stored.signal, later))
            )
        return Said("broken", said, begin, end, (RestsOn("view:all", begin),))
    steps = [] if stored.series is None else stored.series.view
    inside = [s for s in steps if first - AROUND_S <= s[0] <= last + AROUND_S]
    held = [s for s in steps if s[0] < first - AROUND_S][-1:]
    if not (held or inside):
        return unknown("how many peer ASes were known then is not stored")
    at, known, expected = min((*held, *inside), key=lambda s: s[1] / max(s[2], 1))
    at = max(at, first - AROUND_S)
    said = f"At the fewest, {known} of {expected} expected peer ASes were known around the onset."
    share = known / max(expected, 1)
    level = "whole" if share >= NEARLY_ALL else "thin" if share >= 0.5 or later is not None else "broken"
    if level == "whole" and expected < 3:
        level = "thin"
    return Said(level, said, at, last + AROUND_S, (RestsOn("view:all", at),))


RULES = (
    Rule(
        "neighbours",
        1,
        "the lowest share of every other country that is stored, within ten minutes of the onset",
        {
            "many_fell": "more than a third of five or more",
            "others_fell": "one or some",
            "only_here": "none of five or more",
        },
        "Analysts' practice: a common cause shows in more than one place; a fault of the view shows everywhere",
        neighbours,
    ),
    Rule(
        "strangers",
        1,
        "origins of announcements of its space, by flip, that were not its own before",
        {
            "stranger": "another origin, followed by a quarter of the peer ASes (two at least)",
            "none": "no such origin",
        },
        "What a hijack or leak is",
        strangers,
    ),
    Rule(
        "view",
        1,
        "how many peer ASes were known in the ten minutes before and after the onset",
        {
            "broken": "no sight at the onset or fewer than half known, and never seen gone for ten minutes",
            "thin": "the same, but seen gone later; fewer than nine tenths known, or fewer than three expected",
            "whole": "nine tenths or more known",
        },
        "Collectors' sessions fail far more often than countries: over 30 % of them at least once a month",
        view,
    ),
)
