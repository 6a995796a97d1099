"""One file fetched from a server that does everything wrong: in the end it is whole, or there is an error."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_server import ArchiveServer, Fault, archive_server, without_proxies

from nightside.model.errors import DownloadError
from nightside.sources.download import Fetched, download, note_of, part_of
from nightside.sources.polite_http import Manners, PoliteClient

NAME = "updates.20141222.1615.gz"
CONTENT = gzip.compress(random.Random(5).randbytes(900_000), 1)
OTHER = gzip.compress(random.Random(6).randbytes(900_000), 1)
QUICK = Manners(tries=4, first_pause_s=0.01, longest_pause_s=0.05, jitter_s=0.01, silence_s=0.5, connect_s=2)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveServer]:
    without_proxies(monkeypatch)
    root = tmp_path / "server"
    root.mkdir()
    (root / NAME).write_bytes(CONTENT)
    with archive_server(root) as archive:
        yield archive


class Fetch:
    """Fetches into a folder, and keeps count of the bytes that were told."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.told = folder, 0

    def __call__(self, server: ArchiveServer, name: str = NAME, manners: Manners = QUICK) -> Fetched | None:
        async def run() -> Fetched | None:
            async with PoliteClient(manners) as client:
                return await download(client, f"{server.url}/{name}", self.folder / name, self._advance)

        return asyncio.run(run())

    def _advance(self, came: int) -> None:
        self.told += came


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    return Fetch(tmp_path / "cache")


def is_whole(fetch: Fetch, content: bytes = CONTENT) -> None:
    assert (fetch.folder / NAME).read_bytes() == content
    assert sorted(p.name for p in fetch.folder.iterdir()) == [NAME]
    assert fetch.told == len(content)


def ranges(server: ArchiveServer) -> list[str | None]:
    return [asked.headers.get("Range") for asked in server.asked]


def test_a_file_comes_as_it_is(server: ArchiveServer, fetch: Fetch) -> None:
    assert fetch(server) == Fetched(fetch.folder / NAME, None)
    is_whole(fetch)
    (asked,) = server.asked
    assert asked.headers["User-Agent"].startswith("nightside/")
    assert asked.headers["Accept-Encoding"] == "identity"


def test_what_is_not_there_is_no_error(server: ArchiveServer, fetch: Fetch) -> None:
    assert fetch(server, "updates.20141222.1620.gz") is None
    assert list(fetch.folder.iterdir()) == []
    assert len(server.asked) == 1


@pytest.mark.parametrize("validator", ["etag", "date"])
def test_a_broken_connection_is_taken_up_where_it_broke(
    server: ArchiveServer, fetch: Fetch, validator: str
) -> None:
    server.etag = "strong" if validator == "etag" else "weak"
    server.faults[f"/{NAME}"] = [Fault(cut_after=300_000), Fault(cut_after=300_000)]
    assert fetch(server) == Fetched(fetch.folder / NAME, None)
    is_whole(fetch)
    assert ranges(server) == [None, "bytes=300000-", "bytes=600000-"]
    for asked in server.asked[1:]:
        assert asked.headers["If-Range"].startswith(
            '"' if validator == "etag" else ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
        )


def test_a_connection_that_breaks_all_the_time_is_no_error_while_it_goes_on(
    server: ArchiveServer, fetch: Fetch
) -> None:
    content = gzip.compress(random.Random(7).randbytes(4_000_000), 1)
    (server.root / NAME).write_bytes(content)
    server.always[f"/{NAME}"] = Fault(cut_after=400_000)
    assert fetch(server) is not None
    is_whole(fetch, content)
    assert len(server.asked) == -(-len(content) // 400_000) > QUICK.tries


def test_a_connection_that_always_breaks_early_is_an_error(server: ArchiveServer, fetch: Fetch) -> None:
    server.always[f"/{NAME}"] = Fault(cut_after=1000)
    with pytest.raises(DownloadError) as caught:
        fetch(server)
    assert len(server.asked) == QUICK.tries
    first, advice = str(caught.value).splitlines()
    assert first.startswith(f"{server.url}/{NAME}: ")
    assert first.endswith("(tried 4 times)")
    assert "Try again later" in advice
    assert not (fetch.folder / NAME).exists()


def test_the_next_run_goes_on(server: ArchiveServer, fetch: Fetch) -> None:
    server.faults[f"/{NAME}"] = [Fault(cut_after=500_000), *[Fault(status=500)] * 4]
    with pytest.raises(DownloadError):
        fetch(server)
    assert part_of(fetch.folder / NAME).stat().st_size == 500_000
    server.asked.clear()
    fetch.told = 0
    fetch(server)
    is_whole(fetch)
    assert ranges(server) == ["bytes=500000-"]


def test_what_came_to_its_end_and_was_not_named_is_not_fetched_again(
    server: ArchiveServer, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_descriptor: int) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as context:
        context.setattr("os.fsync", killed)
        with pytest.raises(RuntimeError):
            fetch(server)
    assert part_of(fetch.folder / NAME).stat().st_size == len(CONTENT)
    fetch.told = 0
    fetch(server)
    is_whole(fetch)
    assert ranges(server) == [None, f"bytes={len(CONTENT)}-"]


def test_what_changed_meanwhile_is_begun_anew(server: ArchiveServer, fetch: Fetch) -> None:
    server.faults[f"/{NAME}"] = [Fault(cut_after=500_000), *[Fault(status=500)] * 4]
    with pytest.raises(DownloadError):
        fetch(server)
    (server.root / NAME).write_bytes(OTHER)
    fetch.told = 0
    fetch(server)
    is_whole(fetch, OTHER)


def test_a_server_without_ranges_is_begun_anew(server: ArchiveServer, fetch: Fetch) -> None:
    server.ranges = False
    server.faults[f"/{NAME}"] = [Fault(cut_after=500_000)]
    fetch(server)
    is_whole(fetch)


def test_without_a_validator_nothing_is_taken_up(server: ArchiveServer, fetch: Fetch) -> None:
    server.etag, server.dates = "weak", False
    server.faults[f"/{NAME}"] = [Fault(cut_after=500_000)]
    fetch(server)
    is_whole(fetch)
    assert ranges(server) == [None, None]


def test_more_here_than_there_is_begun_anew(server: ArchiveServer, fetch: Fetch) -> None:
    server.faults[f"/{NAME}"] = [Fault(cut_after=500_000), *[Fault(status=500)] * 4]
    with pytest.raises(DownloadError):
        fetch(server)
    with part_of(fetch.folder / NAME).open("ab") as part:
        part.write(b"x" * len(CONTENT))
    fetch.told = 0
    fetch(server)
    is_whole(fetch)


def test_what_was_spoilt_here_is_noticed_and_begun_anew(server: ArchiveServer, fetch: Fetch) -> None:
    server.faults[f"/{NAME}"] = [Fault(cut_after=500_000), *[Fault(status=500)] * 4]
    with pytest.raises(DownloadError):
        fetch(server)
    with part_of(fetch.folder / NAME).open("r+b") as part:
        part.seek(250_000)
        part.write(b"\0" * 1000)
    fetch.told = 0
    assert fetch(server) == Fetched(fetch.folder / NAME, None)
    is_whole(fetch)


def test_without_a_length_a_cut_stream_is_noticed(server: ArchiveServer, fetch: Fetch) -> None:
    server.lengths = False
    server.faults[f"/{NAME}"] = [Fault(cut_after=500_000)]
    assert fetch(server) == Fetched(fetch.folder / NAME, None)
    is_whole(fetch)


@pytest.mark.parametrize("fault", [Fault(refuse=True), Fault(stall_after=1000), Fault(status=502)])
def test_what_passes_is_tried_again(server: ArchiveServer, fetch: Fetch, fault: Fault) -> None:
    server.faults[f"/{NAME}"] = [fault, fault]
    fetch(server)
    is_whole(fetch)
    assert len(server.asked) == 3


def test_what_is_far_too_slow_is_given_up(server: ArchiveServer, fetch: Fetch) -> None:
    server.always[f"/{NAME}"] = Fault(bytes_per_s=2000)
    manners = Manners(tries=1, slow_s=0.5, slow_bytes=10_000)
    begun = time.monotonic()
    with pytest.raises(DownloadError, match=r"brought .* bytes in 0\.5 s"):
        fetch(server, manners=manners)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_not_tried_again(server: ArchiveServer, fetch: Fetch, status: int) -> None:
    server.always[f"/{NAME}"] = Fault(status=status)
    with pytest.raises(DownloadError, match=f"refuses: {status}"):
        fetch(server)
    assert len(server.asked) == 1


def test_a_circle_of_redirects_ends(server: ArchiveServer, fetch: Fetch) -> None:
    server.always[f"/{NAME}"] = Fault(status=302, location=f"/{NAME}")
    with pytest.raises(DownloadError, match="no usable answer"):
        fetch(server)


def test_nobody_there_is_an_error(fetch: Fetch, server: ArchiveServer) -> None:
    server.url = "http://127.0.0.1:9"
    with pytest.raises(DownloadError, match="cannot be reached"):
        fetch(server)


DAMAGED = {
    "cut": CONTENT[:-1000],
    "spoilt": CONTENT[:400_000] + b"\0" * 100 + CONTENT[400_100:],
    "no gzip": b"<html>This place is not for you</html>",
    "rest": CONTENT + b"and more",
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_is_damaged_in_the_archive_comes_with_that_word(
    server: ArchiveServer, fetch: Fetch, kind: str
) -> None:
    server.always[f"/{NAME}"] = Fault(content=DAMAGED[kind])
    done = fetch(server)
    assert done is not None
    assert done.damaged
    is_whole(fetch, DAMAGED[kind])
    assert len(server.asked) == 2


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_was_damaged_on_the_way_once_is_whole_the_next_time(
    server: ArchiveServer, fetch: Fetch, kind: str
) -> None:
    server.faults[f"/{NAME}"] = [Fault(content=DAMAGED[kind])]
    assert fetch(server) == Fetched(fetch.folder / NAME, None)
    is_whole(fetch)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (NAME, b""),
        (NAME, gzip.compress(b"")),
        (NAME, gzip.compress(b"one") + gzip.compress(b"two") + b"\0" * 512),
        ("updates.20141222.1615.bz2", bz2.compress(b"")),
        ("updates.20141222.1615.bz2", bz2.compress(random.Random(1).randbytes(2_000_000))),
        ("updates.20141222.1615", b"not packed"),
    ],
    ids=["no bytes", "empty gzip", "several streams", "empty bzip2", "bzip2", "not packed"],
)
def test_empty_many_streamed_and_unpacked_files_are_whole(
    server: ArchiveServer, fetch: Fetch, name: str, content: bytes
) -> None:
    (server.root / name).write_bytes(content)
    assert fetch(server, name) == Fetched(fetch.folder / name, None)
    assert (fetch.folder / name).read_bytes() == content


def test_a_cut_bzip2_stream_is_noticed(server: ArchiveServer, fetch: Fetch) -> None:
    name = "rib.20141222.1600.bz2"
    (server.root / name).write_bytes(bz2.compress(random.Random(1).randbytes(300_000))[:-10])
    done = fetch(server, name)
    assert done is not None
    assert done.damaged is not None
    assert "cut off" in done.damaged


def test_a_full_disk_is_said(server: ArchiveServer, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DownloadError, match="No space left on device\nMake room"):
        fetch(server)
    assert not (fetch.folder / NAME).exists()


def test_two_who_want_the_same_file_fetch_it_once(server: ArchiveServer, tmp_path: Path) -> None:
    server.always[f"/{NAME}"] = Fault(bytes_per_s=2_000_000)

    async def run() -> list[Fetched | None]:
        async with PoliteClient(QUICK) as one, PoliteClient(QUICK) as other:
            return await asyncio.gather(
                *(
                    download(c, f"{server.url}/{NAME}", tmp_path / "c" / NAME, lambda _: None)
                    for c in (one, other)
                )
            )

    done = asyncio.run(run())
    assert done == [Fetched(tmp_path / "c" / NAME, None)] * 2
    assert len(server.asked) == 1
    assert sorted(p.name for p in (tmp_path / "c").iterdir()) == [NAME]
    assert not note_of(tmp_path / "c" / NAME).exists()


@pytest.mark.parametrize("seed", range(5))
def test_whatever_goes_wrong_in_whatever_order_all_is_whole_in_the_end(
    server: ArchiveServer, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    contents = {
        f"updates.20141222.{n:04}.gz": gzip.compress(chance.randbytes(30_000 * (n + 1)), 1) for n in range(24)
    }
    for name, content in contents.items():
        (server.root / name).write_bytes(content)
        kinds = [
            Fault(status=chance.choice([429, 500, 503]), retry_after=chance.choice([None, "0", "nonsense"])),
            Fault(cut_after=chance.randrange(len(content))),
            Fault(refuse=True),
            Fault(content=content[: chance.randrange(len(content))]),
            Fault(stall_after=chance.randrange(len(content))),
        ]
        # No kind twice: what comes broken in the same way twice is so in the archive.
        server.faults[f"/{name}"] = chance.sample(kinds, chance.randrange(3))
    server.ranges = chance.random() < 0.8
    server.etag = chance.choice(["strong", "weak", "none"])
    server.dates = chance.random() < 0.7
    server.lengths = chance.random() < 0.8

    async def run() -> list[Fetched | None]:
        async with PoliteClient(QUICK) as client:
            return await asyncio.gather(
                *(download(client, f"{server.url}/{n}", tmp_path / "c" / n, lambda _: None) for n in contents)
            )

    done = asyncio.run(run())
    assert done == [Fetched(tmp_path / "c" / name, None) for name in contents]
    assert {p.name: p.read_bytes() for p in (tmp_path / "c").iterdir()} == contents
