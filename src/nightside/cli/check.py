"""`nightside check`: does anything of a country answer?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nightside.cli.store_place import StorePlace
from nightside.cli.zone import ReaderZone
from nightside.model.errors import UsageError

if TYPE_CHECKING:
    from nightside.store.location import StoreLocation

READ_AT_ONCE = 5_000
"""Results of a file that are stored together."""


def command(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="CC|FILE", help="A country, or a file of targets; with --read the files."),
    ] = None,
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
    show: Annotated[
        bool, typer.Option("--show", help="Check nothing: tell what the stored results of a country say.")
    ] = False,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="T", help="With --show: from when on; else the last day.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="T", help="With --show: until when.")] = None,
    tz: ReaderZone = None,
    place: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The name of this place in the results; else NIGHTSIDE_PLACE, else `here`."
        ),
    ] = None,
    store: StorePlace = None,
    agent: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Hand the results in there, as the place whose token is in NIGHTSIDE_AGENT_TOKEN.",
        ),
    ] = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json", help="Each result as nightside.check/1, one a line; --show: nightside.services/1."
        ),
    ] = False,
) -> None:
    """Check whether sites, name servers, mail and the path of a country answer, and keep what came of it.

    \b
    Examples:
      nightside check KP
      nightside check KP --every 60s --place berlin
      nightside check targets/mine.toml --json
      nightside check KP --show --from 2026-11-21
      nightside check --read results.ndjson
      nightside check KP --every 60s --agent https://nightside.example
    """
    what = what or []
    if not what:
        raise UsageError("nothing is named to be checked", advice="Name a country or a file of targets.")
    if once and every is not None:
        raise UsageError("--once and --every exclude each other", advice="Choose one of them.")
    if not show and any(given is not None for given in (begin, end, tz)):
        raise UsageError("--from, --to and --tz are for --show", advice="Give --show, or leave them out.")
    if read or show:
        if (read and show) or once or any(given is not None for given in (every, place, agent)):
            raise UsageError(
                f"{'--read' if read else '--show'} checks nothing",
                advice="Leave out --once, --every, --place and --agent, and one of --read and --show.",
            )
        if read:
            _read([Path(word) for word in what], store, json=json)
            return
    if len(what) != 1:
        raise UsageError("more than one country or file", advice="Check each by its own command.")
    if show:
        from nightside.cli.check_shown import show_services

        show_services(what[0], begin, end, store, tz, json=json)
        return
    if agent is not None and place is not None:
        raise UsageError("the token says which place this is", advice="Leave out --place.")
    _check(what[0], every, place, store, agent, json=json)


def _check(
    what: str,
    every: str | None,
    place: str | None,
    folder: StoreLocation | None,
    agent: str | None,
    *,
    json: bool,
) -> None:
    from nightside.cli.check_lines import shown
    from nightside.engine.checks.agent import Agent, asked_agent
    from nightside.engine.checks.asked import asked_checks, every_s, rounds_of
    from nightside.engine.checks.runner import run
    from nightside.engine.live.stopping import interruptible, run_until_stopped
    from nightside.engine.logs import open_log
    from nightside.store.location import default_store, open_store, state_folder

    seconds = None if every is None else every_s(every)
    where = default_store() if folder is None else folder
    handing = None if agent is None else asked_agent(agent)
    asked = asked_checks(what, place if handing is None else handing.place)
    log = open_log()
    if asked.contact is None:
        log.warn("those who are checked are told of nobody to ask: set NIGHTSIDE_CHECK_CONTACT")
    with interruptible(), shown(asked, seconds, log.warn, json=json) as show:
        rounds = partial(rounds_of, asked, seconds, warn=show.warn, told=show.told, began=show.began)
        if handing is None:
            with open_store(where) as kept:
                run_until_stopped(lambda: run(rounds(keep=kept.put_results)), show.say)
        else:
            here = Agent(handing, state_folder(where), warn=show.warn)
            run_until_stopped(lambda: here.run_with(rounds(keep=here.keep)), show.say)


def _read(paths: Sequence[Path], folder: StoreLocation | None, *, json: bool) -> None:
    from nightside.cli.terminal import warn
    from nightside.engine.checks.reading import read_results
    from nightside.model.instants import iso
    from nightside.model.ndjson import dumps
    from nightside.store.location import default_store, open_store

    with open_store(default_store() if folder is None else folder) as store:
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
