"""Job 2: all parts, as far as some countries need them, to what there is to tell of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from nightside.engine.allocation import give_back_large
from nightside.engine.collect import merge
from nightside.engine.flips import units_of
from nightside.engine.replay import Judged, judge, provenance_of
from nightside.engine.seeing import Looked, crossings_in, look
from nightside.engine.shards.cells import cells_with, stretches
from nightside.engine.shards.kept_results import keep_result, kept_result
from nightside.engine.shards.keys import key_of
from nightside.engine.shards.part_reading import prefixes_in, read_part
from nightside.engine.shards.part_segments import Head, SpoiltError, read_head
from nightside.engine.shards.world_kept import kept_snapshot
from nightside.engine.unit_stretches import Units
from nightside.engine.units import Unit
from nightside.model.entity import Entity
from nightside.model.incident import Provenance
from nightside.model.settings import Settings
from nightside.model.signal import Signal
from nightside.signals.clocks import Crossings
from nightside.signals.quality import view_signals
from nightside.store.files import Files
from nightside.world.snapshot import Snapshot

FOLDER = "shards"


@dataclass(frozen=True)
class Whom:
    """What is asked of an input."""

    codes: tuple[str, ...]
    """Countries; none: all of them, unless ASes are named."""
    asns: tuple[int, ...]
    begin: int | None
    end: int | None
    settings: Settings
    reconstruction: bool
    note: str | None

    @property
    def in_one(self) -> bool:
        """What is asked hangs on all prefixes together: whose an AS's prefixes are is told by all that originate it."""
        return (
            bool(self.asns) or self.settings.country_by != "registry" or self.settings.shortest_cover_ipv4 < 8
        )


@dataclass(frozen=True)
class Shard:
    """What is asked of one shard: some countries of an input, or all that is asked."""

    whom: Whom
    countries: tuple[str, ...] | None
    """None: all that is asked, in one."""


@dataclass(frozen=True)
class ShardTold:
    """What one shard told; all of them say the same of how well we saw."""

    judged: Judged
    units: dict[Entity, Units]
    """Of those that have incidents."""
    health: list[Signal]
    start: int
    end: int
    most_known: int
    """The most peer ASes that were known at once."""
    most_expected: int
    provenance: Provenance
    crossings: Crossings


@dataclass(frozen=True)
class ShardMade:
    """A shard's result lies in the work place, or why it does not."""

    key: str
    spoilt: tuple[str, ...] = ()
    """Parts that have to be made anew first."""
    anew: bool = False


def tell_shard(work: Files, snapshot: str, parts: Sequence[tuple[Unit, str]], shard: Shard) -> ShardMade:
    """Judge what all parts tell of a shard, if nobody has, and leave the result in the work place.

    `parts` are the units in their order, and their parts' names. Raises InputError where nothing can be told.
    """
    key = key_of("shard", [[name for _unit, name in parts], asdict(shard), snapshot])
    folder = work.child(FOLDER)
    if isinstance(kept_result(folder, key), ShardTold):
        return ShardMade(key)
    give_back_large()
    heads: list[Head] = []
    spoilt = []
    for _unit, name in parts:
        try:
            heads.append(read_head(work, name))
        except SpoiltError:
            spoilt.append(name)
    if spoilt:
        return ShardMade(key, tuple(spoilt))
    try:
        found = _told(work, kept_snapshot(work, snapshot), [u for u, _name in parts], heads, shard)
    except SpoiltError as error:
        return ShardMade(key, (error.key,))
    keep_result(folder, key, found)
    return ShardMade(key, anew=True)


def shard_told(work: Files, key: str) -> ShardTold | None:
    """What a shard told; None where it is gone, or damaged."""
    found = kept_result(work.child(FOLDER), key)
    return found if isinstance(found, ShardTold) else None


def _told(
    work: Files, snapshot: Snapshot, units: Sequence[Unit], heads: Sequence[Head], shard: Shard
) -> ShardTold:
    whom, settings = shard.whom, shard.whom.settings
    if shard.countries is None:
        mine, codes = Units.all(), whom.codes
    else:
        mine = Units.of_countries(snapshot, [snapshot.index_of(code) for code in shard.countries])
        codes = shard.countries
    cells = cells_with(mine)
    within = stretches([prefixes_in(work, head, cells) for head in heads], mine)
    parts = (
        read_part(work, head, unit, cells, within.hold, places=False)
        for unit, head in zip(units, heads, strict=True)
    )
    collected = merge(parts, until=whom.end)
    looked = look(collected, snapshot, codes, whom.asns, whom.begin, settings)
    seen, observation = looked.sight, looked.sight.observation
    provenance = provenance_of(looked.collected, looked.snapshot, whom.reconstruction, whom.note)
    judged = judge(seen, looked.subjects, provenance, whom.begin, whom.end, settings)
    hit = {incident.entity for incident, _series, _told in judged.incidents}
    return ShardTold(
        judged=judged,
        units={entity: _units_of(looked, entity) for entity in sorted(hit, key=_order)},
        health=view_signals(seen.timeline, observation),
        start=observation.start,
        end=observation.end,
        most_known=max((step.known for step in observation.view), default=0),
        most_expected=max((step.expected for step in observation.view), default=0),
        provenance=provenance,
        crossings=crossings_in(seen),
    )


def _units_of(looked: Looked, entity: Entity) -> Units:
    if entity.type == "country":
        return Units.of_countries(looked.snapshot, [looked.snapshot.index_of(entity.code)])
    return units_of(looked.subjects, entity)


def _order(entity: Entity) -> tuple[str, str]:
    return entity.type, entity.code
