"""What a watch has to do with: what was asked, where things are, and to whom it is told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from nightside import __version__
from nightside.engine.live.asked import Asked
from nightside.engine.live.filling import Archived
from nightside.engine.live.light import light_watcher
from nightside.engine.live.watcher import Watcher
from nightside.engine.logs import Log
from nightside.engine.subjects import country_subjects
from nightside.model.channel import Channel
from nightside.model.incident import Provenance
from nightside.sources.endpoints import Endpoints
from nightside.store.protocol import Store
from nightside.world.snapshot import Snapshot, label


@dataclass(frozen=True)
class Place:
    """What one watch has to do with."""

    asked: Asked
    places: Endpoints
    snapshot: Snapshot
    store: Store
    folder: Path
    """Where it leaves what has to be a file: what waits for channels, what is in the midst of being confirmed."""
    channels: Sequence[Channel]
    log: Log


def new_watcher(asked: Asked, snapshot: Snapshot) -> Watcher:
    """A watcher that knows nothing yet."""
    known = Provenance([], label(snapshot, datetime.now(UTC).date()), __version__, False, None)
    if asked.light:
        watcher = light_watcher(snapshot, asked.countries, known)
    else:
        watcher = Watcher(snapshot, country_subjects(snapshot, asked.countries), provenance=known)
    watcher.live.archived = Archived()
    return watcher


def key_of(asked: Asked, watcher: Watcher) -> str:
    """Whose state it is: only a watch of the same goes on with it."""
    settings = json.dumps(asdict(watcher.settings), sort_keys=True)
    words = [
        __version__,
        str(watcher.provenance.snapshot),
        *sorted(asked.countries),
        # Of who is new among them no table would be read.
        *sorted(asked.collectors),
        *sorted(str(path) for path in asked.paths),
        settings,
        str(asked.light),
    ]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()
