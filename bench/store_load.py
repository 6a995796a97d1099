"""A store on PostgreSQL that many use at once: how long reads take, and whether anything is lost.

    python -m bench.store_load URL FILES [--rows N] [--writers N] [--readers N] [--for-s S] [--reads-per-s R]
                               [--out FILE]

Fills the empty database at URL with rows of signals (10 million: 1,000 entities, each of which changes every five
minutes for five weeks), with the files in FILES. Then each writer, a process of its own, puts the next minute of 50
entities a second, as a watch does, with results of checks, and an incident now and then; each reader, a process too,
asks for what pages of the dashboard ask for, so many times a second. One more follows the changes by their numbers.
Afterwards everything is read back: what was promised is there, once, and no change was missed. The exit code is 1 where
it is not. The goal: 99 of 100 reads within 100 ms.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import time
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import Any

import numpy as np
from bench.peers import ROOT
from bench.store_year import BEGIN, DAY_S, SEED, SLOT_S, day_of_samples, entities, incidents, reads

from nightside.model.check import CheckResult
from nightside.model.entity import Entity
from nightside.model.signal import Signal
from nightside.store import findings
from nightside.store.postgres import PostgresStore
from nightside.store.postgres_address import PostgresAddress

OUT = ROOT / "bench" / "results" / "store_load.json"
COUNTRIES, ASNS = 250, 750
ENTITIES_EACH = 50
"""Of a writer."""
RESULTS_EACH = 20
INCIDENT_EVERY = 5
"""Minutes that a writer puts."""
WRITE_EVERY_S = 1.0
GOAL_MS = 100
WAIT_S = 120


@dataclass
class Done:
    """What one process has done."""

    who: str
    number: int = 0
    took: list[tuple[str, float]] = field(default_factory=list)
    """What, and for how many seconds."""
    cpu_s: float = 0.0
    """What that took of a core, without the server's part."""
    minutes: int = 0
    """Of a writer: so many were promised."""
    changes: list[int] = field(default_factory=list)
    """Of who follows them: their numbers."""


@dataclass(frozen=True)
class Asked:
    """What each process needs to know."""

    url: str
    for_s: float
    reads_per_s: float


def fill(store: PostgresStore, rows: int) -> int:
    """Put so many rows of signals, or a few more; how many. A thousand incidents beside them."""
    rng, chance = np.random.default_rng(SEED), random.Random(SEED)
    everybody = entities(COUNTRIES, ASNS)
    sizes = np.array([int(10 ** chance.uniform(0.7, 5 if e.type == "country" else 3)) for e in everybody])
    days = -(-rows // (len(everybody) * DAY_S // SLOT_S))
    with store._writing() as connection:
        for incident, series in incidents(chance, everybody, 1000, days):
            findings.put(connection, incident, series)
    put = 0
    for day in range(days):
        contents = day_of_samples(rng, everybody, sizes, BEGIN + day * DAY_S)
        store._put_segment(contents)
        put += len(contents.columns.signal)
        print(f"\r{put:,} rows", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    while store.merge_samples():
        pass
    return put


def own(writer: int) -> list[Entity]:
    """The entities of one writer."""
    return [
        Entity("asn", str(4_200_000_000 + writer * ENTITIES_EACH + i), f"Of {writer}")
        for i in range(ENTITIES_EACH)
    ]


def put_minute(store: PostgresStore, writer: int, minute: int) -> None:
    """One minute of a writer: its entities have as many units as minutes went before."""
    at, mine = BEGIN + 60 * minute, own(writer)
    store.put_samples(
        [Signal(each, [at], [minute], at + 60) for each in mine], {each: [(at, 9)] for each in mine}
    )
    country = f"X{chr(ord('A') + writer)}"
    store.put_results(
        [
            CheckResult(at, f"p{i}", country, "news", "media", "http", "", 4, None, "ok", None, None)
            for i in range(RESULTS_EACH)
        ]
    )
    number, rest = divmod(minute, INCIDENT_EVERY)
    if rest == 0 and number < ENTITIES_EACH:
        # Each of another entity, so that none is the same as another.
        for incident, series in incidents(random.Random(minute), [mine[number]], 1, 1):
            store.put_incident(incident, series)


def write(writer: int, asked: Asked, begin: Barrier, told: Queue[Done]) -> None:
    """Be one writer."""
    done = Done("writer", writer)
    with PostgresStore(PostgresAddress(asked.url)) as store:
        begin.wait(WAIT_S)
        first, before = time.monotonic(), time.process_time()
        while (begun := time.monotonic()) < first + asked.for_s:
            put_minute(store, writer, done.minutes)
            done.minutes += 1
            took = time.monotonic() - begun
            done.took.append(("a minute of a watch", took))
            time.sleep(max(0.0, WRITE_EVERY_S - took))
        done.cpu_s = time.process_time() - before
    told.put(done)


def read(reader: int, asked: Asked, begin: Barrier, told: Queue[Done]) -> None:
    """Be one reader."""
    done, chance = Done("reader", reader), random.Random(reader)
    with PostgresStore(PostgresAddress(asked.url), read_only=True) as store:
        # A program that has been there for a while has imported what it needs.
        mix = reads(store, chance)
        for one in mix.values():
            one()
        begin.wait(WAIT_S)
        first, before = time.monotonic(), time.process_time()
        while (begun := time.monotonic()) < first + asked.for_s:
            name = chance.choice(list(mix))
            mix[name]()
            took = time.monotonic() - begun
            done.took.append((name, took))
            time.sleep(max(0.0, chance.uniform(0.5, 1.5) / asked.reads_per_s - took))
        done.cpu_s = time.process_time() - before
    told.put(done)


def follow(asked: Asked, begin: Barrier, told: Queue[Done], written: Event) -> None:
    """Read the changes as they come, as a dashboard does that is open."""
    done = Done("follower")
    with PostgresStore(PostgresAddress(asked.url), read_only=True) as store:
        last = store.last_change()
        begin.wait(WAIT_S)
        ended = False
        while not ended:
            # Once more after the last writer has done its last.
            ended = written.is_set()
            done.changes += [change.number for change in store.changes(last, 10_000)]
            last = max([last, *done.changes[-1:]])
            time.sleep(0.02)
    told.put(done)


def together(asked: Asked, writers: int, readers: int) -> list[Done]:
    """All of them at once. Raises RuntimeError where one has failed."""
    context = multiprocessing.get_context("spawn")
    begin, told = context.Barrier(writers + readers + 1), context.Queue()
    tasks: list[tuple[Any, tuple[Any, ...]]] = [(write, (i, asked, begin, told)) for i in range(writers)]
    tasks += [(read, (i, asked, begin, told)) for i in range(readers)]
    written = context.Event()
    tasks.append((follow, (asked, begin, told, written)))
    processes = [context.Process(target=task, args=words, daemon=True) for task, words in tasks]
    for process in processes:
        process.start()
    found = [told.get(timeout=asked.for_s + 2 * WAIT_S) for _ in processes[1:]]
    written.set()
    found.append(told.get(timeout=WAIT_S))
    for process in processes:
        process.join(WAIT_S)
        if process.exitcode != 0:
            raise RuntimeError(f"{process.name} ended with {process.exitcode}")
    return found


def lost(store: PostgresStore, before: int, minutes: list[int], followed: list[int]) -> list[str]:
    """What was promised and is not there, in words; empty where nothing is."""
    said: list[str] = []
    for writer, count in enumerate(minutes):
        end = BEGIN + 60 * count
        for each in own(writer):
            rows = store.samples(each.type, each.code, BEGIN, end)
            if rows["units"].to_pylist() != list(range(count)):
                said.append(f"samples of {each.code}")
        results = store.results(f"X{chr(ord('A') + writer)}", BEGIN, end, columns=("at", "place"))
        if results.num_rows != count * RESULTS_EACH:
            said.append(f"{count * RESULTS_EACH - results.num_rows} results of writer {writer}")
        codes = [each.code for each in own(writer)]
        put = min(-(-count // INCIDENT_EVERY), ENTITIES_EACH)
        if (found := sum(1 for _ in store.incidents(codes=codes, summaries=True))) != put:
            said.append(f"{put - found} incidents of writer {writer}")
    every = list(range(before + 1, store.last_change() + 1))
    if [change.number for change in store.changes(before, len(every) + 1)] != every:
        said.append("numbers of changes")
    if followed != every:
        said.append(f"{len(every) - len(followed)} changes for who followed them")
    return said


def figures(done: list[Done]) -> list[dict[str, Any]]:
    """Of each thing done by itself, and last of all together: how often, and how long in ms."""
    took = [one for each in done for one in each.took]
    rows = []
    for name in [*dict(took), ""]:
        found = sorted(s for n, s in took if name in ("", n))
        p50, p99, worst = (1000 * found[min(int(len(found) * q), len(found) - 1)] for q in (0.5, 0.99, 1.0))
        rows.append(
            {"what": name or "all", "times": len(found), "p50_ms": p50, "p99_ms": p99, "worst_ms": worst}
        )
    rows[-1]["cpu_ms"] = 1000 * sum(each.cpu_s for each in done) / len(took)
    return rows


def print_figures(rows: list[dict[str, Any]]) -> None:
    """As a table."""
    print(f"{'':36} {'times':>7} {'p50':>8} {'p99':>8} {'worst':>8}   ms")
    for row in rows:
        took = " ".join(f"{row[f'{which}_ms']:8.1f}" for which in ("p50", "p99", "worst"))
        print(f"{row['what']:36} {row['times']:7,} {took}")
    print(f"{rows[-1]['cpu_ms']:.1f} ms of CPU each, beside the server's", end="\n\n")


def main() -> int:
    """Fill, use, read back."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("files")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--writers", type=int, default=5)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--for-s", type=float, default=60.0)
    parser.add_argument("--reads-per-s", type=float, default=2.0, help="of each reader")
    parser.add_argument("--out", type=Path, default=OUT, help="raw results, JSON")
    words = parser.parse_args()
    asked = Asked(words.url, words.for_s, words.reads_per_s)
    with PostgresStore(PostgresAddress(words.url), words.files) as store:
        begun = time.monotonic()
        rows = fill(store, words.rows)
        print(f"{rows:,} rows of signals in {time.monotonic() - begun:.0f} s")
        with store._writing() as connection:
            connection.execute("ANALYZE")
        before = store.last_change()
        found = together(asked, words.writers, words.readers)
        writers = sorted((done for done in found if done.who == "writer"), key=lambda done: done.number)
        load = os.getloadavg()[0]
        print(f"{len(writers)} writers, {words.readers} readers, {words.for_s:g} s; load {load:.0f}")
        told = {
            "writes": figures(writers),
            "reads": figures([done for done in found if done.who == "reader"]),
        }
        for some in told.values():
            print_figures(some)
        p99 = told["reads"][-1]["p99_ms"]
        (followed,) = (done.changes for done in found if done.who == "follower")
        missing = lost(store, before, [done.minutes for done in writers], followed)
    asked_for = {name: getattr(words, name) for name in ("writers", "readers", "for_s", "reads_per_s")}
    results = {"rows": rows, **asked_for, "load": load, "lost": missing, **told}
    words.out.write_text(json.dumps(results, indent=1) + "\n")
    print("nothing lost" if not missing else f"LOST: {'; '.join(missing)}")
    print(f"the goal of {GOAL_MS} ms is {'met' if p99 <= GOAL_MS else 'not met'}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
