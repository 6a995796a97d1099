"""What units of work cost, measured here and now: CPU of one process, start-up apart.

A made-up archive of one collector (`bench.one_collector`) is read as a unit of a replay is, its table alone and with
its updates; what follows is judged, and stored, as a replay does it. How long bzip2 takes is measured on real files
where they are here, since it goes by the unpacked bytes, and made-up ones are not as alike as real ones.
"""

from __future__ import annotations

import bz2
import pickle
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any

from bench import inputs
from bench.inputs import Size

ARCHIVE = Size("scaling", 0, False, (20, 60_000, 1_000_000))
TINY = Size("scaling-tiny", 0, False, (4, 400, 2_000))
"""For tests."""
REAL_TABLES = ("rib.20080501.0644.first-MiB.bz2", "rib.20140523.0600.first-MiB.bz2")
ROUNDS = 3


@dataclass(frozen=True)
class Costs:
    """Seconds of CPU, and bytes; each of one."""

    table_entry_gz_s: float
    """Unpacked, decoded, and in the collector's state."""
    table_entry_bz2_s: float
    update_gz_s: float
    update_bz2_s: float
    part_route_bytes: float
    """What a part holds of a route of its first table."""
    part_update_bytes: float
    """What it holds of an update; most leave nothing."""
    judged_route_s: float
    """Merged with all other parts, judged, made incidents of."""
    judged_update_s: float
    stored_incident_s: float
    """With its series, messages and flips."""
    stored_day_s: float
    """Signals of all countries and collectors."""

    @classmethod
    def of(cls, told: dict[str, Any]) -> Costs:
        return cls(**{field.name: told[field.name] for field in fields(cls)})

    def told(self) -> dict[str, float]:
        return asdict(self)


def took(work: Callable[[], object], rounds: int) -> float:
    """CPU of this process, the median."""
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return median(found)


def measure(folder: Path, size: Size = ARCHIVE, rounds: int = ROUNDS) -> Costs:
    """Everything; made-up inputs are kept in `folder`."""
    from nightside.engine.collect import merge
    from nightside.engine.replay import replay
    from nightside.engine.units import Part, Unit, read_unit, units_of
    from nightside.engine.world_of_day import world_of_input
    from nightside.model.settings import Settings
    from nightside.sources.layout import find_inputs

    path = inputs.archive(folder, size).path
    assert size.archive
    peers, prefixes, updates = size.archive
    routes = peers * prefixes
    rules, found = Settings(), find_inputs([path])
    world = world_of_input(found, None, None, rules.table_margin_s)

    def read(unit: Unit) -> Part:
        return read_unit(unit, world, lambda _bytes: None)

    (whole,) = units_of(found, rules, begin=None, end=None, keeps_table=False)
    table = Unit(whole.collector, whole.files[:1], (), None, rules)
    # The table is taken over with the first update: so what updates cost is told without the first file of them.
    first = Unit(whole.collector, whole.files[:2], (), None, rules)
    share = 1 - 1 / (len(whole.files) - 1)
    table_s, first_s, whole_s = (took(lambda u=u: read(u), rounds) for u in (table, first, whole))
    update_s = (whole_s - first_s) / (updates * share)
    unpacked = _unpacked([file.path for file in whole.files[1:]])
    part, first_part = read(whole), read(first)
    sizes = [len(pickle.dumps(one, protocol=5)) for one in (first_part, part)]

    def judged(until: int) -> float:
        begun = time.process_time()
        replay([path], end=until)
        return time.process_time() - begun

    begin = first_part.first_second
    assert begin is not None
    after_first = median(judged(first_part.end) for _ in range(rounds)) - first_s
    after_whole = median(judged(part.end) for _ in range(rounds)) - whole_s
    del part, first_part, merge
    stored_incident_s, stored_day_s = _stored(path, rounds)
    return Costs(
        table_entry_gz_s=table_s / routes,
        table_entry_bz2_s=_real_table_s(rounds) or table_s / routes,
        update_gz_s=update_s,
        update_bz2_s=update_s + _bz2_more_s(unpacked) / updates,
        part_route_bytes=sizes[0] / routes,
        part_update_bytes=(sizes[1] - sizes[0]) / (updates * share),
        judged_route_s=after_first / routes,
        judged_update_s=max(after_whole - after_first, 0.0) / (updates * share),
        stored_incident_s=stored_incident_s,
        stored_day_s=stored_day_s,
    )


def _unpacked(paths: Iterable[Path]) -> list[bytes]:
    from isal import igzip

    found = []
    for path in paths:
        with igzip.open(path) as file:
            found.append(file.read())
    return found


def _bz2_more_s(unpacked: list[bytes]) -> float:
    """How much longer unpacking bzip2 takes than gzip."""
    import zlib

    from isal import isal_zlib

    as_bz2, as_gz = [bz2.compress(one) for one in unpacked], [zlib.compress(one) for one in unpacked]
    return took(lambda: [bz2.decompress(one) for one in as_bz2], 1) - took(
        lambda: [isal_zlib.decompress(one) for one in as_gz], 1
    )


def _real_table_s(rounds: int) -> float | None:
    """Of an entry of real tables in bzip2 (their first MiB); None where none is here."""
    from nightside.engine.units import Unit, read_unit
    from nightside.engine.world_of_day import world_of_input
    from nightside.model.settings import Settings
    from nightside.sources.layout import find_inputs

    paths = [path for name in REAL_TABLES if (path := inputs.REAL / name).exists()]
    each = []
    for path in paths:
        rules, found = Settings(), find_inputs([path])
        world = world_of_input(found, None, None, rules.table_margin_s)
        unit = Unit("real", tuple(found.files), (), None, rules)
        entries = read_unit(unit, world, lambda _bytes: None).elements
        each.append(took(lambda u=unit, w=world: read_unit(u, w, lambda _bytes: None), rounds) / entries)
    return sum(each) / len(each) if each else None


def _stored(path: Path, rounds: int) -> tuple[float, float]:
    """Of an incident, and of a day of signals, in an embedded store."""
    from nightside.engine.record import keep
    from nightside.engine.replay import replay
    from nightside.store.location import open_store

    found = replay([path])
    incidents, days = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
            begun = time.process_time()
            store.put_samples([*found.signals, *found.health], found.baselines)
            days.append(time.process_time() - begun)
        with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
            begun = time.process_time()
            keep(store, found, lambda _text: None)
            incidents.append((time.process_time() - begun - days[-1]) / max(len(found.incidents), 1))
    return median(incidents), median(days)
