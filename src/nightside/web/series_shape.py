"""The series of an incident as it goes out: as JSON with instants in ISO 8601, and as a table."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from nightside.model.instants import iso
from nightside.model.series import IncidentSeries

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = "nightside.series/1"


def series_table(series: IncidentSeries) -> pa.Table:
    """Change points in the columns of `Store.samples`; where our view was broken, units are null."""
    import pyarrow as pa

    edges = {t for a, b, _ in series.unknown for t in (a, b) if series.begin <= t < series.end}
    times = sorted(edges | {t for t in series.times if t < series.end})
    unknown = [any(a <= t < b for a, b, _ in series.unknown) for t in times]
    at = [max(bisect_right(series.times, t) - 1, 0) for t in times]
    return pa.table(
        {
            "time": pa.array(times, pa.timestamp("s", tz="UTC")),
            "units": pa.array(
                [None if u else series.units[i] for i, u in zip(at, unknown, strict=True)], pa.int64()
            ),
            "quality": pa.array(["unknown" if u else "known" for u in unknown], pa.string()),
            "baseline": pa.array([series.baseline[i] for i in at], pa.int64()),
        }
    )


def series_json(id: str, series: IncidentSeries, columns: dict[str, list[Any]]) -> dict[str, Any]:
    """The series in the shape `nightside.series/1`; `columns` are those of `series_table`."""
    return {
        "schema": SCHEMA,
        "id": id,
        "from": iso(series.begin),
        "to": iso(series.end),
        "columns": columns,
        "unknown": [{"from": iso(a), "to": iso(b), "why": why} for a, b, why in series.unknown],
        "networks": [
            {
                "prefix": lane.prefix,
                "stretches": [
                    {"from": iso(a), "to": iso(b), "state": state} for a, b, state in lane.stretches
                ],
            }
            for lane in series.lanes
        ],
        "upstreams": [
            {
                "asn": course.asn,
                "name": course.name,
                "steps": [{"time": iso(t), "share": share} for t, share in course.steps],
            }
            for course in series.upstreams
        ],
        "view": [
            {"time": iso(t), "known": known, "expected": expected} for t, known, expected in series.view
        ],
        "services": None if series.services is None else series.services.to_json(),
    }
