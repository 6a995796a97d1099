"""`nightside evaluate`: how often the program is right, measured on injected outages and noise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nightside.cli.processes import Processes


def command(
    outages: Annotated[
        int, typer.Option("--outages", metavar="N", min=0, help="How many outages to inject.")
    ] = 60,
    quiet_days: Annotated[
        int, typer.Option("--quiet-days", metavar="M", min=0, help="Days of all countries with noise only.")
    ] = 2,
    seed: Annotated[
        int, typer.Option("--seed", metavar="S", min=0, help="The same seed gives the same benchmark.")
    ] = 1,
    peers: Annotated[
        int, typer.Option("--peers", metavar="P", min=4, help="How many full-feed peer ASes there are.")
    ] = 16,
    table: Annotated[
        Path | None,
        typer.Option("--table", metavar="FILE", help="Prefixes and origins (pyasn); else a made-up world."),
    ] = None,
    as_live: Annotated[
        bool, typer.Option("--as-live", help="Score messages as they would have been sent, too.")
    ] = False,
    processes: Processes = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write the tables as Markdown.")
    ] = None,
    png: Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Draw the picture.")] = None,
) -> None:
    """Measure precision and recall on a benchmark of injected outages, beside two other rules.

    \b
    Examples:
      nightside evaluate
      nightside evaluate --outages 1000 --quiet-days 50 --seed 7 --table ipasn_20140513.dat.gz --json
    """
    from nightside.cli.terminal import progress_of
    from nightside.engine.evaluate import Asked, evaluate
    from nightside.model.errors import UsageError

    if outages + quiet_days == 0:
        raise UsageError("nothing to evaluate", advice="Ask for --outages or --quiet-days.")
    for path in (markdown, png):
        if path is not None and not path.absolute().parent.is_dir():
            raise UsageError("the folder does not exist", where=str(path), advice="Name another file.")
    with progress_of("evaluating") as (started, advance):
        report = evaluate(
            Asked(outages, quiet_days, seed, peers, table, as_live),
            processes=processes,
            started=started,
            advance=advance,
        )
    if markdown is not None:
        from nightside.publish.evaluation import markdown as as_markdown

        _write(markdown, as_markdown(report).encode())
    if png is not None:
        from nightside.publish.evaluation_picture import draw

        draw(report, png)
    if json:
        from nightside.model.ndjson import dumps

        print(dumps(report))
    else:
        _print(report)


def _write(path: Path, content: bytes) -> None:
    from nightside.model.errors import UnreadableError

    try:
        path.write_bytes(content)
    except OSError as error:
        raise UnreadableError(f"cannot be written: {error.strerror}", where=str(path)) from None


def _print(report: dict[str, Any]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    from nightside.publish.evaluation import summary, tables

    console = Console(highlight=False)
    console.print(Text(summary(report)))
    for table in tables(report):
        if not table.rows:
            continue
        console.print()
        console.print(Text(table.title, style="bold"))
        if table.note:
            console.print(Text(table.note, style="dim"))
        grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(table.headers))
        for i, header in enumerate(table.headers):
            grid.add_column(header, justify="left" if i == 0 else "right", overflow="fold")
        for row in table.rows:
            grid.add_row(*(Text(cell) for cell in row))
        console.print(grid)
