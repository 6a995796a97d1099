"""docs/scaling.md's sections of figures, made of the raw results in bench/results."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bench import tell_engines
from bench.peers import ROOT
from bench.tell_tables import table

RESULTS = ROOT / "bench" / "results"
DOCS = ROOT / "docs" / "scaling.md"
Json = dict[str, Any]
SHOWN = ("1", "16", "256")
"""Numbers of workers that the tables have; the picture has more."""
ESTIMATE = 400
"""Core-hours, as it was thought before anything was measured."""
LIMITS = {
    "workers": "the workers",
    "line to RIS": "the line to RIS",
    "line to RouteViews": "the line to RouteViews",
    "storage": "the storage",
    "client": "the client",
    "scheduler": "the scheduler",
    "fetching at once": "the connections allowed",
    "days in flight": "the longest jobs of a day",
}
COSTS = {
    "table_entry_gz_s": ("a table's entry, gzip: unpacked, decoded, taken in", "ns", 1e9),
    "table_entry_bz2_s": ("the same, bzip2 (the first MiB of two real tables)", "ns", 1e9),
    "update_gz_s": ("an update, gzip", "ns", 1e9),
    "update_bz2_s": ("the same, bzip2", "ns", 1e9),
    "part_route_bytes": ("a route of a part's first table, as written", "bytes", 1),
    "part_update_bytes": ("an update, as written: most leave nothing", "bytes", 1),
    "judged_route_s": ("judging a route, all shards together", "ns", 1e9),
    "judged_update_s": ("judging an update", "ns", 1e9),
    "shard_part_s": ("opening a part, by each shard", "ms", 1e3),
    "flips_update_s": ("reading an update again for flips", "ns", 1e9),
    "stored_incident_s": ("storing an incident", "ms", 1e3),
    "stored_day_s": ("storing a day's signals", "ms", 1e3),
}


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def _hours(run: Json) -> str:
    spread = f" ({_number(run['least'])} to {_number(run['most'])})" if run["most"] > run["least"] else ""
    return f"**{_number(run['hours'])} h**{spread}"


def _ways(told: Json) -> list[str]:
    rows = []
    for way in told["ways"]:
        runs = way["workers"]
        cells = [way["words"], f"{way['core_hours']:,.0f}", *(_hours(runs[n]) for n in SHOWN)]
        last = runs[SHOWN[-1]]
        rows.append([*cells, f"{LIMITS[last['limit']]}: {_number(last['limit_hours'])} h at least"])
    head = (
        "each on top of the one before",
        "core-hours",
        *(f"{n} worker{'' if n == '1' else 's'}" for n in SHOWN),
        "in the way at 256",
    )
    return table(head, rows)


def _core_hours(told: Json) -> list[str]:
    names = list(told["ways"][0]["core_hours_of"])
    rows = [[way["words"], *(f"{way['core_hours_of'][name]:,.0f}" for name in names)] for way in told["ways"]]
    return table(("core-hours", *names), rows)


def _spent(told: Json) -> list[str]:
    names = {
        "cpu": "at work",
        "slow": "stragglers",
        "lost": "lost",
        "fetch": "archives",
        "storage": "storage",
    }
    rows = []
    for way in told["ways"]:
        for count in SHOWN:
            run = way["workers"][count]
            shares = [f"{100 * run['shares'][key]:.0f} %" for key in names]
            idle = max(0.0, 1 - sum(run["shares"].values()))
            words = way["words"] if count == SHOWN[0] else ""
            rows.append([words, count, *shares, f"{100 * idle:.0f} %", f"{run['terabytes']:.0f} TB"])
    return table(("", "workers", *names.values(), "nothing to do", "fetched"), rows)


def simulated(told: Json) -> list[str]:
    """The simulation's tables."""
    seeds = f"median of {told['seeds']} seeds, and from the least to the most"
    return [
        f"A year of {told['days']} days; {seeds}.",
        "",
        *_ways(told),
        "Of these core-hours:",
        "",
        *_core_hours(told),
        "Of the workers' time:",
        "",
        *_spent(told),
    ]


def estimate(told: Json) -> list[str]:
    """Core-hours beside what was thought at the beginning."""
    as_it_is, once, first = (way["core_hours"] for way in (told["ways"][0], *told["ways"][3:5]))
    return [
        f"**Against the estimate** that this was begun with, about {ESTIMATE} core-hours for the year: each file read "
        f"once, and of a day only its first tables, it is {first:,.0f}. As it is now it is {as_it_is:,.0f}: that the "
        f"day before is read with each day makes {as_it_is / once:.1f} times as much, tables in the middle of each day "
        f"{once / first:.1f} times.",
        "",
    ]


def limits(told: Json) -> list[str]:
    """What each part needs at least, with the most workers of the tables."""
    rows = []
    for way in told["ways"]:
        found = way["workers"][SHOWN[-1]]["limits_hours"]
        rows.append([way["words"], *(f"{_number(found[name])} h" for name in LIMITS)])
    return table((f"{SHOWN[-1]} workers", *LIMITS.values()), rows)


def costs(told: Json) -> list[str]:
    """What was measured."""
    rows = [
        [words, f"{_number(told['costs'][key] * times)} {unit}"]
        for key, (words, unit, times) in COSTS.items()
    ]
    return table(("measured", "CPU, or bytes"), rows)


SECTIONS: dict[str, tuple[str, Callable[[Json], list[str]]]] = {
    "simulated": ("scaling.json", simulated),
    "limits": ("scaling.json", limits),
    "estimate": ("scaling.json", estimate),
    "costs": ("scaling.json", costs),
    "executors": ("executors.json", tell_engines.executors),
    "backfill": ("backfill.json", tell_engines.backfill),
    "store": ("store_load.json", tell_engines.store_load),
}
"""Of each section its file, and what makes it."""


def told(docs: str) -> str:
    """The page with its sections anew."""
    for name, (file, words) in SECTIONS.items():
        begin, end = (f"<!-- made by bench.tell of {file}, {name}: {which} -->" for which in ("begin", "end"))
        before, _, rest = docs.partition(begin)
        _, _, after = rest.partition(end)
        path = RESULTS / file
        lines = words(json.loads(path.read_text())) if path.exists() else ["Not measured yet.", ""]
        docs = before + "\n".join([begin, "", *lines, end]) + after
    return docs
