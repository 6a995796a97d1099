"""Two processes beside one: the same input read, merged and judged (bytes to flips to who sees what), in pairs.

    python -m bench.processes INPUT... [--rounds N]

Each run is a process of its own, told to read with one process or with two. "read" is up to where all flips are under
shared numbers, "all" up to the reachable units of every country. On a machine that others use too the clock says little
of ours: so the best pair is told, beside the CPU of the busiest process, by which alone the work would take on cores of
its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def one(inputs: list[Path], processes: int) -> dict[str, Any]:
    """What it took: by the clock, and the CPU of this process and of those that read."""
    from nightside.engine.analysis import sight
    from nightside.engine.collect import collect
    from nightside.engine.subjects import country_subjects
    from nightside.engine.world_of_day import world_of_input
    from nightside.model.settings import Settings
    from nightside.signals.units import unit_signals
    from nightside.sources.layout import find_inputs

    rules, found = Settings(), find_inputs(inputs)
    world = world_of_input(found, None, None, rules.table_margin_s)
    begun, cpu = time.perf_counter(), time.process_time()
    collected = collect(
        found,
        world,
        rules,
        begin=None,
        end=None,
        warn=lambda _text: None,
        advance=lambda _read: None,
        processes=processes,
    )
    read_s, read_cpu_s = time.perf_counter() - begun, time.process_time() - cpu
    subjects = country_subjects(world, [])
    seen = sight(collected, world, [subjects], rules)
    assert seen is not None
    signals = unit_signals(seen.observation, subjects.entities, subjects.entity_of_unit)
    readers = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "read_s": read_s,
        "all_s": time.perf_counter() - begun,
        "read_cpu_s": read_cpu_s,
        "cpu_s": time.process_time() - cpu,
        "readers_cpu_s": readers.ru_utime + readers.ru_stime,
        "elements": sum(reading.elements for reading in collected.readings),
        "flips": sum(len(log.kind) for log in collected.logs),
        "units": sum(sum(signal.units) for signal in signals.values()),
    }


def apart(inputs: list[Path], processes: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.processes", *map(str, inputs), "--only", str(processes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"bench: {' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("inputs", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        print(json.dumps(one(asked.inputs, asked.only)))
        return
    pairs = [(apart(asked.inputs, 1), apart(asked.inputs, 2)) for _ in range(asked.rounds)]
    same = ("elements", "flips", "units")
    if len({tuple(run[key] for key in same) for pair in pairs for run in pair}) != 1:
        sys.exit("bench: one process and two found different things")
    print(
        f"{pairs[0][0]['elements']:,} elements, {pairs[0][0]['flips']:,} events in the logs, the same in all"
    )
    for what in ("read", "all"):
        ratios = sorted(alone[f"{what}_s"] / two[f"{what}_s"] for alone, two in pairs)
        here = "read_cpu_s" if what == "read" else "cpu_s"
        alone_s = min(alone[here] for alone, _two in pairs)
        # Two readers share their CPU as evenly as the collectors are large.
        busy_s = min(two["readers_cpu_s"] / 2 + two[here] for _alone, two in pairs)
        told = ", ".join(f"{r:.2f}" for r in ratios)
        print(f"{what:<5} by the clock {told} times as fast")
        print(
            f"      by CPU {alone_s:.2f} s in one, {busy_s:.2f} s one after the other in two: {alone_s / busy_s:.2f}"
        )


if __name__ == "__main__":
    main()
