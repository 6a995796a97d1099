"""`nightside watch`, composed: what to start from, the sources of this place, the daemon, the outlets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nightside import __version__
from nightside.engine.inputs import sort_inputs
from nightside.engine.live.daemon import Daemon
from nightside.engine.live.delivery import SPOOL, Spool, Webhook
from nightside.engine.live.outlets import Outlets
from nightside.engine.live.starting import start_from
from nightside.engine.live.watcher import Watcher
from nightside.engine.subjects import country_subjects
from nightside.model.errors import UsageError
from nightside.model.incident import Provenance
from nightside.sources.bmp import BmpListener
from nightside.sources.endpoints import Endpoints, read_endpoints
from nightside.sources.ris_live import RisLive, Subscription
from nightside.sources.stream import Fault, Faults, Source
from nightside.store.location import default_folder, open_store
from nightside.world.names import require_country
from nightside.world.snapshot import label, load

SECRET = "NIGHTSIDE_WEBHOOK_SECRET"
"""The environment variable with what the webhook's messages are signed with."""


def watch(
    countries: Sequence[str],
    starts: Sequence[str],
    *,
    store_folder: Path | None,
    webhook: str | None,
    line: Callable[[dict[str, Any]], None],
    warn: Callable[[str], None],
    ready: Callable[[str], None],
) -> None:
    """Watch until cancelled. `starts` are files, folders and names of RIS collectors: what is known is read from the
    paths, and the collectors among them are heard by RIS Live; without any there is BMP alone.

    `ready` is told where routers find the listener. Raises UsageError and the errors of the input and the store.
    """
    places = read_endpoints()
    codes = [require_country(code) for code in countries]
    snapshot = load()
    provenance = Provenance([], label(snapshot, datetime.now(UTC).date()), __version__, False, None)
    watcher = Watcher(snapshot, country_subjects(snapshot, codes), provenance=provenance)
    paths, collectors = sort_inputs(starts)
    if missing := [path for path in paths if not path.exists()]:
        raise UsageError(
            "no such file or folder, and no collector's name",
            where=str(missing[0]),
            advice="Give tables and updates on disk, or RIS collectors such as rrc00.",
        )
    if paths:
        start_from(watcher, paths, warn)
    folder = store_folder or default_folder()
    with open_store(folder) as store:
        hook = None
        if webhook is not None:
            hook = Webhook(webhook, Spool(folder / SPOOL), secret=os.environ.get(SECRET), warn=warn)
        sources, listener = _sources(watcher, places, collectors, warn)
        daemon = Daemon(watcher, sources, Outlets(store, hook, line).tell, warn=warn)
        with suppress(asyncio.CancelledError):
            asyncio.run(_run(daemon, listener, hook, ready))


def _sources(
    watcher: Watcher, places: Endpoints, collectors: Sequence[str], warn: Callable[[str], None]
) -> tuple[list[Source], BmpListener]:
    def tell(fault: Fault) -> None:
        warn(f"{fault.source}: {fault.detail}")

    host, _, port = places.bmp_listen.rpartition(":")
    listener = BmpListener(host, int(port), faults=Faults(tell))
    sources: list[Source] = [listener]
    heard = sorted({*collectors, *(name for name in watcher.live.collectors if name.startswith("rrc"))})
    if heard:
        subscriptions = [Subscription(name) for name in heard]
        sources.append(RisLive(places.ris_live_url, subscriptions, faults=Faults(tell)))
    return sources, listener


async def _run(
    daemon: Daemon, listener: BmpListener, hook: Webhook | None, ready: Callable[[str], None]
) -> None:
    await listener.listen()
    ready(f"BMP at port {listener.port}")
    delivery = asyncio.create_task(hook.run()) if hook else None
    try:
        await daemon.run()
    finally:
        if delivery is not None:
            delivery.cancel()
