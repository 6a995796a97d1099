"""`nightside backfill`: planned, day by day, taken up after a failure; in the end as if replayed in one go."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from archive_server import ArchiveServer, Fault, archive_server, use_archive

from nightside.engine.backfill.plan import Asked
from nightside.engine.backfill.progress import Progress
from nightside.model.instants import parse
from nightside.sources import polite_http
from nightside.store.location import open_store

RANGE = ("rrc00", "--from", "2014-12-21", "--to", "2014-12-24", "--country", "KP")
OWN = ("id", "revision", "corrections", "provenance")
"""What differs between one look and three: the story is the same."""
Run = Callable[..., Any]


@pytest.fixture
def server(december: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ArchiveServer]:
    quick = polite_http.Manners(tries=3, first_pause_s=0.01, longest_pause_s=0.02, jitter_s=0.01)
    monkeypatch.setattr("nightside.engine.fetching.Manners", lambda: quick)
    with archive_server(december) as archive:
        use_archive(archive, monkeypatch, tmp_path)
        yield archive


@pytest.fixture
def backfill(quick: Run, tmp_path: Path) -> Run:
    def run(*words: object, store: str = "filled") -> Any:
        return quick("backfill", *words, "--json", "--store", tmp_path / store, store=False)

    return run


def story(incident: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in incident.items() if key not in OWN}


def test_three_days_are_what_one_replay_finds_also_after_a_failure(
    backfill: Run, quick: Run, server: ArchiveServer, december: Path, tmp_path: Path
) -> None:
    (whole,) = quick("replay", december / "rrc00", *RANGE[1:], "--json").incidents

    last = "/rrc00/2014.12/updates.20141223.2000.gz"
    server.always[last] = Fault(status=500)
    broken = backfill(*RANGE, "--yes")
    assert (broken.code, broken.out) == (3, "")
    assert f"{server.url}{last}: answers 500" in broken.messages[-2]
    done = [line for line in broken.messages if line.startswith("nightside: 2014-12-2")]
    assert [line.split(": ")[1] for line in done] == ["2014-12-21", "2014-12-22"]

    server.always.clear()
    server.asked.clear()
    resumed = backfill(*RANGE, "--yes")
    assert resumed.code == 0, resumed.err
    assert (
        "1 day from 2014-12-23T00:00:00Z to 2014-12-24T00:00:00Z (done until 2014-12-23T00:00:00Z)"
        in resumed.err
    )
    done = [line for line in resumed.messages if line.startswith("nightside: 2014-12-2")]
    assert [line.split(": ")[1] for line in done] == ["2014-12-23"]
    # From 20:00 to midnight, and nothing of what was here already.
    assert len(server.files_asked()) <= 48

    (found,) = resumed.incidents
    assert story(found) == story(whole)
    assert found["id"] == whole["id"]
    assert found["revision"] > 1
    # The samples of each day are its own: nothing twice, and no hole at midnight.
    with open_store(tmp_path / "filled") as filled, open_store(tmp_path / "store") as one:
        span = (parse("2014-12-21T01:00Z"), parse("2014-12-24"))
        one_go = one.samples("country", "KP", *span).to_pylist()
        assert filled.samples("country", "KP", *span).to_pylist() == one_go
        assert len(one_go) > 10

    again = backfill(*RANGE, "--yes")
    assert "is done already" in again.err
    assert [story(i) for i in again.incidents] == [story(whole)]


def test_nothing_begins_without_a_yes(backfill: Run, server: ArchiveServer, tmp_path: Path) -> None:
    ran = backfill(*RANGE)
    assert (ran.code, ran.out) == (2, "")
    assert "--yes" in ran.messages[-1]
    files = len(list((server.root / "rrc00").rglob("*.gz")))
    assert "3 days from 2014-12-21T00:00:00Z to 2014-12-24T00:00:00Z, of rrc00" in ran.err
    assert f"{files} files, about " in ran.err
    assert ", if the line brings" in ran.err
    assert server.files_asked() == []
    assert list(tmp_path.glob("filled/backfill*")) == []


def test_a_day_that_does_not_fit_is_refused_before_it_begins(
    backfill: Run, server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTSIDE_CACHE_GIB", "0.0001")
    ran = backfill(*RANGE, "--yes")
    assert ran.code == 3
    assert "the largest day needs about" in ran.err
    assert server.files_asked() == []


def test_the_disk_is_bounded_and_what_goes_on_too_long_is_told(
    backfill: Run, server: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NIGHTSIDE_BROKER_URL")
    pairs = [("21", "22"), ("22", "23")]
    files = {p.name: p.stat().st_size for p in (server.root / "rrc00").rglob("*.gz")}
    largest = max(
        sum(size for name, size in files.items() if name.split(".")[1][6:8] in pair) for pair in pairs
    )
    # Each day fits with the one before; all three, as what goes on would need, do not.
    limit = 1.1 * largest
    assert limit < sum(files.values())
    monkeypatch.setenv("NIGHTSIDE_CACHE_GIB", str(limit / 1024**3))
    ran = backfill(*RANGE, "--yes")
    assert ran.code == 0, ran.err
    assert "the cache has no room for what goes on at 2014-12-23T00:00:00Z" in ran.err
    kept = sum(p.stat().st_size for p in (tmp_path / "cache").glob("ris@*/**/*.gz"))
    assert kept <= limit * (1 + 1 / 64)


def test_a_time_before_the_archive_is_a_hole_and_not_the_end(backfill: Run, server: ArchiveServer) -> None:
    ran = backfill("rrc00", "--from", "2014-12-19", "--to", "2014-12-21T06:00Z", "--country", "KP", "--yes")
    assert ran.code == 0, ran.err
    assert "2014-12-19: nothing to be had" in ran.err
    assert "2014-12-21: " in ran.err
    assert [i["entity"]["code"] for i in ran.incidents] == ["KP"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("archive/", "--from", "2014-12-21", "--to", "2014-12-22"),
            "not called as a collector is: 'archive/'",
        ),
        (("rrc00", "--from", "2014-12-22", "--to", "2014-12-21"), "is not before --to"),
        (("rrc00", "--from", "yesterday", "--to", "2014-12-21"), "not a time: 'yesterday'"),
        (("rrc00", "--from", "2014-12-21", "--to", "2014-12-22", "--country", "XX"), "XX"),
    ],
)
def test_wrong_usage(backfill: Run, server: ArchiveServer, words: tuple[str, ...], said: str) -> None:
    ran = backfill(*words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert server.asked == []


def noted_by_an_older_program(folder: Path, **other: object) -> Path:
    """The file in which it noted that 21 December is done; its name is the SHA-256 of what was asked."""
    about = {"schema": "nightside.backfill/1", "collectors": ["rrc00"], "countries": ["KP"], "asns": []}
    about |= {"from": "2014-12-21T00:00:00Z"}
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"backfill-{key}.json"
    path.write_text(json.dumps({**about, "done_until": "2014-12-22T00:00:00Z", **other}))
    return path


def test_what_an_older_program_noted_in_a_file_counts_once(
    backfill: Run, server: ArchiveServer, tmp_path: Path
) -> None:
    old = noted_by_an_older_program(tmp_path / "filled")
    asked = ("rrc00", "--from", "2014-12-21", "--to", "2014-12-23", "--country", "KP")
    ran = backfill(*asked, "--yes")
    assert "1 day from 2014-12-22T00:00:00Z to 2014-12-23T00:00:00Z (done until 2014-12-22" in ran.err
    assert not old.exists()
    assert "is done already" in backfill(*asked).err


def test_a_note_that_cannot_be_understood_counts_for_nothing(tmp_path: Path) -> None:
    begin, end = parse("2014-12-21"), parse("2014-12-24")
    asked = Asked(["rrc00"], begin, end, ["KP"], [], tmp_path)
    noted_by_an_older_program(tmp_path, done_until=3)
    with open_store(tmp_path) as store:
        progress = Progress(store, asked)
        assert progress.until == begin
        for text in ("", "{", "[]", '{"done_until": 3}', '{"done_until": "2014-12-23T00:00:00Z"}'):
            store.put_note(progress.note, text)
            assert progress.until == begin
        progress.reach(parse("2014-12-22"))
        assert progress.until == parse("2014-12-22")
        other = Asked(["rrc01"], begin, end, ["KP"], [], tmp_path)
        assert Progress(store, other).until == begin


@pytest.mark.usefixtures("server")
def test_another_basis_is_another_backfill(backfill: Run) -> None:
    day = ("rrc00", "--from", "2014-12-22", "--to", "2014-12-23", "--country", "KP")
    done = backfill(*day, "--country-by", "both", "--yes")
    assert done.code == 0, done.err
    (incident,) = done.incidents
    assert incident["settings"]["country_by"] == "both"
    assert " by registry and origin AS, " in incident["provenance"]["snapshot"]
    again = backfill(*day, "--country-by", "both")
    assert (again.code, "is done already" in again.err) == (0, True)
    other = backfill(*day)
    assert (other.code, "nobody to ask" in other.err) == (2, True)
