"""How a watch begins: from tables, or from what an earlier one knew, and from what archives have of the time since."""

from __future__ import annotations

import time
from collections.abc import Callable

from nightside.engine.fetching import Told
from nightside.engine.live.daemon import AHEAD_S, Daemon
from nightside.engine.live.kept_state import Recovered
from nightside.engine.live.left_open import close_left_open
from nightside.engine.live.light import Line
from nightside.engine.live.place import Place
from nightside.engine.live.starting import catch_up, start_by_name, start_from
from nightside.engine.live.watcher import Watcher
from nightside.engine.logs import Log
from nightside.sources.archive_paths import is_collector
from nightside.sources.polite_http import Manners

STALE_S = 86400
"""What an earlier watch knew is not gone on with after so long: the newest tables tell more."""
IN_ARCHIVES_S = 300
"""What was missed by less than this, no archive has yet: it is confirmed later."""
AT_START = Manners(tries=3)
"""Of archives that a watch begins with: without them it begins with what the streams tell."""
AT_ONCE = Manners(tries=2, longest_retry_after_s=10.0, connect_s=5.0, silence_s=10.0, longest_pause_s=2.0)
"""Of archives that are asked what was missed, while the streams wait."""
NOBODY = "nobody listened"


def gone_on_with(recovered: Recovered | None, log: Log) -> Recovered | None:
    """What was recovered, where it is of any use."""
    if recovered is None:
        return None
    away_s = time.time() - recovered.state.entered_at_s
    if away_s < -AHEAD_S:
        log.warn(f"what a watch knew is dated {-away_s:.0f} s ahead of the clock: it begins anew")
        return None
    if away_s > STALE_S:
        log.warn(f"what a watch knew {away_s / 3600:.0f} hours ago is not gone on with: it begins anew")
        return None
    return recovered


def read_tables(place: Place, watcher: Watcher) -> None:
    """Begin with what was asked for: files, or the newest tables of collectors."""
    asked, log = place.asked, place.log
    close_left_open(place.store, watcher.subjects.entities.values(), log.warn)
    if asked.paths:
        start_from(watcher, asked.paths, log.warn)
    if asked.collectors and not asked.paths:
        told = Line(log.say, log.warn).told if asked.light else Told(warn=log.warn, say=log.say)
        start_by_name(watcher, asked.collectors, place.places, log.warn, told, manners=AT_START)


def resume(place: Place, daemon: Daemon, recovered: Recovered, set_aside: Callable[[], None]) -> bool:
    """Know what the earlier watch knew; False where that is not possible: then the daemon is as it was before."""
    new = daemon.watcher
    try:
        daemon.resume(recovered.state, recovered.since)
    except Exception as error:  # what ends a watch must not end all that come after it, too
        place.log.warn(
            f"what the last watch wrote down cannot be taken again: {type(error).__name__}: {error}: "
            "it is set aside, and this one begins anew"
        )
        set_aside()
        daemon.begin_anew(new)
        return False
    return True


async def learn_missed(place: Place, daemon: Daemon) -> None:
    """What the archives have of the time since the last entry; then nobody is heard until a stream is."""
    watcher = daemon.watcher
    # Where no second was judged yet, it knows what its files told.
    since = {
        name: watcher.until_s or collector.table.now
        for name, collector in watcher.live.collectors.items()
        if is_collector(name)
    }
    if since and time.time() - min(since.values()) > IN_ARCHIVES_S:
        daemon.lose_all(NOBODY, but=since)
        warn, told = place.log.warn, Told(warn=place.log.warn, say=place.log.say)
        await catch_up(watcher, since, place.places, warn, daemon.find, told, manners=AT_ONCE)
    daemon.lose_all(NOBODY)
