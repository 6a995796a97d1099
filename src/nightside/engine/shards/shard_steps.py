"""The steps from parts to what shards told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nightside.engine.executors.protocol import Job
from nightside.engine.shards import shard_job
from nightside.engine.shards.cells import shards_of
from nightside.engine.shards.part_steps import made_anew
from nightside.engine.shards.pieces import TIMES_ANEW, Work, all_done, does_not_stay
from nightside.engine.shards.shard_job import Shard, ShardMade, ShardTold, shard_told, tell_shard
from nightside.engine.shards.steps import Steps
from nightside.engine.shards.unit_job import Made


def shards_told(work: Work, made: Sequence[Made]) -> Steps[tuple[list[ShardTold], list[tuple[str, str]]]]:
    """Have all shards judged; also (folder, name) of what that left. Parts that are spoilt are made anew."""
    parts = [one.key for one in made]
    asked = _asked(work)
    found: dict[int, ShardTold] = {}
    left: list[tuple[str, str]] = []
    for _ in range(TIMES_ANEW):
        missing = [number for number in range(len(asked)) if number not in found]
        # No files are read, and a year of them is long to say.
        units = tuple((replace(unit, files=()), name) for unit, name in zip(work.units, parts, strict=True))
        jobs = [
            Job(
                f"shard {number + 1} of {len(asked)}",
                tell_shard,
                (work.place, work.map, units, asked[number]),
                inputs=tuple(unit.collector for unit in work.units),
            )
            for number in missing
        ]
        outcomes: list[ShardMade] = all_done(work, (yield jobs))
        spoilt = {name for one in outcomes for name in one.spoilt}
        for number, one in zip(missing, outcomes, strict=True):
            told = shard_told(work.place, one.key)
            if told is not None and not one.spoilt:
                found[number] = told
                left.append((shard_job.FOLDER, one.key))
        if len(found) == len(asked):
            return [found[number] for number in range(len(asked))], left
        yield from made_anew(work, parts, sorted(spoilt))
    raise does_not_stay(work)


def _asked(work: Work) -> list[Shard]:
    whom, snapshot = work.whom, work.snapshot
    if whom.in_one:
        return [Shard(whom, None)]
    codes = whom.codes or snapshot.codes[1:]
    groups = shards_of(snapshot, sorted({snapshot.index_of(code) for code in codes}), work.shards)
    return [Shard(whom, tuple(snapshot.codes[n] for n in group)) for group in groups]
