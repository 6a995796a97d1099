"""`nightside networks`: a country's networks, who originates them, and through whom they are reached."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nightside.cli.terminal import on_terminal, progress_of, warn
from nightside.cli.zone import ReaderZone, in_zone, reader_zone


def command(
    country: Annotated[str, typer.Argument(metavar="CC", help="The country as a two-letter code.")],
    inputs: Annotated[
        list[Path] | None, typer.Argument(metavar="INPUT...", help="Files or folders of routing data.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="T", help="As of this time (UTC); else the end of the input."),
    ] = None,
    tz: ReaderZone = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object, nightside.networks/1.")] = False,
) -> None:
    """Tell a country's networks, their origins and upstreams, as the peers of the input see them.

    BGP shows best paths only: a backup upstream is invisible until it is used.

    \b
    Examples:
      nightside networks KP rrc00/2014.12/bview.20141222.1600.gz
      nightside networks SY archive/ --at 2012-11-29T10:00Z --json
    """
    from nightside.engine.networks import networks
    from nightside.model.instants import parse
    from nightside.model.ndjson import dumps

    zone = reader_zone(tz)
    with progress_of("reading") as (started, advance):
        found = networks(
            country,
            inputs or [],
            at=parse(at) if at else None,
            warn=warn,
            started=started,
            advance=advance,
        )
    if json:
        print(dumps(found))
    else:
        _tell(found, zone)


def _tell(found: dict[str, Any], zone: str | None) -> None:
    from nightside.cli.incidents import aligned
    from nightside.world.names import country_name

    peers = found["observed_peers"]
    networks = found["networks"]
    print(
        f"{country_name(found['country'])}: {len(networks)} networks as seen by {peers} "
        f"peer AS{'' if peers == 1 else 'es'} at {in_zone(found['at'], zone)}"
    )
    if not networks:
        return
    rows = [["NETWORK", "UNITS", "ORIGIN", "UPSTREAMS SEEN"]]
    for network in networks:
        origins = " ".join(f"AS{n}" for n in network["origin_asns"])
        rows.append([network["prefix"], str(network["units"]), origins, _ways(network["upstreams"])])
    print("\n".join(aligned(rows)))
    rows = [["UPSTREAM", "NAME", "SHARE", "ONLY WAY SEEN FOR"]]
    for upstream in found["upstreams"]:
        sole = upstream["sole_way_share"]
        name = upstream["name"] or upstream["registered_name"] or ""
        only = "unknown (fewer than 5 peer ASes)" if sole is None else f"{100 * sole:.1f} % of the units"
        rows.append([f"AS{upstream['asn']}", name, f"{100 * upstream['share']:.1f} %", only])
    print()
    print("\n".join(aligned(rows)))
    if on_terminal():
        print(f"\nCountries of networks: {found['snapshot']}")


def _ways(upstreams: list[dict[str, Any]]) -> str:
    return ", ".join(f"AS{u['asn']} {100 * u['share']:.0f} %" for u in upstreams) or "none seen"
