"""One channel's deliveries: what waits goes as planned, again and again with growing pauses until it is taken."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from nightside.engine.channels.composing import Composer
from nightside.engine.channels.firing import Fires, Firing
from nightside.engine.channels.planning import Note, Unit, goes_now, plan
from nightside.engine.channels.senders import Answer, Sender, sender_for
from nightside.engine.channels.spool import Sealed, Spool
from nightside.engine.channels.states import read_state, write_state
from nightside.model.channel import Channel
from nightside.model.instants import iso
from nightside.sources.stream import pauses

AT_ONCE = 8
"""So many posts to a webhook are under way at once, each about other entities."""
LOOK_AT = 2000
"""Of more that waits, only the first are looked at, except for what breaks through quiet hours."""
STATE_EVERY_S = 1.0
MINUTE_S = 60.0

Json = dict[str, Any]


class Delivery:
    """Sends what the spool holds for one channel, until it is cancelled."""

    def __init__(
        self,
        channel: Channel,
        spool: Spool,
        *,
        sender: Sender | None = None,
        warn: Callable[[str], None] = lambda _text: None,
        wait: Callable[[], Iterator[float]] = pauses,
        now: Callable[[], float] = time.time,
        is_open: Callable[[str], bool] = lambda _id: True,
    ) -> None:
        """`is_open` says of the id of an incident whether it lasts. Raises NightsideError."""
        self.channel, self._spool, self._warn, self._wait, self._now = channel, spool, warn, wait, now
        self._sender = sender or sender_for(channel)
        self._is_open = is_open
        self._news = asyncio.Event()
        self._warned: set[str] = set()
        """What was warned of, and goes wrong still."""
        self._sent: deque[float] = deque()
        """When something was sent within the last minute."""
        self.state = read_state(spool.folder, channel.name)
        self._written = (self.state, 0.0)
        self._composer = Composer(channel, spool.folder)
        self._firing = self._composer.firing if self._composer.is_alerts else None
        self._resend_at = 0.0
        self.is_idle = False
        """Whether nothing can go now: all that waits is held back, or nothing waits."""

    @property
    def waiting(self) -> int:
        """Messages that were not taken yet."""
        return self._spool.count(self.channel.name)

    def wake(self) -> None:
        """Something waits that did not."""
        self.is_idle = False
        self._news.set()

    async def run(self) -> None:
        """Deliver for ever."""
        async with self._sender:
            waits = self._wait()
            while True:
                self._news.clear()
                answers = await self._round()
                failed = [answer for answer in answers if answer.why is not None and not answer.is_final]
                if answers:
                    await self._note_state(failed)
                if failed:
                    pause = next(waits)
                    await asyncio.sleep(max(pause, *(answer.after_s or 0.0 for answer in failed)))
                    await self._on_disk(
                        "messages wait in memory, and would be lost with it", self._spool.write
                    )
                elif answers:
                    waits = self._wait()

    async def _round(self) -> list[Answer]:
        """Send what may go now, or wait until there may be something; what became of each sending."""
        channel, firing = self.channel, self._firing
        if firing is not None and firing.fires and self._is_due():
            return await self._fire_again(firing)
        most = min(AT_ONCE if channel.kind == "webhook" else 1, self._room())
        # Not here: while a disk hangs, nobody but this channel is to wait.
        waiting, every = await asyncio.to_thread(self._look)
        by_number = {note.number: note for note in waiting}
        begun: dict[str, list[Note]] = {}
        for sealed in every:
            notes = begun[sealed.key] = [by_number[n] for n in sealed.numbers if n in by_number]
            if most and goes_now(channel, notes, waiting, self._now()):
                return [await self._send_sealed(sealed, notes)]
        held = {number for sealed in every for number in sealed.numbers}
        behind = {note.entity for notes in begun.values() for note in notes}
        rest = [note for note in waiting if note.number not in held] if held else waiting
        planned = plan(channel, rest, self._now(), most, behind)
        if not planned.units:
            until = [] if planned.look_again_s is None else [planned.look_again_s]
            if waiting and not most:
                until.append(self._sent[0] + MINUTE_S)
            if firing is not None and firing.fires:
                until.append(self._resend_at)
            await self._idle(min(until, default=None))
            return []
        return await asyncio.gather(*(self._send(unit) for unit in planned.units))

    def _look(self) -> tuple[list[Note], list[Sealed]]:
        """What waits, and what of it was begun."""
        name = self.channel.name
        return self._spool.first(name, None if self.channel.quiet else LOOK_AT), self._spool.sealed(name)

    async def _idle(self, until_s: float | None) -> None:
        await self._note_state([], at_once=True)
        if self._news.is_set():
            return
        self.is_idle = True
        try:
            # Not longer than a minute at a time: clocks are set.
            pause = MINUTE_S if until_s is None else min(max(until_s - self._now(), 0.01), MINUTE_S)
            async with asyncio.timeout(None if until_s is None else pause):
                await self._news.wait()
        except TimeoutError:
            pass
        finally:
            self.is_idle = False

    def _room(self) -> int:
        """How many may be sent now without being more than a minute may have."""
        if self.channel.per_minute is None:
            return AT_ONCE
        # What was sent in time to come was sent before the clock was set back.
        while self._sent and not 0 <= self._now() - self._sent[0] < MINUTE_S:
            self._sent.popleft()
        return self.channel.per_minute - len(self._sent)

    # -- sending ------------------------------------------------------------------------------------

    async def _send(self, unit: Unit) -> Answer:
        numbers = [note.number for note in unit.notes]
        try:
            records = await asyncio.to_thread(lambda: [self._spool.record(number) for number in numbers])
        except (OSError, ValueError) as error:
            return await self._unreadable(numbers, error)
        fires, body = self._composer.compose(unit, records, int(self._now()))
        if len(numbers) > 1 or self._composer.is_alerts:
            sealed = Sealed(unit.key, tuple(numbers), body.decode())
            await self._on_disk(
                "a group may be sent again as another", lambda: self._spool.seal(self.channel.name, sealed)
            )
        return await self._post(unit.key, numbers, body, fires)

    async def _send_sealed(self, sealed: Sealed, notes: Sequence[Note]) -> Answer:
        """What was about to be sent, as it was; `notes` are those of it that wait, all where nothing is damaged."""
        fires: Fires = {}
        body = sealed.body.encode()
        if self._firing is not None:
            firing, numbers = self._firing, [note.number for note in notes]
            try:
                records = await asyncio.to_thread(lambda: [self._spool.record(number) for number in numbers])
            except (OSError, ValueError) as error:
                return await self._unreadable(sealed.numbers, error)
            fires, told = firing.after(records)
            if self.channel.kind == "alertmanager":
                # It says until when it holds.
                body = self._composer.alerts_body(told, int(self._now()))
        return await self._post(sealed.key, sealed.numbers, body, fires)

    async def _post(self, key: str, numbers: Sequence[int], body: bytes, fires: Fires) -> Answer:
        if self.channel.per_minute is not None:
            self._sent.append(self._now())
        answer = await self._sender.send(key, body)
        if answer.why is not None and not answer.is_final:
            return answer
        if answer.why is not None:
            self._warn(f"{self._named}: refused for good, not sent again: {answer.why}: {key}")
        elif self._firing is not None:
            await self._keep(self._firing, fires)
            if self._is_due():
                self._resend_at = self._now() + self.channel.resend_s
        await self._done(numbers, is_refused=answer.why is not None)
        return answer

    async def _done(self, numbers: Sequence[int], *, is_refused: bool) -> None:
        state = self.state
        if is_refused:
            self.state = replace(state, refused=state.refused + len(numbers))
        else:
            self.state = replace(
                state, delivered=state.delivered + len(numbers), last_delivered=int(self._now())
            )
        await self._on_disk(
            "what was taken stays there, and would be sent again at the next start",
            lambda: self._spool.done(self.channel.name, numbers, is_refused=is_refused),
        )

    async def _unreadable(self, numbers: Sequence[int], error: Exception) -> Answer:
        self._warn(f"{self._named}: {error}: this message cannot be sent")
        if not isinstance(error, OSError):
            await self._done(numbers, is_refused=True)
        return Answer(f"what waits cannot be read: {error}", is_final=not isinstance(error, OSError))

    # -- alerts -------------------------------------------------------------------------------------

    def _is_due(self) -> bool:
        """Whether what fires is to be sent again, after the clock was set back too."""
        return not 0 < self._resend_at - self._now() <= self.channel.resend_s

    async def _fire_again(self, firing: Firing) -> list[Answer]:
        """Send what fires again before it ends by itself; what ended and nobody told is resolved."""
        self._resend_at = self._now() + self.channel.resend_s
        fires, ended = await asyncio.to_thread(firing.ended, self._is_open, iso(int(self._now())))
        gone = {one.fingerprint for one in ended}
        lasting = [one for one in firing.again() if one.fingerprint not in gone]
        told = [*ended, *lasting] if self.channel.kind == "alertmanager" else ended
        if not told:
            return []
        key = f"alerts/{self.channel.name}/{int(self._now())}"
        answer = await self._sender.send(key, self._composer.alerts_body(told, int(self._now())))
        if answer.why is None:
            await self._keep(firing, fires)
        elif answer.is_final:
            self._warn_once("alerts", f"{self._named}: what fires is refused: {answer.why}")
        else:
            self._resend_at = 0.0
        return [answer]

    async def _keep(self, firing: Firing, fires: Fires) -> None:
        await self._on_disk(
            "what fires is known in memory only, and is not resolved after a fall", lambda: firing.keep(fires)
        )

    # -- how it is doing ----------------------------------------------------------------------------

    @property
    def _named(self) -> str:
        return f"channel {self.channel.name} ({self.channel.where})"

    async def _note_state(self, failed: Sequence[Answer], *, at_once: bool = False) -> None:
        if failed:
            since = self.state.failing_since or int(self._now())
            self.state = replace(self.state, failing_since=since, why=failed[0].why)
            self._warn_once(
                "receiver", f"{self._named}: {failed[0].why}: messages wait in {self._spool.folder}"
            )
        elif not at_once or not self.waiting:
            self.state = replace(self.state, failing_since=None, why=None)
            self._warned.discard("receiver")
        written, at = self._written
        if self.state == written or (not failed and not at_once and self._now() - at < STATE_EVERY_S):
            return
        self._written = (self.state, self._now())
        try:
            await asyncio.to_thread(write_state, self._spool.folder, self.channel.name, self.state)
        except OSError as error:
            self._warn_once("state", f"{self._named}: how it does cannot be written: {error.strerror}")

    async def _on_disk(self, else_: str, work: Callable[[], None]) -> None:
        """What the disk refuses is warned of once, until it does not."""
        try:
            await asyncio.to_thread(work)
        except OSError as error:
            self._warn_once(else_, f"{self._spool.folder}: {error.strerror}: {else_}")
        else:
            self._warned.discard(else_)

    def _warn_once(self, what: str, text: str) -> None:
        if what not in self._warned:
            self._warned.add(what)
            self._warn(text)
