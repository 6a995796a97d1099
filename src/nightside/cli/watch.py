"""`nightside watch`: live streams in, messages out."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nightside.cli.store_place import StorePlace


def command(
    countries: Annotated[
        list[str] | None, typer.Argument(metavar="[CC]...", help="Countries; all of them unless given.")
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INPUT",
            help="Whom to hear: a RIS collector, or `bmp` for routers alone; or a table, updates or a folder to start "
            "from. May be repeated. A few RIS collectors, and routers, unless given.",
        ),
    ] = None,
    store: StorePlace = None,
    webhook: Annotated[
        str | None, typer.Option(metavar="URL", help="Where each message is posted, too.")
    ] = None,
    light: Annotated[
        bool, typer.Option("--light", help="For a few countries on a small line: little is heard and kept.")
    ] = False,
    share: Annotated[
        bool,
        typer.Option(
            "--share",
            help="Share the work with the other programs that are given the same words and --share.",
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print each message as one line of JSON.")] = False,
) -> None:
    """Watch live: by RIS Live from collectors, and by BMP from routers that connect.

    It starts from the newest tables, and after a crash from where it was.

    \b
    Examples:
      nightside watch
      nightside watch KP SY --light
      nightside watch --webhook https://example.org/hook
      nightside watch --share
      nightside watch KP --source rrc00/2026.11/bview.20261122.0000.gz
    """
    import sys
    from contextlib import closing, nullcontext

    from nightside.engine.live.asked import asked
    from nightside.engine.live.lines import Lines
    from nightside.engine.live.outlets import in_words
    from nightside.engine.live.stopping import interruptible
    from nightside.engine.logs import open_log
    from nightside.model.errors import UsageError

    if share:
        from nightside.engine.ingesters.program import share as run
    else:
        from nightside.engine.live.watch import watch as run

    if share and light:
        raise UsageError("--light shares with nobody", advice="Leave out --light, or --share.")
    what = asked(countries or [], source or [], store_folder=store, webhook=webhook, light=light)
    log = open_log()
    # Python has none where the descriptor was closed: its number may be another file's by now.
    lines = None if sys.stdout is None else Lines(sys.stdout.fileno(), log.warn)

    def line(told: dict[str, Any]) -> None:
        from json import dumps

        if lines is None:
            return
        if json:
            lines.put(dumps(told, ensure_ascii=False).encode())
        else:
            lines.put(in_words(told).encode(sys.stdout.encoding, "replace"))

    try:
        with closing(lines) if lines else nullcontext(), interruptible():
            run(what, line=line, log=log)
    except KeyboardInterrupt:
        # Asked to end before there was anything to end.
        return
