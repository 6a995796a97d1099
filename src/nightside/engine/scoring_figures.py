"""Scores to figures: rows with intervals, errors of instants, false alarms with where they came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nightside.engine.scoring import Instants, Score, Told, True_
from nightside.engine.scoring_statistics import percentile, poisson_upper, wilson

YEAR_DAYS = 365
SIZES = (
    ("1", 1, 1),
    ("2-4", 2, 4),
    ("5-19", 5, 19),
    ("20-99", 20, 99),
    ("100-999", 100, 999),
    ("1000+", 1000, 1 << 24),
)
"""(name, least, most) units of the country."""
DURATIONS = (
    ("under 3 min", 0, 180),
    ("3-5 min", 180, 300),
    ("5-30 min", 300, 1800),
    ("30 min-6 h", 1800, 21_600),
    ("6 h-6 d", 21_600, 518_400),
    ("6 d+", 518_400, 1 << 40),
)
"""(name, from, to) seconds, the last excluded."""
LONG_S = 300
"""What the goals for recall ask for: outages of five minutes or more."""

Item = True_ | Told


def size_of(item: Item) -> str:
    """The name of the size of an episode's country."""
    return next((name for name, least, most in SIZES if least <= item.units <= most), "0")


def duration_of(item: Item) -> str:
    """The name of an episode's duration."""
    return next(name for name, begin, end in DURATIONS if begin <= item.duration_s < end)


def severity_of(item: Item) -> str:
    """The severity of an episode."""
    return item.severity if isinstance(item, True_) else item.episode.severity


def shape_of(item: Item) -> str:
    """The shape of the injection behind an episode."""
    return item.shape


def _always(_item: Item) -> str:
    return "all"


def _deep(item: Item) -> str:
    return "total and severe" if severity_of(item) != "partial" else ""


def _goal(item: Item) -> str:
    return f"{severity_of(item)}, 5 min or more" if item.duration_s >= LONG_S else ""


DIMENSIONS: tuple[tuple[str, Callable[[Item], str]], ...] = (
    ("all", _always),
    ("all", _deep),
    ("severity", severity_of),
    ("severity", _goal),
    ("size", size_of),
    ("duration", duration_of),
    ("shape", shape_of),
)


def row(true: int, found: int, told: int, right: int) -> dict[str, Any]:
    """Recall and precision with their intervals; null of nothing."""
    figures: dict[str, Any] = {"true": true, "found": found, **_share("recall", found, true)}
    return {**figures, "told": told, "right": right, **_share("precision", right, told)}


def _share(name: str, hits: int, of: int) -> dict[str, float | None]:
    interval = wilson(hits, of)
    if interval is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {
        name: round(hits / of, 6),
        f"{name}_low": round(interval[0], 6),
        f"{name}_high": round(interval[1], 6),
    }


def rows(
    score: Score, dimensions: Iterable[tuple[str, Callable[[Item], str]]] = DIMENSIONS
) -> list[dict[str, Any]]:
    """One row for each value of each dimension that occurs, in their stated order.

    A true episode stands in the row of its own duration and shape, a told one in the row of its own: a pair
    counts once as found and once as right, not always in the same row.
    """
    found_all = [t for t, _ in score.pairs]
    right_all = [d for _, d in score.pairs]
    result = []
    for by, name_of in dimensions:
        counts = [
            Counter(name_of(item) for item in items)
            for items in ([*found_all, *score.missed], found_all, [*right_all, *score.false], right_all)
        ]
        for name in sorted({n for c in counts for n in c if n}, key=lambda n: _place(by, n)):
            true, found, told, right = (c[name] for c in counts)
            result.append({"by": by, "name": name, **row(true, found, told, right)})
    return result


def _place(by: str, name: str) -> tuple[int, str]:
    orders = {
        "severity": ["total", "severe", "partial"],
        "size": [s[0] for s in SIZES],
        "duration": [d[0] for d in DURATIONS],
    }
    order = orders.get(by, [])
    head = name.split(",")[0]
    return (order.index(head) if head in order else len(order)), name


def instants(measured: Instants) -> dict[str, Any]:
    """Errors in seconds over the pairs without ranges, and how many ranges hold the truth."""
    errors = measured.errors_s
    return {
        "pairs": len(errors),
        "median_s": percentile(errors, 0.5),
        "p95_s": percentile(errors, 0.95),
        "worst_s": errors[-1] if errors else None,
        "ranges": measured.ranges,
        "ranges_right": measured.ranges_right,
        "open": measured.open,
    }


def alarm_rate(alarms: int, country_days: float) -> dict[str, Any]:
    """False alarms per country-year with the exact one-sided 95 % Poisson bound."""
    years = country_days / YEAR_DAYS
    return {
        "alarms": alarms,
        "country_years": round(years, 6),
        "per_country_year": round(alarms / years, 6) if years else None,
        "per_country_year_below": round(poisson_upper(alarms) / years, 6) if years else None,
    }


def behind(ours: dict[str, Any], theirs: dict[str, Any], figure: str) -> str | None:
    """`behind` where the other's figure is better than ours, `beyond` where it lies above our interval as well."""
    mine, other, high = ours[figure], theirs[figure], ours[f"{figure}_high"]
    if mine is None or other is None or other <= mine:
        return None
    return "beyond" if other > high else "behind"


def compare(scores: Sequence[tuple[str, Score, bool]]) -> list[dict[str, Any]]:
    """The rows of several rules side by side, over total and severe episodes only, and partial where it is told.

    `scores` are (name, score, whether the rule tells partial ones), ours first.
    """
    tables = {
        name: {(r["by"], r["name"]): r for r in _comparable(score, partial)}
        for name, score, partial in scores
    }
    ours = scores[0][0]
    result = []
    for key, mine in tables[ours].items():
        entry: dict[str, Any] = {"by": key[0], "name": key[1], "rules": {}, "behind": []}
        for name, table in tables.items():
            there = table.get(key)
            entry["rules"][name] = None if there is None else _figures(there)
            if there is None or name == ours:
                continue
            for figure in ("recall", "precision"):
                verdict = behind(mine, there, figure)
                if verdict:
                    entry["behind"].append({"rule": name, "figure": figure, "beyond": verdict == "beyond"})
        result.append(entry)
    return result


def _comparable(score: Score, partial: bool) -> list[dict[str, Any]]:
    deep = Score(
        [p for p in score.pairs if p[0].severity != "partial"],
        [t for t in score.missed if t.severity != "partial"],
        [],
        [t for t in score.false if t.episode.severity != "partial"],
    )
    dimensions = [d for d in DIMENSIONS if d[1] is not _always]
    found = rows(deep, dimensions)
    large = ("all", lambda item: "total and severe, 20 units or more" if item.units >= 20 else "")
    found[1:1] = rows(deep, [large])
    if partial:
        shallow = Score(
            [p for p in score.pairs if p[0].severity == "partial"],
            [t for t in score.missed if t.severity == "partial"],
            [],
            [t for t in score.false if t.episode.severity == "partial"],
        )
        found += rows(shallow, [("severity", severity_of), ("severity", _goal)])
    return found


def _figures(one: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in one.items() if k not in ("by", "name")}
