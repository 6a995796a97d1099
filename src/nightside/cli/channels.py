"""`nightside channels`: where messages go, how each channel does, what would be sent there, and a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from nightside.cli.store_place import StorePlace
from nightside.model.channel import Channel
from nightside.model.errors import NightsideError, UsageError


def command(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID...]", help="With --dry-run: these incidents; else all.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent of stored incidents. Nothing is sent.")
    ] = False,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="T", help="With --dry-run: messages from this time on.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="T", help="With --dry-run: messages before this time.")
    ] = None,
    test: Annotated[
        str | None, typer.Option(metavar="NAME", help="Send one message there that says that it is a test.")
    ] = None,
    store: StorePlace = None,
    json: Annotated[bool, typer.Option("--json", help="One line of JSON each.")] = False,
) -> None:
    """List the channels of channels.toml, and how each is doing.

    \b
    Examples:
      nightside channels
      nightside channels --dry-run --from 2026-11-01
      nightside channels --test ops
    """
    from nightside.cli.channels_shown import print_list, print_rehearsal
    from nightside.engine.channels.configuration import channels_file, read_channels
    from nightside.store.location import default_store

    if test is not None and dry_run:
        raise UsageError("--test and --dry-run exclude each other", advice="Do one after the other.")
    if not dry_run and (ids or begin or end):
        raise UsageError("incidents and times narrow --dry-run", advice="Add --dry-run, or leave them out.")
    channels = read_channels()
    folder = default_store() if store is None else store
    if not channels and (dry_run or test is not None):
        raise UsageError(
            "there are no channels",
            where=str(channels_file()),
            advice='Write one there: [ops], kind = "webhook", url = "https://example.org/hook".',
        )
    if test is not None:
        _test({channel.name: channel for channel in channels}, test, json=json)
    elif dry_run:
        print_rehearsal(channels, folder, ids or [], begin, end, json=json)
    else:
        print_list(channels, folder, json=json)


def _test(channels: Mapping[str, Channel], name: str, *, json: bool) -> None:
    import asyncio
    import time
    from json import dumps

    from nightside.engine.channels.trial import try_channel

    if name not in channels:
        raise UsageError(f"there is no channel {name!r}", advice=f"There are: {', '.join(channels)}.")
    channel = channels[name]
    answer = asyncio.run(try_channel(channel, int(time.time())))
    if json:
        told = {
            "schema": "nightside.channel-test/1",
            "channel": name,
            "taken": answer.why is None,
            "why": answer.why,
        }
        print(dumps(told, ensure_ascii=False))
    elif answer.why is None:
        print(f"{name} ({channel.where}): taken")
    if answer.why is not None:
        raise NightsideError(
            f"the test was not taken: {answer.why}",
            where=f"{name} ({channel.where})",
            advice="See its address, and whether the receiver is up.",
        )
