"""What a channel is sent for some messages: the body, and for channels of alerts what fires from then on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nightside.engine.channels.firing import Fires, Firing
from nightside.engine.channels.planning import Unit
from nightside.engine.channels.states import alerts_file
from nightside.model.channel import ALERTS, Channel
from nightside.publish.channels import alerts, bodies, words

LASTS = 5
"""An alert that is not sent again ends after so many times `resend_s`."""

Json = dict[str, Any]


class Composer:
    """Of one channel."""

    def __init__(self, channel: Channel, folder: Path) -> None:
        """`folder` is the spool's. Raises NightsideError where what fires cannot be read."""
        self._channel = channel
        self.is_alerts = channel.kind in ALERTS
        self.firing = Firing(alerts_file(folder, channel.name), channel.base_url)

    def compose(self, unit: Unit, records: Sequence[Json], now: int) -> tuple[Fires, bytes]:
        """What fires once it was taken, and the body."""
        if self.is_alerts:
            fires, told = self.firing.after(records)
            return fires, self.alerts_body(told, now)
        if self._channel.kind == "apprise":
            return {}, words.for_people(self._channel, records, unit.held_until)
        return {}, bodies.for_webhook(records, unit.key)

    def alerts_body(self, told: Sequence[alerts.Alert], now: int) -> bytes:
        """The body for alerts."""
        if self._channel.kind == "alertmanager":
            return alerts.for_api(told, now, LASTS * self._channel.resend_s)
        return alerts.for_webhook(told, self._channel.name, self._channel.base_url)
