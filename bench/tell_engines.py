"""Of docs/scaling.md the sections that were measured on real parts: executors, a backfill, a store that many use."""

from __future__ import annotations

from statistics import median
from typing import Any

from bench.tell_tables import table

Json = dict[str, Any]
GOAL_MS, GOAL_TIMES, GOAL_OVER = 2.0, 1.8, 0.15
GOAL_READ_MS = 100.0


def verdict(met: bool) -> str:
    """As in the tables of goals."""
    return "met" if met else "**not met**"


def executors(told: Json) -> list[str]:
    """`bench.executors`: what a unit costs to hand out, and windows that are read."""
    about = f"Taken on {told['machine']}; {told['input']}. The machine's load was {told['load_before']:.0f} before."
    rows = [
        [
            f"`{one['executor']}`, {one['units']:,} units that do nothing",
            *(
                f"{one[f'{who}_ms_a_unit']:.2f} ms"
                for who in ("clock", "client_cpu", "scheduler_cpu", "workers_cpu")
            ),
            verdict(one["clock_ms_a_unit"] <= GOAL_MS),
        ]
        for one in told["handed_out"]
    ]
    head = (
        "each unit; at most 2 ms wanted",
        "by the clock",
        "CPU of the client",
        "of the scheduler",
        "of workers",
        "",
    )
    lines = [about, "", *table(head, rows)]
    some = told["windows"]
    rows = [
        [
            name,
            *(
                f"{median(one[key] for one in runs):.2f} s"
                for key in ("clock_s", "alone_s", "cpu_s", "window_cpu_s")
            ),
        ]
        for name, runs in some["runs"].items()
    ]
    head = (
        f"{some['windows']} windows read",
        "by the clock",
        "by CPU, on two cores of one's own",
        "CPU in all",
        "a window",
    )
    lines += table(head, rows)
    return lines + _ratios(some)


def _ratios(some: Json) -> list[str]:
    rows = []
    for words, key, wanted, met in (
        (
            "two workers to one, `local`",
            "two_against_one_local",
            f"{GOAL_TIMES} ×",
            lambda r: r >= GOAL_TIMES,
        ),
        ("two workers to one, `dask`", "two_against_one_dask", f"{GOAL_TIMES} ×", lambda r: r >= GOAL_TIMES),
        ("`dask` to `local`, one worker", "dask_against_local_1", "1.15 ×", lambda r: r <= 1 + GOAL_OVER),
        ("`dask` to `local`, two workers", "dask_against_local_2", "1.15 ×", lambda r: r <= 1 + GOAL_OVER),
    ):
        clock, alone = (median(some[key][how]) for how in ("clock", "alone"))
        rows.append([words, wanted, f"{clock:.2f} ×", f"{alone:.2f} ×", verdict(met(alone))])
    return table(("median of pairs", "wanted", "by the clock", "by CPU", "by CPU"), rows)


def backfill(told: Json) -> list[str]:
    """`bench.backfill`: days by no cluster, by one worker, by two."""
    input_, runs = told["input"], told["runs"]
    ways = list(dict.fromkeys(run["way"] for run in runs))
    rows = []
    for way in ways:
        mine = [run for run in runs if run["way"] == way]
        best = min(mine, key=lambda run: run["took_s"])
        cpu = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in best["cpu_s"].items())
        rows.append([way, f"{best['took_s']:.1f} s", cpu, f"{best['incidents']}"])
    best_s = {way: min(run["took_s"] for run in runs if run["way"] == way) for way in ways}
    times, over = best_s["one worker"] / best_s["two workers"], best_s["one worker"] / best_s["local"] - 1
    same = "the same to the byte" if len({run["sha256"] for run in runs}) == 1 else "**not the same**"
    return [
        f"{input_['days']} days of two collectors: {input_['records']:,} routes and updates, "
        f"{input_['bytes'] / 1e6:.0f} MB; {input_['cores']} cores. What all runs stored is {same}.",
        "",
        *table(("the best round of each", "by the clock", "CPU", "incidents"), rows),
        *table(
            ("goal", "wanted", "measured", ""),
            [
                [
                    "two workers to one",
                    f"at least {GOAL_TIMES} ×",
                    f"**{times:.2f} ×**",
                    verdict(times >= GOAL_TIMES),
                ],
                [
                    "one worker over no cluster",
                    "at most 15 %",
                    f"**{100 * over:+.0f} %**",
                    verdict(over <= GOAL_OVER),
                ],
            ],
        ),
    ]


def store_load(told: Json) -> list[str]:
    """`bench.store_load`: reads and writes of many programs at once."""
    lines = [
        f"{told['rows']:,} rows of signals; {told['writers']} writers, {told['readers']} readers with "
        f"{told['reads_per_s']:g} reads a second each, {told['for_s']:g} s; the machine's load was {told['load']:.0f}.",
        "",
    ]
    for what in ("reads", "writes"):
        rows = [
            [row["what"], f"{row['times']:,}", *(f"{row[f'{q}_ms']:.1f} ms" for q in ("p50", "p99", "worst"))]
            for row in told[what]
        ]
        lines += table((what, "times", "p50", "p99", "worst"), rows)
    p99, lost = told["reads"][-1]["p99_ms"], told["lost"]
    goals = [
        ["99 of 100 reads", "at most 100 ms", f"**{p99:.0f} ms**", verdict(p99 <= GOAL_READ_MS)],
        ["lost", "nothing", f"**{'; '.join(lost) or 'nothing'}**", verdict(not lost)],
    ]
    return lines + table(("goal", "wanted", "measured", ""), goals)
