"""`--tz`: the zone of who reads, for whatever words and tables tell."""

from __future__ import annotations

from typing import Annotated

import typer

ReaderZone = Annotated[
    str | None,
    typer.Option("--tz", metavar="ZONE", help="Tell times in this zone, such as Europe/Berlin; else UTC."),
]
UTC_NAMES = ("UTC", "Etc/UTC")


def reader_zone(asked: str | None) -> str | None:
    """The zone that was asked for, in its own spelling; None for UTC. Raises UsageError where there is none such."""
    if asked is None:
        return None
    from nightside.world.clocks import require_zone

    zone = require_zone(asked)
    return None if zone in UTC_NAMES else zone


def told_time(text: str, zone: str | None) -> str:
    """A time of JSON (`2014-12-22T16:15:00Z`) as it stands in a table: in UTC without its zone, which the table's head
    says; else with its offset."""
    if zone is None:
        return text.removesuffix("Z").replace("T", " ")
    local = in_zone(text, zone)
    return f"{local[:19].replace('T', ' ')} {local[19:]}"


def in_zone(text: str, zone: str | None) -> str:
    """A time of JSON in a zone: `2014-12-22T17:15:00+01:00`; as it is where there is none."""
    if zone is None:
        return text
    from nightside.model.instants import parse_iso
    from nightside.world.clocks import local_iso

    return local_iso(parse_iso(text), zone)
