"""`nightside show`: one incident, in words, as JSON, as a chart, flip by flip."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nightside.cli.language import ReaderLanguage, reader_language
from nightside.cli.show_beside import Asked, change
from nightside.cli.store_place import StorePlace
from nightside.cli.zone import ReaderZone, reader_zone
from nightside.model.errors import NightsideError, UsageError

if TYPE_CHECKING:
    from nightside.model.series import IncidentSeries


def command(
    incident_id: Annotated[str, typer.Argument(metavar="ID", help="As `nightside incidents` lists it.")],
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the chart into this file.")] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report into this file, whole in itself.")
    ] = None,
    flips: Annotated[
        bool, typer.Option("--flips", help="Instead: which peer lost which prefix by which path when.")
    ] = False,
    peer: Annotated[
        str | None, typer.Option(metavar="P", help="With --flips: only this AS (AS3356) or address.")
    ] = None,
    store: StorePlace = None,
    attach: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Instead: attach the reports in this file, JSON or TOML, to the incident."
        ),
    ] = None,
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="Instead: note that you have seen it, as it stands now.")
    ] = False,
    note: Annotated[
        str | None, typer.Option(metavar="TEXT", help="With --acknowledge: what is known or done about it.")
    ] = None,
    withdraw: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Instead: take this report or acknowledgement back, for good."),
    ] = None,
    why: Annotated[str | None, typer.Option(metavar="TEXT", help="With --withdraw: the reason.")] = None,
    tz: ReaderZone = None,
    language: ReaderLanguage = None,
    json: Annotated[
        bool, typer.Option("--json", help="One line of JSON, nightside.incident/1; nightside.flip/1 each.")
    ] = False,
) -> None:
    """Tell one incident: what was lost, when, for how long, and what was seen.

    \b
    Examples:
      nightside show KP-20141221T0310Z
      nightside show KP-20141221T0310Z --png outage.png
      nightside show KP-20141221T0310Z --html outage.html
      nightside show KP-20141221T0310Z --flips --peer AS3356
      nightside show KP-20141221T0310Z --attach said.toml
      nightside show KP-20141221T0310Z --acknowledge --note "Star JV was asked"
    """
    from nightside.model.flips import parse_peer
    from nightside.model.ndjson import dumps
    from nightside.store.location import default_store, open_store

    for file in (png, html):
        if file is not None and not file.absolute().parent.is_dir():
            raise UsageError("no such folder", where=str(file.absolute().parent), advice="Make it first.")
    if peer is not None and not flips:
        raise UsageError("--peer is for --flips", advice="Give both.")
    whose, zone = None if peer is None else parse_peer(peer), reader_zone(tz)
    called = reader_language(language, json=json)
    folder = default_store() if store is None else store
    beside = Asked(attach, acknowledge, note, withdraw, why)
    if beside.is_any:
        if flips or png is not None or html is not None:
            raise UsageError(
                "--attach, --acknowledge and --withdraw show nothing", advice="Show the incident afterwards."
            )
        change(folder, incident_id, beside, json=json)
        return
    with open_store(folder) as opened:
        incident, series = opened.incident(incident_id), opened.series(incident_id)
        if incident is not None and series is not None and (not flips or html is not None or png is not None):
            from nightside.engine.incident_services import with_services
            from nightside.engine.shown import shown_incident

            series = with_services(opened, incident, series)
            incident = shown_incident(opened, incident, series)
        messages, revisions = opened.messages(incident_id), []
        if html is not None:
            found = (opened.revision(incident_id, n) for n in opened.revisions(incident_id))
            revisions = [revision for revision in found if revision is not None]
    if incident is None or series is None:
        raise UsageError(
            f"no incident {incident_id} in the store {folder}",
            advice="`nightside incidents` lists those there are; --store names another store.",
        )
    for other in incident["related"]:
        if other["relation"] == "merged_into":
            print(f"nightside: this turned out to be a part of {other['id']}", file=sys.stderr)
    if flips:
        from nightside.cli.flips import print_flips

        with open_store(folder) as opened:
            print_flips(opened, incident_id, whose, json=json, zone=zone)
    elif json:
        print(dumps(incident))
    else:
        from nightside.publish import causes_words
        from nightside.publish.named import named_in
        from nightside.publish.posted import chapter
        from nightside.publish.words import story

        named = named_in(incident, called)
        parts = (story(named, series, zone), causes_words.chapter(named), chapter(incident, messages, zone))
        print("\n\n".join(part for part in parts if part))
    if html is not None:
        _write_report(html, incident, series, messages, revisions)
        print(f"nightside: the report is in {html}", file=sys.stderr)
    if png is not None:
        from nightside.publish.chart import draw

        try:
            draw(incident, series, png)
        except OSError as error:
            raise NightsideError(f"the chart cannot be written ({error.strerror})", where=str(png)) from error
        print(f"nightside: the chart is in {png}", file=sys.stderr)


def _write_report(
    file: Path,
    incident: dict[str, Any],
    series: IncidentSeries,
    messages: list[dict[str, Any]],
    revisions: list[dict[str, Any]],
) -> None:
    """The report of the incident as one file, which appears whole or not at all."""
    from nightside.publish.posts import post
    from nightside.publish.report import report

    posts = [{**message, "text": post(message, incident)} for message in messages]
    page = report(incident, series, posts=posts, revisions=revisions)
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(page.encode())
        beside.replace(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise NightsideError(f"the report cannot be written ({error.strerror})", where=str(file)) from error
