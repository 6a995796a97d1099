"""Today's snapshot from the registries, with a server that fails in every usual way: all of it, or nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from archive_server import ArchiveServer, Fault, archive_server, use_archive
from delegation_files import delegation_text, write_world

from nightside.engine.fetching import Told
from nightside.engine.world_of_day import world_of_day
from nightside.engine.world_update import Made, import_files, update
from nightside.model.errors import DownloadError, InputError, NightsideError, UsageError
from nightside.sources.polite_http import Manners
from nightside.world.delegation import REGISTRIES
from nightside.world.snapshot import load

QUICK = Manners(tries=3, first_pause_s=0.01, longest_pause_s=0.05, jitter_s=0.01, silence_s=0.5, connect_s=2)
DAY = date(2014, 10, 8)
ARIN = "/delegated-arin-extended-latest"


@dataclass
class Registries:
    """Where the program looks for the registries, and what it has said."""

    server: ArchiveServer
    world: Path
    warnings: list[str] = field(default_factory=list)

    def publish(self, day: date = DAY, **changed: list[str]) -> None:
        """Files and their MD5 as BSD's md5 writes it; ARIN's as md5sum does."""
        for path in write_world(self.server.root, f"{day:%Y%m%d}", **changed):
            md5 = hashlib.md5(path.read_bytes()).hexdigest()
            of_arin = f"{md5}  delegated-arin-extended-{day:%Y%m%d}\n"
            path.with_name(f"{path.name}.md5").write_text(
                of_arin if "arin" in path.name else f"MD5 ({path.name}) = {md5}"
            )

    def update(self) -> Made:
        return update(told=Told(warn=self.warnings.append), manners=QUICK)

    def kept(self) -> list[str]:
        return sorted(p.name for p in self.world.iterdir()) if self.world.exists() else []

    def refused(self, kind: type[NightsideError]) -> str:
        """Why an update is refused; what was there before is there still, and nothing else."""
        before, bytes_before = self.kept(), [p.read_bytes() for p in sorted(self.world.glob("*"))]
        with pytest.raises(kind) as caught:
            self.update()
        assert len(str(caught.value).splitlines()) <= 2
        assert self.kept() == before
        assert [p.read_bytes() for p in sorted(self.world.glob("*"))] == bytes_before
        return str(caught.value)


@pytest.fixture
def registries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registries]:
    root = tmp_path / "server"
    root.mkdir()
    with archive_server(root) as server:
        use_archive(server, monkeypatch, tmp_path)
        monkeypatch.setenv("NIGHTSIDE_WORLD", str(tmp_path / "world"))
        for registry in REGISTRIES:
            url = f"{server.url}/delegated-{registry}-extended-latest"
            monkeypatch.setenv(f"NIGHTSIDE_{registry.upper()}_DELEGATED_URL", url)
        here = Registries(server, tmp_path / "world")
        here.publish()
        yield here


def test_five_files_become_the_snapshot_of_their_day(registries: Registries) -> None:
    made = registries.update()
    assert (made.day, made.replaced) == (DAY, False)
    assert registries.kept() == ["registry-2014-10-08.npz"]
    assert world_of_day(DAY).name == made.name
    assert world_of_day(DAY).country_of_asn(131279) == "KP"
    assert world_of_day(date(2030, 1, 1)) is load()
    assert registries.warnings == []
    assert registries.update().replaced


def test_what_was_fetched_is_gone_when_it_is_a_snapshot(registries: Registries, tmp_path: Path) -> None:
    registries.update()
    assert not [p for p in (tmp_path / "cache").rglob("delegated*") if p.is_file()]


@pytest.mark.parametrize(
    "faults",
    [
        [Fault(status=503)],
        [Fault(status=500), Fault(refuse=True)],
        [Fault(cut_after=100), Fault(cut_after=40)],
        [Fault(stall_after=64)],
        [Fault(status=429, retry_after="0")],
    ],
)
def test_what_passes_is_tried_again(registries: Registries, faults: list[Fault]) -> None:
    registries.server.faults[ARIN] = list(faults)
    assert registries.update().day == DAY


def test_what_broke_off_is_taken_up_by_the_next_update(registries: Registries) -> None:
    size = (registries.server.root / ARIN[1:]).stat().st_size
    registries.server.faults[ARIN] = [Fault(cut_after=size // 2)] + [Fault(refuse=True)] * 9
    registries.refused(DownloadError)
    registries.server.faults.clear()
    registries.server.asked.clear()
    registries.update()
    ranges = [a.headers.get("Range") for a in registries.server.asked if a.path == ARIN]
    assert ranges == [f"bytes={size // 2}-"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=403),
        Fault(status=404),
        Fault(refuse=True),
        Fault(stall_after=10),
        Fault(cut_after=50),
        Fault(content=b"<html>We are moving.</html>"),
        Fault(content=delegation_text("ripencc", "20141008", []).encode()),
        Fault(content=b""),
    ],
    ids=lambda fault: str({k: v for k, v in vars(fault).items() if v is not None and v is not False})[:40],
)
def test_one_registry_that_fails_changes_nothing(registries: Registries, fault: Fault) -> None:
    registries.update()
    registries.publish(DAY + timedelta(days=1))
    registries.server.always[ARIN] = fault  # and its MD5, which begins so
    said = registries.refused(InputError)
    assert "delegated-arin" in said


def test_a_file_whose_md5_is_not_the_published_one_is_fetched_once_more_then_refused(
    registries: Registries,
) -> None:
    (registries.server.root / f"{ARIN[1:]}.md5").write_text("0" * 32 + "  delegated-arin-extended-20141008\n")
    assert "MD5" in registries.refused(DownloadError)
    assert registries.server.paths(ARIN).count(ARIN) == 2


def test_a_file_and_its_md5_that_change_meanwhile_are_fetched_again(registries: Registries) -> None:
    old = "1" * 32
    registries.server.faults[f"{ARIN}.md5"] = [Fault(content=f"{old}  x\n".encode())]
    assert registries.update().day == DAY


@pytest.mark.parametrize("page", [None, b"<html>404</html>", b"", b"MD5 of everything"])
def test_without_a_published_md5_the_counts_hold(registries: Registries, page: bytes | None) -> None:
    path = registries.server.root / f"{ARIN[1:]}.md5"
    path.unlink() if page is None else path.write_bytes(page)
    assert registries.update().day == DAY
    (warning,) = registries.warnings
    assert "MD5" in warning
    assert "delegated-arin" in warning


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (delegation_text("arin", "20141008", ["US|asn|701|1|19900803|assigned"], records=5), "it is cut off"),
        (delegation_text("ripencc", "20141008", ["DE|asn|701|1|19900803|assigned"]), "not of arin"),
        (delegation_text("arin", "20141008", ["US|ipv4|8.0.0.0|0|19900803|assigned"]), "line 5"),
        (delegation_text("arin", "20141008", ["US|asn|701|9|19900803|assigned"] * 2), "overlaps"),
    ],
)
def test_a_whole_download_of_a_bad_file_changes_nothing(registries: Registries, text: str, said: str) -> None:
    """Cut off at its source, of another registry, reversed, overlapping: with the MD5 that fits."""
    registries.update()
    path = registries.server.root / ARIN[1:]
    path.write_text(text)
    path.with_name(f"{path.name}.md5").write_text(hashlib.md5(path.read_bytes()).hexdigest())
    assert said in registries.refused(InputError)


def test_a_file_from_the_future_changes_nothing(registries: Registries) -> None:
    registries.publish(datetime.now(UTC).date() + timedelta(days=3))
    assert "future" in registries.refused(InputError)


def test_a_folder_that_cannot_be_written_is_said(
    registries: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTSIDE_WORLD", os.devnull)
    with pytest.raises(NightsideError, match="NIGHTSIDE_WORLD"):
        registries.update()


def test_files_can_be_imported_without_a_network(registries: Registries, tmp_path: Path) -> None:
    paths = write_world(tmp_path / "old", "20120601")
    made = import_files(paths, warn=registries.warnings.append)
    assert made.day == date(2012, 6, 1)
    assert world_of_day(date(2012, 11, 29)).name == made.name
    assert registries.server.asked == []
    with pytest.raises(UsageError):
        import_files([], warn=registries.warnings.append)


def test_a_file_that_is_much_older_than_the_others_is_told(registries: Registries, tmp_path: Path) -> None:
    young = write_world(tmp_path / "young", "20141008")
    old = write_world(tmp_path / "old", "20140701")
    import_files([p for p in young if "arin" not in p.name] + [old[2]], warn=registries.warnings.append)
    (warning,) = registries.warnings
    assert "2014-07-01, 99 days older" in warning
