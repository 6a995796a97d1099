"""A store that is looked over and repaired: whatever was lost is said, what can be read stays, nothing else fails."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from nightside.model.check import CheckResult
from nightside.model.entity import Entity
from nightside.model.errors import NightsideError
from nightside.model.signal import Signal
from nightside.model.store_care import StoreFinding
from nightside.store import results, segments
from nightside.store.files import LEFT_S, Files
from nightside.store.protocol import Store

KP, SY = Entity("country", "KP", "North Korea"), Entity("country", "SY", "Syria")
DAY_S = 86_400

OpenStore = Callable[[], AbstractContextManager[Store]]


def put_days(store: Store, *days: int) -> None:
    """Samples of each of these days, a call each: the units are the day's number and the hour."""
    for day in days:
        times = [day * DAY_S + 3600 * hour for hour in range(24)]
        units = [100 * day + hour for hour in range(24)]
        store.put_samples([Signal(e, times, units, (day + 1) * DAY_S) for e in (KP, SY)], {})


def told(store: Store, code: str, first_day: int, behind: int) -> list[int | None]:
    rows = store.samples("country", code, first_day * DAY_S, behind * DAY_S).to_pylist()
    return [row["units"] for row in rows]


def kinds(found: list[StoreFinding]) -> list[str]:
    return [each.kind for each in found]


def files_of(store: Store, name: str) -> Files:
    files: Files = store.files.child(name)
    return files


def overwrite(files: Files, name: str, at: float, count: int = 64) -> None:
    """As a disk does that has forgotten a few bytes, at this share of a file."""
    content = bytearray(files.read_bytes(name))
    first = int(at * len(content))
    content[first : first + count] = os.urandom(count)
    files.write_bytes(name, bytes(content))


def everything(store: Store) -> list[Any]:
    return [
        store.entities(),
        *(
            ask("country", code, 0, 9 * DAY_S).to_pylist()
            for ask in (store.samples, store.rollup)
            for code in ("KP", "SY")
        ),
    ]


def test_a_sound_store_has_no_findings(
    open_store: OpenStore, make_finding: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MOST_LOOSE", 4)
    with open_store() as store:
        put_days(store, *range(40))
        store.put_incident(*make_finding(1_419_131_400, 1_419_135_000))
        store.put_incident(*make_finding(1_419_131_400, 1_419_135_060))
        store.put_results(
            [CheckResult(n, "here", "KP", "a", "b", "http", "", 4, None, "ok", None, None) for n in range(9)]
        )
        before = everything(store)
        assert list(store.check()) == []
        assert list(store.repair()) == []
        assert everything(store) == before


def test_an_empty_store_has_none(open_store: OpenStore) -> None:
    with open_store() as store:
        assert list(store.check()) == []


def test_a_segment_that_is_missing_is_unknown_afterwards(open_store: OpenStore) -> None:
    with open_store() as store:
        put_days(store, 1)
        (first,) = files_of(store, "segments").names()
        put_days(store, 2, 3)
        hours = store.rollup("country", "KP", 0, 9 * DAY_S).to_pylist()
        files_of(store, "segments").delete(first)
    with open_store() as store:
        with pytest.raises(NightsideError, match="samples cannot be read"):
            told(store, "KP", 1, 4)
        (found,) = store.check()
        assert (found.kind, found.where, found.damage) == ("file-missing", f"segments/{first}", True)
        assert "country KP, country SY from 1970-01-02T00:00:00Z to 1970-01-03T00:00:00Z" in found.said
        assert found.advice is not None
        assert "Replay" in found.advice
        assert [each.repaired for each in store.repair()] == [True]
        assert told(store, "KP", 1, 4) == [*range(200, 224), *range(300, 324)]
        # What was worked out of it is known still.
        assert store.rollup("country", "KP", 0, 9 * DAY_S).to_pylist() == hours
        assert list(store.check()) == []
        put_days(store, 1)
        assert told(store, "KP", 1, 4) == [100 * day + hour for day in (1, 2, 3) for hour in range(24)]


def test_a_folder_that_is_not_mounted_is_no_loss(open_store: OpenStore, tmp_path: Path) -> None:
    with open_store() as store:
        put_days(store, 1, 2)
        before = everything(store)
        segments_ = Path(files_of(store, "segments").place)
        segments_.rename(tmp_path / "elsewhere")
        for care in (store.check, store.repair):
            with pytest.raises(
                NightsideError, match="folder of samples is not there, and 2 files"
            ) as refused:
                list(care())
            assert refused.value.where == str(segments_)
            assert "mount it" in refused.value.advice
        (tmp_path / "elsewhere").rename(segments_)
        assert list(store.repair()) == []
        assert everything(store) == before


def test_of_a_damaged_segment_what_can_be_read_stays(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "ROWS_PER_GROUP", 12)
    with open_store() as store:
        put_days(store, 1)
        (name,) = files_of(store, "segments").names()
        put_days(store, 2)
        # Four row groups; the footer takes most of so small a file.
        overwrite(files_of(store, "segments"), name, 0.01)
    with open_store() as store:
        (found,) = store.check()
        assert (found.kind, found.where, found.damage) == ("file-damaged", f"segments/{name}", True)
        assert "row group 0 cannot be read" in found.said
        assert "country KP from 1970-01-02T00:00:00Z to 1970-01-02T12:00:00Z" in found.said
        assert [each.repaired for each in store.repair()] == [True]
        assert told(store, "KP", 1, 3) == [*range(112, 124), *range(200, 224)]
        assert told(store, "SY", 1, 3) == [*range(100, 124), *range(200, 224)]
        assert list(store.check()) == []
        assert name not in files_of(store, "segments").names()
        # The same input again brings back all of it.
        put_days(store, 1)
        assert told(store, "KP", 1, 3) == [*range(100, 124), *range(200, 224)]


@pytest.mark.parametrize("content", [b"", b"PAR1 no more"])
def test_a_segment_that_is_none_any_more_is_unknown_afterwards(open_store: OpenStore, content: bytes) -> None:
    with open_store() as store:
        put_days(store, 1)
        (name,) = files_of(store, "segments").names()
        put_days(store, 2)
        files_of(store, "segments").write_bytes(name, content)
    with open_store() as store:
        assert kinds(list(store.check())) == ["file-damaged"]
        assert [each.repaired for each in store.repair()] == [True]
        assert told(store, "KP", 1, 3) == list(range(200, 224))
        assert list(store.check()) == []


def test_another_segment_under_its_name_is_found(open_store: OpenStore) -> None:
    with open_store() as store:
        put_days(store, 1)
        (one,) = files_of(store, "segments").names()
        put_days(store, 2)
        (other,) = set(files_of(store, "segments").names()) - {one}
        files_of(store, "segments").write_bytes(one, files_of(store, "segments").read_bytes(other))
    with open_store() as store:
        assert kinds(list(store.check())) == ["file-damaged"]
        list(store.repair())
        assert told(store, "KP", 1, 3) == list(range(200, 224))
        assert list(store.check()) == []


def test_files_that_nobody_knows_go_once_they_are_old(open_store: OpenStore, tmp_path: Path) -> None:
    with open_store() as store:
        put_days(store, 1)
        for place in ("segments", "checks", "flips"):
            files_of(store, place).write_bytes("0123.parquet", b"of nobody")
        assert list(store.check()) == []
        long_ago = time.time() - LEFT_S - 60
        left = list(tmp_path.rglob("0123.parquet"))
        assert len(left) == 3
        for path in left:
            os.utime(path, times=(long_ago, long_ago))
        found = list(store.check())
        assert kinds(found) == ["file-unknown"] * 3
        assert not any(each.damage for each in found)
        assert all(each.repaired for each in store.repair())
        assert not any(path.exists() for path in left)
        assert list(store.check()) == []
        assert told(store, "KP", 1, 2) == list(range(100, 124))


def test_flips_that_are_damaged_are_told_and_left(
    open_store: OpenStore, make_finding: Callable[..., Any]
) -> None:
    import pyarrow as pa

    with open_store() as store:
        id = store.put_incident(*make_finding(1_419_131_400, 1_419_135_000))["id"]
        store.put_flips(id, pa.table({"peer_asn": pa.array(range(100_000), pa.uint32())}))
        assert list(store.check()) == []
        overwrite(files_of(store, "flips"), f"{id}.parquet", 0.5)
        (found,) = store.repair()
        assert (found.kind, found.where, found.repaired) == ("file-damaged", f"flips/{id}.parquet", False)
        assert found.advice is not None
        assert "Replay" in found.advice
        assert files_of(store, "flips").exists(f"{id}.parquet")


def test_results_that_are_damaged_are_taken_out(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def result(n: int) -> CheckResult:
        return CheckResult(n, "here", "KP", "a", "b", "http", "", 4, None, "ok", None, None)

    monkeypatch.setattr(results, "MOST_LOOSE", 10)
    with open_store() as store:
        store.put_results([result(n) for n in range(10)])
        (first,) = files_of(store, "checks").names()
        store.put_results([result(n) for n in range(100, 110)])
        store.put_results([result(n) for n in range(200, 205)])
        overwrite(files_of(store, "checks"), first, 0.05)
        (found,) = store.check()
        assert (found.kind, found.where, found.damage) == ("file-damaged", f"checks/{first}", True)
        with pytest.raises(NightsideError, match="cannot be read"):
            store.results("KP", 0, 300)
        assert [each.repaired for each in store.repair()] == [True]
        assert [r["at"].timestamp() for r in store.results("KP", 0, 300).to_pylist()] == [
            *range(100, 110),
            *range(200, 205),
        ]
        assert list(store.check()) == []
