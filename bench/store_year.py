"""A store as a year of watching leaves it, and how long single reads of it take.

    python -m bench.store_year FOLDER [--days N] [--countries N] [--asns N] [--incidents N]

Makes the store in FOLDER, unless one is there, then times each read of the dashboard's mix on one core: cold (nothing
of the store is in memory) and warm (the same reads again). Numbers are made up: each entity
changes in every slot of five minutes, which is the most that a store of 5-minute signals can have to hold.
A year of 250 countries and 5,000 ASes takes about 5 minutes on an idle machine, and 1.3 GB.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nightside.model.entity import Entity
from nightside.model.incident import (
    SEVERITIES,
    Episode,
    Incident,
    NetworkLoss,
    OperatorLoss,
    Provenance,
    UpstreamShare,
    View,
)
from nightside.model.series import IncidentSeries, Lane
from nightside.model.settings import Settings
from nightside.store import findings
from nightside.store.embedded import EmbeddedStore
from nightside.store.protocol import Store
from nightside.store.segments import NONE, Columns, Contents, digest_of
from nightside.world.names import country_codes, country_name

BEGIN = 1_735_689_600
"""2025-01-01T00:00:00Z."""
DAY_S = 86_400
SLOT_S = 300
SEED = 4


def entities(countries: int, asns: int) -> list[Entity]:
    """So many countries, and so many ASes, in the order of a segment."""
    codes = sorted(country_codes())[:countries]
    named = [Entity("asn", str(64_496 + 7 * i), f"Network {i}") for i in range(asns)]
    named += [Entity("country", code, country_name(code)) for code in codes]
    return sorted(named, key=lambda e: (e.type, e.code))


def day_of_samples(
    rng: np.random.Generator, everybody: list[Entity], sizes: npt.NDArray[np.int64], begin: int
) -> Contents:
    """One day of each entity: a few units of a hundred come and go; sometimes our view breaks for an hour.

    This is what `segments.contents_of` makes of signals, made in a fifth of the time.
    """
    slot = np.arange(DAY_S // SLOT_S)
    lost = 12 * int(rng.integers(0, 23)) if rng.random() < 0.1 else len(slot)
    # The slots of the lost hour are one stretch.
    slot = slot[(slot <= lost) | (slot >= lost + 12)]
    begin_s = begin + SLOT_S * slot
    gone = (rng.random((len(everybody), len(slot))) * (sizes // 100 + 1)[:, None]).astype(np.int64)
    # Odd and even by turns, so that no two in a row are alike.
    units = sizes[:, None] - 2 * gone - slot % 2
    units[:, slot == lost] = NONE
    columns = Columns(
        signal=np.repeat(np.arange(len(everybody)), len(slot)),
        begin_s=np.tile(begin_s, len(everybody)),
        end_s=np.tile(np.append(begin_s[1:], begin + DAY_S), len(everybody)),
        units=units.ravel(),
        baseline=np.repeat(sizes, len(slot)),
    )
    digest = digest_of(everybody, columns)
    return Contents(digest, everybody, columns, digest)


def incidents(
    chance: random.Random, everybody: list[Entity], count: int, days: int
) -> Iterator[tuple[Incident, IncidentSeries]]:
    """Made-up findings that do not touch, spread over the days; the last are still going on."""
    settings = Settings().to_json()
    turns = -(-count // len(everybody))
    apart = days * DAY_S // turns
    for number in range(count):
        turn, entity = number // len(everybody), everybody[number % len(everybody)]
        began = BEGIN + turn * apart + chance.randrange(max(apart // 2, 1))
        ended = None if number >= count - 20 else began + chance.randrange(60, max(apart // 3, 120))
        severity = chance.choice(SEVERITIES[1:])
        lowest = {"partial": 0.8, "severe": 0.3, "total": 0.0}[severity]
        units = chance.randrange(4, 5000)
        episode = Episode(severity, began, ended, lowest, int(units * lowest))
        until = began + 7200 if ended is None else ended
        yield (
            Incident(
                entity=entity,
                status="ongoing" if ended is None else "closed",
                closed_as=None,
                severity=severity,
                headline=episode,
                began=began,
                ended=ended,
                baseline_units=units,
                lowest_units=episode.lowest_units,
                lowest=lowest,
                episodes=[episode],
                instability=[],
                networks=[NetworkLoss(f"10.{i}.0.0/24", [64_496 + i], began, ended) for i in range(8)],
                operators=[OperatorLoss(64_496 + i, f"N {i}", 4, 0, began, ended) for i in range(5)],
                upstreams=[UpstreamShare(64_496 + i, f"U {i}", 0.3, 0.0, 0.3) for i in range(3)],
                view=View(20, 20),
                local_time=None,
                provenance=Provenance(
                    [(f"rrc{i:02}/updates.gz", "0" * 64) for i in range(6)], None, "0", False, None
                ),
                settings=settings,
            ),
            IncidentSeries(
                began - 3600,
                until + 3600,
                [began - 3600, began, until],
                [units, episode.lowest_units, units],
                [units] * 3,
                [],
                [Lane("10.0.0.0/24", [(began - 3600, until + 3600, "up")])],
            ),
        )


def make(
    folder: Path, *, days: int = 365, countries: int = 250, asns: int = 5000, incident_count: int = 100_000
) -> None:
    """Fill a new store. Incidents go into it in one transaction: one by one their commits would take hours."""
    rng, chance = np.random.default_rng(SEED), random.Random(SEED)
    everybody = entities(countries, asns)
    sizes = np.array([int(10 ** chance.uniform(0.7, 5 if e.type == "country" else 3)) for e in everybody])
    with EmbeddedStore(folder) as store:
        with store._writing() as connection:
            for incident, series in incidents(chance, everybody, incident_count, days):
                findings.put(connection, incident, series)
        for day in range(days):
            store._put_segment(day_of_samples(rng, everybody, sizes, BEGIN + day * DAY_S))
            print(f"\rday {day + 1} of {days}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def reads(store: Store, chance: random.Random) -> dict[str, Callable[[], object]]:
    """The single reads of the mix, by name."""
    everybody = store.entities()
    begin, end = min(e.first_s for e in everybody), max(e.last_s for e in everybody)

    def stretch(days: int) -> tuple[str, str, int, int]:
        entity = chance.choice(everybody)
        first = begin + DAY_S * chance.randrange(max((end - begin) // DAY_S - days, 0) + 1)
        return entity.type, entity.code, first, first + days * DAY_S

    return {
        "latest state of all": store.entities,
        "latest state of countries": lambda: store.entities("country"),
        "newest 50 incidents": lambda: list(store.incidents(newest_first=True, limit=50, summaries=True)),
        "newest 50 of one severity": lambda: list(
            store.incidents(severity="total", newest_first=True, limit=50, summaries=True)
        ),
        "what goes on now": lambda: list(
            store.incidents(status="ongoing", newest_first=True, limit=50, summaries=True)
        ),
        "incidents of one entity": lambda: list(
            store.incidents(codes=[stretch(1)[1]], newest_first=True, limit=50, summaries=True)
        ),
        "one entity for a day": lambda: store.samples(*stretch(1)),
        "one entity for a month by the hour": lambda: store.rollup(*stretch(30)),
        "last change": store.last_change,
    }


def timed(folder: Path, rounds: int) -> None:
    """Print CPU and percentiles of each read, cold and warm, in milliseconds."""
    print(f"{'read':36} {'':5} {'CPU':>7} {'p50':>7} {'p99':>7} {'worst':>7}   ms, {rounds} of each")
    with EmbeddedStore(folder, read_only=True) as store:
        names = list(reads(store, random.Random(SEED)))
    for name in names:
        _forget(folder)
        with EmbeddedStore(folder, read_only=True) as store:
            for temperature in ("cold", "warm"):
                read = reads(store, random.Random(SEED))[name]
                print(f"{name:36} {temperature:5} {_figures(read, rounds)}", flush=True)


def _forget(folder: Path) -> None:
    """Have the kernel forget what it keeps of the store's files in memory."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _figures(read: Callable[[], object], rounds: int) -> str:
    took = []
    cpu = time.process_time()
    for _ in range(rounds):
        begun = time.perf_counter()
        read()
        took.append(time.perf_counter() - begun)
    cpu = time.process_time() - cpu
    took.sort()
    shown = (cpu / rounds, took[rounds // 2], took[int(rounds * 0.99)], took[-1])
    return " ".join(f"{1000 * seconds:7.3f}" for seconds in shown)


def main() -> None:
    """Make the store where there is none, and time the reads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--countries", type=int, default=250)
    parser.add_argument("--asns", type=int, default=5000)
    parser.add_argument("--incidents", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=1000)
    words = parser.parse_args()
    if not (words.folder / "nightside.sqlite").exists():
        begun = time.perf_counter()
        make(
            words.folder,
            days=words.days,
            countries=words.countries,
            asns=words.asns,
            incident_count=words.incidents,
        )
        size = sum(f.stat().st_size for f in words.folder.rglob("*") if f.is_file())
        print(f"made in {time.perf_counter() - begun:.0f} s, {size / 1e6:.0f} MB")
    timed(words.folder, words.rounds)


if __name__ == "__main__":
    main()
