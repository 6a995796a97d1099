"""Channels as a table, and what would be sent to each, in lines for people or of JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nightside.model.channel import Channel
from nightside.model.errors import UsageError
from nightside.model.instants import iso, iso_or_none, parse

if TYPE_CHECKING:
    from nightside.engine.channels.rehearsal import Rehearsed
    from nightside.store.location import StoreLocation


def print_list(channels: Sequence[Channel], store: StoreLocation, *, json: bool) -> None:
    """Each channel and how it does; those too for which something waits, and which are no more."""
    from json import dumps

    from nightside.engine.channels.configuration import channels_file
    from nightside.engine.channels.standing import standings
    from nightside.store.location import state_folder

    rows = standings(channels, state_folder(store))
    if json:
        for row in rows:
            print(dumps(row.to_json(), ensure_ascii=False))
        return
    if not rows:
        print(f"nightside: there are no channels: {channels_file()} has none", file=sys.stderr)
        return
    wide = max(7, *(len(row.name) for row in rows))
    print(f"{'channel':{wide}}  {'kind':20}  {'waiting':>7}  {'last delivered':20}  how it does")
    for row in rows:
        last = "never" if row.state.last_delivered is None else iso(row.state.last_delivered)
        print(f"{row.name:{wide}}  {row.kind or '-':20}  {row.waiting:7,}  {last:20}  {row.said}")


def print_rehearsal(
    channels: Sequence[Channel],
    store: StoreLocation,
    ids: Sequence[str],
    begin: str | None,
    end: str | None,
    *,
    json: bool,
) -> None:
    """What each channel would have been sent of the stored incidents, and what not, by which rule."""
    from json import dumps

    from nightside.engine.channels.rehearsal import rehearse, stored_messages
    from nightside.store.location import open_store

    first, last = (None if text is None else parse(text) for text in (begin, end))
    with open_store(store, read_only=True) as opened:
        for id in ids:
            if opened.incident(id) is None:
                raise UsageError(
                    f"no incident {id} in the store {store}", advice="`nightside incidents` lists them."
                )
        records = stored_messages(opened, ids, first, last, channels[0].base_url)
    if not records:
        print(f"nightside: no messages that match in the store {store}", file=sys.stderr)
    for channel in channels:
        if not json and records:
            print(f"{channel.name} ({channel.kind}, {channel.where})")
        for one in sorted(rehearse(channel, records), key=_when):
            if json:
                print(dumps(one.to_json(), ensure_ascii=False))
            else:
                print("\n".join(f"  {line}" for line in _lines(one)))


def _when(one: Rehearsed) -> tuple[str, str]:
    return (one.told[0]["at"] if one.at is None else iso(one.at), one.told[0]["key"])


def _lines(one: Rehearsed) -> list[str]:
    if one.at is None:
        (told,) = one.told
        return [f"not sent: {_named(told)}: {'; '.join(one.why_not)}"]
    what = _named(one.told[0]) if len(one.told) == 1 else f"{len(one.told):,} messages as one"
    held = "" if one.held_until is None else f" (held back until {iso_or_none(one.held_until)})"
    said = one.to_json()["body"]
    return [f"sent {iso(one.at)}: {what}{held}", *(f"  {line}" for line in _body_lines(said))]


def _named(told: dict[str, Any]) -> str:
    return f"{told['at']} {told['entity']['code']} {told['kind']} ({told['severity']})"


def _body_lines(body: Any) -> list[str]:
    """Text as it is read; bodies for programs as JSON."""
    from json import dumps

    if isinstance(body, dict) and set(body) == {"title", "body"}:
        return [line for line in (body["title"], *body["body"].splitlines()) if line]
    return [dumps(body, ensure_ascii=False)]
