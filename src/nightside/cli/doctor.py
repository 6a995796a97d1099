"""`nightside doctor`: whether everything is there that a watch needs."""

from __future__ import annotations

from typing import Annotated

import typer

from nightside.cli.store_place import StorePlace

COLOURS = {"ok": typer.colors.GREEN, "warning": typer.colors.YELLOW, "failed": typer.colors.RED}


def command(
    store: StorePlace = None,
    json: Annotated[bool, typer.Option("--json", help="Print each check as one line of JSON.")] = False,
) -> None:
    """Look at the clock, the disk, the store, the endpoints and the collectors: a line each, within 15 seconds.

    Nothing is changed. The exit code is 1 if anything has failed; a warning is no failure.

    \b
    Examples:
      nightside doctor
      nightside doctor --json
    """
    import asyncio
    import os

    from nightside.engine.doctor.check import Check
    from nightside.engine.doctor.examine import examine
    from nightside.engine.live.starting import DEFAULT_COLLECTORS
    from nightside.store.location import default_store

    def line(check: Check) -> None:
        if json:
            from json import dumps

            typer.echo(dumps(check.to_json(), ensure_ascii=False))
            return
        subject = f"{check.subject}: " if check.subject else ""
        advice = f". {check.advice}" if check.advice else ""
        state = typer.style(f"{check.state:8}", fg=COLOURS[check.state])
        colour = False if "NO_COLOR" in os.environ else None  # None: on a terminal alone
        typer.echo(f"{state}{check.name:14}{subject}{check.said}{advice}", color=colour)

    async def look() -> bool:
        failed = False
        async for check in examine(store or default_store(), DEFAULT_COLLECTORS):
            line(check)
            failed = failed or check.state == "failed"
        return failed

    if asyncio.run(look()):
        raise typer.Exit(1)
