"""How each channel does, as far as the disk tells: for who asks beside a watch, or while none runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nightside.engine.channels.configuration import WEBHOOK
from nightside.engine.channels.journal_lines import waiting_in
from nightside.engine.channels.quiet import quiet_until
from nightside.engine.channels.spool import SPOOL
from nightside.engine.channels.states import ChannelState, read_state, state_file
from nightside.model.channel import Channel
from nightside.model.instants import iso_or_none

SCHEMA = "nightside.channel/1"


@dataclass(frozen=True, slots=True)
class Standing:
    """One channel. `kind` is None where something waits for it and it is configured no more; `where` there, and of the
    channel of `watch --webhook`, which the command line alone knows."""

    name: str
    kind: str | None
    where: str | None
    waiting: int
    quiet_until: int | None
    """The end of its quiet hours, where it is in them."""
    state: ChannelState

    @property
    def said(self) -> str:
        """In words."""
        if self.kind is None:
            return "no channel any more: what waits stays"
        if self.state.failing_since is not None:
            return f"failing since {iso_or_none(self.state.failing_since)}: {self.state.why}"
        if self.quiet_until is not None:
            return f"quiet until {iso_or_none(self.quiet_until)}"
        return "well" if self.state.last_delivered is not None else "not used yet"

    def to_json(self) -> dict[str, Any]:
        """In the shape `nightside.channel/1`."""
        state = asdict(self.state)
        for key in ("last_delivered", "failing_since"):
            state[key] = iso_or_none(state[key])
        return {
            "schema": SCHEMA,
            "name": self.name,
            "kind": self.kind,
            "where": self.where,
            "waiting": self.waiting,
            "quiet_until": iso_or_none(self.quiet_until),
            **state,
        }


def standings(channels: Sequence[Channel], store: Path) -> list[Standing]:
    """Of the channels that are configured, in their order; of that of `watch --webhook`; of others for which something
    waits. Raises OSError."""
    folder = store / SPOOL
    waits, now = waiting_in(folder), time.time()
    found = [
        Standing(
            one.name,
            one.kind,
            one.where,
            waits.pop(one.name, 0),
            quiet_until(one.quiet, now),
            read_state(folder, one.name),
        )
        for one in channels
    ]
    hook = state_file(folder, WEBHOOK)
    if all(one.name != WEBHOOK for one in channels) and hook.exists():
        # Of a watch that was, or is, told by its command line.
        state = read_state(folder, WEBHOOK)
        found.append(Standing(WEBHOOK, WEBHOOK, None, waits.pop(WEBHOOK, 0), None, state))
    return found + [
        Standing(name, None, None, count, None, read_state(folder, name)) for name, count in waits.items()
    ]
