"""Raw results as tables: for a terminal, and as the sections of the docs that are made of them.

    python -m bench.tell [FILE]        # FILE (else build/bench/results.json) is what the docs quote from now on
    python -m bench.tell --scaling     # docs/scaling.md of its own raw results (see `bench.tell_scaling`)
    python -m bench.tell --check       # whether both are what the quoted results say

What is quoted lies in bench/results: of docs/benchmarks.md in quoted.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

from bench import tell_scaling
from bench.inputs import REAL_FILES
from bench.peers import CACHE, ROOT
from bench.targets import COLUMNS, GOOD, SUMMARY, TARGETS, Results, ratio
from bench.tell_tables import table

QUOTED = ROOT / "bench" / "results" / "quoted.json"
DOCS = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- made by bench.tell: begin -->", "<!-- made by bench.tell: end -->"
OURS = {
    "iterate": SUMMARY,
    "peers": COLUMNS,
    "shares": "nightside, columns to flips",
    "processes": "nightside replay, one process",
}
HEADINGS = {
    "iterate": ("All elements", "Every announcement and withdrawal of a file."),
    "peers": (
        "Peers per prefix and per origin AS",
        "Of each prefix, how many peers have it; of each origin AS, how many peers and prefixes.",
    ),
    "shares": (
        "Bytes to flips to shares",
        "Each country's share of its reachable /24s every five minutes, from a table and updates.",
    ),
    "processes": ("Processes", "A whole `nightside replay`, by the clock."),
}
NOTES = {
    "peers updates.20070211.0141.gz": "Some of its routes are multicast ones: bgpdump and pybgpkit-parser tell them "
    "like all others. To us they are no routes by which anything is reached, and are counted as skipped.",
}
"""Where another answer than the oracle's is meant."""


def _figures(part: Results, row: Results) -> list[str]:
    """CPU, CPU an element, to the limit, to ours, by the clock, memory."""
    if row["status"] not in GOOD:
        return ["–"] * 6
    limits = [r["name"] for r in part["rows"] if r["status"] == "limit"]
    user = median(row["user_s"].values())
    entries = part["entries"]
    to_limit = ratio(part, row["name"], limits[0]) if limits else None
    to_ours = ratio(part, row["name"], OURS[part["task"]])
    return [
        f"{user:.2f} s",
        f"{user / entries * 1e9:,.0f} ns" if entries else "–",
        f"{to_limit:.2f} ×" if to_limit is not None else "–",
        f"{to_ours:.2f} ×" if to_ours is not None else "–",
        f"{median(row['wall_s'].values()):.2f} s",
        f"{row['peak_mib']:,.0f} MiB" if row["peak_mib"] else "small",
    ]


COLUMN_NAMES = ("user CPU", "an element", "to the limit", "to ours", "by the clock", "memory")


def _apart(part: Results) -> list[str]:
    """Who has no figures, and why."""
    return [f"{row['name']}: {row['status']}" for row in part["rows"] if row["status"] not in GOOD]


def plain(name: str, part: Results) -> str:
    """A part for a terminal."""
    if "flips" in part:
        told = part["flips"]
        return (
            f"\n{name}: {part['input']}; {_checked(part)}\n  {told['ns_per_element']} ns an update over unpacking, "
            f"{told['ns_per_entry']} ns a table entry, {told['peak_rss_mib']} MiB"
        )
    lines = [f"\n{name}: {part['input']}; held against {part['oracle'] or 'nobody'}"]
    lines.append(f"  {'':<32}" + "".join(f"{column:>14}" for column in COLUMN_NAMES))
    for row in part["rows"]:
        if row["status"] in GOOD:
            lines.append(f"  {row['name']:<32}" + "".join(f"{f:>14}" for f in _figures(part, row)))
        else:
            lines.append(f"  {row['name']:<32}  {row['status']}")
    return "\n".join(lines)


def _targets(parts: Results) -> list[str]:
    rows = []
    for target in TARGETS:
        value = target.measure(parts)
        if value is None:
            verdict = ["not measured", "–"]
        else:
            number = f"{value:.2f}" if target.unit == " ×" and value < 10 else f"{value:.0f}"
            verdict = [f"**{number}{target.unit}**", "met" if target.met(value) else "**not met**"]
        rows.append([target.words, target.wanted, *verdict])
    return table(("goal", "wanted", "measured", ""), rows)


def _tasks(parts: Results) -> list[str]:
    lines: list[str] = []
    for task, (heading, words) in HEADINGS.items():
        mine = {n: p for n, p in parts.items() if p["task"] == task and not n.endswith(tuple(REAL_FILES))}
        if not mine:
            continue
        lines += [f"### {heading}", "", words, ""]
        for part in mine.values():
            oracle = f"held against {part['oracle'] or 'nobody'}"
            rows = [[r["name"], *_figures(part, r)] for r in part["rows"] if r["status"] in GOOD]
            if rows:
                lines += [f"{part['input']}; {oracle}:", "", *table(("", *COLUMN_NAMES), rows)]
            if apart := _apart(part):
                lines += [f"{'' if rows else part['input'] + '. '}Without figures: {'; '.join(apart)}.", ""]
        if task == "shares":
            lines += _flips(parts)
    return lines


def _checked(part: Results) -> str:
    return "the same shares" if part["status"] == "ok" else part["status"]


def _flips(parts: Results) -> list[str]:
    stages_named = ("tables", "updates", "judging")
    rows = []
    for name, part in parts.items():
        if told := part.get("flips"):
            stages = told["stages"]
            rows.append(
                [
                    f"{part['input']} ({_checked(part)})",
                    f"{told['ns_per_entry']:.0f} ns",
                    # Beside the largest table a few updates are lost in what it costs by itself.
                    f"**{told['ns_per_element']:.0f} ns**" if name != "memory" else "–",
                ]
                + [f"{stages[s]:.2f} s" for s in ("tables_s", "updates_s", "judging_s")]
                + [f"{told['decompression_s']:.2f} s", f"{told['peak_rss_mib']:.0f} MiB"]
            )
    if not rows:
        return []
    head = ("`python -m bench.flips`", "a table entry", "an update", *stages_named, "unpacking", "memory")
    words = "Ours in parts: what an element takes over unpacking it, start-up apart. Judging counts as the updates'."
    return [words, "", *table(head, rows)]


def _real(parts: Results) -> list[str]:
    others = ("bgpdump -m", "pybgpkit-parser", "mrtparse", "quickrib", "pybgpstream")
    rows, notes = [], []
    for name, part in parts.items():
        if not name.endswith(tuple(REAL_FILES)):
            continue
        by_name = {row["name"].removesuffix(", piped to Python"): row for row in part["rows"]}
        ours = next(row for row in part["rows"] if row["name"] == OURS[part["task"]])
        limit = next((row["name"] for row in part["rows"] if row["status"] == "limit"), None)
        to_limit = ratio(part, ours["name"], limit) if limit else None
        right = ours["status"] == "ok"
        cells = [f"{median(ours['user_s'].values()):.2f} s" if right else ours["status"]]
        cells.append(f"{to_limit:.1f} ×" if to_limit else "–")
        for other in others:
            row = by_name.get(other)
            times = ratio(part, row["name"], ours["name"]) if row else None
            cells.append(
                f"{times:.1f} ×" if times else (row["status"] if row and row["status"] != "ok" else "–")
            )
        rows.append([part["task"], part["input"], *cells])
        if not right and name in NOTES:
            notes.append(f"{NOTES[name]}\n")
    if not rows:
        return []
    head = ("task", "file", "ours", "to the limit", *others)
    words = "How many times our user CPU the others take; `ours` is `elements --summary`, or the columns."
    return ["### Real files", "", words, "", *table(head, rows), *notes]


def markdown(results: Results) -> str:
    """The section of the docs, between its markers."""
    parts = results["parts"]
    versions = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    loads = [part["load"] for part in parts.values()]
    about = (
        f"Taken on {results['machine']}, Python {results['python']}; {versions}. "
        f"The machine's load was {min(loads):g} to {max(loads):g}."
    )
    lines = [BEGIN, "", about, "", "### Goals", "", *_targets(parts), *_tasks(parts), *_real(parts), END]
    return "\n".join(lines)


def told(docs: str, results: Results) -> str:
    """The docs with the section anew."""
    before, _, rest = docs.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + markdown(results) + after


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.tell", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, nargs="?", default=CACHE / "results.json")
    parser.add_argument("--scaling", action="store_true")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    docs, scaling = DOCS.read_text(), tell_scaling.DOCS.read_text()
    if asked.check:
        results: dict[str, Any] = json.loads(QUOTED.read_text())
        if told(docs, results) != docs:
            sys.exit("docs/benchmarks.md is not what bench/results/quoted.json says")
        sys.exit(
            0 if tell_scaling.told(scaling) == scaling else "docs/scaling.md is not what bench/results say"
        )
    if asked.scaling:
        tell_scaling.DOCS.write_text(tell_scaling.told(scaling))
        return
    text = asked.file.read_text()
    DOCS.write_text(told(docs, json.loads(text)))
    QUOTED.parent.mkdir(exist_ok=True)
    QUOTED.write_text(text)


if __name__ == "__main__":
    main()
