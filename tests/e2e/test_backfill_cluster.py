"""`nightside backfill --engine`: days under way at once leave what the day-by-day run leaves, to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from all_stored import all_stored
from archive_server import ArchiveServer, archive_server, use_archive
from days_archive import COLLECTORS, FROM, TO, write_days
from made_once import made_once

from nightside.engine.backfill import backfill, plan_backfill
from nightside.engine.backfill_plan import Asked
from nightside.engine.executors.local import LocalExecutor
from nightside.engine.fetching import Told
from nightside.model.instants import parse
from nightside.sources import polite_http
from nightside.store.location import open_store


@pytest.fixture(scope="session")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive. Nobody may write into it."""
    return made_once(tmp_path_factory, "days", write_days)


@pytest.fixture
def server(days: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ArchiveServer]:
    with served(days, monkeypatch, tmp_path) as archive:
        yield archive


@contextmanager
def served(days: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[ArchiveServer]:
    quick = polite_http.Manners(tries=2, first_pause_s=0.01, longest_pause_s=0.02, jitter_s=0.01)
    for module in ("fetching", "backfill_readings"):
        monkeypatch.setattr(f"nightside.engine.{module}.Manners", lambda: quick)
    with archive_server(days) as archive:
        use_archive(archive, monkeypatch, folder)
        yield archive


@pytest.fixture(scope="session")
def undisturbed(days: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All that the day-by-day run leaves."""

    def run(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patched, served(days, patched, folder):
            plan = plan_backfill(asked(folder / "store"), Told())
            backfill(plan, Told(), processes=1)

    with open_store(made_once(tmp_path_factory, "undisturbed", run) / "store") as store:
        stored = all_stored(store)
    # What it is for: an outage over midnight, one of two days, one of minutes.
    assert len(stored["order"]) >= 3
    return stored


def asked(store: Path) -> Asked:
    return Asked(list(COLLECTORS), parse(FROM), parse(TO), ["KP"], [], store)


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of a cluster."""

    def two(_word: str | None, _processes: int | None, **_told: object) -> LocalExecutor:
        return LocalExecutor(2)

    monkeypatch.setattr("nightside.engine.backfill_readings.open_executor", two)


def fill(store: Path, said: list[str] | None = None, engine: str = "dask") -> dict[str, Any]:
    """Run a backfill; all that it leaves."""
    told = Told() if said is None else Told(warn=said.append, say=said.append)
    backfill(plan_backfill(asked(store), told), told, engine=engine, processes=1)
    with open_store(store) as opened:
        return all_stored(opened)


@pytest.mark.usefixtures("server", "two_processes")
@pytest.mark.parametrize("in_pieces", [False, True])
def test_days_at_once_leave_what_one_after_the_other_leaves(
    undisturbed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_pieces: bool
) -> None:
    if in_pieces:
        monkeypatch.setattr("nightside.engine.backfill_readings.ONE_JOB_BYTES", 0)
    said: list[str] = []
    assert fill(tmp_path / "store", said) == undisturbed
    assert [line[:10] for line in said if " days stored" in line] == [f"2014-12-{n}" for n in range(23, 28)]
    # Nothing of it is left behind.
    assert not list((tmp_path / "store" / "work").rglob("*.*"))
