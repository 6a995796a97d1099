"""How fast Nightside is, beside its peers and beside unpacking alone; a speed without the same answer does not count.

    python -m bench [--size SIZE]... [--task TASK]... [--resume] [--out FILE] [--machine WORDS]

Each part is a task on one input: all programs run over the same bytes, one after the other in each round, in turning
order (`bench.racing`), and each answer is held against the oracle's in the same run. Parts are written to FILE as soon
as they are done; with --resume those that are there are not run again. `python -m bench.tell` makes
docs/benchmarks.md of it.

    iterate    all elements of a file: how many announcements and withdrawals, and, of lines, all of their text
    peers      how many peers have each prefix and each origin AS
    shares     bytes to flips to each country's share every five minutes
    processes  shares from two collectors, by one process and by two
    memory     the state of one collector with 60 peers and 1,200,000 prefixes
    real       iterate and peers on real files, where they are here
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import contenders, inputs, peers
from bench.inputs import SIZES, Input, Size
from bench.racing import Answer, Contender, judge, race
from bench.tell import plain

TASKS = ("iterate", "peers", "shares", "processes", "memory", "real")
ROUNDS = {"tiny": 1, "small": 5, "middle": 3, "large": 3, "real": 3}
ORACLES = ("bgpdump -m", "bgpdump -m, piped to Python", "pybgpkit-parser")
"""Who is held to be right; the first that has run."""
DEFAULT_OUT = peers.CACHE / "results.json"
Part = dict[str, Any]


def measured(
    task: str, of: Input, runs: list[Contender], rounds: int, folder: Path, known: Answer | None = None
) -> Part:
    """One part: run, judge, and put into the shape that is written. `known` is what must come out."""
    output = folder / f"output-{os.getpid()}"
    rows = race(runs, rounds, output)
    for left in (output, output.with_suffix(".err")):
        left.unlink(missing_ok=True)
    answered = {row.name: row.answer for row in rows if row.status == "ok" and row.answer}
    oracle = next((name for name in ORACLES if name in answered), None)
    held_against = answered[oracle] if oracle else known
    if held_against is not None:
        judge(rows, held_against)
    if oracle and known:
        judge(rows, known)
    return {
        "task": task,
        "input": of.words,
        "entries": of.entries,
        "rounds": rounds,
        "oracle": oracle or ("the generator" if known else None),
        "rows": [asdict(row) for row in rows],
    }


def flips(of: Input, shares: Part | None = None) -> Part:
    """`bench.flips` in a process of its own: how long an update takes over unpacking, and memory.

    `shares` is the same archive's part, whose answer was held against the oracle's: it must be the same here.
    """
    done = subprocess.run(
        [sys.executable, "-m", "bench.flips", of.path],
        cwd=peers.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"bench: python -m bench.flips {of.path} ended with {done.returncode}:\n{done.stderr}")
    told = json.loads(done.stdout)
    judged = (
        next((row for row in shares["rows"] if row["name"] == contenders.FLIPS), None) if shares else None
    )
    right = judged is None or (judged["status"] == "ok" and judged["answer"]["flips"] == told["shares"])
    status = ("ok" if judged else "not held against anyone's") if right else "other answer"
    return {"task": "flips", "input": of.words, "entries": of.entries, "status": status, "flips": told}


def parts(
    sizes: list[Size], tasks: list[str], folder: Path, done: dict[str, Part]
) -> Iterator[tuple[str, Callable[[], Part]]]:
    """The names of what is to be run, and how; inputs are made when they are needed. `done` are the parts so far."""
    for size in sizes:
        rounds = ROUNDS[size.name]
        for packing in ("gz", "bz2") if size.bz2 else ("gz",):
            if "iterate" in tasks:
                yield (
                    f"iterate {size.name} {packing}",
                    lambda s=size, p=packing, r=rounds: _table("iterate", s, p, r, folder),
                )
        if "peers" in tasks:
            yield f"peers {size.name} gz", lambda s=size, r=rounds: _table("peers", s, "gz", r, folder)
        if "shares" in tasks and size.archive:
            yield f"shares {size.name}", lambda s=size, r=rounds: _shares(s, r, folder)
            yield (
                f"flips {size.name}",
                lambda s=size: flips(inputs.archive(folder, s), done.get(f"shares {s.name}")),
            )
    largest = sizes[-1].name
    if "processes" in tasks and largest in ("tiny", "middle", "large"):
        yield "processes", lambda: _processes(largest == "tiny", folder)
    if "memory" in tasks and largest == "large":
        yield "memory", lambda: flips(inputs.full_collector(folder))
    if "real" in tasks and largest != "tiny":
        for name in inputs.REAL_FILES:
            if of := inputs.real(name):
                yield (
                    f"iterate {name}",
                    lambda o=of: measured("iterate", o, contenders.iterate(o), ROUNDS["real"], folder),
                )
                yield (
                    f"peers {name}",
                    lambda o=of: measured("peers", o, contenders.peers_of(o)[:4], 3, folder),
                )


def _table(task: str, size: Size, packing: str, rounds: int, folder: Path) -> Part:
    of = inputs.table(folder, size, packing)
    if task == "peers":
        return measured(task, of, contenders.peers_of(of), rounds, folder)
    known = {"announced": size.entries, "withdrawn": 0}
    runs = contenders.iterate(of)
    if packing == "bz2":
        # The libraries were seen on the same table already.
        runs = [
            one for one in runs if one.name in ("bz2 alone", "nightside elements --summary", "bgpdump -m")
        ]
    return measured(task, of, runs, rounds, folder, known)


def _shares(size: Size, rounds: int, folder: Path) -> Part:
    of = inputs.archive(folder, size)
    countries = folder / f"countries-{size.name}.bin"
    contenders.map_of(of.path, countries)
    return measured("shares", of, contenders.shares(of, countries), rounds, folder)


def _processes(tiny: bool, folder: Path) -> Part:
    of = inputs.two_collectors(folder, tiny=tiny)
    part = measured("processes", of, contenders.processes(of), 1 if tiny else 3, folder)
    first = next((row["answer"] for row in part["rows"] if row["answer"]), None)
    for row in part["rows"]:
        if row["answer"] is not None and row["answer"] != first:
            row["status"] = "other answer"
    part["oracle"] = "one process"
    return part


def machine() -> str:
    """The kind of machine in words; never its name."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{os.cpu_count()} cores ({platform.machine()}), {gigabytes:.0f} GB of memory"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=SIZES, action="append", help="small, middle and large unless given")
    parser.add_argument("--task", choices=TASKS, action="append", help="all unless given")
    parser.add_argument("--resume", action="store_true", help="leave out the parts that are in FILE")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="FILE", help="raw results, JSON")
    parser.add_argument("--folder", type=Path, default=peers.CACHE, help="where inputs are made and kept")
    parser.add_argument("--machine", default=machine(), metavar="WORDS", help="what kind of machine this is")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {"parts": {}}
    if asked.resume and asked.out.exists():
        results = json.loads(asked.out.read_text())
    results |= {"machine": asked.machine, "python": platform.python_version(), "versions": peers.versions()}
    sizes = [SIZES[name] for name in SIZES if name in (asked.size or ("small", "middle", "large"))]
    for name, run in parts(sizes, asked.task or list(TASKS), asked.folder, results["parts"]):
        if name in results["parts"]:
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        begun = time.perf_counter()
        part = run()
        part["took_s"] = round(time.perf_counter() - begun, 1)
        part["load"] = round(os.getloadavg()[0], 1)
        results["parts"][name] = part
        asked.out.write_text(json.dumps(results, indent=1) + "\n")
        print(plain(name, part), flush=True)


if __name__ == "__main__":
    main()
