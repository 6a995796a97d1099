"""Looks at where messages go: what is configured, whether its addresses can be reached, which channels fail."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from nightside.engine.channels.configuration import channels_file, read_channels
from nightside.engine.channels.standing import Standing, standings
from nightside.engine.doctor.check import Check, Look, beside
from nightside.model.channel import Channel
from nightside.model.errors import UsageError

CONNECT_S = 5.0
PORTS = {"http": 80, "https": 443}


def channels(store: Path) -> Iterator[Look]:
    """One look for each channel; one where there is none, or the file makes no sense."""
    try:
        found = read_channels()
    except UsageError as error:
        wrong = Check("channels", error.where, "failed", error.what, error.advice)

        async def failed() -> Check:
            return wrong

        yield Look("channels", error.where, failed)
        return
    if not found:
        yield Look("channels", str(channels_file()), _none)
    for row in found:
        yield Look("channels", f"{row.name} ({row.where})", partial(_channel, row, store))


async def _none() -> Check:
    said = "there are none: messages go to standard output and to the store"
    return Check("channels", str(channels_file()), "ok", said)


async def _channel(channel: Channel, store: Path) -> Check:
    subject = f"{channel.name} ({channel.where})"
    # What waits is told where it can be read; the store itself is looked at elsewhere.
    stands: list[Standing] = []
    with suppress(OSError):
        stands = await beside(lambda: standings([channel], store))
    if stands and stands[0].state.failing_since is not None:
        said = f"{stands[0].said}; {stands[0].waiting:,} messages wait"
        return Check(
            "channels", subject, "warning", said, f"`nightside channels --test {channel.name}` tries it."
        )
    if channel.kind == "apprise":
        return Check("channels", subject, "ok", "Apprise knows the address; nothing was sent")
    parts = urlsplit(channel.url)
    try:
        async with asyncio.timeout(CONNECT_S):
            _reader, writer = await asyncio.open_connection(parts.hostname, parts.port or PORTS[parts.scheme])
    except (OSError, TimeoutError) as error:
        why = str(error) or f"no answer within {CONNECT_S:g} s"
        advice = "Messages wait for it. Is the address right, and the receiver up?"
        return Check("channels", subject, "warning", f"cannot be connected to: {why}", advice)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return Check("channels", subject, "ok", "can be connected to; nothing was sent")
