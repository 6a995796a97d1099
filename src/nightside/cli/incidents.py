"""`nightside incidents`: the incidents in the store, as a table or as lines of JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

from nightside.cli.language import ReaderLanguage, reader_language
from nightside.cli.store_place import StorePlace
from nightside.cli.terminal import on_terminal
from nightside.cli.zone import ReaderZone, reader_zone, told_time
from nightside.model.errors import UsageError
from nightside.model.incident import Severity

HEADER = ("ID", "Name", "Severity", "Onset ({zone})", "End ({zone})", "Duration", "Lowest", "Status")

WIDE = 110
"""From this many columns on, a terminal has room for names."""

COLOURS = {"total": "bold red", "severe": "red", "partial": "yellow", "instability": "magenta"}


def command(
    countries: Annotated[
        list[str] | None,
        typer.Argument(metavar="CC", help="Countries as two-letter codes; else all."),
    ] = None,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="T", help="Only what lasted beyond this time.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="T", help="Only what began before this time.")
    ] = None,
    severity: Annotated[Severity | None, typer.Option(help="Only this severity or a worse one.")] = None,
    store: StorePlace = None,
    tz: ReaderZone = None,
    language: ReaderLanguage = None,
    json: Annotated[
        bool, typer.Option("--json", help="One line of JSON each, nightside.incident/1.")
    ] = False,
) -> None:
    """List the incidents in the store, oldest first.

    A ~ marks an instant known only within a range; `nightside show ID` gives the range.

    \b
    Examples:
      nightside incidents KP --from 2014-12-01 --to 2015-01-01
      nightside incidents --severity severe --json
      nightside incidents --tz Europe/Berlin --language de
    """
    from nightside.engine.shown import shown
    from nightside.model.instants import parse
    from nightside.store.location import default_store, open_store
    from nightside.world.names import require_country

    zone, called = reader_zone(tz), reader_language(language, json=json)
    codes = [require_country(code) for code in countries or ()]
    first, last = None if begin is None else parse(begin), None if end is None else parse(end)
    if first is not None and last is not None and first > last:
        raise UsageError(f"--from {begin} is after --to {end}", advice="Exchange the two.")
    folder = default_store() if store is None else store
    with open_store(folder) as opened:
        found = opened.incidents(codes=codes, begin=first, end=last, severity=severity)
        told = _tell_json(shown(opened, found)) if json else print_incidents(found, zone, called)
    if not told:
        narrowed = " that match" if codes or begin or end or severity else ""
        print(f"nightside: no incidents{narrowed} in the store {folder}", file=sys.stderr)


def _tell_json(found: Iterable[dict[str, Any]]) -> bool:
    """Print each as a line of JSON, as it comes; whether there was any."""
    from nightside.model.ndjson import dumps

    told = False
    for incident in found:
        print(dumps(incident))
        told = True
    return told


def print_incidents(found: Iterable[dict[str, Any]], zone: str | None = None, language: str = "en") -> bool:
    """Print all as a table, with times in this zone, or UTC; whether there was any."""
    from nightside.publish.named import named_in

    rows = [row_of(named_in(incident, language), zone) for incident in found]
    header = header_in(zone)
    if rows and on_terminal():
        _print_table(header, rows)
    elif rows:
        print("\n".join(aligned([header, *rows])))
    return bool(rows)


def header_in(zone: str | None) -> list[str]:
    """The titles, in capitals where nobody looks at a terminal; the zone's name stays as it is."""
    titles = HEADER if on_terminal() else [title.upper() for title in HEADER]
    return [title.replace("{ZONE}", "{zone}").format(zone=zone or "UTC") for title in titles]


def row_of(incident: dict[str, Any], zone: str | None = None) -> tuple[str, ...]:
    """One incident (nightside.incident/1) as the cells under HEADER, times in this zone or UTC."""
    from nightside.model.instants import duration_words

    seconds = incident["duration_s"]
    return (
        incident["id"],
        incident["entity"]["name"],
        incident["severity"],
        _instant(incident["onset"], incident["onset_range"], zone),
        _instant(incident["end"], incident["end_range"], zone),
        "-" if seconds is None else duration_words(seconds),
        f"{100 * incident['share']['lowest']:.1f} %",
        incident["status"],
    )


def _instant(text: str | None, within: list[str] | None, zone: str | None) -> str:
    if text is None:
        return "-"
    return f"{'~' if within else ''}{told_time(text, zone)}"


def aligned(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """The rows as lines of text, columns padded to one width, two spaces between."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def _print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    wide = console.width >= WIDE
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, int(wide), 0, 0))
    # A narrow terminal gets no names, since ids begin with the code; there nothing may be cut off.
    columns = [i for i, title in enumerate(header) if wide or title != "Name"]
    for i in columns:
        longest = max(len(word) for row in rows for word in row[i].split())
        table.add_column(header[i], min_width=longest, no_wrap=header[i] == "ID", overflow="fold")
    for row in rows:
        # Text, not markup: a name may hold square brackets.
        colour = COLOURS[row[2]]
        table.add_row(*(Text(row[i], colour if i == 2 else "") for i in columns))
    console.print(table)
