"""What following upstreams adds to a replay: the same replays with and without, in pairs.

    python -m bench.tracking [INPUT...] [--rounds N]

Without INPUT: a made-up archive full of churn (`bench.churned`), and the demo's. With it: each INPUT by itself. Every
replay is of all countries, in a process of its own; with and without take turns, and which is first alternates. What
is measured is the CPU of `engine.replay.replay`, start-up apart; told are the medians, and the median of the ratios
within pairs. Both must find the same incidents: entity, severity, begin and end, of them and of their episodes.

Without: every path is cut off before the tables take the routes, so that a way is an origin and nothing more, a
re-route is no flip, and nobody looks for borders; and no incident's upstreams are worked out. That leaves out a little
more than upstreams (the origins of an incident's networks come with its upstreams), so the ratio is rather too high.
What decoding takes to find the AS beside the origin is in both.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

MOST_RATIO = 1.20
LONG_ENOUGH_S, MOST_TIMES = 3.0, 5
"""A short replay is repeated for so long, and so often at most."""


def without_upstreams() -> Any:
    """As long as this patch holds, nothing follows upstreams."""
    from nightside.engine import units
    from nightside.model.elements import FLAG_NO_UPSTREAM
    from nightside.routing.table import CollectorTable
    from nightside.signals.upstream_course import PairCounts
    from nightside.signals.upstreams import UpstreamMeans

    class Pathless(CollectorTable):
        """A table that is told of origins alone."""

        def apply(self, columns: Any, *rest: Any) -> None:
            n = columns.count
            columns.flags[:n] |= FLAG_NO_UPSTREAM
            columns.path_count[:n] = 0
            super().apply(columns, *rest)

    def nothing(*_: object, **__: object) -> UpstreamMeans:
        return UpstreamMeans({}, {}, 0, PairCounts())

    collecting = patch.object(units, "CollectorTable", Pathless)
    finding = patch("nightside.engine.findings.upstream_means", nothing)
    return collecting, finding


def one(source: Path, follows: bool, long_enough_s: float) -> dict[str, Any]:
    """Replay (a short one again and again, of which the quickest is told); what it took, and what it found."""
    from nightside.engine.replay import replay

    for part in () if follows else without_upstreams():
        part.start()
    took: list[float] = []
    while not took or (sum(took) < long_enough_s and len(took) < MOST_TIMES):
        begun = time.process_time()
        found = replay([source])
        took.append(time.process_time() - begun)
    incidents = [
        [i.entity.type, i.entity.code, i.severity, i.began, i.ended]
        + [[e.severity, e.onset, e.end] for e in i.episodes]
        for i, _series in found.incidents
    ]
    return {
        "cpu_s": min(took),
        "incidents": incidents,
        "upstreams": sum(len(i.upstreams) for i, _series in found.incidents),
        "ways": len(found.collected.ways.origin),
        "flips": sum(len(log.kind) for log in found.collected.logs),
        "elements": sum(reading.elements for reading in found.collected.readings),
    }


def apart(source: Path, follows: bool, long_enough_s: float) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "bench.tracking",
        str(source),
        "--only",
        "with" if follows else "without",
        "--seconds",
        str(long_enough_s),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"bench: {' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def compare(name: str, source: Path, rounds: int, long_enough_s: float) -> float:
    """Print the figures of one input; returns the ratio."""
    pairs = []
    for number in range(rounds):
        runs = {
            follows: apart(source, follows, long_enough_s) for follows in (number % 2 == 0, number % 2 == 1)
        }
        if runs[True]["incidents"] != runs[False]["incidents"]:
            both = [json.dumps(runs[f]["incidents"]) for f in (True, False)]
            sys.exit(
                f"bench: {name}: with and without upstreams other incidents were found:\n" + "\n".join(both)
            )
        pairs.append(runs)
    has, lacks = pairs[0][True], pairs[0][False]
    if lacks["upstreams"] or lacks["ways"] > has["ways"]:
        sys.exit(f"bench: {name}: upstreams were followed where they should not be")
    ratio = median(runs[True]["cpu_s"] / runs[False]["cpu_s"] for runs in pairs)
    print(
        f"{name}: {has['elements']:,} routes and updates, {len(has['incidents'])} incidents, the same in both"
    )
    for follows, words in ((True, "with"), (False, "without")):
        cpu_s = median(runs[follows]["cpu_s"] for runs in pairs)
        first = pairs[0][follows]
        print(
            f"  {words + ' upstreams':<20}{cpu_s:>8.2f} s{first['ways']:>12,} ways{first['flips']:>14,} flips"
        )
    print(f"  {'they add':<20}{100 * (ratio - 1):>8.1f} %   median of {rounds} pairs", flush=True)
    return ratio


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("inputs", type=Path, nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prefixes", type=int, default=250_000, help="of the made-up archive")
    parser.add_argument("--hours", type=float, default=12)
    parser.add_argument("--rate", type=float, default=200, help="messages a second")
    parser.add_argument(
        "--seconds", type=float, default=LONG_ENOUGH_S, help="a short replay is repeated for so long"
    )
    parser.add_argument("--only", choices=("with", "without"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        print(json.dumps(one(asked.inputs[0], asked.only == "with", asked.seconds)))
        return
    with tempfile.TemporaryDirectory(prefix="nightside-bench-") as folder:
        sources = {path.name: path for path in asked.inputs}
        if not sources:
            from bench import churned

            from nightside.scenes.build import build

            sources = {"made-up churn": Path(folder) / "churn", "december-2014": Path(folder) / "december"}
            churned.write(
                sources["made-up churn"], prefixes=asked.prefixes, hours=asked.hours, rate=asked.rate
            )
            build("december-2014", sources["december-2014"])
        worst = max(compare(name, source, asked.rounds, asked.seconds) for name, source in sources.items())
    print(f"goal: at most {100 * (MOST_RATIO - 1):.0f} %: {'kept' if worst <= MOST_RATIO else 'missed'}")


if __name__ == "__main__":
    main()
