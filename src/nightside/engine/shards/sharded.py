"""A replay by many workers: units to parts, parts to shards, shards to what `engine.replay.replay` gives, to the byte.

    units ──▶ parts, a job each ──▶ shards, a job each ──▶ one result ──▶ flips, a job for each collector

All that jobs leave lies in the work place under names that say what it depends on (`keys`), so a run that was broken
off goes on where it ended, and two at once share what they make. What is damaged or gone is made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightside.engine.collect import passed_over
from nightside.engine.executors.protocol import Executor, Failed, Job
from nightside.engine.files import bytes_to_read
from nightside.engine.flips import flips_of, sessions_told, wish
from nightside.engine.replay import in_order
from nightside.engine.seeing import open_inputs, what_to_warn_of
from nightside.engine.shards import flips_job, part_segments, shard_job, unit_job
from nightside.engine.shards.cells import shards_of
from nightside.engine.shards.flips_job import FlipsRead, flips_read, read_flips
from nightside.engine.shards.probe import require_sight
from nightside.engine.shards.shard_job import Shard, ShardMade, ShardTold, Whom, shard_told, tell_shard
from nightside.engine.shards.steps import Steps, drive
from nightside.engine.shards.unit_job import Bring, Made, make_part
from nightside.engine.shards.world_kept import FOLDER as MAPS
from nightside.engine.shards.world_kept import keep_snapshot
from nightside.engine.unit_stretches import Units
from nightside.engine.units import Unit, units_of
from nightside.engine.world_of_day import World, world_of_day
from nightside.incidents.messages import Message
from nightside.model.entity import Entity
from nightside.model.errors import InputError, NightsideError, UnreadableError
from nightside.model.incident import Incident, Provenance
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.model.signal import Signal
from nightside.signals.clocks import together
from nightside.store.files import Files
from nightside.store.local_files import LocalFiles
from nightside.world.snapshot import Snapshot

if TYPE_CHECKING:
    import pyarrow as pa

Warn = Callable[[str], None]
BYTES_A_SHARD, MOST_SHARDS = 32 * 1024 * 1024, 16
"""What is judged at once is small enough for the memory of one worker; of a small input it is all."""
TIMES_ANEW = 3
"""So often what is damaged or gone is made anew, before it is said that it does not stay."""


@dataclass(frozen=True)
class Work:
    """One replay in pieces: what is read, what is asked, and where its pieces lie."""

    place: Files
    snapshot: Snapshot
    map: str
    """The snapshot's name in the work place."""
    units: Sequence[Unit]
    """In the order of the collectors' names."""
    whom: Whom
    shards: int
    bring: Bring | None = None
    """As `unit_job.make_part` takes it."""
    contents: Sequence[Sequence[str]] | None = None
    """The same, for each unit."""


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
    made = yield from _parts(work)
    for unit, one in zip(work.units, made, strict=True):
        for warned in one.warnings:
            warn(warned.of(unit))
    told, left = yield from _shards(work, made)
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
    parts = list(replayed.parts)
    read: list[FlipsRead] = []
    for _ in range(TIMES_ANEW):
        jobs = [
            Job(
                f"flips of {unit.collector}",
                read_flips,
                (work.place, _absolute(unit), part, wishes, settings, work.bring),
                inputs=_names(unit),
            )
            for unit, part in zip(work.units, parts, strict=True)
        ]
        read = _all_done(work, (yield jobs))
        tables = [flips_read(work.place, one.key) for one in read]
        if all(table is not None for table in tables):
            break
        spoilt = [part for part, one in zip(parts, read, strict=True) if one.spoilt]
        yield from _anew(work, parts, spoilt)
    else:
        raise _does_not_stay(work)
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


# ---- parts -----------------------------------------------------------------------------------------------


def _part_job(work: Work, number: int, as_it_is: bool = False) -> Job:
    unit = work.units[number]
    contents = None if work.contents is None else tuple(work.contents[number])
    return Job(
        unit.collector,
        make_part,
        (work.place, work.map, _absolute(unit), work.bring, contents, as_it_is),
        inputs=_names(unit),
        bytes=_size(unit),
    )


def _parts(work: Work) -> Steps[list[Made]]:
    """Have all units read. Raises what only says that an input is of no use, and NightsideError for the rest."""
    outcomes = yield [_part_job(work, number) for number in range(len(work.units))]
    # What nobody can open is told of as a replay here tells of it.
    unread = [
        number
        for number, one in enumerate(outcomes)
        if isinstance(one, Failed) and isinstance(one.error, UnreadableError)
    ]
    if unread and work.bring is None:
        again = yield [_part_job(work, number, as_it_is=True) for number in unread]
        for number, outcome in zip(unread, again, strict=True):
            outcomes[number] = outcome
    failed = [one for one in outcomes if isinstance(one, Failed)]
    _raise_of_input(work, failed)
    if failed:
        raise _not_read(work, failed)
    return outcomes


def _anew(work: Work, parts: list[str], spoilt: Sequence[str]) -> Steps[None]:
    """Make these parts anew; their names may be others then."""
    for name in spoilt:
        with suppress(OSError):
            part_segments.forget(work.place, name)
    numbers = [number for number, name in enumerate(parts) if name in spoilt]
    outcomes = yield [_part_job(work, number) for number in numbers]
    for number, made in zip(numbers, _all_done(work, outcomes), strict=True):
        parts[number] = made.key


def _not_read(work: Work, failed: Sequence[Failed]) -> NightsideError:
    which = "; ".join(
        f"{one.job.name} ({len(one.job.inputs)} files from {one.job.inputs[0]} on; tried {one.tries} times: "
        f"{str(one.error).splitlines()[0]})"
        for one in failed
    )
    return NightsideError(
        f"{len(failed)} of {len(work.units)} collectors could not be read by any worker, and without them nothing is "
        f"told: {which}",
        advice="Begin again once that is mended: what the others gave is kept.",
    )


# ---- shards ----------------------------------------------------------------------------------------------


def _shards(work: Work, made: Sequence[Made]) -> Steps[tuple[list[ShardTold], list[tuple[str, str]]]]:
    parts = [one.key for one in made]
    asked = _asked(work)
    found: dict[int, ShardTold] = {}
    left: list[tuple[str, str]] = []
    for _ in range(TIMES_ANEW):
        missing = [number for number in range(len(asked)) if number not in found]
        units = tuple((_absolute(unit), name) for unit, name in zip(work.units, parts, strict=True))
        jobs = [
            Job(
                f"shard {number + 1} of {len(asked)}",
                tell_shard,
                (work.place, work.map, units, asked[number]),
                inputs=tuple(unit.collector for unit in work.units),
            )
            for number in missing
        ]
        outcomes: list[ShardMade] = _all_done(work, (yield jobs))
        spoilt = {name for one in outcomes for name in one.spoilt}
        for number, one in zip(missing, outcomes, strict=True):
            told = shard_told(work.place, one.key)
            if told is not None and not one.spoilt:
                found[number] = told
                left.append((shard_job.FOLDER, one.key))
        if len(found) == len(asked):
            return [found[number] for number in range(len(asked))], left
        yield from _anew(work, parts, sorted(spoilt))
    raise _does_not_stay(work)


def _asked(work: Work) -> list[Shard]:
    whom, snapshot = work.whom, work.snapshot
    if whom.in_one:
        return [Shard(whom, None)]
    codes = whom.codes or snapshot.codes[1:]
    groups = shards_of(snapshot, sorted({snapshot.index_of(code) for code in codes}), work.shards)
    return [Shard(whom, tuple(snapshot.codes[n] for n in group)) for group in groups]


def _place(work: Work, entity: Entity) -> tuple[int, int]:
    """Where an entity stands among those that a replay is about: countries by number, then ASes by theirs."""
    if entity.type == "country":
        return 0, work.snapshot.index_of(entity.code)
    return 1, int(entity.code)


# ---- all jobs --------------------------------------------------------------------------------------------


def _all_done(work: Work, outcomes: list[Any]) -> list[Any]:
    """What they gave; raises the first error."""
    _raise_of_input(work, [one for one in outcomes if isinstance(one, Failed)])
    for one in outcomes:
        if isinstance(one, Failed):
            raise one.error
    return outcomes


def _raise_of_input(work: Work, failed: Sequence[Failed]) -> None:
    """Raise the first error that says that an input is of no use, about the file as it was given."""
    for one in failed:
        if isinstance(one.error, InputError):
            error = one.error
            raise type(error)(error.what, where=_as_given(work, error.where), advice=error.advice)


def _as_given(work: Work, where: str) -> str:
    """A place in a file (its path, maybe with the byte behind it) with the file's path as it was given."""
    for unit in work.units:
        for file in unit.files:
            path, _, behind = where.partition(str(file.path.absolute()))
            if not path and (not behind or behind.startswith(":")) and where:
                return f"{file.path}{behind}"
    return where


def _does_not_stay(work: Work) -> NightsideError:
    return NightsideError(
        f"what workers leave in the work place is damaged or gone each of {TIMES_ANEW} times",
        where=work.place.place,
        advice="Look whether its disk is whole and has room, and whether all workers write to this very place.",
    )


def _names(unit: Unit) -> tuple[str, ...]:
    return tuple(file.name for file in unit.files)


def _absolute(unit: Unit) -> Unit:
    """The same for who is in another folder."""
    return replace(unit, files=tuple(replace(file, path=file.path.absolute()) for file in unit.files))


def _size(unit: Unit) -> int:
    total = 0
    for file in unit.files:
        with suppress(OSError):
            total += file.path.stat().st_size
    return total


def _standing(units: Sequence[Unit]) -> list[tuple[str, int]]:
    """One file of each unit by which it can be told whether a worker sees its folder."""
    found = []
    for unit in units:
        with suppress(OSError):
            path = unit.files[0].path
            found.append((str(path.absolute()), path.stat().st_size))
    return found
