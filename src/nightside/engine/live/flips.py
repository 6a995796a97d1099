"""The flips of an incident as they were heard live. Where a record stands nobody can say, nor the whole path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nightside.engine.live.watcher import Watcher
from nightside.model.flips import KINDS, SOURCES
from nightside.model.incident import Incident
from nightside.model.ndjson import dumps
from nightside.routing.log import EVENT_KINDS
from nightside.routing.timeline import Timeline

if TYPE_CHECKING:
    import pyarrow as pa

TABLE_FLIP = EVENT_KINDS["TABLE_FLIP"]

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]
UInt32 = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class LiveFlips:
    """Columns of one length, in the order of time, and the words that they number."""

    second: UInt32
    session: UInt32
    prefix: Int64
    kind: Int64
    source: Int64
    origin: UInt32
    sessions: list[tuple[str, str, int]]
    """(collector, address, AS) by session."""
    prefixes: list[str]

    def table(self) -> pa.Table:
        """In the shape of `Store.put_flips`."""
        import pyarrow as pa

        def words(said: list[str] | tuple[str, ...], numbers: npt.NDArray[np.generic]) -> pa.DictionaryArray:
            return pa.DictionaryArray.from_arrays(
                pa.array(numbers.astype(np.int32)), pa.array(list(said), pa.string())
            )

        n = len(self.second)
        columns = {
            "time": pa.array(self.second.astype(np.int64)).cast(pa.timestamp("s", "UTC")),
            "collector": words([s[0] for s in self.sessions], self.session),
            "peer_address": words([s[1] for s in self.sessions], self.session),
            "peer_asn": pa.array(np.array([s[2] for s in self.sessions], np.uint32)[self.session]),
            "prefix": words(self.prefixes, self.prefix),
            "kind": words(KINDS, self.kind),
            "source": words(SOURCES, self.source),
            "origin": pa.array(self.origin),
            "path": pa.nulls(n, pa.string()),
            "file": pa.nulls(n, pa.string()),
            "offset": pa.nulls(n, pa.int64()),
        }
        return pa.table(columns, metadata={"peers": dumps([list(s) for s in self.sessions])})


def live_flips(watcher: Watcher, incident: Incident) -> LiveFlips:
    """The flips of an incident from `loss_window_s` before it began to as long after it ended, as far as is kept.

    Sessions that were never full feed are left out before their first table.
    """
    number = next(n for n, entity in watcher.subjects.entities.items() if entity == incident.entity)
    news = watcher.kept.about(watcher.prefixes_of(number) > 0)
    line = watcher.kept.timeline(news)
    at = np.flatnonzero(line.kind <= TABLE_FLIP)
    before, known = _before(line, at)
    margin = watcher.settings.loss_window_s
    end = watcher.until_s if incident.ended is None else incident.ended
    second, after = line.second[at], line.way[at]
    wanted = known & (before != after) & (second >= incident.began - margin) & (second <= end + margin)
    at, before, after, second = at[wanted], before[wanted], after[wanted], second[wanted]
    each, prefix = np.unique(line.prefix[at], return_inverse=True)
    live = watcher.live
    return LiveFlips(
        second=second,
        session=line.session[at],
        prefix=prefix.reshape(-1),
        kind=np.where(after == 0, 0, np.where(before == 0, 1, 2)),
        source=line.kind[at].astype(np.int64),
        origin=live.numbered.way.origin[np.where(after == 0, before, after)],
        sessions=[(s.collector, s.address, s.asn) for s in live.sessions],
        prefixes=[live.prefixes.text(int(p)) for p in each.tolist()],
    )


def _before(line: Timeline, at: Int64) -> tuple[UInt32, Bool]:
    """The way that each of these events replaced (0: none), and whether anything was known of the session then."""
    second, session, prefix = (c[at] for c in (line.second, line.session, line.prefix))
    pair = (session.astype(np.int64) << 32) | prefix
    order = np.argsort(pair, kind="stable")
    again = pair[order[1:]] == pair[order[:-1]]
    before = np.zeros(len(at), np.uint32)
    before[order[1:]] = np.where(again, line.way[at[order[:-1]]], 0)
    last = np.full(len(at), -1, np.int64)
    last[order[1:]] = np.where(again, second[order[:-1]].astype(np.int64), -1)
    known = np.zeros(len(at), bool)
    for number, stretches in line.votes.items():
        known |= (session == number) & (second >= stretches[0][0])
    for load in line.loads:
        # What was said in the second of a table was said before it, unless there is nothing else it can be.
        mine = np.flatnonzero((session == load.session) & (second > load.second))
        known[mine] = True
        fresh = mine[last[mine] <= load.second]
        which = prefix[fresh]
        ways = load.ways
        before[fresh] = np.where(which < len(ways), ways[np.minimum(which, max(len(ways) - 1, 0))], 0)
    return before, known
