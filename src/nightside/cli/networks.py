"""`nightside networks`: a country's networks, who originates them, and through whom they are reached."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nightside.cli.basis import Basis
from nightside.cli.language import ReaderLanguage, reader_language
from nightside.cli.terminal import progress_of, warn
from nightside.cli.zone import ReaderZone, in_zone, reader_zone

COMPARED_WITH = ("YE", "AF", "TW")
"""Those with which Dyn Research compared North Korea in December 2014: few, some and many networks."""


def command(
    country: Annotated[str, typer.Argument(metavar="CC", help="The country as a two-letter code.")],
    inputs: Annotated[
        list[Path] | None, typer.Argument(metavar="INPUT...", help="Files or folders of routing data.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="T", help="As of this time (UTC); else the end of the input."),
    ] = None,
    country_by: Basis = "registry",
    tz: ReaderZone = None,
    language: ReaderLanguage = None,
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
    from nightside.model.settings import Settings

    zone, called = reader_zone(tz), reader_language(language, json=json)
    with progress_of("reading") as (started, advance):
        found = networks(
            country,
            inputs or [],
            at=parse(at) if at else None,
            settings=Settings(country_by=country_by),
            warn=warn,
            started=started,
            advance=advance,
        )
    if json:
        print(dumps(found))
    else:
        _tell(found, zone, called)


def _tell(found: dict[str, Any], zone: str | None, language: str) -> None:
    from nightside.cli.incidents import aligned
    from nightside.world.names import NAMED_ON, country_name

    by = f"{found['observed_peers']} peer AS{'' if found['observed_peers'] == 1 else 'es'}"
    networks = found["networks"]
    name, when = country_name(found["country"], language), in_zone(found["at"], zone)
    when += _there(found, zone)
    print(f"{name}: {len(networks)} networks as seen by {by} at {when}")
    if found["reconstruction"]:
        print(f"A reconstruction, no recording. {found['note'] or ''}".rstrip())
    print(
        f"Countries of networks: {found['snapshot']}. Names of ASes: those of {NAMED_ON}, whatever the day."
    )
    if not networks:
        return
    rows = [["NETWORK", "UNITS", "ORIGIN", "UPSTREAMS SEEN"]]
    for network in networks:
        origins = " ".join(f"AS{n}" for n in network["origin_asns"])
        rows.append([network["prefix"], str(network["units"]), origins, _ways(network["upstreams"])])
    print("\n".join(aligned(rows)))
    rows = [["OPERATOR", "NAME", "NETWORKS", "UNITS"]]
    for operator in found["operators"]:
        rows.append(
            [f"AS{operator['asn']}", _name(operator), str(operator["networks"]), str(operator["units"])]
        )
    print()
    print("\n".join(aligned(rows)))
    rows = [["UPSTREAM", "NAME", "SHARE", "ONLY WAY SEEN FOR"]]
    for upstream in found["upstreams"]:
        sole = upstream["sole_way_share"]
        only = "unknown (fewer than 5 peer ASes)" if sole is None else f"{100 * sole:.1f} % of the units"
        rows.append([f"AS{upstream['asn']}", _name(upstream), f"{100 * upstream['share']:.1f} %", only])
    print()
    print("\n".join(aligned(rows)))
    print()
    print("\n".join([*_cards(found), *_losses(found, by), *_known(found), *_compared(found, by, language)]))


def _there(found: dict[str, Any], zone: str | None) -> str:
    """The same instant on the clocks of the country's capital, unless these are told already."""
    from nightside.model.instants import parse_iso
    from nightside.world.clocks import local_iso, zone_of

    own = zone_of(found["country"])
    if own is None or own == zone:
        return ""
    return f" ({local_iso(parse_iso(found['at']), own)} in {own.rsplit('/', 1)[-1].replace('_', ' ')})"


def _ways(upstreams: list[dict[str, Any]]) -> str:
    return ", ".join(f"AS{u['asn']} {100 * u['share']:.0f} %" for u in upstreams) or "none seen"


def _name(of: dict[str, Any]) -> str:
    return str(of["name"] or of.get("registered_name") or "")


def _as(of: dict[str, Any]) -> str:
    return f"AS{of['asn']} {_name(of)}".rstrip()


def _cards(found: dict[str, Any]) -> list[str]:
    """What is known of the operators, each with its source."""
    return [
        f"{_as(operator)}: {card['role']}{'; owned by ' if card['owners'] else ''}"
        f"{' and '.join(card['owners'])} ({card['source']}, {card['date']})."
        for operator in found["operators"]
        if (card := operator["card"])
    ]


def _losses(found: dict[str, Any], by: str) -> list[str]:
    """What the loss of one upstream would cost, as far as it is seen."""
    if found["upstreams"] and found["upstreams"][0]["sole_way_share"] is None:
        return [
            f"What the loss of an upstream would cost is unknown: seen by {by}, and that takes 5 or more."
        ]
    units = found["units"]
    told = []
    for upstream in found["upstreams"]:
        lost = round(upstream["sole_way_share"] * units)
        if lost:
            told.append(
                f"Without {_as(upstream)}, {lost:,} of {units:,} units would have no way left, as seen by {by}; "
                "a way kept in reserve cannot be seen."
            )
    return told or [f"Every unit has ways through more than one upstream, as seen by {by}."]


def _known(found: dict[str, Any]) -> list[str]:
    return [
        f"Known, not seen: {_as(known)} for AS{known['of_asn']}: {known['says']} ({known['source']}, {known['date']})."
        for known in found["known_upstreams"]
        if not known["seen"]
    ]


def _compared(found: dict[str, Any], by: str, language: str) -> list[str]:
    """The country beside others, and whether its networks are announced from where they are registered."""
    from nightside.world.names import country_name

    rows = {row["code"]: row for row in found["countries"]}
    mine = rows.get(found["country"])
    if mine is None:
        return []
    others = sorted(
        (rows[code] for code in COMPARED_WITH if code in rows and code != found["country"]),
        key=lambda row: row["networks"],
    )
    beside = "".join(f"; {country_name(row['code'], language)} {row['networks']:,}" for row in others)
    total = sum(row["networks"] for row in found["countries"])
    elsewhere = sum(row["origin_elsewhere"] for row in found["countries"])
    count = mine["networks"]
    return [
        f"{count:,} network{'' if count == 1 else 's'}{beside}: place {mine['rank']} of {len(rows)} countries "
        f"by networks, as seen by {by} in this input.",
        f"Origin AS registered in another country: {mine['origin_elsewhere']:,} of {count:,} networks; "
        f"of all countries' {elsewhere:,} of {total:,}.",
    ]
