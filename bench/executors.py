"""Executors: what a unit costs to hand out, and how much faster two workers are than one.

    python -m bench.executors [--rounds N] [--units N] [--out FILE]

"Handed out": units that do nothing, as many as a month of all collectors has, by processes of this machine and by a
Dask cluster of two workers; by the clock, and the CPU of whoever took part. "Windows": eight windows that are really
read, by one worker and by two, of both kinds, one after the other in turning order; ratios are of runs of the same
round, so that what keeps the machine busy besides slows both sides. Every answer must be the same. Executors are open
before the clock starts; processes of `local` are started by the first jobs, within it.
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
from bench.inputs import SIZES, archive
from bench.peers import CACHE, ROOT

from nightside.engine.executors.open import open_executor
from nightside.engine.executors.protocol import Done, Executor, Job

OUT = ROOT / "bench" / "results" / "executors.json"
UNITS = 23_600
"""A table-to-table window of every collector for a month, by the archives' own cadence."""
WINDOWS = 8
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


def read_by(word: str, workers: int, folder: Path) -> tuple[list[Any], float, float]:
    """The windows' answers, how long all took by the clock, and their CPU (s each)."""
    from bench import executors

    jobs = [Job(f"window {n}", executors.window, (str(folder), n), bytes=1) for n in range(WINDOWS)]
    with open_executor(word, workers) as executor:
        got, clock_s = values(executor, jobs)
    return [one["answer"] for one in got], clock_s, median(one["cpu_s"] for one in got)


def windows(folder: Path, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """All pairs."""
    contenders = [("local", 1), ("local", 2), ("dask", 1), ("dask", 2)]
    clocks: dict[tuple[str, int], list[float]] = {one: [] for one in contenders}
    cpus: dict[tuple[str, int], list[float]] = {one: [] for one in contenders}
    answers = []
    for number in range(rounds):
        for one in contenders if number % 2 == 0 else contenders[::-1]:
            answer, clock_s, cpu_s = read_by(*one, folder)
            answers.append(answer)
            clocks[one].append(clock_s)
            cpus[one].append(cpu_s)
            say(f"  {one[0]} {one[1]}: {clock_s:.2f} s, {cpu_s:.2f} s of CPU each")
    assert all(answer == answers[0] for answer in answers), "not the same answer each time"

    def ratios(above: tuple[str, int], below: tuple[str, int]) -> list[float]:
        return [a / b for a, b in zip(clocks[above], clocks[below], strict=True)]

    return {
        "windows": WINDOWS,
        "rounds": rounds,
        "elements": sum(one["elements"] for one in answers[0]),
        "clock_s": {f"{word} {n}": took for (word, n), took in clocks.items()},
        "cpu_s_a_window": {f"{word} {n}": median(took) for (word, n), took in cpus.items()},
        "two_against_one_local": ratios(("local", 1), ("local", 2)),
        "two_against_one_dask": ratios(("dask", 1), ("dask", 2)),
        "dask_against_local_1": ratios(("dask", 1), ("local", 1)),
        "dask_against_local_2": ratios(("dask", 2), ("local", 2)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--units", type=int, default=UNITS)
    parser.add_argument("--size", choices=("tiny", "small", "middle"), default="middle")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    # Workers find this file by it.
    os.environ["PYTHONPATH"] = str(ROOT)
    CACHE.mkdir(parents=True, exist_ok=True)
    of = archive(CACHE, SIZES[asked.size])
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
    for name in (
        "two_against_one_local",
        "two_against_one_dask",
        "dask_against_local_1",
        "dask_against_local_2",
    ):
        told = ", ".join(f"{ratio:.2f}" for ratio in sorted(read[name]))
        print(f"{name}: {median(read[name]):.2f} ({told})")
    result["goals"] = {
        "ms_a_unit": [result["handed_out"][1]["clock_ms_a_unit"], MOST_MS_A_UNIT],
        "two_against_one_dask": [median(read["two_against_one_dask"]), LEAST_TIMES_AS_FAST],
        "dask_over_local": [median(read["dask_against_local_2"]) - 1, MOST_OVERHEAD],
    }
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
