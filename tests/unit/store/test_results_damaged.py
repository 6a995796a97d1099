"""A segment of results that is missing or damaged is told in words; the rest of the store goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nightside.model.check import CheckResult
from nightside.model.errors import NightsideError
from nightside.store import results
from nightside.store.embedded import EmbeddedStore


def result(second: int) -> CheckResult:
    return CheckResult(second, "here", "KP", "news", "state media", "http", "", 4, None, "ok", None, None)


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"PAR1 no more")])
def test_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], object]
) -> None:
    monkeypatch.setattr(results, "MOST_LOOSE", 10)
    with EmbeddedStore(tmp_path) as store:
        store.put_results([result(i) for i in range(10)])
        (segment,) = (tmp_path / "checks").glob("*.parquet")
        damage(segment)
        with pytest.raises(NightsideError, match="results of checks cannot be read"):
            store.results("KP", 0, 20)
        assert store.put_results([result(100)]) == 1
        assert store.results("KP", 50, 200).num_rows == 1


def test_a_disk_that_refuses_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MOST_LOOSE", 10)
    with EmbeddedStore(tmp_path) as store:
        (tmp_path / "checks").write_text("in the way")
        with pytest.raises(NightsideError, match="cannot be written"):
            store.put_results([result(i) for i in range(10)])
        (tmp_path / "checks").unlink()
        assert store.put_results([result(i) for i in range(10)]) == 0
        assert store.results("KP", 0, 20).num_rows == 10
        assert len(list((tmp_path / "checks").glob("*.parquet"))) == 1
    with EmbeddedStore(tmp_path, read_only=True) as store:
        assert store.results("KP", 0, 20).num_rows == 10
        with pytest.raises(NightsideError, match="read only"):
            store.put_results([result(100)])
