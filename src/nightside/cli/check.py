"""`nightside check`: does anything of a country answer?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from nightside.model.errors import UsageError

READ_AT_ONCE = 5_000
"""Results of a file that are stored together."""


def command(
    what: Annotated[
        list[str],
        typer.Argument(metavar="CC|FILE", help="A country, or a file of targets; with --read the files."),
    ],
    once: Annotated[
        bool, typer.Option("--once", help="One round, and soon: so it is unless --every.")
    ] = False,
    every: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Round after round, until Ctrl-C: 60s, 5m; 30s is the shortest."),
    ] = None,
    read: Annotated[
        bool, typer.Option("--read", help="Check nothing: store the results in these files.")
    ] = False,
    place: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The name of this place in the results; else NIGHTSIDE_PLACE, else `here`."
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The store; else NIGHTSIDE_STORE, else your data folder."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Each result as nightside.check/1, one a line.")
    ] = False,
) -> None:
    """Check whether sites, name servers, mail and the path of a country answer, and keep what came of it.

    \b
    Examples:
      nightside check KP
      nightside check KP --every 60s --place berlin
      nightside check targets/mine.toml --json
      nightside check --read results.ndjson
    """
    if once and every is not None:
        raise UsageError("--once and --every exclude each other", advice="Choose one of them.")
    if read:
        if once or every is not None or place is not None:
            raise UsageError("--read checks nothing", advice="Leave out --once, --every and --place.")
        _read([Path(word) for word in what], store, json=json)
        return
    if len(what) != 1:
        raise UsageError("more than one country or file", advice="Check each by its own command.")
    _check(what[0], every, place, store, json=json)


def _check(what: str, every: str | None, place: str | None, folder: Path | None, *, json: bool) -> None:
    from nightside.cli.check_lines import shown
    from nightside.engine.checks.asked import asked_checks, every_s, rounds_of
    from nightside.engine.checks.runner import run
    from nightside.engine.live.stopping import interruptible, run_until_stopped
    from nightside.engine.logs import open_log
    from nightside.store.location import default_folder, open_store

    seconds = None if every is None else every_s(every)
    asked = asked_checks(what, place)
    log = open_log()
    if asked.contact is None:
        log.warn("those who are checked are told of nobody to ask: set NIGHTSIDE_CHECK_CONTACT")
    with (
        interruptible(),
        open_store(default_folder() if folder is None else folder) as store,
        shown(asked, seconds, log.warn, json=json) as show,
    ):
        rounds = rounds_of(
            asked, seconds, keep=store.put_results, warn=show.warn, told=show.told, began=show.began
        )
        run_until_stopped(lambda: run(rounds), show.say)


def _read(paths: Sequence[Path], folder: Path | None, *, json: bool) -> None:
    from nightside.cli.terminal import warn
    from nightside.engine.checks.reading import read_results
    from nightside.model.instants import iso
    from nightside.model.ndjson import dumps
    from nightside.store.location import default_folder, open_store

    with open_store(default_folder() if folder is None else folder) as store:
        for path in paths:
            # All of a file, or nothing of it: read whole before anything is stored.
            results = list(read_results(path, warn))
            new = sum(
                store.put_results(results[begin : begin + READ_AT_ONCE])
                for begin in range(0, len(results), READ_AT_ONCE)
            )
            if json:
                for one in results:
                    print(dumps(one.to_json()))
            elif results:
                first, last = min(one.at for one in results), max(one.at for one in results)
                print(
                    f"{path}: {len(results)} results from {iso(int(first))} to {iso(int(last))}, {new} of them new"
                )
