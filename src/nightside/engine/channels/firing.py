"""What fires at a channel of alerts: kept on the disk, so that it is resolved whatever became of the program.

An alert is known by its labels. Where they change (it worsened), the former is resolved and another fires.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from nightside.model.errors import NightsideError
from nightside.publish.channels.alerts import Alert, alert_of
from nightside.store.folder_sync import written_whole
from nightside.store.protocol import Store

Json = dict[str, Any]
Fires = dict[str, Json]
"""By outage (the first four parts of its messages' keys) the record of its last message."""


class Firing:
    """The alerts of one channel."""

    def __init__(self, path: Path, base_url: str | None) -> None:
        """Raises NightsideError where the file is there and cannot be read."""
        self._path, self._base_url = path, base_url
        self.fires: Fires = {}
        try:
            if path.exists():
                self.fires = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise NightsideError(
                f"what fires cannot be read: {error}",
                where=str(path),
                advice="Take the file away: what fires then is resolved by Alertmanager's own time limit.",
            ) from error

    def after(self, records: Iterable[Json]) -> tuple[Fires, list[Alert]]:
        """What fires when these messages are told too, and the alerts that tell them, one for each set of labels."""
        fires, alerts = dict(self.fires), {}
        for record in records:
            told = record["told"]
            outage = outage_of(told["key"])
            now = alert_of(record, self._base_url)
            if outage in fires:
                before = alert_of(fires[outage], self._base_url)
                if before.labels != now.labels:
                    alerts[before.fingerprint] = before.resolved(told["at"])
            alerts[now.fingerprint] = now
            if now.ends_at is None:
                fires[outage] = record
            else:
                fires.pop(outage, None)
        return fires, list(alerts.values())

    def again(self) -> list[Alert]:
        """All that fire."""
        return [alert_of(record, self._base_url) for record in self.fires.values()]

    def ended(self, is_open: Callable[[str], bool], at: str) -> tuple[Fires, list[Alert]]:
        """Without those whose incidents ended and nobody told it; and these, resolved at that instant."""
        over = {o: r for o, r in self.fires.items() if not is_open(r["told"]["incident"]["id"])}
        alerts = [alert_of(record, self._base_url).resolved(at) for record in over.values()]
        return {o: r for o, r in self.fires.items() if o not in over}, alerts

    def keep(self, fires: Fires) -> None:
        """From now on these. Raises OSError where that cannot be written."""
        if fires == self.fires:
            return
        self.fires = fires
        with written_whole(self._path) as file:
            file.write(json.dumps(fires, ensure_ascii=False).encode())


def outage_of(key: str) -> str:
    """What the keys of all messages about one outage begin with."""
    return "/".join(key.split("/")[:4])


def lasts(store: Store, id: str) -> bool:
    """Whether an incident lasts, as far as the store knows; of one that was merged, that which goes on."""
    incident = store.incident(id)
    while incident is not None and incident["closed_as"] == "merged":
        into = [one["id"] for one in incident["related"] if one["relation"] == "merged_into"]
        incident = store.incident(into[0]) if into else None
    return incident is None or incident["status"] in ("ongoing", "recovering")
