"""A day that cannot be read: a hole of the archives is passed over, and a fault of a machine is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nightside.engine.backfill.jobs import Source
from nightside.engine.backfill.pieces import Bringing, read_collector
from nightside.engine.backfill.plan import Asked, Plan
from nightside.engine.backfill.progress import Progress
from nightside.engine.backfill.run import backfill
from nightside.engine.fetching import Told
from nightside.model.errors import InputError, UnreadableError
from nightside.model.instants import parse
from nightside.model.settings import Settings
from nightside.sources.polite_http import Manners
from nightside.store.files import files_at
from nightside.store.location import open_store

BEGIN, END = parse("2014-12-22"), parse("2014-12-24")
NOTHING = InputError("the archives have nothing")
UNREADABLE = UnreadableError("cannot be read: Input/output error", where="/cache/updates.gz")


def raises(error: Exception) -> Any:
    def raise_(*_given: object, **_named: object) -> None:
        raise error

    return raise_


@pytest.mark.parametrize("engine", [None, "dask"])
def test_days_that_are_not_there_are_passed_over_and_unreadable_ones_stop_it(
    engine: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = Asked(["rrc00"], BEGIN, END, ["KP"], [], tmp_path / "store")
    plan = Plan(asked, BEGIN, 0, 0, 0, 0, None, ("", ""))
    for module in ("backfill.readings.read_window", "backfill.readings.OnCluster.read"):
        monkeypatch.setattr(f"nightside.engine.{module}", raises(UNREADABLE))
    monkeypatch.setattr("nightside.engine.backfill.readings.OnCluster.require_sight", lambda _self: None)
    monkeypatch.setattr("nightside.engine.backfill.readings.open_executor", NoWorkers)
    with pytest.raises(UnreadableError, match="Input/output error"):
        backfill(plan, Told(), engine=engine)
    with open_store(asked.store) as store:
        assert Progress(store, asked).until == BEGIN
    for module in ("backfill.readings.read_window", "backfill.readings.OnCluster.read"):
        monkeypatch.setattr(f"nightside.engine.{module}", raises(NOTHING))
    said: list[str] = []
    backfill(plan, Told(say=said.append, warn=said.append), engine=engine)
    assert [text.split(";")[0] for text in said if "nothing to be had" in text] == [
        "2014-12-22: nothing to be had",
        "2014-12-23: nothing to be had",
    ]
    with open_store(asked.store) as store:
        assert Progress(store, asked).until == END


class NoWorkers:
    """An executor that is asked nothing."""

    workers = 0

    def __init__(self, *_given: object, **_named: object) -> None:
        """Takes what it is opened with."""

    def __enter__(self) -> NoWorkers:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing is under way."""


def test_a_collector_that_a_worker_cannot_read_is_not_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bringing = Bringing(Source(files_at(tmp_path), (), (), Manners()), BEGIN, END)
    monkeypatch.setattr(Bringing, "fetched", raises(UNREADABLE))
    with pytest.raises(UnreadableError):
        read_collector(bringing, "rrc00", Settings(), several=True)
    monkeypatch.setattr(Bringing, "fetched", raises(NOTHING))
    assert read_collector(bringing, "rrc00", Settings(), several=True).unit is None
