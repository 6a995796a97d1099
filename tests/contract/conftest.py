"""Findings made up, and every implementation of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import pytest

from nightside.model.entity import Entity
from nightside.model.incident import Episode, Incident, Provenance, Severity, View
from nightside.model.series import IncidentSeries, Lane
from nightside.store.embedded import EmbeddedStore
from nightside.store.postgres import PostgresStore
from nightside.store.postgres_address import PostgresAddress
from nightside.store.protocol import Store

if TYPE_CHECKING:
    from dask_cluster import DaskCluster
    from postgres_server import PostgresServer

KP = Entity("country", "KP", "North Korea")

OpenStore = Callable[[], AbstractContextManager[Store]]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A scheduler and two workers that come back when they are killed."""
    from dask_cluster import DaskCluster

    cluster = DaskCluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.add_workers(2, restarted=True)
        yield cluster
    finally:
        cluster.stop()


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


@pytest.fixture(scope="session")
def empty_catalogue(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path], PostgresAddress]:
    """Makes a new store on PostgreSQL whose files lie in a folder, quickly: it copies one."""
    made = postgres_server.new_database()
    PostgresStore(PostgresAddress(postgres_server.url(made)), str(tmp_path_factory.mktemp("files"))).close()

    def copied(folder: Path) -> PostgresAddress:
        name = postgres_server.new_database(like=made)
        postgres_server.run(f"UPDATE nightside.catalogue SET segments = '{folder}'", name)
        return PostgresAddress(postgres_server.url(name))

    return copied


@pytest.fixture(params=["embedded", "postgres"])
def store_at(request: pytest.FixtureRequest) -> Callable[[Path], AbstractContextManager[Store]]:
    """Opens the store of a folder, for tests that need many."""
    if request.param == "embedded":
        return EmbeddedStore
    empty_catalogue: Callable[[Path], PostgresAddress] = request.getfixturevalue("empty_catalogue")
    known: dict[Path, PostgresAddress] = {}
    one_at_a_time = Lock()

    def opened(folder: Path) -> Store:
        with one_at_a_time:
            if folder not in known:
                known[folder] = empty_catalogue(folder)
        return PostgresStore(known[folder], str(folder))

    return opened


@pytest.fixture
def open_store(store_at: Callable[[Path], AbstractContextManager[Store]], tmp_path: Path) -> OpenStore:
    """Opens the one store of this test, as often as it is called."""
    return lambda: store_at(tmp_path / "store")


@pytest.fixture
def make_finding() -> Callable[..., tuple[Incident, IncidentSeries]]:
    """`finding`."""
    return finding
