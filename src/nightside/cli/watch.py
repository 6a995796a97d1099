"""`nightside watch`: live streams in, messages out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer


def command(
    countries: Annotated[
        list[str] | None, typer.Argument(metavar="[CC]...", help="Countries; all of them unless given.")
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INPUT",
            help="A table, updates or a folder to start from, or a RIS collector to hear. May be repeated.",
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The store; else NIGHTSIDE_STORE, else your data folder."),
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(metavar="URL", help="Where each message is posted, too.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print each message as one line of JSON.")] = False,
) -> None:
    """Watch live: by BMP from routers that connect, and by RIS Live from collectors whose tables are given.

    \b
    Examples:
      nightside watch KP --source rrc00/2026.11/bview.20261122.0000.gz
      nightside watch --webhook https://example.org/hook
    """
    from nightside.engine.live.outlets import in_words
    from nightside.engine.live.watch import watch

    def line(told: dict[str, Any]) -> None:
        from json import dumps

        print(dumps(told, ensure_ascii=False) if json else in_words(told), flush=True)

    def say(text: str) -> None:
        print(f"nightside: {text}", file=sys.stderr, flush=True)

    try:
        watch(
            countries or [],
            source or [],
            store_folder=store,
            webhook=webhook,
            line=line,
            warn=say,
            ready=say,
        )
    except KeyboardInterrupt:
        # The one way to end it.
        return
