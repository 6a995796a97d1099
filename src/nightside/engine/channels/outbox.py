"""All channels of a watch: each message goes to those whose rules let it through, and waits for each by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from nightside.engine.channels.delivery import Delivery
from nightside.engine.channels.routing import why_not
from nightside.engine.channels.spool import Spool
from nightside.engine.live.mistakes import of_ours
from nightside.model.channel import Channel
from nightside.publish.channels.words import record_of, title
from nightside.sources.stream import pauses

Json = dict[str, Any]


class Outbox:
    """One spool, and one delivery for each channel."""

    def __init__(
        self,
        folder: Path,
        channels: Sequence[Channel],
        *,
        warn: Callable[[str], None] = lambda _text: None,
        wait: Callable[[], Iterator[float]] = pauses,
        now: Callable[[], float] = time.time,
        is_open: Callable[[str], bool] = lambda _id: True,
    ) -> None:
        """`is_open` says of the id of an incident whether it lasts. Raises NightsideError."""
        self._warn, self._now, self._is_full = warn, now, False
        self.spool = Spool(folder, warn)
        self.deliveries = [
            Delivery(channel, self.spool, warn=warn, wait=wait, now=now, is_open=is_open)
            for channel in channels
        ]
        for name in set(self.spool.names()) - {channel.name for channel in channels}:
            warn(
                f"{self.spool.count(name)} messages wait for {name}, which is no channel any more: they stay"
            )

    async def put(self, told: Json, incident: Json) -> None:
        """Have a message (nightside.message/1, and its incident) sent where it goes. Raises nothing of the disk's."""
        goes = [one for one in self.deliveries if not why_not(one.channel, told)]
        if not goes:
            return
        await asyncio.to_thread(self._put, told, incident, [one.channel for one in goes])
        for one in goes:
            one.wake()

    def _put(self, told: Json, incident: Json, channels: Sequence[Channel]) -> None:
        base_url = next((channel.base_url for channel in channels if channel.base_url), None)
        try:
            record = record_of(told, incident, base_url)
        except Exception as error:  # words that nobody finds are to cost no alarm
            self._warn(f"{told['key']} is told without its words: {of_ours(error)}")
            record = {"told": told, "text": title(told), "short": title(told)}
        try:
            self.spool.put(record, [channel.name for channel in channels], self._now())
        except OSError as error:
            if not self._is_full:
                self._is_full = True
                what = "messages wait in memory, and would be lost with it"
                self._warn(f"{self.spool.folder}: {error.strerror}: {what}")
        else:
            self._is_full = False

    async def run(self) -> None:
        """Deliver for ever, to each channel by itself. One that breaks is told; the others go on."""
        await asyncio.gather(*(self._run(one) for one in self.deliveries))

    async def _run(self, delivery: Delivery) -> None:
        while True:
            try:
                await delivery.run()
            except Exception as error:  # whatever it is, it is to cost this channel some time and no other
                name = delivery.channel.name
                self._warn(f"channel {name} stopped by {type(error).__name__}: {error}: it is begun anew")
                await asyncio.sleep(next(pauses()))

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to be sent now, at no channel."""
        return all(one.is_idle for one in self.deliveries)

    def close(self) -> None:
        """Let go of the journal."""
        self.spool.close()
