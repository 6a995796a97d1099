"""The way through MRT bytes says the same as the way through columns."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from nightside.model.elements import Kind
from nightside.model.errors import UsageError
from nightside.scenes.benchmark import Block, MissingPiece, TablePiece
from nightside.wire.decoder import Decoder

_COLUMNS = (
    "time_us",
    "kind",
    "family",
    "prefix_hi",
    "prefix_len",
    "origin",
    "upstream",
    "old_state",
    "new_state",
)
Row = tuple[int | str | tuple[int, ...], ...]


@pytest.fixture(scope="module")
def folder(little_block: Block, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("block")
    little_block.write(folder)
    return folder


def _rows(columns: object, asns: list[int], addresses: list[str]) -> Counter[Row]:
    parts = [getattr(columns, name)[: columns.count].tolist() for name in _COLUMNS]  # type: ignore[attr-defined]
    starts, counts = columns.path_start.tolist(), columns.path_count.tolist()  # type: ignore[attr-defined]
    found: Counter[Row] = Counter()
    for i, row in enumerate(zip(*parts, strict=True)):
        peer = int(columns.peer[i])  # type: ignore[attr-defined]
        path: tuple[int, ...] = ()
        if row[1] in (Kind.ANNOUNCE, Kind.ROUTE):
            path = tuple(columns.paths[starts[i] : starts[i] + counts[i]].tolist())  # type: ignore[attr-defined]
        found[(*row, asns[peer], addresses[peer], path)] += 1
    return found


def test_every_file_holds_the_rows_of_its_pieces(little_block: Block, folder: Path) -> None:
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*.gz")}
    seen = set()
    for collector, peers in zip(little_block.collectors, little_block.sessions, strict=True):
        decoder = Decoder()
        waiting: Counter[Row] = Counter()
        for piece in little_block.stream(collector):
            moment = datetime.fromtimestamp(piece.nominal, UTC)
            kind = "bview" if isinstance(piece, TablePiece) else "updates"
            name = f"{collector}/{moment:%Y.%m}/{kind}.{moment:%Y%m%d.%H%M}.gz"
            if isinstance(piece, MissingPiece):
                assert name not in files
                continue
            waiting += _rows(piece.columns, [p.asn for p in peers], [p.address for p in peers])
            if not piece.last:
                continue
            decoder.start(name)
            read: Counter[Row] = Counter()
            for columns in [
                *decoder.feed(gzip.decompress((folder / name).read_bytes())),
                *decoder.finish(),
            ]:
                asns, addresses = [p.asn for p in decoder.peers], [p.address for p in decoder.peers]
                read += _rows(columns, asns, addresses)
            assert not decoder.skipped
            assert read == waiting
            seen.add(name)
            waiting.clear()
    assert seen == files


def test_the_order_within_a_second_is_kept(little_block: Block, folder: Path) -> None:
    collector = little_block.collectors[0]
    decoder = Decoder()
    for piece in little_block.stream(collector):
        if isinstance(piece, MissingPiece | TablePiece) or not piece.columns.count:
            continue
        moment = datetime.fromtimestamp(piece.nominal, UTC)
        decoder.start("updates")
        path = folder / f"{collector}/{moment:%Y.%m}/updates.{moment:%Y%m%d.%H%M}.gz"
        parts = [
            (c.prefix_hi[: c.count].copy(), c.kind[: c.count].copy())
            for c in (*decoder.feed(gzip.decompress(path.read_bytes())), *decoder.finish())
        ]
        assert np.array_equal(np.concatenate([p[0] for p in parts]), piece.columns.prefix_hi)
        assert np.array_equal(np.concatenate([p[1] for p in parts]), piece.columns.kind)


def test_the_folder_is_marked_as_made_up(folder: Path) -> None:
    mark = json.loads((folder / "nightside.json").read_text())
    assert mark["reconstruction"] is True
    assert "generated benchmark" in mark["note"]


def test_a_folder_that_holds_something_is_refused(little_block: Block, folder: Path) -> None:
    with pytest.raises(UsageError, match="not empty"):
        little_block.write(folder)
