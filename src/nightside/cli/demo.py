"""`nightside demo`: a national outage found, dated, told and drawn, from a reconstructed archive."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from nightside.cli.language import ReaderLanguage, reader_language
from nightside.cli.store_place import METAVAR, Place
from nightside.cli.terminal import on_terminal, progress_of, warn
from nightside.cli.zone import ReaderZone, reader_zone
from nightside.store.location import location_of

_SCENES = (
    "Which outage: april-2016, december-2014, egypt-2011, june-2025 or syria-2012; or a script's .json file."
)
_BEFORE_S = 900
"""The networks are shown as they were so long before the outage."""


def command(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help=_SCENES)] = "december-2014",
    store: Annotated[
        Place | None,
        typer.Option(
            "--store",
            parser=location_of,
            metavar=METAVAR,
            help="Keep the results there; else in a temporary one.",
        ),
    ] = None,
    tz: ReaderZone = None,
    language: ReaderLanguage = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the incidents as `replay --json` does.")
    ] = False,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after printing.")] = False,
) -> None:
    """Reconstruct a documented outage as an archive, replay it, and tell what the program finds.

    No archive of those days is shipped: the files are made up from what is documented, and every output says so.
    On a terminal it ends with the page of the incident served, until Ctrl-C.

    \b
    Examples:
      nightside demo
      nightside demo egypt-2011 --json
    """
    from nightside.cli.findings import print_findings
    from nightside.engine.demo import replay_archive, tell, write_archive

    zone, called = reader_zone(tz), reader_language(language, json=json)
    folder = Path(tempfile.mkdtemp(prefix="nightside-demo-"))
    try:
        with progress_of("reconstructing the archive") as (started, advance):
            archive = write_archive(name, folder, started=started, advance=advance)
        with progress_of("replaying it") as (started, advance):
            recorded = replay_archive(
                archive, store or folder / "store", warn=warn, started=started, advance=advance
            )
        if json:
            print_findings(recorded.stored, json=True, observed=recorded.observed, store=recorded.store)
            return
        demo = tell(recorded, archive, folder, reader=zone, language=called)
        print(demo.told or "No outage and no instability.")
        print(f"\nSeen: {recorded.observed}")
        if demo.chart:
            print(f"Chart: {demo.chart}")
        print("See more:")
        print(f"  nightside incidents --store {recorded.store}")
        for incident in recorded.stored:
            print(f"  nightside show {incident['id']} --store {recorded.store}")
        if demo.gravest is not None:
            print(_networks_before(demo.gravest, demo.archive))
        print(f"\nThe reconstructed archive is in {demo.archive}; delete {folder} when you have seen enough.")
        folder = Path()
        if on_terminal() and not no_serve:
            _serve(recorded.store, "" if demo.gravest is None else f"incidents/{demo.gravest['id']}")
    finally:
        if folder != Path():
            shutil.rmtree(folder, ignore_errors=True)


def _networks_before(incident: dict[str, Any], archive: Path) -> str:
    """The command that shows the country's networks as they were before the outage."""
    from nightside.model.instants import iso, parse_iso

    at = parse_iso(incident["onset"]) - _BEFORE_S
    return f"  nightside networks {incident['entity']['code']} {archive} --at {iso(at - at % 60)}"


def _serve(store: Place, page: str) -> None:
    """Serve the dashboard at any free port until Ctrl-C, and say where the page is."""
    from nightside.engine.serve import serve

    def ready(address: str) -> None:
        print(f"\nThe page of it, as long as this runs: {address}{page}\nCtrl-C ends it.", flush=True)

    try:
        serve(store, port=0, ready=ready)
    except KeyboardInterrupt:
        print()
