"""Executors: what a unit costs to hand out, and how much faster two workers are than one.

    python -m bench.executors [--rounds N] [--units N] [--out FILE]

"Handed out": units that do nothing, as many as a month of all collectors has, by processes of this machine and by a
Dask cluster of two workers; by the clock, and the CPU of whoever took part. "Windows": eight windows that are really
read, by one worker and by two, of both kinds, one after the other in turning order; ratios are of runs of the same
round. By the clock they say little on a machine that is busy besides; so the CPU of all that took part is told too.
Every answer must be the same. Executors are open before the clock starts; processes of `local` are started by the first
jobs, within it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from bench.inputs import SIZES, archive, one_collector
from bench.peers import CACHE, ROOT

from nightside.engine.executors.open import open_executor
from nightside.engine.executors.protocol import Done, Executor, Job

OUT = ROOT / "bench" / "results" / "executors.json"
UNITS = 23_600
"""A table-to-table window of every collector for a month, by the archives' own cadence."""
WINDOWS = 8
WINDOW = {"peers": 40, "prefixes": 120_000, "updates": 5_000_000}
"""Of the archive that each window reads: some two seconds of CPU."""
CORES = 2
PAIRS = ("two_against_one_local", "two_against_one_dask", "dask_against_local_1", "dask_against_local_2")
MOST_MS_A_UNIT = 2.0
LEAST_TIMES_AS_FAST = 1.8
MOST_OVERHEAD = 0.15


def nothing(number: int) -> int:
    """A unit that does nothing."""
    return number


def window(folder: str, number: int) -> dict[str, Any]:
    """Read one collector's files to flips; what came of it, and the CPU (s) of this thread."""
    from hashlib import sha256

    from nightside.engine.units import read_unit, units_of
    from nightside.engine.world_of_day import world_of_input
    from nightside.model.settings import Settings
    from nightside.sources.layout import find_inputs

    begun = time.thread_time()
    rules, found = Settings(), find_inputs([Path(folder)])
    world = world_of_input(found, None, None, rules.table_margin_s)
    (unit,) = units_of(found, rules, begin=None, end=None, keeps_table=False)
    part = read_unit(unit, world, lambda _read: None)
    digest = sha256()
    for column in part.log.columns():
        digest.update(column.tobytes())
    answer = {"number": number, "elements": part.elements, "flips": digest.hexdigest()}
    return {"answer": answer, "cpu_s": time.thread_time() - begun}


def values(executor: Executor, jobs: list[Job]) -> tuple[list[Any], float]:
    """Of all jobs, in their order, and how long it took by the clock (s)."""
    begun = time.perf_counter()
    for job in jobs:
        executor.submit(job)
    got = {}
    for _ in jobs:
        outcome = executor.next()
        assert isinstance(outcome, Done), outcome
        got[outcome.number] = outcome.value
    return [got[number] for number in range(len(jobs))], time.perf_counter() - begun


def _cpu_s(pid: int) -> float:
    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)


def handed_out(word: str, units: int) -> dict[str, Any]:
    """Units that do nothing: milliseconds each, by the clock and of the CPU of each process that took part."""
    from bench import executors

    with open_executor(word, 2) as executor:
        # Once around, so that all are there and have imported what they need.
        values(executor, [Job("warm", executors.nothing, (n,)) for n in range(20)])
        others = psutil.Process().children(recursive=True)
        before = {pid: _cpu_s(pid) for pid in (os.getpid(), *(p.pid for p in others))}
        begun = time.perf_counter()
        numbers = {executor.submit(Job(str(n), executors.nothing, (n,))): n for n in range(units)}
        for _ in range(units):
            outcome = executor.next()
            assert isinstance(outcome, Done), outcome
            assert outcome.value == numbers.pop(outcome.number)
        clock_s = time.perf_counter() - begun
        cpu = {pid: _cpu_s(pid) - was for pid, was in before.items()}
        # Of a cluster the first child is the scheduler, and the two that did most of the rest are its workers.
        scheduler = min(p.pid for p in others) if word == "dask" else None
    return {
        "executor": word,
        "units": units,
        "clock_ms_a_unit": clock_s / units * 1e3,
        "client_cpu_ms_a_unit": cpu[os.getpid()] / units * 1e3,
        "scheduler_cpu_ms_a_unit": cpu[scheduler] / units * 1e3 if scheduler else 0.0,
        "workers_cpu_ms_a_unit": sum(s for pid, s in cpu.items() if pid not in (os.getpid(), scheduler))
        / units
        * 1e3,
    }


def read_by(word: str, workers: int, folder: Path) -> dict[str, Any]:
    """The windows' answers, and what they took."""
    from bench import executors

    jobs = [Job(f"window {n}", executors.window, (str(folder), n), bytes=1) for n in range(WINDOWS)]
    with open_executor(word, workers) as executor:
        before = _used()
        got, clock_s = values(executor, jobs)
        used = {pid: took - before.get(pid, 0.0) for pid, took in _used().items()}
    return {
        "answer": [one["answer"] for one in got],
        "clock_s": clock_s,
        "window_cpu_s": median(one["cpu_s"] for one in got),
        "busiest_cpu_s": max(used.values()),
        "cpu_s": sum(used.values()),
    }


def _used() -> dict[int, float]:
    """CPU (s) of this process and of all below it, by process."""
    here = psutil.Process()
    return {process.pid: _cpu_s(process.pid) for process in (here, *here.children(recursive=True))}


def windows(folder: Path, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """All pairs, by the clock and by CPU.

    By CPU a run takes what its busiest process used, and at least half of what all used, on the two cores that it is
    held against: so long it would take where nobody else is.
    """
    contenders = [("local", 1), ("local", 2), ("dask", 1), ("dask", 2)]
    runs: dict[str, list[dict[str, Any]]] = {f"{word} {n}": [] for word, n in contenders}
    for number in range(rounds):
        for word, n in contenders if number % 2 == 0 else contenders[::-1]:
            run = read_by(word, n, folder)
            run["alone_s"] = max(run["busiest_cpu_s"], run["cpu_s"] / CORES)
            runs[f"{word} {n}"].append(run)
            say(
                f"  {word} {n}: {run['clock_s']:.2f} s by the clock, {run['cpu_s']:.2f} s of CPU, of that "
                f"{run['busiest_cpu_s']:.2f} s by one; {run['window_cpu_s']:.2f} s a window"
            )
    answers = [run.pop("answer") for some in runs.values() for run in some]
    assert all(answer == answers[0] for answer in answers), "not the same answer each time"

    def ratios(above: str, below: str) -> dict[str, list[float]]:
        pairs = list(zip(runs[above], runs[below], strict=True))
        return {key: [a[f"{key}_s"] / b[f"{key}_s"] for a, b in pairs] for key in ("clock", "alone", "cpu")}

    return {
        "windows": WINDOWS,
        "rounds": rounds,
        "elements": sum(one["elements"] for one in answers[0]),
        "runs": runs,
        "two_against_one_local": ratios("local 1", "local 2"),
        "two_against_one_dask": ratios("dask 1", "dask 2"),
        "dask_against_local_1": ratios("dask 1", "local 1"),
        "dask_against_local_2": ratios("dask 2", "local 2"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--units", type=int, default=UNITS)
    parser.add_argument("--tiny", action="store_true", help="for a test")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    # Workers find this file by it, and the program beside it.
    paths = (str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH"))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    CACHE.mkdir(parents=True, exist_ok=True)
    of = archive(CACHE, SIZES["tiny"]) if asked.tiny else one_collector(CACHE, "archive-window", **WINDOW)
    result: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "load_before": os.getloadavg()[0],
        "input": of.words,
        "handed_out": [handed_out(word, asked.units) for word in ("local", "dask")],
    }
    for row in result["handed_out"]:
        print(
            f"{row['executor']:<5} {row['units']:,} units that do nothing: {row['clock_ms_a_unit']:.2f} ms each by the "
            f"clock; CPU {row['client_cpu_ms_a_unit']:.2f} ms here, {row['scheduler_cpu_ms_a_unit']:.2f} ms scheduler, "
            f"{row['workers_cpu_ms_a_unit']:.2f} ms workers"
        )
    read = result["windows"] = windows(of.path, asked.rounds, print)
    result["load_after"] = os.getloadavg()[0]
    for name in PAIRS:
        told = "; ".join(f"{key} {median(some):.2f}" for key, some in read[name].items())
        print(f"{name}: {told}")
    result["goals"] = {
        "ms_a_unit": [result["handed_out"][1]["clock_ms_a_unit"], MOST_MS_A_UNIT],
        "two_against_one_dask": [median(read["two_against_one_dask"]["clock"]), LEAST_TIMES_AS_FAST],
        "two_against_one_dask_by_cpu": [median(read["two_against_one_dask"]["alone"]), LEAST_TIMES_AS_FAST],
        "dask_over_local": [median(read["dask_against_local_2"]["clock"]) - 1, MOST_OVERHEAD],
        "dask_over_local_by_cpu": [median(read["dask_against_local_2"]["alone"]) - 1, MOST_OVERHEAD],
    }
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
