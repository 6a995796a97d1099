"""What makes reads fast, told by what they touch and not by a clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from nightside.model.entity import Entity
from nightside.model.signal import Signal
from nightside.store import listing, segment_reader
from nightside.store.embedded import EmbeddedStore
from nightside.store.segments import ROWS_PER_GROUP

DAY = 86400
ENTITIES = [Entity("asn", str(n), f"N {n}") for n in range(1, 201)]


@pytest.fixture
def three_days(tmp_path: Path) -> Path:
    """288 samples a day of each entity: a day is more than three row groups."""
    assert len(ENTITIES) * 288 > 3 * ROWS_PER_GROUP
    with EmbeddedStore(tmp_path) as store:
        for day in range(3):
            times = list(range(day * DAY, (day + 1) * DAY, 300))
            units = [100 + i % 2 for i in range(288)]
            store.put_samples([Signal(e, times, units, (day + 1) * DAY) for e in ENTITIES])
    return tmp_path


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many footers and row groups were read from files."""
    count = {"footers": 0, "row groups": 0}
    opened, group = pq.ParquetFile.__init__, pq.ParquetFile.read_row_group

    def open_file(*words: Any, **more: Any) -> None:
        count["footers"] += more.get("metadata") is None
        opened(*words, **more)

    def read_row_group(*words: Any, **more: Any) -> Any:
        count["row groups"] += 1
        return group(*words, **more)

    monkeypatch.setattr(pq.ParquetFile, "__init__", open_file)
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", read_row_group)
    return count


def test_a_day_of_one_entity_is_one_or_two_row_groups_of_one_file(
    three_days: Path, touched: dict[str, int]
) -> None:
    with EmbeddedStore(three_days, read_only=True) as store:
        for entity in ENTITIES[:10]:
            assert store.samples("asn", entity.code, DAY, 2 * DAY).num_rows == 288
        assert touched["footers"] == 1
        # "1", "10", "100" … "11" lie side by side, and may lie across a border.
        assert touched["row groups"] <= 4
        for _ in range(5):
            store.samples("asn", "1", DAY, 2 * DAY)
        assert touched["row groups"] <= 4


def test_hours_and_states_touch_no_segment(three_days: Path, touched: dict[str, int]) -> None:
    with EmbeddedStore(three_days, read_only=True) as store:
        assert store.rollup("asn", "7", 0, 3 * DAY).num_rows == 72
        assert len(store.entities("asn")) == 200
    assert touched == {"footers": 0, "row groups": 0}


def test_memory_is_bounded(three_days: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_reader, "ROW_GROUPS", 2)
    monkeypatch.setattr(segment_reader, "FOOTERS", 1)
    with EmbeddedStore(three_days, read_only=True) as store:
        for day in (0, 2, 1, 0):
            for entity in ENTITIES[::20]:
                store.samples("asn", entity.code, day * DAY, (day + 1) * DAY)
        assert store._reader._row_group.cache_info().currsize == 2
        assert store._reader._footer.cache_info().currsize == 1


@pytest.mark.parametrize(
    "narrowed",
    [
        {},
        {"severity": "total"},
        {"status": "ongoing"},
        {"codes": ["KP"], "type": "country"},
        {"begin": 0, "end": 10**9},
        {"after": "WzE0MTkxMzE0MDAsImNvdW50cnkiLCJLUCIsIktQLTIwMTQxMjIxVDAzMTBaIl0"},
    ],
)
def test_a_list_is_chosen_in_order_from_an_index_alone(tmp_path: Path, narrowed: dict[str, Any]) -> None:
    nothing = dict.fromkeys(["type", "begin", "end", "severity", "status", "after"])
    asked = nothing | {"codes": (), "newest_first": True, "limit": 50} | narrowed
    with EmbeddedStore(tmp_path) as store, store._reading() as connection:
        statements: list[str] = []
        connection.set_trace_callback(statements.append)
        listing.ids(connection, **asked)
        connection.set_trace_callback(None)
        plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statements[0]}"))
    assert "USING COVERING INDEX" in plan
    assert "TEMP B-TREE" not in plan
