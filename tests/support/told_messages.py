"""Messages as a watch hands them out, each with its incident, made up."""

from __future__ import annotations

from typing import Any, Literal

from nightside.engine.live.outlets import told_json
from nightside.incidents.messages import Message, messages
from nightside.model.entity import Entity
from nightside.model.incident import Episode, Incident, LocalTime, Provenance, View
from nightside.model.instants import compact
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings

Json = dict[str, Any]
DOWN, BACK = 1419263700, 1419266400
"""15:55 and 16:40 UTC, 22 December 2014."""
NAMES = {"KP": "North Korea", "SY": "Syria", "IQ": "Iraq"}


def ended(code: str) -> tuple[Incident, IncidentSeries, list[Message]]:
    """An outage of 45 minutes that is over: its incident, its series, and all messages of it."""
    entity = Entity("country", code, NAMES[code])
    incident = _incident(entity, "total", DOWN, BACK, reconstruction=False)
    series = IncidentSeries(DOWN - 60, BACK + 660, [DOWN - 60, DOWN, BACK], [4, 0, 4], [4, 4, 4])
    return incident, series, messages(entity, incident.episodes, [], Settings(), BACK + 660)


def message(
    code: str = "KP",
    kind: Any = "opened",
    severity: Literal["severe", "total"] = "total",
    *,
    type: Literal["country", "asn"] = "country",
    reconstruction: bool = False,
    onset: int = DOWN,
) -> tuple[Json, Json]:
    """(nightside.message/1, its incident) of an outage of 45 minutes."""
    lasts = kind in ("opened", "worsened")
    end = None if lasts else onset + BACK - DOWN
    entity = Entity(type, code, NAMES.get(code, f"Somewhere {code}"))
    incident = _incident(entity, severity, onset, end, reconstruction=reconstruction)
    at = onset + 60 if lasts else onset + BACK - DOWN + 600
    key = f"{type}/{code}/{compact(onset)}/{onset}/{kind}"
    told = Message(key, kind, at, severity, onset, end, tuple(incident.episodes))
    id = f"{'AS' if type == 'asn' else ''}{code}-{compact(onset)}"
    as_json = incident.to_json(id=id, revision=1, corrections=[])
    return told_json(as_json, told.to_json()), as_json


def _incident(
    entity: Entity, severity: Literal["severe", "total"], onset: int, end: int | None, *, reconstruction: bool
) -> Incident:
    episode = Episode(severity, onset, end, 0.0, 0)
    return Incident(
        entity=entity,
        status="ongoing" if end is None else "restored",
        closed_as=None,
        severity=severity,
        headline=episode,
        began=onset,
        ended=end,
        baseline_units=4,
        lowest_units=0,
        lowest=0.0,
        episodes=[episode],
        instability=[],
        networks=[],
        operators=[],
        upstreams=[],
        view=View(20, 19),
        local_time=LocalTime("Asia/Pyongyang", None, None),
        provenance=Provenance([], None, "1", reconstruction, None),
        settings=Settings().to_json(),
    )
