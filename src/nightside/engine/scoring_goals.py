"""The goals that the figures are held against (issue and docs/evaluation.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def goals(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Each goal with what was wanted, what came out, and whether it is met (null: nothing to tell it by)."""
    ours = report["rules"][0]
    table = {(r["by"], r["name"]): r for r in ours["rows"]}

    def figure(name: str, which: str) -> float | None:
        by = "all" if name == "all" else "severity"
        value: float | None = table.get((by, name), {}).get(which)
        return value

    found = [
        _at_least("precision", 0.99, figure("all", "precision")),
        _at_least("recall, total, 5 min or more", 0.99, figure("total, 5 min or more", "recall")),
        _at_least("recall, severe, 5 min or more", 0.99, figure("severe, 5 min or more", "recall")),
        _at_least("recall, partial, 5 min or more", 0.95, figure("partial, 5 min or more", "recall")),
    ]
    for which in ("onset", "end"):
        found.append(_at_most(f"{which} error, median, seconds", 1, ours[which]["median_s"]))
        found.append(_at_most(f"{which} error, 95th percentile, seconds", 15, ours[which]["p95_s"]))
    quiet = ours["false_alarms"]["quiet"]
    found.append(_at_most("false alarms per country-year on quiet days", 0.1, quiet["per_country_year"]))
    found.append(_at_most("share of outages wholly unseen", 0.05, report["unseen"]["share"]))
    beyond = sum(b["beyond"] for c in report["comparison"] for b in c["behind"])
    found.append(_at_most("rows behind a reference rule beyond the interval", 0, beyond))
    found.append(_ahead(report["comparison"]))
    return found


def _at_least(name: str, wanted: float, value: float | None) -> dict[str, Any]:
    met = None if value is None else value >= wanted
    return {"goal": name, "wanted": f">= {wanted:g}", "value": value, "met": met}


def _at_most(name: str, wanted: float, value: float | None) -> dict[str, Any]:
    met = None if value is None else value <= wanted
    return {"goal": name, "wanted": f"<= {wanted:g}", "value": value, "met": met}


def _ahead(comparison: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Ahead overall: the harmonic mean of precision and recall over total and severe episodes is above all others'."""
    overall = next((c for c in comparison if (c["by"], c["name"]) == ("all", "total and severe")), None)
    means = {} if overall is None else {k: _f1(v) for k, v in overall["rules"].items()}
    ours, *others = means.values() or [None]
    best = max((v for v in others if v is not None), default=None)
    met = None if ours is None or best is None else ours > best
    lead = None if ours is None or best is None else round(ours - best, 6)
    return {
        "goal": "ahead overall: F1 over the best reference rule's",
        "wanted": "> 0",
        "value": lead,
        "met": met,
    }


def _f1(row: dict[str, Any] | None) -> float | None:
    if row is None or row["true"] + row["told"] == 0:
        return None
    return float(2 * row["right"] / (row["true"] + row["told"]))
