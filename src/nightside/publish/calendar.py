"""Incidents as a calendar: iCalendar (RFC 5545), an event for each.

Input as for the other feeds (`publish.feeds`), of which this one has the words. The same input gives the same bytes: a
stamp is the newest instant that an incident tells, never the time of day. One that goes on has no end.
"""

from __future__ import annotations

from collections.abc import Sequence

from icalendar import Calendar, Event

from nightside.model.instants import parse_iso
from nightside.publish import calendar_phrases as phrases
from nightside.publish import feeds
from nightside.publish.headlines import headline
from nightside.publish.literal import one_line
from nightside.publish.moments import utc
from nightside.publish.reading import Json

PRODID = "-//Nightside//Incidents//EN"
UID = "{id}@nightside"
"""An incident keeps its id through all revisions; so its event is the same, whatever the server is called."""
ASK_AGAIN = "PT15M"


def calendar(
    incidents: Sequence[Json], *, base_url: str, country: str | None = None, severity: str | None = None
) -> str:
    """The feed as iCalendar. `base_url` is scheme and host, no slash at the end; the filters are named in the title."""
    made = Calendar()
    made.add("prodid", PRODID)
    made.add("version", "2.0")
    made.add("x-wr-calname", feeds.title_of(country, severity))
    made.add("x-published-ttl", ASK_AGAIN)
    for incident in incidents:
        made.add_component(_event(feeds.filled(incident), base_url))
    return str(made.to_ical().decode("utf-8"))


def _event(incident: Json, base_url: str) -> Event:
    event = Event()
    event.add("uid", UID.format(id=incident["id"]))
    event.add("sequence", int(incident["revision"]))
    event.add("dtstamp", utc(parse_iso(feeds.newest_of(incident))))
    start = parse_iso(incident["onset"] or incident["began"])
    event.add("dtstart", utc(start))
    end = None if incident["end"] is None else parse_iso(incident["end"])
    # What ends at its begin has none: RFC 5545 (3.8.2.2) asks for a later one.
    if end is not None and end > start:
        event.add("dtend", utc(end))
    event.add("summary", headline(incident))
    event.add("description", _text(incident))
    event.add("url", feeds.revision_of(incident, base_url))
    event.add("categories", [one_line(incident["severity"]), one_line(incident["status"])])
    # Whoever subscribes is not busy because of it.
    event.add("transp", "TRANSPARENT")
    if incident["closed_as"] == "withdrawn":
        event.add("status", "CANCELLED")
    return event


def _text(incident: Json) -> str:
    lines = [feeds.text_of(incident)]
    local = incident["local_time"]
    if local and local["zone"] and local["onset"]:
        words = phrases.LOCAL_OPEN if local["end"] is None else phrases.LOCAL_ENDED
        lines.append(words.format(**local))
    if incident["end"] is None:
        lines.append(phrases.GOES_ON)
    if incident["provenance"]["reconstruction"]:
        lines.append(phrases.RECONSTRUCTED)
    return "\n".join(lines)
