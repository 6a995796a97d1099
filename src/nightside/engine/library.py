"""Nightside as a library: the same answers as the command line's, as dicts and Arrow tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from nightside.engine.elements import Instant, Place, Warn, places, second_of
from nightside.engine.networks import networks as _networks
from nightside.engine.replay import replay as _replay
from nightside.model.incident import first_id
from nightside.model.settings import Settings
from nightside.model.signal import Signal
from nightside.model.stretches import stretches

SIGNALS = pa.schema(
    [
        ("type", pa.string()),
        ("code", pa.string()),
        ("time", pa.timestamp("s", "UTC")),
        ("units", pa.int64()),
        ("quality", pa.string()),
    ]
)


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
    begin: Instant | None = None,
    end: Instant | None = None,
    settings: Settings | None = None,
) -> Result:
    """Replay files or folders; nothing is stored.

    All countries unless `countries` or `asns` narrow it; `begin` and `end` narrow what is reported. Raises
    the errors of `nightside.model.errors`.
    """
    warnings: list[str] = []
    found = _replay(
        places(inputs),
        countries=countries,
        asns=asns,
        begin=second_of(begin),
        end=second_of(end),
        settings=settings,
        warn=warnings.append,
    )
    incidents = [
        incident.to_json(id=first_id(incident.entity, incident.began), revision=1, corrections=[])
        for incident, _series in found.incidents
    ]
    return Result(incidents, _table(found.signals), _table(found.health), warnings)


def networks(
    country: str,
    inputs: Sequence[Place],
    *,
    at: Instant | None = None,
    settings: Settings | None = None,
    warn: Warn = lambda _text: None,
) -> dict[str, Any]:
    """A country's networks in the shape nightside.networks/1, at the end of the second `at`, else of the input."""
    return _networks(country, places(inputs), at=second_of(at), settings=settings, warn=warn)


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
