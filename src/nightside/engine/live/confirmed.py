"""What the daemon may still write of an incident that archives have confirmed, and still tell of it.

An incident of the daemon's own names no inputs; one that rests on files names them. So it can be told how far each is
confirmed, after any restart too: what happened behind the last of its files is the daemon's word alone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nightside.engine.live.watcher import Found
from nightside.incidents.confirmation import sequence_of, withdrawn_sequences
from nightside.incidents.messages import Message
from nightside.model.incident import Episode, Incident, Range
from nightside.model.instants import parse_iso
from nightside.sources.archive_names import cadence_s, place_of, take_apart
from nightside.store.protocol import Store

Json = dict[str, Any]

flips_lock = threading.Lock()
"""Held while an incident is confirmed together with its flips, and while it is looked whether it is and others are
written: so the archives' stay. A thread that holds it waits for the store alone."""


def confirmed_until(incident: Json) -> int | None:
    """The second before which the files that an incident rests on tell what happened; None where there are none."""
    return max((_covers_until(one["name"]) for one in incident["provenance"]["inputs"]), default=None)


def is_confirmed(incident: Json) -> bool:
    """Whether files tell of everything that an incident says."""
    until = confirmed_until(incident)
    return until is not None and all(second < until for second in _stored_instants(incident))


@dataclass(frozen=True)
class Kept:
    """An incident as it is stored, and whether it is the daemon's finding that was stored."""

    incident: Json
    is_live: bool


def put_live(store: Store, found: Found) -> Kept:
    """Store a finding of the daemon, as far as it knows better.

    A confirmed incident is left as it is, unless something happened in it behind the time that was confirmed: then
    the finding is stored, with the instants that are known better and the files that tell them, and is to be confirmed
    again. An end that only quiet brings is noted.
    """
    incident = found.incident
    confirmed = _confirmed(store, found)
    if confirmed is None:
        return Kept(store.put_incident(incident, found.series), True)
    until = confirmed_until(confirmed) or 0
    if any(second >= until for second in _instants(incident, confirmed["closed_as"] == "withdrawn")):
        return Kept(store.put_incident(_sharpened(incident, confirmed, until), found.series), True)
    if incident.status == "closed" and confirmed["status"] != "closed":
        confirmed = store.close_incident(confirmed["id"], incident.closed_as)
    return Kept(confirmed, False)


def still_to_tell(stored: Sequence[Json], new: Sequence[Message]) -> list[Message]:
    """Of the daemon's new messages of an incident those that are neither told nor about something withdrawn."""
    known, gone = {m["key"] for m in stored}, withdrawn_sequences(stored)
    return [m for m in new if m.key not in known and sequence_of(m.key) not in gone]


def told_together(stored: Sequence[Json], messages: Sequence[Message]) -> list[Json]:
    """An incident's messages with the daemon's, in the order of sending: what was told stays told, corrections too."""
    whole = [*stored, *(m.to_json() for m in still_to_tell(stored, messages))]
    return sorted(whole, key=lambda m: str(m["at"]))


def _covers_until(name: str) -> int:
    *folders, file = name.split("/")
    archive = take_apart(file)
    if archive is None:
        return 0
    if archive.kind == "table":
        return archive.nominal
    place = place_of(folders, 0)
    return archive.nominal + cadence_s(place.is_ris if place else archive.is_ris, archive.nominal)


def overlapping(store: Store, found: Found) -> list[Json]:
    """The stored incidents of its entity that a finding overlaps: with the earliest id of them it is stored."""
    incident = found.incident
    reach = found.series.end if incident.ended is None else incident.ended
    same = store.incidents(
        type=incident.entity.type,
        codes=[incident.entity.code],
        begin=incident.began - 1,
        end=max(reach, incident.began) + 1,
    )
    return list(same)


def _confirmed(store: Store, found: Found) -> Json | None:
    """The stored incident that this finding is, where it rests on files; of several the latest."""
    rest = [one for one in overlapping(store, found) if one["provenance"]["inputs"]]
    return rest[-1] if rest else None


def _instants(incident: Incident, onsets_only: bool) -> Iterator[int]:
    """When something happened; of what was withdrawn only what began anew counts."""
    for episode in incident.episodes:
        yield episode.onset
        if not onsets_only:
            yield from (second for second in (episode.end, episode.recovering_since) if second is not None)
    for stretch in incident.instability:
        yield stretch.began
        if not onsets_only and stretch.ended is not None:
            yield stretch.ended


def _stored_instants(incident: Json) -> Iterator[int]:
    texts = [incident["began"]]
    texts += [e[key] for e in incident["episodes"] for key in ("onset", "end")]
    texts += [s[key] for s in incident["instability"] for key in ("began", "ended")]
    yield from (parse_iso(text) for text in texts if text is not None)


def _sharpened(incident: Incident, confirmed: Json, until: int) -> Incident:
    """The same with the instants that the archives tell of the same episodes."""
    known = [e for e in confirmed["episodes"] if parse_iso(e["onset"]) < until]
    better = [_better(episode, known, until) for episode in incident.episodes]
    head = incident.headline
    if head is not None and head in incident.episodes:
        head = better[incident.episodes.index(head)]
    began = min([e.onset for e in better] + [s.began for s in incident.instability], default=incident.began)
    rests_on = confirmed["provenance"]["inputs"]
    provenance = replace(incident.provenance, inputs=[(one["name"], one["sha256"]) for one in rests_on])
    return replace(incident, episodes=better, headline=head, began=began, provenance=provenance)


def _better(episode: Episode, known: Sequence[Json], until: int) -> Episode:
    for other in known:
        onset = parse_iso(other["onset"])
        end = until if other["end"] is None else parse_iso(other["end"])
        last = end if episode.end is None else episode.end
        if other["severity"] != episode.severity or not (episode.onset <= end and onset <= last):
            continue
        episode = replace(episode, onset=onset, onset_range=_range(other["onset_range"]))
        if other["end"] is not None and episode.end is not None:
            episode = replace(episode, end=end, end_range=_range(other["end_range"]))
        return episode
    return episode


def _range(value: list[str] | None) -> Range | None:
    return None if value is None else (parse_iso(value[0]), parse_iso(value[1]))
