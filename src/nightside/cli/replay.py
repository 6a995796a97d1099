"""`nightside replay`: routing files in, incidents out."""

from __future__ import annotations

from typing import Annotated

import typer

from nightside.cli.basis import Basis
from nightside.cli.engine import Engine
from nightside.cli.language import ReaderLanguage, reader_language
from nightside.cli.processes import Processes
from nightside.cli.store_place import StorePlace
from nightside.cli.zone import ReaderZone, reader_zone


def command(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...", help="Files or folders of routing data, collectors to fetch, or ripestat:CC."
        ),
    ],
    country: Annotated[
        list[str] | None, typer.Option("--country", metavar="CC", help="Only this country.")
    ] = None,
    asn: Annotated[
        list[int] | None,
        typer.Option("--asn", metavar="N", min=0, max=4294967295, help="This AS's own networks."),
    ] = None,
    country_by: Basis = "registry",
    begin: Annotated[
        str | None, typer.Option("--from", metavar="T", help="Report from here on (UTC).")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="T", help="Report up to here (UTC).")] = None,
    store: StorePlace = None,
    tz: ReaderZone = None,
    language: ReaderLanguage = None,
    processes: Processes = None,
    engine: Engine = "local",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")] = False,
) -> None:
    """Replay routing data and tell the outages in it, dated to the second.

    Folders are read in the layout of RIS (rrcNN/YYYY.MM/...) or RouteViews (NAME/bgpdata/YYYY.MM/...). Files of
    collectors (rrc00, route-views.sydney) are fetched from these archives and kept in a cache. RIPEstat tells of
    a small country's own prefixes (ripestat:KP).

    \b
    Examples:
      nightside replay archive/ --country KP
      nightside replay rrc00/ rrc01/ --from 2014-12-22 --to 2014-12-24T12:00Z --json
      nightside replay archive/ --asn 131279
      nightside replay rrc00 route-views2 --from 2014-12-21 --to 2014-12-24 --country KP
      nightside replay ripestat:KP --from 2014-12-21 --to 2014-12-24
      nightside replay archive/ --engine tcp://10.0.0.1:8786
    """
    from nightside.cli.fetch_progress import fetched
    from nightside.cli.findings import print_findings
    from nightside.cli.terminal import progress_of, warn
    from nightside.engine.executors.open import require_engine
    from nightside.engine.record import replay_into
    from nightside.model.instants import parse
    from nightside.model.settings import Settings

    require_engine(engine)
    zone, called = reader_zone(tz), reader_language(language, json=json)
    first, last = parse(begin) if begin else None, parse(end) if end else None
    with fetched(inputs, first, last) as paths, progress_of("replaying") as (started, advance):
        found = replay_into(
            store,
            paths,
            countries=country or (),
            asns=asn or (),
            begin=first,
            end=last,
            settings=Settings(country_by=country_by),
            warn=warn,
            started=started,
            advance=advance,
            processes=processes,
            engine=engine,
        )
    print_findings(
        found.stored,
        json=json,
        observed=found.observed,
        store=found.store,
        zone=zone,
        language=called,
        blank=found.blank,
    )
