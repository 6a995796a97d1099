"""An evaluation (`nightside.evaluation/1`) as tables, for a terminal and as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

OURS = "nightside"
HEADINGS = {
    "all": "",
    "severity": "severity",
    "size": "units of the country",
    "duration": "duration",
    "shape": "shape",
}
BEYOND, BEHIND = "▼▼", "▼"
LEGEND = (
    f"{BEHIND} marks a figure of ours that a reference rule's is above, {BEYOND} one where it lies above the 95 % "
    "interval of ours as well."
)
_SHORT = {"nightside": "Nightside", "ioda": "IODA's rule", "exact-prefix": "exact prefixes"}


@dataclass(frozen=True, slots=True)
class Table:
    """Plain text by rows and columns; the first column is left-aligned, the others right."""

    title: str
    note: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(report: dict[str, Any]) -> list[Table]:
    """All tables of one evaluation, in reading order."""
    made = [_goals(report), _ours(report), _errors(report), _alarms(report), _comparison(report)]
    if report["as_live"] is not None:
        made.append(_live(report["as_live"]))
    made += [
        _sources(report, "misses", "Misses: why"),
        _sources(report, "false_episodes", "Told wrongly: why"),
    ]
    return made


def summary(report: dict[str, Any]) -> str:
    """What was run, in one paragraph."""
    world, asked = report["world"], report["asked"]
    table = asked["table"] or "the made-up world"
    return (
        f"{world['injections']} injected outages in {world['injected_countries']} countries "
        f"({world['injections_that_cross']} cross a threshold; "
        f"{world['injections_through_mrt']} went through MRT bytes) over {table}: {world['prefixes']:,} prefixes, "
        f"{world['countries']} countries, {world['days']:g} simulated days in {world['blocks']} blocks, "
        f"{world['true_episodes']} true episodes. Seed {asked['seed']}, {asked['peers']} full-feed peer ASes. "
        f"{report['unseen']['episodes']} true episodes ({_percent(report['unseen']['share'])}) lie wholly in "
        "stretches that Nightside reports as unknown, and are counted apart."
    )


def markdown(report: dict[str, Any]) -> str:
    """The summary and all tables as Markdown."""
    parts = [summary(report), ""]
    for table in tables(report):
        if not table.rows:
            continue
        parts += [f"### {table.title}", ""]
        if table.note:
            parts += [table.note, ""]
        parts.append("| " + " | ".join(table.headers) + " |")
        parts.append("|---" + "|--:" * (len(table.headers) - 1) + "|")
        parts += ["| " + " | ".join(_escape(c) for c in row) + " |" for row in table.rows]
        parts.append("")
    return "\n".join(parts)


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|")


def _goals(report: dict[str, Any]) -> Table:
    words = {True: "met", False: "NOT MET", None: "cannot be told"}
    rows = tuple((g["goal"], g["wanted"], _number(g["value"]), words[g["met"]]) for g in report["goals"])
    return Table("Goals", "", ("goal", "wanted", "is", ""), rows)


def _ours(report: dict[str, Any]) -> Table:
    rows = []
    for one in report["rules"][0]["rows"]:
        heading = HEADINGS[one["by"]]
        name = f"{heading}: {one['name']}" if heading else one["name"]
        rows.append(
            (
                name,
                str(one["true"]),
                _with_interval(one, "recall"),
                str(one["told"]),
                _with_interval(one, "precision"),
            )
        )
    note = "Over episodes, with 95 % intervals (Wilson). A true and a told episode each stand in the row of their own."
    return Table(
        "Nightside: recall and precision", note, ("", "true", "recall", "told", "precision"), tuple(rows)
    )


def _errors(report: dict[str, Any]) -> Table:
    rows = []
    for rule in report["rules"]:
        for which in ("onset", "end"):
            e = rule[which]
            rows.append(
                (
                    f"{_SHORT[rule['name']]}: {which}",
                    str(e["pairs"]),
                    _number(e["median_s"]),
                    _number(e["p95_s"]),
                    _number(e["worst_s"]),
                    f"{e['ranges_right']} of {e['ranges']}" if e["ranges"] else "–",
                    str(e["open"]),
                )
            )
    headers = (
        "",
        "pairs",
        "median s",
        "95th s",
        "worst s",
        "ranges that hold the truth",
        "only one side ends",
    )
    return Table("Onset and end: how far off", "", headers, tuple(rows))


def _alarms(report: dict[str, Any]) -> Table:
    rows = []
    for rule in report["rules"]:
        alarms = rule["false_alarms"]
        sources = ", ".join(f"{s['source']} {s['count']}" for s in alarms["sources"][:4])
        for name, which in (("quiet days", "quiet"), ("all days", "all")):
            a = alarms[which]
            rows.append(
                (
                    f"{_SHORT[rule['name']]}: {name}",
                    str(a["alarms"]),
                    _number(a["country_years"]),
                    _number(a["per_country_year"]),
                    _number(a["per_country_year_below"]),
                    sources if which == "all" else "",
                )
            )
    headers = ("", "alarms", "country-years", "per country-year", "95 % sure below", "came from (all days)")
    return Table("False alarms", "Told while nothing true was going on in the country.", headers, tuple(rows))


def _comparison(report: dict[str, Any]) -> Table:
    names = [r["name"] for r in report["rules"]]
    headers = ["", "true", *(f"{_SHORT[n]} {f}" for f in ("recall", "precision") for n in names)]
    rows = []
    for one in report["comparison"]:
        heading = HEADINGS[one["by"]]
        cells = [f"{heading}: {one['name']}" if heading else one["name"], str(one["rules"][OURS]["true"])]
        for figure in ("recall", "precision"):
            for name in names:
                figures = one["rules"][name]
                mark = _mark(one["behind"], figure) if name == OURS else ""
                cells.append("–" if figures is None else _percent(figures[figure]) + mark)
        rows.append(tuple(cells))
    note = f"Total and severe episodes; partial ones in their own rows, where a rule tells them. {LEGEND}"
    return Table("Side by side with the reference rules", note, tuple(headers), tuple(rows))


def _mark(verdicts: list[dict[str, Any]], figure: str) -> str:
    mine = [v for v in verdicts if v["figure"] == figure]
    if not mine:
        return ""
    return f" {BEYOND}" if any(v["beyond"] for v in mine) else f" {BEHIND}"


def _live(live: dict[str, Any]) -> Table:
    opened, delay, restored = live["opened"], live["delay"], live["restored_end_error"]
    sent = ", ".join(f"{n} {kind}" for kind, n in live["messages"].items())
    seconds = "median {}, 95th percentile {}, worst {}"
    rows = (
        ("messages sent", sent),
        (
            "opened: precision",
            f"{_with_interval(opened, 'precision')} ({opened['right']} of {opened['told']})",
        ),
        (
            "outages of 10 min or more that were told",
            f"{_with_interval(opened, 'recall')} ({opened['found']} of {opened['true']})",
        ),
        ("delay from the true crossing, s", seconds.format(*(_number(v) for v in delay.values()))),
        ("end told by restored, error, s", seconds.format(*(_number(v) for v in restored.values()))),
        ("withdrawn later", f"{live['withdrawn']} ({_percent(live['withdrawn_share'])} of those opened)"),
    )
    return Table("As live: messages as they would have been sent", "", ("", ""), rows)


def _sources(report: dict[str, Any], key: str, title: str) -> Table:
    rows = tuple(
        (f"{_SHORT[r['name']]}: {s['source']}", str(s["count"])) for r in report["rules"] for s in r[key][:8]
    )
    return Table(title, "", ("", "episodes"), rows)


def _with_interval(one: dict[str, Any], figure: str) -> str:
    if one[figure] is None:
        return "–"
    low, high = 100 * one[f"{figure}_low"], 100 * one[f"{figure}_high"]
    return f"{_percent(one[figure])} ({low:.1f}–{high:.1f})"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
