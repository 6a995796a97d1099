"""`nightside world`: the registries' word on whose networks are whose, by date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nightside.cli.language import ReaderLanguage, reader_language

command = typer.Typer(
    no_args_is_help=True,
    help="The snapshots of the registries: which there are, today's, and those of other days.",
    short_help="Which country each network and AS is registered in, by date.",
)

MOST_ASNS = 12
"""So many are named in the text; --json has all."""


@command.command()
def show(
    day: Annotated[
        str | None, typer.Argument(metavar="DAY", help="The snapshot that holds for this day; else all.")
    ] = None,
    country: Annotated[
        list[str] | None, typer.Option("--country", metavar="CC", help="What this country holds.")
    ] = None,
    language: ReaderLanguage = None,
    json: Annotated[
        bool, typer.Option("--json", help="Each snapshot as nightside.snapshot/1, one a line.")
    ] = False,
) -> None:
    """Tell which snapshots there are, for which days each is used, and what countries hold in them.

    \b
    Examples:
      nightside world show
      nightside world show 2014-12-22 --country KP --country SY
    """
    from datetime import UTC, datetime

    from nightside.engine.world_shown import shown
    from nightside.model.instants import parse
    from nightside.model.ndjson import dumps

    called = reader_language(language, json=json)
    asked = datetime.fromtimestamp(parse(day), UTC).date() if day else None
    told = shown(asked, country or [])
    if json:
        for snapshot in told:
            print(dumps(snapshot))
    else:
        print("\n\n".join(_in_words(snapshot, called) for snapshot in told))
        if country:
            print(
                "\nRegistered, whether anybody announces it or not: nightside networks CC tells what is announced."
            )


@command.command(name="import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Delegation files, plain, .gz or .bz2.")
    ],
) -> None:
    """Make a snapshot of delegation files, one of each registry, and keep it.

    \b
    Example:
      nightside world import delegated-*-20141009.gz
    """
    from nightside.cli.terminal import warn
    from nightside.engine.world_update import import_files

    _tell(import_files(files, warn=warn))


@command.command()
def update() -> None:
    """Fetch the delegation files of today from the five registries, make a snapshot of them and keep it.

    An update that fails changes nothing; what came is taken up by the next one.
    """
    from nightside.cli.terminal import progress_of, say, warn
    from nightside.engine.fetching import Told
    from nightside.engine.world_update import update as fetch

    with progress_of("fetching", rate=True) as (started, advance):
        made = fetch(told=Told(warn=warn, say=say, started=started, advance=advance))
    _tell(made)


def _tell(made: Any) -> None:
    again = ", in place of the one of that day" if made.replaced else ""
    print(f"{made.name}: kept{again} as {made.path}")
    print(
        f"Input from {made.day} on is read with it, until the day of a newer snapshot (nightside world show)."
    )


def _in_words(snapshot: dict[str, Any], language: str) -> str:
    lines = [f"{snapshot['name']}, {snapshot['date']}", f"  used for input {_days(snapshot)}"]
    if snapshot["later_than_input"]:
        lines.append("  later_than_input: there is none from that day or before; this is the oldest after it")
    lines.append(f"  {snapshot['file'] or 'shipped with the program'}")
    lines += [
        f"  {source['registry']}: {source['records']:,} records, up to {source['date']} ({source['file']})"
        for source in snapshot["sources"]
    ]
    if some := snapshot["no_country"]:
        told = ", ".join(
            f"{each['code'] or 'no code'} ({each['addresses'] / 256:,.0f} /24s)" for each in some
        )
        lines.append(f"  nobody's, since their codes are no country's: {told}")
    lines += _overrides(snapshot["overrides"])
    for country in snapshot["countries"]:
        lines += _of_country(country, language)
    return "\n".join(lines)


def _days(snapshot: dict[str, Any]) -> str:
    begin, end = snapshot["used_from"], snapshot["used_to"]
    if begin and end:
        return f"from {begin} to {end}"
    if begin:
        return f"from {begin} on"
    return f"up to {end}" if end else "of every day"


def _overrides(told: dict[str, Any]) -> list[str]:
    rows = _count(told["rows"], "row")
    if not told["rows"]:
        return []
    if told["holding"] is None:
        return [f"  overrides.json has {rows}; name a DAY to see which hold"]
    return [f"  overrides.json: {told['holding']:,} of {rows} hold on that day"]


def _moved(told: dict[str, Any]) -> list[str]:
    """What overrides give and take; nothing where they leave a country as it is."""
    parts = []
    for what, given in (("to it", "gained"), ("away", "lost")):
        units, asns = told[f"units_{given}"], told[f"asns_{given}"]
        moved = ([_count(units, "unit")] if units else []) + [f"AS{n}" for n in asns[:MOST_ASNS]]
        if len(asns) > MOST_ASNS:
            moved.append(f"{len(asns) - MOST_ASNS:,} more ASes")
        if moved:
            parts.append(f"{', '.join(moved)} {what}")
    return [f"    overrides move {'; '.join(parts)}"] if parts else []


def _of_country(country: dict[str, Any], language: str) -> list[str]:
    from nightside.world.names import country_name

    asns = country["asns"]
    named = ", ".join(f"AS{n}" for n in asns[:MOST_ASNS]) + (", …" if len(asns) > MOST_ASNS else "")
    lines = [
        f"  {country_name(country['code'], language)}: {_count(country['units'], 'unit')} (/24s of IPv4), "
        f"{_count(country['ipv6_units'], '/48')} of IPv6, "
        f"{_count(len(asns), 'AS', 'ASes')}{': ' + named if named else ''}"
    ]
    for held in country["delegations"] or []:
        lines.append(
            f"    {held['registry']}: {_count(held['records'], 'delegation')} of IPv4 with "
            f"{_count(held['addresses'], 'address', 'addresses')}, which is {held['addresses'] / 256:,.10g} /24s"
        )
    return lines + (_moved(country["moved"]) if country["moved"] else [])


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"
