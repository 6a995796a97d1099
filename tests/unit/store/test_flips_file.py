"""The files of flips in the embedded store: damage is told, and nothing half written is read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from nightside.model.errors import NightsideError
from nightside.store import flips
from nightside.store.local_files import LocalFiles

ID = "KP-20141221T0310Z"


def table(count: int) -> pa.Table:
    addresses = [f"192.0.{i // 250 % 250}.{i % 250}" for i in range(count)]
    return pa.table({"peer_address": addresses, "peer_asn": pa.array(range(count), pa.uint32())})


def test_a_file_that_is_none_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "flips").mkdir()
    (tmp_path / "flips" / f"{ID}.parquet").write_bytes(b"no Parquet at all")
    with pytest.raises(NightsideError, match="flips cannot be read") as refused:
        flips.read(LocalFiles(tmp_path / "flips"), ID, None, 0)
    assert refused.value.where == str(tmp_path / "flips" / f"{ID}.parquet")
    assert "replay" in refused.value.advice


def test_damage_in_the_middle_is_told_when_it_is_reached(tmp_path: Path) -> None:
    flips.write(LocalFiles(tmp_path / "flips"), ID, table(200_000))
    path = tmp_path / "flips" / f"{ID}.parquet"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    path.write_bytes(content)
    found = flips.read(LocalFiles(tmp_path / "flips"), ID, None, 0)
    assert found is not None
    with pytest.raises(NightsideError, match="flips cannot be read"):
        found.read_all()


def test_what_a_killed_writer_left_is_never_read(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "flips")
    (tmp_path / "flips").mkdir()
    (tmp_path / "flips" / f"{ID}.parquet.0123.part").write_bytes(b"half")
    assert flips.read(files, ID, None, 0) is None
    flips.write(files, ID, table(3))
    assert files.names() == [f"{ID}.parquet"]


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "flips").write_text("a file where the folder should be")
    with pytest.raises(NightsideError, match="flips cannot be written"):
        flips.write(LocalFiles(tmp_path / "flips"), ID, table(1))
