"""What every store must do with the flips of incidents."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from nightside.store.protocol import Store

T0 = 1_419_131_400
HOUR = 3600
ID = "KP-20141221T0310Z"

Make = Callable[..., Any]
OpenStore = Callable[[], AbstractContextManager[Store]]


def flips(count: int, *, path: str | None = "100 4837 131279") -> pa.Table:
    """Made-up flips, one a second; the odd ones of AS200."""
    odd = [i % 2 == 1 for i in range(count)]
    columns = {
        "time": pa.array([T0 + i for i in range(count)], pa.int64()).cast(pa.timestamp("s", "UTC")),
        "collector": pa.array(["rrc00"] * count, pa.string()).dictionary_encode(),
        "peer_address": pa.array(["2001:db8::2" if o else "192.0.2.1" for o in odd], pa.string()),
        "peer_asn": pa.array([200 if o else 100 for o in odd], pa.uint32()),
        "prefix": pa.array([f"175.45.{176 + i % 4}.0/24" for i in range(count)], pa.string()),
        "kind": pa.array(["lost"] * count, pa.string()),
        "source": pa.array(["update"] * count, pa.string()),
        "origin": pa.array([131279] * count, pa.uint32()),
        "path": pa.array([path] * count, pa.string()),
        "file": pa.array([None] * count, pa.string()),
        "offset": pa.array([None] * count, pa.int64()),
    }
    sessions = [["rrc00", "192.0.2.1", 100], ["rrc00", "2001:db8::2", 200]]
    return pa.table(columns, metadata={"peers": json.dumps(sessions)})


def rows(store: Store, **narrowed: Any) -> list[dict[str, Any]]:
    found = store.flips(ID, **narrowed)
    assert found is not None
    return list(found.read_all().to_pylist())


@pytest.fixture
def open_filled(open_store: OpenStore, make_finding: Make) -> OpenStore:
    """The store with one incident, without flips."""
    with open_store() as store:
        assert store.put_incident(*make_finding(T0, T0 + HOUR))["id"] == ID
    return open_store


def test_flips_are_there_when_the_store_is_opened_again(open_filled: OpenStore) -> None:
    with open_filled() as store:
        store.put_flips(ID, flips(5))
    with open_filled() as store:
        assert rows(store) == flips(5).to_pylist()
        found = store.flips(ID)
        assert found is not None
        assert json.loads(found.schema.metadata[b"peers"])[1] == ["rrc00", "2001:db8::2", 200]


def test_no_flips_is_not_the_same_as_flips_never_stored(open_filled: OpenStore) -> None:
    with open_filled() as store:
        assert store.flips(ID) is None
        assert store.flips("KP-20000101T0000Z") is None
        store.put_flips(ID, flips(0))
        assert rows(store) == []


def test_flips_of_an_unknown_incident_are_refused(open_filled: OpenStore) -> None:
    with open_filled() as store:
        with pytest.raises(LookupError):
            store.put_flips("SY-20141221T0310Z", flips(1))
        assert store.flips("SY-20141221T0310Z") is None


@pytest.mark.parametrize("name", ["../KP-20141221T0310Z", "/etc/passwd", "", "KP-20141221T0310Z/x", "a\0b"])
def test_an_id_that_is_none_has_no_flips(open_filled: OpenStore, name: str) -> None:
    with open_filled() as store:
        store.put_flips(ID, flips(1))
        assert store.flips(name) is None


def test_flips_put_again_stand_in_the_place_of_the_former(open_filled: OpenStore) -> None:
    with open_filled() as store:
        store.put_flips(ID, flips(5))
        reading = store.flips(ID)
        store.put_flips(ID, flips(2, path=None))
        assert rows(store) == flips(2, path=None).to_pylist()
        # Who began to read before reads what was there then.
        assert reading is not None
        assert reading.read_all().to_pylist() == flips(5).to_pylist()


def test_flips_by_peer(open_filled: OpenStore) -> None:
    with open_filled() as store:
        store.put_flips(ID, flips(5))
        every = flips(5).to_pylist()
        assert rows(store, peer=100) == every[::2]
        assert rows(store, peer="2001:db8::2") == every[1::2]
        assert rows(store, peer=300) == rows(store, peer="192.0.2.9") == []


def test_flips_are_read_in_parts_and_from_anywhere(open_filled: OpenStore) -> None:
    count = 200_000
    many = flips(count)
    with open_filled() as store:
        store.put_flips(ID, many)
        found = store.flips(ID)
        assert found is not None
        parts = [batch.num_rows for batch in found]
        assert sum(parts) == count
        assert len(parts) > 1
        for skip in (0, 1, 65_535, 65_536, 131_073, count - 1, count, count + 1):
            expected = [T0 + i for i in range(skip, min(skip + 3, count))]
            got = store.flips(ID, skip=skip)
            assert got is not None
            times = got.read_all()["time"].slice(0, 3).to_pylist()
            assert [int(t.timestamp()) for t in times] == expected
        for skip in (1, 40_000, 99_999):
            of_one = store.flips(ID, peer=200, skip=skip)
            assert of_one is not None
            assert int(of_one.read_all()["time"][0].as_py().timestamp()) == T0 + 2 * skip + 1


def test_a_closed_reader_lets_go(open_filled: OpenStore, tmp_path: Path) -> None:
    with open_filled() as store:
        store.put_flips(ID, flips(5))
        found = store.flips(ID)
        assert found is not None
        found.close()
