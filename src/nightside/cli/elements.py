"""`nightside elements`: what stands in MRT files, as lines, numbers, JSON or Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nightside.cli.element_reading import Format, print_elements
from nightside.cli.terminal import on_terminal
from nightside.model.errors import UsageError


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="MRT files, plain, gzip or bzip2.")],
    summary: Annotated[bool, typer.Option("--summary", help="Only numbers, as one JSON object.")] = False,
    format: Annotated[  # noqa: A002 - the option is called so
        Format | None, typer.Option("--format", help="Instead of lines: Parquet, or a JSON object a line.")
    ] = None,
) -> None:
    """Print what MRT files hold: announcements, withdrawals, session states, table entries.

    The lines are those of `bgpdump -m`. What cannot be used is told on standard error.

    \b
    Examples:
      nightside elements updates.20141222.1615.gz | grep '|175.45.17[6-9]'
      nightside elements bview.20141222.1600.gz --summary
      nightside elements updates.20141222.1615.gz --format parquet > updates.parquet
    """
    if summary and format:
        raise UsageError("--summary and --format exclude each other", advice="Give one of the two.")
    if format == "parquet" and on_terminal():
        raise UsageError("Parquet is not for a terminal", advice="Write it to a file: ... > elements.parquet")
    print_elements(files, summary=summary, format=format)
