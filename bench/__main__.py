"""How fast `nightside elements` is, against decompression alone and against bgpdump.

    python -m bench [--entries N] [--rounds N]

All run over the same made-up table (`bench.generate`), one after the other in each round, so that a busy
machine slows all of them alike. What is measured is the user CPU of the whole process, as the kernel counted
it. Start-up is what the same program takes over a table of 40 entries; time for an entry, and the ratio to
decompression, are without it. Each figure is the median over the rounds, each ratio the median of the ratios
within rounds. All must count the same routes, in the runs that are timed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.generate import write

NIGHTSIDE = str(Path(sysconfig.get_path("scripts")) / "nightside")
READ_GZ = "import sys; from isal import igzip as m; f = m.open(sys.argv[1]); b = bytearray(4 << 20)"
READ_BZ2 = "import sys, bz2 as m; f = m.open(sys.argv[1]); b = bytearray(4 << 20)"
READ_ON = "\nwhile f.readinto(b): pass"


FEW = 40
"""Entries of the table that shows what start-up costs."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A program (the file comes last), and how many routes its output says it saw (None: it does not say)."""

    name: str
    command: tuple[str, ...]
    routes: Callable[[Path], int] | None = None


def routes_in_summary(output: Path) -> int:
    """The routes that `nightside elements --summary` counted."""
    return int(json.loads(output.read_text())["routes"])


def routes_in_lines(output: Path) -> int:
    """The lines of a table in `bgpdump -m`'s form."""
    with output.open("rb") as lines:
        return sum(line.startswith(b"TABLE_DUMP2|") for line in lines)


def contenders(suffix: str) -> list[Contender]:
    """Who runs over a table compressed this way; the first is the limit."""
    read = (READ_GZ if suffix == ".gz" else READ_BZ2) + READ_ON
    elements = (NIGHTSIDE, "elements")
    runs = [
        Contender("decompression alone", (sys.executable, "-c", read)),
        Contender("nightside elements --summary", (*elements, "--summary"), routes_in_summary),
        Contender("nightside elements", elements, routes_in_lines),
    ]
    if shutil.which("bgpdump"):
        runs.append(Contender("bgpdump -m", ("bgpdump", "-m"), routes_in_lines))
    else:
        print("bgpdump is not here: left out", file=sys.stderr)
    return runs


def timed(run: Contender, table: Path, entries: int) -> float:
    """User CPU in seconds of one run over `table`, which must have shown it `entries` routes."""
    command = (*run.command, str(table))
    output = table.with_name("output")
    with output.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE)
        assert process.stderr is not None
        said = process.stderr.read().decode(errors="replace")
        process.stderr.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"bench: {' '.join(command)} ended with {process.returncode}:\n{said}")
    if run.routes and (seen := run.routes(output)) != entries:
        sys.exit(f"bench: {run.name} saw {seen} routes in {table.name}, not {entries}")
    return usage.ru_utime


def race(folder: Path, suffix: str, entries: int, rounds: int) -> None:
    """Run all over one table and print a line for each."""
    table, small = folder / f"table{suffix}", folder / f"small{suffix}"
    write(table, entries)
    write(small, FEW)
    runs = contenders(suffix)
    whole: dict[str, list[float]] = {run.name: [] for run in runs}
    start: dict[str, list[float]] = {run.name: [] for run in runs}
    for _ in range(rounds):
        for run in runs:
            start[run.name].append(timed(run, small, FEW))
            whole[run.name].append(timed(run, table, entries))
    net = {name: [w - s for w, s in zip(whole[name], start[name], strict=True)] for name in whole}
    limit = net[runs[0].name]
    print(
        f"\n{table.name}: {entries:,} entries, {table.stat().st_size / 1e6:.1f} MB, median of {rounds} rounds"
    )
    print(f"  {'':<30}{'user CPU':>10}{'start-up':>11}{'an entry':>12}{'to the limit':>14}")
    for run in runs:
        mine = net[run.name]
        figures = f"{median(whole[run.name]):>8.2f} s{median(start[run.name]):>9.2f} s"
        ratios = [m / one for m, one in zip(mine, limit, strict=True) if one > 0]
        ratio = f"{median(ratios):.2f}x" if len(ratios) == rounds else "too short"
        print(f"  {run.name:<30}{figures}{median(mine) / entries * 1e9:>9.0f} ns{ratio:>14}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure nightside elements.")
    parser.add_argument(
        "--entries", type=int, default=300_000, help="entries of the table (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program (default: %(default)s)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nightside-bench-") as folder:
        for suffix in (".gz", ".bz2"):
            race(Path(folder), suffix, asked.entries, asked.rounds)


if __name__ == "__main__":
    main()
