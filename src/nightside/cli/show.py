"""`nightside show`: one incident, in words, as JSON, as a chart."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nightside.model.errors import NightsideError, UsageError


def command(
    incident_id: Annotated[str, typer.Argument(metavar="ID", help="As `nightside incidents` lists it.")],
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the chart into this file.")] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The store; else NIGHTSIDE_STORE, else your data folder."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One line of JSON, nightside.incident/1.")] = False,
) -> None:
    """Tell one incident: what was lost, when, for how long, and what was seen.

    \b
    Examples:
      nightside show KP-20141221T0310Z
      nightside show KP-20141221T0310Z --png outage.png
    """
    from nightside.model.ndjson import dumps
    from nightside.store.location import default_folder, open_store

    if png is not None and not png.absolute().parent.is_dir():
        raise UsageError("no such folder", where=str(png.absolute().parent), advice="Make it first.")
    folder = default_folder() if store is None else store
    with open_store(folder) as opened:
        incident, series = opened.incident(incident_id), opened.series(incident_id)
    if incident is None or series is None:
        raise UsageError(
            f"no incident {incident_id} in the store {folder}",
            advice="`nightside incidents` lists those there are; --store names another store.",
        )
    for other in incident["related"]:
        if other["relation"] == "merged_into":
            print(f"nightside: this turned out to be a part of {other['id']}", file=sys.stderr)
    if json:
        print(dumps(incident))
    else:
        from nightside.publish.words import story

        print(story(incident, series))
    if png is not None:
        from nightside.publish.chart import draw

        try:
            draw(incident, series, png)
        except OSError as error:
            raise NightsideError(f"the chart cannot be written ({error.strerror})", where=str(png)) from error
        print(f"nightside: the chart is in {png}", file=sys.stderr)
