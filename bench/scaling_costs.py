"""What jobs of a backfill cost, measured here and now: CPU of one process, start-up apart.

The jobs are those of `nightside replay --engine` (`engine.shards`), done one after the other in this process: made-up
archives of one collector (`bench.one_collector`), under the names of several, are read into parts, judged by shards,
and their flips read. What came of it is stored as a backfill does. How long bzip2 takes of a table is measured on real
ones where they are here: it goes by the unpacked bytes, and made-up tables are not as alike as real ones.
"""

from __future__ import annotations

import bz2
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any

from bench import inputs
from bench.inputs import Size

ARCHIVE = Size("scaling", 0, False, (20, 60_000, 1_000_000))
NAMES = ("rrc00", "rrc01", "rrc03")
"""The archive under so many names."""
SHARDS = 16
REAL_TABLES = ("rib.20080501.0644.first-MiB.bz2", "rib.20140523.0600.first-MiB.bz2")
ROUNDS = 3


@dataclass(frozen=True)
class Costs:
    """Seconds of CPU, and bytes; each of one."""

    table_entry_gz_s: float
    """Unpacked, decoded, taken into the collector's state; its part of what is written."""
    table_entry_bz2_s: float
    update_gz_s: float
    update_bz2_s: float
    part_route_bytes: float
    """Of a route of a part's first table, as it lies in the work place."""
    part_update_bytes: float
    """Of an update; most leave nothing."""
    judged_route_s: float
    """By all shards together."""
    judged_update_s: float
    shard_part_s: float
    """Of each shard for each part that it opens, whatever is in it."""
    flips_update_s: float
    """Of each update of a collector that is read again for flips."""
    stored_incident_s: float
    """With its series, messages and flips."""
    stored_day_s: float
    """Signals of all countries and collectors."""

    @classmethod
    def of(cls, told: dict[str, Any]) -> Costs:
        return cls(**{field.name: told[field.name] for field in fields(cls)})

    def told(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Replayed:
    """One replay in pieces: CPU by the name of the job's function, bytes of its parts, what was found."""

    cpu_s: Counter[str]
    part_bytes: int
    found: Any
    flips: list[Any]


def took(work: Callable[[], object], rounds: int) -> float:
    """CPU of this process, the median."""
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return median(found)


def replayed(folders: list[Path], *, shards: int, until: int | None = None, tables: bool = False) -> Replayed:
    """A replay in pieces of these collectors; `tables`: of each collector the first file alone."""
    from nightside.engine.shards.pieces import Work
    from nightside.engine.shards.shard_job import Whom
    from nightside.engine.shards.sharded import flips_steps, replay_steps
    from nightside.engine.shards.world_kept import keep_snapshot
    from nightside.engine.units import units_of
    from nightside.engine.world_of_day import world_of_input
    from nightside.model.settings import Settings
    from nightside.sources.layout import find_inputs
    from nightside.store.files import files_at

    rules, input_ = Settings(), find_inputs(folders)
    world = world_of_input(input_, None, None, rules.table_margin_s)
    units = units_of(input_, rules, begin=None, end=until, keeps_table=False)
    cpu_s: Counter[str] = Counter()

    def driven(steps: Any) -> Any:
        try:
            jobs = next(steps)
            while True:
                outcomes = []
                for job in jobs:
                    begun = time.process_time()
                    outcomes.append(job.work(*job.given))
                    cpu_s[job.work.__name__] += time.process_time() - begun
                jobs = steps.send(outcomes)
        except StopIteration as last:
            return last.value

    with tempfile.TemporaryDirectory() as folder:
        place = files_at(folder)
        whom = Whom((), (), None, until, rules, False, None)
        if tables:
            from dataclasses import replace

            from nightside.engine.shards.unit_job import make_part

            name = keep_snapshot(place, world)
            for unit in units:
                begun = time.process_time()
                make_part(place, name, replace(unit, files=unit.files[:1]))
                cpu_s["make_part"] += time.process_time() - begun
            return Replayed(cpu_s, _size(Path(folder) / "parts"), None, [])
        work = Work(place, world, keep_snapshot(place, world), units, whom, shards)
        found = driven(replay_steps(work, lambda _text: None))
        size = _size(Path(folder) / "parts")
        flips = driven(flips_steps(work, found, rules, lambda _text: None))
        return Replayed(cpu_s, size, found, flips)


def measure(folder: Path, size: Size = ARCHIVE, rounds: int = ROUNDS) -> Costs:
    """Everything; made-up inputs are kept in `folder`."""
    assert size.archive
    peers, prefixes, updates = size.archive
    path = inputs.archive(folder, size).path
    files = sorted((path / "rrc00").rglob("*.gz"))
    # The table is taken over with the first updates: so what updates cost is told without their first file.
    counted = updates * (1 - 1 / (len(files) - 1))
    with tempfile.TemporaryDirectory() as links:
        several = []
        for name in NAMES:
            several.append(Path(links) / name)
            several[-1].symlink_to(path / "rrc00")
        n = len(NAMES)
        routes = n * peers * prefixes
        first_end = _end_of(files[1])
        table = _middle(lambda: replayed(several, shards=1, tables=True), rounds)
        first = _middle(lambda: replayed(several, shards=SHARDS, until=first_end), rounds)
        whole = _middle(lambda: replayed(several, shards=SHARDS), rounds)
        alone = _middle(lambda: replayed(several, shards=1), rounds)
    unpacked = _unpacked(files[1:])
    table_s = table.cpu_s["make_part"] / routes
    update_s = (whole.cpu_s["make_part"] - first.cpu_s["make_part"]) / (n * counted)
    shard_part_s = max(whole.cpu_s["tell_shard"] - alone.cpu_s["tell_shard"], 0.0) / (SHARDS - 1) / n
    opened_s = shard_part_s * SHARDS * n
    judged_update_s = (whole.cpu_s["tell_shard"] - first.cpu_s["tell_shard"]) / (n * counted)
    incident_s, day_s = _stored(whole, rounds)
    real_s = _real_table_s(rounds)
    return Costs(
        table_entry_gz_s=table_s,
        table_entry_bz2_s=table_s if real_s is None else real_s,
        update_gz_s=update_s,
        update_bz2_s=update_s + _bz2_more_s(unpacked, rounds) / updates,
        part_route_bytes=first.part_bytes / routes,
        part_update_bytes=(whole.part_bytes - first.part_bytes) / (n * counted),
        judged_route_s=max(first.cpu_s["tell_shard"] - opened_s, 0.0) / routes,
        judged_update_s=max(judged_update_s, 0.0),
        shard_part_s=shard_part_s,
        flips_update_s=whole.cpu_s["read_flips"] / (n * updates),
        stored_incident_s=incident_s,
        stored_day_s=day_s,
    )


def _middle(run: Callable[[], Replayed], rounds: int) -> Replayed:
    """The run whose CPU is the median."""
    runs = sorted((run() for _ in range(rounds)), key=lambda one: sum(one.cpu_s.values()))
    return runs[len(runs) // 2]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _end_of(path: Path) -> int:
    """The end of a file of updates, by its name."""
    from nightside.engine.files import covers_until
    from nightside.sources.layout import find_inputs

    (file,) = find_inputs([path]).files
    until = covers_until(file)
    assert until is not None
    return until


def _unpacked(paths: Iterable[Path]) -> list[bytes]:
    from isal import igzip

    found = []
    for path in paths:
        with igzip.open(path) as file:
            found.append(file.read())
    return found


def _bz2_more_s(unpacked: list[bytes], rounds: int) -> float:
    """How much longer unpacking bzip2 takes than gzip."""
    import zlib

    from isal import isal_zlib

    as_bz2, as_gz = [bz2.compress(one) for one in unpacked], [zlib.compress(one) for one in unpacked]
    bz2_s = took(lambda: [bz2.decompress(one) for one in as_bz2], rounds)
    return bz2_s - took(lambda: [isal_zlib.decompress(one) for one in as_gz], rounds)


def _real_table_s(rounds: int) -> float | None:
    """Of an entry of real tables in bzip2 (their first MiB), read but not written; None where none is here."""
    from nightside.engine.units import Unit, read_unit
    from nightside.engine.world_of_day import world_of_input
    from nightside.model.settings import Settings
    from nightside.sources.layout import find_inputs

    each = []
    for path in (inputs.REAL / name for name in REAL_TABLES if (inputs.REAL / name).exists()):
        rules, found = Settings(), find_inputs([path])
        world = world_of_input(found, None, None, rules.table_margin_s)
        unit = Unit("real", tuple(found.files), (), None, rules)
        entries = read_unit(unit, world, lambda _bytes: None).elements
        each.append(took(lambda u=unit, w=world: read_unit(u, w, lambda _bytes: None), rounds) / entries)
    return sum(each) / len(each) if each else None


def _stored(whole: Replayed, rounds: int) -> tuple[float, float]:
    """Of an incident, and of a day of signals, in a store of a folder."""
    from nightside.engine.kept import Kept, put
    from nightside.store.location import open_store

    found = whole.found
    signals = [*found.signals, *found.health]
    bare = Kept([], [], signals, found.baselines, [])
    full = Kept(found.incidents, found.messages, signals, found.baselines, whole.flips)

    def stored(kept: Kept) -> float:
        with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
            return took(lambda: put(store, kept), 1)

    day_s = median(stored(bare) for _ in range(rounds))
    full_s = median(stored(full) for _ in range(rounds))
    return max(full_s - day_s, 0.0) / max(len(found.incidents), 1), day_s
