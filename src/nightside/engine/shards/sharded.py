"""A replay by many workers: units to parts, parts to shards, shards to what `engine.replay.replay` gives, to the byte.

    units ──▶ parts, a job each ──▶ shards, a job each ──▶ one result ──▶ flips, a job for each collector

All that jobs leave lies in the work place under names that say what it depends on (`keys`), so a run that was broken
off goes on where it ended, and two at once share what they make. What is damaged or gone is made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from nightside.engine.collect import passed_over, unusable
from nightside.engine.executors.protocol import Executor, Job
from nightside.engine.files import bytes_to_read
from nightside.engine.flips import flips_of, sessions_told, wish
from nightside.engine.replay import in_order
from nightside.engine.seeing import open_inputs, what_to_warn_of
from nightside.engine.shards import flips_job, part_segments, unit_job
from nightside.engine.shards.flips_job import FlipsRead, flips_read, read_flips
from nightside.engine.shards.part_steps import made_anew, parts_made
from nightside.engine.shards.pieces import TIMES_ANEW, Work, absolute, all_done, does_not_stay, names_of_files
from nightside.engine.shards.probe import require_sight
from nightside.engine.shards.shard_job import Whom
from nightside.engine.shards.shard_steps import shards_told
from nightside.engine.shards.steps import Steps, drive
from nightside.engine.shards.world_kept import FOLDER as MAPS
from nightside.engine.shards.world_kept import keep_snapshot
from nightside.engine.unit_stretches import Units
from nightside.engine.units import Unit, units_of
from nightside.engine.world_of_day import World, world_of_day
from nightside.incidents.messages import Message
from nightside.model.entity import Entity
from nightside.model.errors import UsageError
from nightside.model.incident import Incident, Provenance
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.model.signal import Signal
from nightside.signals.clocks import together
from nightside.store.files import Files
from nightside.store.local_files import LocalFiles

if TYPE_CHECKING:
    import pyarrow as pa

Warn = Callable[[str], None]
BYTES_A_SHARD, MOST_SHARDS = 32 * 1024 * 1024, 16
"""What is judged at once is small enough for the memory of one worker; of a small input it is all."""


@dataclass(frozen=True)
class ShardedReplay:
    """What a replay by many found: see `engine.replay.Replay`, whose names these are."""

    incidents: list[tuple[Incident, IncidentSeries]]
    messages: list[list[Message]]
    signals: list[Signal]
    baselines: dict[Entity, list[tuple[int, int]]]
    health: list[Signal]
    provenance: Provenance
    start: int
    """What was seen lies between this second and `end`."""
    end: int
    most_known: int
    """The most peer ASes that were known at once."""
    most_expected: int
    collectors: int
    units: dict[Entity, Units]
    """Of those that have incidents."""
    parts: list[str]
    """The name of each unit's part."""
    sessions: str
    """As `Store.put_flips` has them."""
    checks: list[Path] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    """(folder, name) of what lies in the work place for this replay."""


def replay_on(
    executor: Executor,
    place: Files,
    inputs: Sequence[Path],
    *,
    countries: Sequence[str] = (),
    asns: Sequence[int] = (),
    begin: int | None = None,
    end: int | None = None,
    settings: Settings | None = None,
    warn: Warn = lambda _text: None,
    started: Callable[[int], None] = lambda _total_bytes: None,
    shards: int | None = None,
    world: World = world_of_day,
) -> tuple[ShardedReplay, list[pa.Table]]:
    """What `engine.replay.replay` finds, and the flips of each incident, by the workers of an executor.

    `place` is the work place, which all workers see as they see the input. `shards`: so many at most; None: by the
    size of the input. Raises what `replay` raises; UsageError and NightsideError where a worker does not see what it
    must; NightsideError, once all else is done, where a collector could not be read by anybody: nothing is told then,
    since an outage may be what is missing.
    """
    settings = settings or Settings()
    if isinstance(place, LocalFiles):
        # A worker may be in another folder.
        place = LocalFiles(place.folder.absolute())
    opened = open_inputs(inputs, countries, begin, end, settings, world)
    found = opened.found
    total = bytes_to_read(found)
    started(total)
    units = units_of(found, settings, begin=begin, end=end, keeps_table=False)
    _require_ordinary(units)
    asked = Whom(tuple(opened.codes), tuple(asns), begin, end, settings, found.reconstruction, found.note)
    name = keep_snapshot(place, opened.snapshot)
    shards = shards or min(MOST_SHARDS, 1 + total // BYTES_A_SHARD)
    work = Work(place, opened.snapshot, name, units, asked, shards)
    require_sight(executor, place, MAPS, name, _standing(units))
    if found.passed_over:
        warn(passed_over(found))
    replayed = drive(executor, replay_steps(work, warn, found.checks))
    return replayed, drive(executor, flips_steps(work, replayed, Settings(), warn))


def replay_steps(work: Work, warn: Warn, checks: Sequence[Path] = ()) -> Steps[ShardedReplay]:
    """The steps of a replay, up to all but the flips. See `replay_on`."""
    made = yield from parts_made(work)
    for unit, one in zip(work.units, made, strict=True):
        for warned in one.warnings:
            warn(warned.of(unit))
    if not any(one.used for one in made):
        files = [file for unit in work.units for file in unit.files]
        raise unusable(files, sum(one.elements for one in made), work.whom.end)
    told, left = yield from shards_told(work, made)
    first = told[0]
    for text in what_to_warn_of(
        first.start, first.end, work.whom.begin, together([t.crossings for t in told])
    ):
        warn(text)
    incidents = in_order([incident for one in told for incident in one.judged.incidents])
    order = partial(_place, work)
    signals = sorted((s for one in told for s in one.judged.signals), key=lambda s: order(s.entity))
    baselines = {entity: steps for one in told for entity, steps in one.judged.baselines.items()}
    peers = [(unit.collector, one.peers) for unit, one in zip(work.units, made, strict=True)]
    left += [(part_segments.FOLDER, name) for one in made for name in part_segments.names_of(one.key)]
    left += [(unit_job.SEEN, one.seen) for one in made if one.seen]
    return ShardedReplay(
        incidents=[(incident, series) for incident, series, _told in incidents],
        messages=[messages for _incident, _series, messages in incidents],
        signals=signals,
        baselines={s.entity: baselines[s.entity] for s in signals},
        health=first.health,
        provenance=first.provenance,
        start=first.start,
        end=first.end,
        most_known=first.most_known,
        most_expected=first.most_expected,
        collectors=len(work.units),
        units={entity: units for one in told for entity, units in one.units.items()},
        parts=[one.key for one in made],
        sessions=sessions_told(peers),
        checks=list(checks),
        left=left,
    )


def flips_steps(work: Work, replayed: ShardedReplay, settings: Settings, warn: Warn) -> Steps[list[pa.Table]]:
    """The steps to the flips of each incident, in their order. `settings` say how far around it is looked."""
    if not replayed.incidents or not work.units:
        return []
    wishes = tuple(
        wish(incident, replayed.units[incident.entity], replayed.end, settings)
        for incident, _series in replayed.incidents
    )
    parts = replayed.parts
    read: list[FlipsRead] = []
    for _ in range(TIMES_ANEW):
        jobs = [
            Job(
                f"flips of {unit.collector}",
                read_flips,
                (work.place, absolute(unit), part, wishes, settings, work.bring),
                inputs=names_of_files(unit),
            )
            for unit, part in zip(work.units, parts, strict=True)
        ]
        read = all_done(work, (yield jobs))
        tables = [flips_read(work.place, one.key) for one in read]
        if all(table is not None for table in tables):
            break
        spoilt = [part for part, one in zip(parts, read, strict=True) if one.spoilt]
        yield from made_anew(work, parts, spoilt)
    else:
        raise does_not_stay(work)
    for unit, one in zip(work.units, read, strict=True):
        for warned in one.warnings:
            warn(warned.of(unit))
    replayed.left.extend((flips_job.FOLDER, one.key) for one in read)
    return [flips_of(tables, one, replayed.sessions, settings) for one in wishes]


def clear(place: Files, replayed: ShardedReplay) -> None:
    """Delete what lies in the work place for a replay, once that has been stored; who needs it makes it anew."""
    for folder, name in replayed.left:
        with suppress(OSError):
            place.child(folder).delete(name)


def _place(work: Work, entity: Entity) -> tuple[int, int]:
    """Where an entity stands among those that a replay is about: countries by number, then ASes by theirs."""
    if entity.type == "country":
        return 0, work.snapshot.index_of(entity.code)
    return 1, int(entity.code)


def _require_ordinary(units: Sequence[Unit]) -> None:
    """Raises UsageError where a file comes through a pipe, which is nobody else's, and comes once."""
    for unit in units:
        for file in unit.files:
            with suppress(OSError):
                if not S_ISREG(file.path.stat().st_mode):
                    raise UsageError(
                        "is no ordinary file: no other program can read it",
                        where=str(file.path),
                        advice="Replay it without --engine.",
                    )


def _standing(units: Sequence[Unit]) -> list[tuple[str, int]]:
    """One file of each unit by which it can be told whether a worker sees its folder."""
    found = []
    for unit in units:
        with suppress(OSError):
            path = unit.files[0].path
            found.append((str(path.absolute()), path.stat().st_size))
    return found
