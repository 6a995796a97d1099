"""The goals of decoding, each held against what was measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.inputs import SMALL_FILE

Results = dict[str, Any]
SUMMARY, LINES, BGPDUMP = "nightside elements --summary", "nightside elements", "bgpdump -m"
COLUMNS, PIPED, PYBGPKIT = "nightside, columns", "bgpdump -m, piped to Python", "pybgpkit-parser"
GOOD = ("ok", "limit")


def row_of(part: Results, name: str) -> Results | None:
    """A contender's row where it ran and its answer is right."""
    return next((row for row in part.get("rows", ()) if row["name"] == name and row["status"] in GOOD), None)


def ratio(part: Results, name: str, to: str, what: str = "user_s") -> float | None:
    """The median of the ratios within rounds in which both ran; None where there is none."""
    upper, lower = row_of(part, name), row_of(part, to)
    if not upper or not lower:
        return None
    both = upper[what].keys() & lower[what].keys()
    found = [upper[what][n] / lower[what][n] for n in both if lower[what][n] > 0]
    return median(found) if found else None


@dataclass(frozen=True, slots=True)
class Target:
    """One goal."""

    words: str
    wanted: str
    unit: str
    measure: Callable[[Results], float | None]
    most: float | None = None
    least: float | None = None

    def met(self, value: float) -> bool:
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)


def _ratio(part: str, name: str, to: str, what: str = "user_s") -> Callable[[Results], float | None]:
    return lambda parts: ratio(parts.get(part, {}), name, to, what)


def _flips(part: str, key: str) -> Callable[[Results], float | None]:
    def measure(parts: Results) -> float | None:
        told = parts.get(part, {"status": ""})
        return told["flips"][key] if told["status"] and told["status"] != "other answer" else None

    return measure


def _at_most(words: str, most: float, unit: str, measure: Callable[[Results], float | None]) -> Target:
    return Target(words, f"at most {most:g}{unit}", unit, measure, most=most)


def _at_least(words: str, least: float, measure: Callable[[Results], float | None]) -> Target:
    return Target(words, f"at least {least:g} ×", " ×", measure, least=least)


TARGETS = (
    _at_most("`elements --summary`, gz, 15 million entries, to isal alone", 1.5, " ×",
             _ratio("iterate large gz", SUMMARY, "isal alone")),
    _at_most("`elements --summary`, gz, 3 million entries, to isal alone", 2, " ×",
             _ratio("iterate middle gz", SUMMARY, "isal alone")),
    _at_most("`elements --summary`, bz2, 3 million entries, to bz2 alone", 1.1, " ×",
             _ratio("iterate middle bz2", SUMMARY, "bz2 alone")),
    _at_least("peers per prefix and origin, 3 million entries: pybgpkit-parser to ours", 40,
              _ratio("peers middle gz", PYBGPKIT, COLUMNS)),
    _at_least("the same: bgpdump piped to Python to ours", 30, _ratio("peers middle gz", PIPED, COLUMNS)),
    _at_least("the same, 15 million entries", 30, _ratio("peers large gz", PIPED, COLUMNS)),
    _at_least("the same: pybgpstream to ours, 3 million entries", 10,
              _ratio("peers middle gz", "pybgpstream", COLUMNS)),
    _at_most("an updates file of 400 KB: `elements` to `bgpdump -m`", 1, " ×",
             _ratio(f"iterate {SMALL_FILE}", LINES, BGPDUMP)),
    _at_most("the same: `elements --summary` to `bgpdump -m`", 1, " ×",
             _ratio(f"iterate {SMALL_FILE}", SUMMARY, BGPDUMP)),
    _at_most("bytes to flips to shares, an update over unpacking", 200, " ns",
             _flips("flips middle", "ns_per_element")),
    _at_least("bytes to flips to shares of two collectors: one process to two, by the clock", 1.8,
              _ratio("processes", "nightside, one process", "nightside, two processes", "wall_s")),
    _at_most("memory of one collector, 60 peers and 1.2 million prefixes", 300, " MiB",
             _flips("memory", "peak_rss_mib")),
)  # fmt: skip
