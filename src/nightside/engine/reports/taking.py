"""Reports that come by the API: read, attached as the token whose name they bear, and answered."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from nightside.engine.reports.attaching import attach, taken_json
from nightside.engine.reports.reading import read_document
from nightside.engine.tokens import LastUse
from nightside.store.protocol import Store


class ReportTaking:
    """Attaches documents for the store. One thread uses it at a time."""

    def __init__(self, store: Store, *, now: Callable[[], float] = time.time) -> None:
        self._store, self._now = store, now
        self._last_use = LastUse(store)

    def attach(self, incident_id: str, name: str, digest: bytes, body: bytes) -> dict[str, Any]:
        """`nightside.reports-taken/1` of a JSON document; the token has this name and digest. All or nothing.

        Raises InputError where it is no report, UsageError where it cannot be attached.
        """
        reports = read_document(body)
        at = int(self._now())
        # Before: where the disk refuses this, it is true that nothing was stored.
        self._last_use.note(digest, at)
        return taken_json(incident_id, attach(self._store, incident_id, reports, at=at, by=name), at)
