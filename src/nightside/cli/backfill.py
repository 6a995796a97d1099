"""`nightside backfill`: long ranges from the archives into the store, planned first, resumable."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nightside.cli.basis import Basis
from nightside.cli.engine import Engine
from nightside.cli.processes import Processes
from nightside.cli.store_place import StorePlace


def command(
    collectors: Annotated[
        list[str], typer.Argument(metavar="COLLECTOR...", help="Collectors, as rrc00 or route-views.sydney.")
    ],
    begin: Annotated[str, typer.Option("--from", metavar="T", help="From here on (UTC).")],
    end: Annotated[str, typer.Option("--to", metavar="T", help="Up to here (UTC).")],
    country: Annotated[
        list[str] | None, typer.Option("--country", metavar="CC", help="Only this country.")
    ] = None,
    asn: Annotated[
        list[int] | None,
        typer.Option("--asn", metavar="N", min=0, max=4294967295, help="This AS's own networks."),
    ] = None,
    country_by: Basis = "registry",
    store: StorePlace = None,
    yes: Annotated[bool, typer.Option("--yes", help="Begin without asking.")] = False,
    processes: Processes = None,
    engine: Engine = "local",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")] = False,
) -> None:
    """Fill the store with what happened over a long time, a day at a time, from the archives.

    Says first how many files, bytes and hours it will take, and asks. When it was interrupted, the same command
    goes on where it was.

    \b
    Examples:
      nightside backfill rrc00 --from 2014-12-01 --to 2015-01-01
      nightside backfill rrc00 route-views2 --from 2022-01-01 --to 2022-02-01 --country KP --yes
    """
    from nightside.cli.findings import print_findings
    from nightside.cli.terminal import progress_of, say, warn
    from nightside.engine.backfill.plan import Asked, sorted_codes
    from nightside.engine.backfill.run import backfill, plan_backfill
    from nightside.engine.executors.open import require_engine
    from nightside.engine.fetching import Told
    from nightside.model.errors import UsageError
    from nightside.model.instants import iso, parse
    from nightside.sources.archive_paths import is_collector
    from nightside.world.by_origin import IN_A_NAME

    for word in collectors:
        if not is_collector(word):
            raise UsageError(
                f"not called as a collector is: {word!r}", advice="Name collectors as rrc00 or route-views2."
            )
    require_engine(engine)
    asked = Asked(
        list(dict.fromkeys(collectors)),
        parse(begin),
        parse(end),
        sorted_codes(country or ()),
        asn or [],
        store,
        country_by,
    )
    plan = plan_backfill(asked, Told(warn=warn), engine=engine)
    for line in plan.in_words():
        say(line)
    if plan.days and not yes:
        if not sys.stdin.isatty():
            raise UsageError("there is nobody to ask whether to begin", advice="Add --yes.")
        if not typer.confirm("Begin?", err=True):
            raise typer.Exit
    doing = "fetching" if engine == "local" else "reading"
    with progress_of(doing, rate=True) as (started, advance):
        told = Told(warn=warn, say=say, started=started, advance=advance)
        stored = backfill(plan, told, processes=processes, engine=engine)
    observed = f"{iso(asked.begin)} to {iso(asked.end)}, as seen at {', '.join(asked.collectors)}."
    if country_by in IN_A_NAME:
        observed += f" Countries are taken {IN_A_NAME[country_by]}."
    print_findings(stored, json=json, observed=observed, store=asked.place)
