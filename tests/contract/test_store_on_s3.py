"""A store on PostgreSQL whose files lie on a storage that speaks S3: what holds of folders holds there."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from postgres_server import PostgresServer
from s3_server import Cut, S3Server

from nightside.model.check import CheckResult
from nightside.model.entity import Entity
from nightside.model.errors import NightsideError
from nightside.model.signal import Signal
from nightside.store import remote_files, results
from nightside.store.embedded import EmbeddedStore
from nightside.store.postgres import PostgresStore
from nightside.store.postgres_address import PostgresAddress
from nightside.store.protocol import Store

pytestmark = pytest.mark.xdist_group("s3")

KP, SY = Entity("country", "KP", "North Korea"), Entity("country", "SY", "Syria")
DAY_S = 86_400

OpenStore = Callable[[], AbstractContextManager[Store]]


@pytest.fixture
def on_s3(postgres_server: PostgresServer, s3_bucket: str) -> OpenStore:
    """Opens the one store of this test, as often as it is called."""
    address = PostgresAddress(postgres_server.url(postgres_server.new_database()))
    return lambda: PostgresStore(address, f"{s3_bucket}/store")


def result(second: int) -> CheckResult:
    return CheckResult(second, "here", "KP", "a", "b", "http", "", 4, None, "ok", None, None)


def fill(store: Store, make_finding: Callable[..., Any]) -> str:
    """Samples put 45 times (so that they are merged), results of checks, an incident with flips; its id."""
    random_ = random.Random(7)
    for day in range(45):
        begin = day * DAY_S // 3
        signals = [
            Signal(e, [begin, begin + 600], [random_.randrange(9), 3], begin + DAY_S // 2) for e in (KP, SY)
        ]
        store.put_samples(signals, {KP: [(0, 4)]})
    store.put_results([result(second) for second in range(10)])
    store.put_results([result(second) for second in range(5, 20)])
    id: str = store.put_incident(*make_finding(1_419_131_400, 1_419_135_000))["id"]
    store.put_flips(id, pa.table({"peer_asn": pa.array(range(1000), pa.uint32())}))
    return id


def told(store: Store, id: str) -> list[Any]:
    flips = store.flips(id, peer=7)
    assert flips is not None
    return [
        store.entities(),
        *(
            ask("country", code, 0, 20 * DAY_S).to_pylist()
            for ask in (store.samples, store.rollup)
            for code in ("KP", "SY")
        ),
        store.results("KP", 0, 30).to_pylist(),
        flips.read_all().to_pylist(),
    ]


def test_it_tells_what_a_store_in_a_folder_tells(
    on_s3: OpenStore, tmp_path: Path, make_finding: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MOST_LOOSE", 8)
    with EmbeddedStore(tmp_path) as embedded:
        expected = told(embedded, fill(embedded, make_finding))
    with on_s3() as store:
        id = fill(store, make_finding)
        assert told(store, id) == expected
    with on_s3() as store:
        assert told(store, id) == expected
        assert list(store.check()) == []
        done = store.compact()
        assert done.segments_after < done.segments_before
        assert told(store, id) == expected
        store.compact()
        assert told(store, id) == expected
        assert len(store.files.child("segments").names()) == done.segments_after
    with on_s3() as store:
        assert told(store, id) == expected
        assert list(store.check()) == []


def test_an_object_that_was_deleted_behind_our_back(on_s3: OpenStore) -> None:
    with on_s3() as store:
        store.put_samples([Signal(KP, [0], [4], 600)], {})
        (name,) = store.files.child("segments").names()
        store.put_samples([Signal(KP, [600], [5], 1200)], {})
        store.files.child("segments").delete(name)
    with on_s3() as store:
        with pytest.raises(NightsideError, match="samples cannot be read") as refused:
            store.samples("country", "KP", 0, 1200)
        assert "nightside store check" in refused.value.advice
        assert [(each.kind, each.where) for each in store.repair()] == [("file-missing", f"segments/{name}")]
        assert [row["units"] for row in store.samples("country", "KP", 0, 1200).to_pylist()] == [5]


def test_a_storage_that_breaks_off_leaves_nothing_half(
    on_s3: OpenStore, s3_server: S3Server, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    random_ = random.Random(1)
    units = [random_.randrange(1 << 30) for _ in range(200_000)]
    signal = Signal(KP, list(range(0, 400_000, 2)), units, 400_000)
    with on_s3() as store:
        store.put_samples([Signal(KP, [0], [4], 600)], {})
    link = Cut(s3_server.port, 100_000)
    monkeypatch.setenv("AWS_ENDPOINT_URL", link.endpoint)
    monkeypatch.setattr(remote_files, "ATTEMPTS", 2)
    with on_s3() as store, pytest.raises(NightsideError, match="samples cannot be written"):
        store.put_samples([signal], {})
    assert link.cuts > 0
    link.close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
    with on_s3() as store:
        assert [row["units"] for row in store.samples("country", "KP", 0, 600).to_pylist()] == [4]
        assert len(store.files.child("segments").names()) == 1
        assert list(store.check()) == []
        store.put_samples([signal], {})
        assert store.samples("country", "KP", 0, 400_000).num_rows == 200_000


def test_no_two_stores_share_a_place(
    on_s3: OpenStore, postgres_server: PostgresServer, s3_bucket: str
) -> None:
    with on_s3() as store:
        store.put_samples([Signal(KP, [0], [4], 600)], {})
    other = PostgresAddress(postgres_server.url(postgres_server.new_database()))
    with pytest.raises(NightsideError, match="the files of another store lie here") as refused:
        PostgresStore(other, f"{s3_bucket}/store")
    assert "NIGHTSIDE_SEGMENTS" in refused.value.advice
    # Nothing was made, so another place can be named.
    PostgresStore(other, f"{s3_bucket}/of-its-own").close()


def test_a_new_store_in_a_bucket_that_is_missing_is_refused(
    postgres_server: PostgresServer, s3_bucket: str
) -> None:
    address = PostgresAddress(postgres_server.url(postgres_server.new_database()))
    with pytest.raises(NightsideError, match="there is no such bucket"):
        PostgresStore(address, f"{s3_bucket}-of-nobody/store")
