"""Files on a real storage that speaks S3, and what becomes of them when it fails."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pyarrow as pa
import pytest
from s3_server import Cut, S3Server

from nightside.model.errors import NightsideError
from nightside.store import remote_files
from nightside.store.files import files_at
from nightside.store.folder_errors import readable, written

pytestmark = pytest.mark.xdist_group("s3")

LARGE = os.urandom(24 << 20)
"""Large enough to be sent in several parts."""


@pytest.fixture
def cut(s3_server: S3Server, s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cut]:
    """The environment leads over a link that breaks after 6 MB of a connection."""
    link = Cut(s3_server.port, 6 << 20)
    monkeypatch.setenv("AWS_ENDPOINT_URL", link.endpoint)
    monkeypatch.setattr(remote_files, "ATTEMPTS", 2)
    yield link
    link.close()


def test_what_is_large_is_whole(s3_bucket: str, s3_server: S3Server) -> None:
    files = files_at(f"{s3_bucket}/a")
    files.write_bytes("large", LARGE)
    assert files.read_bytes("large") == LARGE
    assert files.size("large") == len(LARGE)
    assert s3_server.uploads(s3_bucket) == 0


def test_a_write_that_breaks_off_leaves_what_was_there(
    s3_bucket: str, s3_server: S3Server, cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_at(f"{s3_bucket}/a")
    files.write_bytes("large", b"before")
    for name in ("large", "new"):
        with pytest.raises(NightsideError, match="cannot be written") as refused, written(files, name):
            files.write_bytes(name, LARGE)
        assert refused.value.where == f"{s3_bucket}/a/{name}"
        assert len(str(refused.value).splitlines()) <= 2
    assert cut.cuts > 0
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
    assert files.names() == ["large"]
    assert files.read_bytes("large") == b"before"


def test_a_server_that_is_gone_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_files, "ATTEMPTS", 2)
    server = S3Server()
    server.start()
    try:
        server.surroundings(monkeypatch.setenv)
        files = files_at(f"{server.bucket()}/segments")
        files.write_bytes("a", b"1")
    finally:
        server.kill()
    began = time.monotonic()
    with pytest.raises(NightsideError, match="samples cannot be read") as unread, readable(files):
        files.read_bytes("a")
    with pytest.raises(NightsideError, match="samples cannot be written") as unwritten, written(files):
        files.write_bytes("b", b"")
    for each in (unread.value, unwritten.value):
        assert "the storage does not answer" in each.what
        assert "AWS_ENDPOINT_URL" in each.advice
    assert time.monotonic() - began < 30


def test_a_bucket_that_is_missing_is_told(s3_bucket: str) -> None:
    files = files_at(f"{s3_bucket}-of-nobody/segments")
    with pytest.raises(NightsideError, match="there is no such bucket"), written(files):
        files.write_bytes("a", b"")
    with pytest.raises(NightsideError, match="there is no such bucket") as refused, readable(files):
        files.open("a")
    assert "NIGHTSIDE_SEGMENTS" in refused.value.advice
    with pytest.raises(OSError, match="NO_SUCH_BUCKET"):
        files.ask()
    files_at(f"{s3_bucket}/not/there/yet").ask()


def test_who_is_nobody_is_told(s3_server: S3Server, s3_bucket: str) -> None:
    files = files_at(f"{s3_bucket}/segments")
    files.write_bytes("a", b"1")
    s3_server.refuse_everybody(refuse=True)
    try:
        with pytest.raises(NightsideError, match="the storage refuses us") as refused, readable(files):
            files.read_bytes("a")
        assert "AWS_ACCESS_KEY_ID" in refused.value.advice
        with pytest.raises(NightsideError, match="the storage refuses us"), written(files):
            files.write_bytes("a", b"2")
    finally:
        s3_server.refuse_everybody(refuse=False)
    assert files.read_bytes("a") == b"1"


def test_what_is_deleted_while_it_is_read_is_missing(s3_bucket: str) -> None:
    files = files_at(f"{s3_bucket}/segments")
    table = pa.table({"a": pa.array(range(1 << 18))})
    files.write("a.parquet", table, compression="none", use_dictionary=False)

    def read() -> None:
        with files.parquet("a.parquet") as file:
            files.delete("a.parquet")
            file.read()

    with pytest.raises(FileNotFoundError):
        read()
