"""Everything that a replay tells, as bytes: to be compared with what the same replay tells elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nightside.engine.executors.protocol import Executor
from nightside.engine.flips import incident_flips
from nightside.engine.replay import replay
from nightside.engine.shards.sharded import replay_on
from nightside.model.ndjson import dumps
from nightside.model.settings import Settings
from nightside.store.files import Files

Told = dict[str, list[str]]


def here(inputs: Sequence[Path], **asked: Any) -> Told:
    """By one process, all in memory."""
    warnings: list[str] = []
    found = replay(inputs, warn=warnings.append, **asked)
    flips = list(incident_flips(found, Settings(), warnings.append))
    return _told(found, flips, warnings)


def on(executor: Executor, place: Files, inputs: Sequence[Path], **asked: Any) -> Told:
    """By the workers of an executor."""
    warnings: list[str] = []
    found, flips = replay_on(executor, place, inputs, warn=warnings.append, **asked)
    return _told(found, flips, warnings)


def _told(found: Any, flips: Sequence[Any], warnings: list[str]) -> Told:
    line: Callable[[Any], str] = dumps
    return {
        "incidents": [line(i.to_json(id="X", revision=1, corrections=[])) for i, _series in found.incidents],
        "series": [repr(series) for _incident, series in found.incidents],
        "messages": [line([message.to_json() for message in each]) for each in found.messages],
        "signals": [repr(signal) for signal in found.signals],
        "baselines": [repr(each) for each in found.baselines.items()],
        "health": [repr(signal) for signal in found.health],
        "flips": [repr([table.schema.metadata, table.schema, table.to_pylist()]) for table in flips],
        "warnings": warnings,
    }
