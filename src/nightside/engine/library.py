"""Nightside as a library: the same answers as the command line's, as dicts and Arrow tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from nightside.engine.networks import networks as _networks
from nightside.engine.replay import replay as _replay
from nightside.model.incident import first_id
from nightside.model.instants import parse
from nightside.model.settings import Settings
from nightside.model.signal import Signal
from nightside.model.stretches import stretches
from nightside.sources.arrow import element_batches

SIGNALS = pa.schema(
    [
        ("type", pa.string()),
        ("code", pa.string()),
        ("time", pa.timestamp("s", "UTC")),
        ("units", pa.int64()),
        ("quality", pa.string()),
    ]
)

Place = str | Path


@dataclass(frozen=True)
class Result:
    """What a replay found."""

    incidents: list[dict[str, Any]]
    """In the shape nightside.incident/1, in the order of began, entity type, code."""
    signals: pa.Table
    """One row wherever a signal changes: type and code of the entity, the time (UTC) from which the reachable units
    hold, and the quality `known` or `unknown` (then `units` is null)."""
    health: pa.Table
    """How well we saw, in the same columns: type `view`, code `all` (known peer ASes) or a collector (sessions)."""
    warnings: list[str]
    """What had to be left out of the input, and where."""


def replay(
    inputs: Sequence[Place],
    *,
    countries: Sequence[str] = (),
    asns: Sequence[int] = (),
    begin: str | None = None,
    end: str | None = None,
    settings: Settings | None = None,
) -> Result:
    """Replay files or folders; nothing is stored.

    All countries unless `countries` or `asns` narrow it; `begin` and `end` (ISO 8601, UTC where no zone is given)
    narrow what is reported. Raises the errors of `nightside.model.errors`.
    """
    warnings: list[str] = []
    found = _replay(
        [Path(i) for i in inputs],
        countries=countries,
        asns=asns,
        begin=parse(begin) if begin else None,
        end=parse(end) if end else None,
        settings=settings,
        warn=warnings.append,
    )
    incidents = [
        incident.to_json(id=first_id(incident.entity, incident.began), revision=1, corrections=[])
        for incident, _series in found.incidents
    ]
    return Result(incidents, _table(found.signals), _table(found.health), warnings)


def networks(
    country: str, inputs: Sequence[Place], *, at: str | None = None, settings: Settings | None = None
) -> dict[str, Any]:
    """A country's networks in the shape nightside.networks/1; `at` is ISO 8601, else the end of the input."""
    return _networks(country, [Path(i) for i in inputs], at=parse(at) if at else None, settings=settings)


def elements(files: Sequence[Place]) -> pa.RecordBatchReader:
    """Every element of these MRT files, in batches; polars, pandas and DuckDB take them as they are."""
    return element_batches([Path(f) for f in files])


def _table(signals: Sequence[Signal]) -> pa.Table:
    parts = []
    for signal in signals:
        begins, _ends, units, unknown = stretches(signal)
        columns = [
            pa.repeat(pa.scalar(signal.entity.type), len(begins)),
            pa.repeat(pa.scalar(signal.entity.code), len(begins)),
            pa.array(begins).cast(pa.timestamp("s", "UTC")),
            pa.array(units, mask=unknown),
            pa.array(["unknown" if u else "known" for u in unknown.tolist()], pa.string()),
        ]
        parts.append(pa.table(columns, schema=SIGNALS))
    return pa.concat_tables(parts) if parts else SIGNALS.empty_table()
