"""How a server is treated that wants to be left alone: as long as it says, by all, and never by too many at once."""

from __future__ import annotations

import asyncio
import gzip
import random
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
from archive_server import ArchiveServer, Fault, archive_server, without_proxies

from nightside.model.errors import DownloadError
from nightside.sources.download import download
from nightside.sources.polite_http import Manners, PoliteClient

NAME = "updates.20141222.1615.gz"
CONTENT = gzip.compress(random.Random(5).randbytes(900_000), 1)
QUICK = Manners(tries=4, first_pause_s=0.01, longest_pause_s=0.05, jitter_s=0.01)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveServer]:
    without_proxies(monkeypatch)
    root = tmp_path / "server"
    root.mkdir()
    (root / NAME).write_bytes(CONTENT)
    with archive_server(root) as archive:
        yield archive


def fetch(server: ArchiveServer, folder: Path) -> None:
    async def run() -> None:
        async with PoliteClient(QUICK) as client:
            await download(client, f"{server.url}/{NAME}", folder / NAME, lambda _: None)

    asyncio.run(run())
    assert (folder / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed_by_all_requests_to_the_host(
    server: ArchiveServer, tmp_path: Path, status: int
) -> None:
    names = [f"updates.20141222.{16 + n:02}00.gz" for n in range(4)]
    for name in names:
        (server.root / name).write_bytes(CONTENT)
    server.faults[f"/{names[0]}"] = [Fault(status=status, retry_after="1")]

    async def run() -> None:
        async with PoliteClient(Manners(first_pause_s=0.01, jitter_s=0, parallel=1)) as client:
            await asyncio.gather(
                *(download(client, f"{server.url}/{n}", tmp_path / "c" / n, lambda _: None) for n in names)
            )

    asyncio.run(run())
    first, *others = server.asked
    assert first.path == f"/{names[0]}"
    assert min(asked.at_s for asked in others) - first.at_s >= 0.95
    assert all((tmp_path / "c" / name).read_bytes() == CONTENT for name in names)


def test_no_more_than_four_requests_at_once(server: ArchiveServer, tmp_path: Path) -> None:
    names = [f"updates.20141222.16{n:02}.gz" for n in range(12)]
    for name in names:
        (server.root / name).write_bytes(CONTENT)
    server.always["/"] = Fault(bytes_per_s=4_000_000)

    async def run() -> None:
        async with PoliteClient() as client:
            await asyncio.gather(
                *(download(client, f"{server.url}/{n}", tmp_path / "c" / n, lambda _: None) for n in names)
            )

    asyncio.run(run())
    assert len(server.asked) == 12
    assert server.most_under_way == 4


def test_a_date_to_come_again_is_obeyed_too(server: ArchiveServer, tmp_path: Path) -> None:
    come = time.time() + 2
    server.faults[f"/{NAME}"] = [Fault(status=503, retry_after=formatdate(come, usegmt=True))]
    fetch(server, tmp_path)
    _first, second = server.asked
    # The date is cut to the second; however long the first way took, the second is not begun before.
    assert second.at_s + time.time() - time.monotonic() >= int(come) - 0.1


def test_whoever_asks_for_a_day_is_not_waited_for(server: ArchiveServer, tmp_path: Path) -> None:
    server.faults[f"/{NAME}"] = [Fault(status=503, retry_after="86400")]
    with pytest.raises(DownloadError, match=r"left alone for 86400 s \(503\)"):
        fetch(server, tmp_path)
    assert len(server.asked) == 1
