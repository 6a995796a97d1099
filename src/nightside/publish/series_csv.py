"""The data behind each panel of the chart as CSV (RFC 4180, UTF-8, lines end with CRLF).

A row holds from `from_utc` until `to_utc`. What is not known is an empty field, never a zero. A field that a
spreadsheet would take for a formula is led by an apostrophe.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise

from nightside.model.instants import iso
from nightside.model.series import IncidentSeries
from nightside.publish import phrases
from nightside.publish.services_shown import shown_services

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of the data behind the chart."""

    panel: str
    """`share`, `networks`, `services`, `upstreams` or `view`."""
    text: str


def files(series: IncidentSeries) -> list[DataFile]:
    """One file for each panel that has data, in the order of the chart's panels."""
    found = [DataFile("share", share_csv(series))]
    if series.lanes:
        found.append(DataFile("networks", networks_csv(series)))
    if shown_services(series.services):
        found.append(DataFile("services", services_csv(series)))
    if series.upstreams:
        found.append(DataFile("upstreams", upstreams_csv(series)))
    if series.view:
        found.append(DataFile("view", view_csv(series)))
    return found


def share_csv(series: IncidentSeries) -> str:
    """Reachable units over time: from_utc, to_utc, reachable_units, baseline_units, share, quality."""
    rows: list[Sequence[object]] = []
    for begin, end, i, seen in _stretches(series):
        units, baseline = series.units[i], series.baseline[i]
        share = f"{units / baseline:.6f}" if seen and baseline else ""
        rows.append(
            (iso(begin), iso(end), units if seen else "", baseline, share, "known" if seen else "unknown")
        )
    return _csv(("from_utc", "to_utc", "reachable_units", "baseline_units", "share", "quality"), rows)


def networks_csv(series: IncidentSeries) -> str:
    """The networks' lanes: prefix, from_utc, to_utc, state (up, down, unknown)."""
    rows = ((lane.prefix, iso(a), iso(b), state) for lane in series.lanes for a, b, state in lane.stretches)
    return _csv(("prefix", "from_utc", "to_utc", "state"), rows)


def services_csv(series: IncidentSeries) -> str:
    """What answered: service, from_utc, to_utc, up, down, unknown, share; counts are of parts that are checked."""
    found = series.services
    rows: list[Sequence[object]] = []
    for course in shown_services(found):
        ends = [step[0] for step in course.steps[1:]] + [series.end if found is None else found.end]
        for (begin, up, down, unknown), end in zip(course.steps, ends, strict=True):
            share = f"{up / (up + down):.6f}" if up + down else ""
            rows.append((course.name, iso(begin), iso(end), up, down, unknown, share))
    return _csv(("service", "from_utc", "to_utc", "up", "down", "unknown", "share"), rows)


def upstreams_csv(series: IncidentSeries) -> str:
    """Shares of the paths: upstream_asn, upstream_name, from_utc, to_utc, share.

    All further upstreams together have no number; their name is `all others`.
    """
    rows: list[Sequence[object]] = []
    for upstream in series.upstreams:
        asn = "" if upstream.asn is None else upstream.asn
        name = phrases.OTHERS if upstream.asn is None else upstream.name or ""
        ends = [step[0] for step in upstream.steps[1:]] + [series.end]
        for (begin, share), end in zip(upstream.steps, ends, strict=True):
            rows.append((asn, name, iso(begin), iso(end), "" if share is None else f"{share:.6f}"))
    return _csv(("upstream_asn", "upstream_name", "from_utc", "to_utc", "share"), rows)


def view_csv(series: IncidentSeries) -> str:
    """Health of the view: from_utc, to_utc, peer_ases_known, peer_ases_expected."""
    ends = [step[0] for step in series.view[1:]] + [series.end]
    rows = (
        (iso(begin), iso(end), known, expected)
        for (begin, known, expected), end in zip(series.view, ends, strict=True)
    )
    return _csv(("from_utc", "to_utc", "peer_ases_known", "peer_ases_expected"), rows)


def _stretches(series: IncidentSeries) -> Iterable[tuple[int, int, int, bool]]:
    """(begin, end, index of the value that holds, whether there was sight), cut where sight begins or ends."""
    edges = {t for a, b, _ in series.unknown for t in (a, b) if series.begin < t < series.end}
    cuts = sorted(edges | set(series.times) | {series.end})
    i = -1
    for begin, end in pairwise(cuts):
        while i + 1 < len(series.times) and series.times[i + 1] <= begin:
            i += 1
        if i >= 0 and end <= series.end:
            yield begin, end, i, not any(a <= begin and end <= b for a, b, _ in series.unknown)


def _csv(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
