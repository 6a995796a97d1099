"""What an incident's JSON says, read the way the words and the chart need it. No words here."""

from __future__ import annotations

from typing import Any, Literal

from nightside.model.incident import SEVERITIES
from nightside.model.instants import parse_iso
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.publish.moments import Range

Json = dict[str, Any]
State = Literal[
    "ended", "open", "recovering", "open_again", "not_wholly", "still_unstable", "new_level", "end_not_known",
    "was_unstable", "is_unstable", "withdrawn",
]  # fmt: skip
"""What there is to tell first; `…_unstable` are for an instability that stands alone."""

CLIFF_S = 600
"""From the first sign to the headline's onset: no longer than this is one fall, not a forerunner."""
TELLING_QUIET_S = 3600
"""Quiet shorter than this before an outage is not worth a word."""


def second(text: str | None) -> int | None:
    """Seconds since the epoch, where the instant is known."""
    return None if text is None else parse_iso(text)


def range_of(pair: list[str] | None) -> Range | None:
    """A range of instants in seconds; None where the instant is exact."""
    return None if pair is None else (parse_iso(pair[0]), parse_iso(pair[1]))


def setting(incident: Json, name: str) -> float:
    """A threshold as stored with this result; the house's default where the result does not hold it."""
    return float(incident["settings"].get(name, getattr(Settings(), name)))


def headline_episode(incident: Json) -> Json | None:
    """The episode whose onset, end and severity the incident bears."""
    for episode in incident["episodes"]:
        if all(episode[key] == incident[key] for key in ("severity", "onset", "end")):
            return dict(episode)
    return None


def others_as_bad(incident: Json) -> list[Json]:
    """The further episodes of the worst severity, in the order of time."""
    head = headline_episode(incident)
    same = [e for e in incident["episodes"] if e["severity"] == incident["severity"] and e != head]
    return sorted(same, key=lambda e: str(e["onset"]))


def enclosing(incident: Json) -> list[Json]:
    """The shallower episodes around the headline that lasted well beyond it, outermost first."""
    head = headline_episode(incident)
    if head is None:
        return []
    onset, end = parse_iso(head["onset"]), second(head["end"])
    found = []
    for episode in incident["episodes"]:
        began, ended = parse_iso(episode["onset"]), second(episode["end"])
        shallower = SEVERITIES.index(episode["severity"]) < SEVERITIES.index(head["severity"])
        around = began <= onset and (ended is None or (end is not None and ended >= end))
        before = onset - began
        after = CLIFF_S if (ended is None) != (end is None) else (ended or 0) - (end or 0)
        if shallower and around and before + after >= CLIFF_S:
            found.append(dict(episode))
    return sorted(found, key=lambda e: SEVERITIES.index(e["severity"]))


def state(incident: Json) -> State:
    """What there is to tell first."""
    going_on = incident["status"] in ("ongoing", "recovering")
    if incident["closed_as"] == "withdrawn":
        return "withdrawn"
    if incident["severity"] == "instability":
        return "was_unstable" if incident["end"] is not None else "is_unstable"
    if incident["closed_as"] == "new_level":
        return "new_level"
    if incident["end"] is None:
        if incident["status"] == "recovering":
            return "recovering"
        return "open" if going_on else "end_not_known"
    if going_on:
        lasting = [e["severity"] for e in incident["episodes"] if e["end"] is None]
        if incident["severity"] in lasting and incident["status"] == "ongoing":
            return "open_again"
        if lasting:
            return "not_wholly"
        if any(s["ended"] is None for s in incident["instability"]):
            return "still_unstable"
    return "ended"


def lost_networks(incident: Json) -> list[Json]:
    """The networks that were seen to go."""
    return [n for n in incident["networks"] if n["onset"] is not None]


def all_networks_gone(incident: Json) -> bool:
    """Whether nothing was left, and every network is known to have gone."""
    head = headline_episode(incident)
    lost = lost_networks(incident)
    return head is not None and head["lowest"] == 0 and bool(lost) and len(lost) == len(incident["networks"])


def shortest_and_longest(episode: Json) -> tuple[int, int] | None:
    """Seconds an episode lasted at least and at most (equal where all is exact); None while it lasts."""
    onset, end = parse_iso(episode["onset"]), second(episode["end"])
    if end is None:
        return None
    latest_onset = (range_of(episode["onset_range"]) or (onset, onset))[1]
    earliest_end = (range_of(episode["end_range"]) or (end, end))[0]
    return max(0, earliest_end - latest_onset), end - onset


def quiet_before(incident: Json, series: IncidentSeries | None) -> int | None:
    """Seconds before the first sign with sight and without a loss; None where that is not known."""
    if series is None:
        return None
    began = parse_iso(incident["began"])
    start = max(series.begin, began - int(setting(incident, "quiet_s")))
    blind = [(u[0], u[1]) for u in series.unknown]
    blind += [(parse_iso(u["from"]), parse_iso(u["to"])) for u in incident["view"]["unknown"]]
    if began - start < TELLING_QUIET_S or any(a < began and b > start for a, b in blind):
        return None
    for i, time in enumerate(series.times):
        until = series.times[i + 1] if i + 1 < len(series.times) else series.end
        loss = max(1.0, setting(incident, "quiet_loss_share") * series.baseline[i])
        if time < began and until > start and series.units[i] <= series.baseline[i] - loss:
            return None
    return began - start
