"""Findings made up, and every implementation of the store."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from nightside.model.entity import Entity
from nightside.model.incident import Episode, Incident, Provenance, Severity, View
from nightside.model.series import IncidentSeries, Lane
from nightside.store.embedded import EmbeddedStore
from nightside.store.protocol import Store

KP = Entity("country", "KP", "North Korea")

OpenStore = Callable[[], AbstractContextManager[Store]]


def finding(
    began: int,
    ended: int | None,
    *,
    entity: Entity = KP,
    severity: Severity = "total",
    lowest_units: int = 0,
    version: str = "1",
    seen_until: int | None = None,
) -> tuple[Incident, IncidentSeries]:
    """One finding of a single episode, with its series; `seen_until` is the end of the series."""
    episode = Episode(severity, began, ended, lowest_units / 4, lowest_units)
    incident = Incident(
        entity=entity,
        status="ongoing" if ended is None else "restored",
        closed_as=None,
        severity=severity,
        headline=None if severity == "instability" else episode,
        began=began,
        ended=ended,
        baseline_units=4,
        lowest_units=lowest_units,
        lowest=lowest_units / 4,
        episodes=[] if severity == "instability" else [episode],
        instability=[],
        networks=[],
        operators=[],
        upstreams=[],
        view=View(None, None),
        local_time=None,
        provenance=Provenance([("rrc00/updates.gz", "0" * 64)], None, version, False, None),
        settings={"total_at": 0.05},
    )
    until = seen_until if seen_until is not None else (began if ended is None else ended)
    series = IncidentSeries(
        began - 60, until, [began - 60, began], [4, lowest_units], [4, 4], [], [Lane("175.45.176.0/24", [])]
    )
    return incident, series


@pytest.fixture(params=["embedded"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    """Opens the one store of this test, as often as it is called."""
    assert request.param == "embedded"
    return lambda: EmbeddedStore(tmp_path / "store")


@pytest.fixture(params=["embedded"])
def store_at(request: pytest.FixtureRequest) -> Callable[[Path], AbstractContextManager[Store]]:
    """Opens a store in a folder, for tests that need many."""
    assert request.param == "embedded"
    return EmbeddedStore


@pytest.fixture
def make_finding() -> Callable[..., tuple[Incident, IncidentSeries]]:
    """`finding`."""
    return finding
