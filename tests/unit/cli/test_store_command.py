"""`nightside store`: what is found is printed, the exit code says whether something is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from command_said import command_said

from nightside.model.entity import Entity
from nightside.model.signal import Signal
from nightside.store.embedded import EmbeddedStore

Run = Callable[..., tuple[int, str, str]]
DAY_S = 86_400


def validate(shape: str, text: str) -> dict[str, object]:
    schema = json.loads((files("nightside.model") / "schemas" / f"{shape}.json").read_text(encoding="utf-8"))
    said: dict[str, object] = json.loads(text)
    jsonschema.Draft202012Validator(schema).validate(said)
    return said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with samples of three days."""
    folder = tmp_path / "store"
    kp = Entity("country", "KP", "North Korea")
    with EmbeddedStore(folder) as store:
        for day in range(3):
            for half in (0, 1):
                begin = day * DAY_S + half * DAY_S // 2
                store.put_samples([Signal(kp, [begin, begin + 600], [4, 2], begin + DAY_S // 2)])
    return folder


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object, store: Path = folder) -> tuple[int, str, str]:
        return command_said(monkeypatch, capsys, "store", *words, "--store", store)

    return call


def test_a_sound_store(run: Run) -> None:
    assert run("check") == (0, "", "nightside: all that is stored can be read, and is what it says\n")
    assert run("check", "--json")[:2] == (0, "")
    assert run("repair")[:2] == (0, "")


def test_damage_is_told_and_repaired(run: Run, folder: Path) -> None:
    lost = sorted((folder / "segments").iterdir())[0]
    lost.unlink()
    code, out, err = run("check")
    assert code == 1
    assert out.startswith(f"damaged  file-missing      segments/{lost.name}: the file is missing")
    assert "country KP" in out
    assert err == "nightside: 1 finding, 1 of damage, 0 repaired\n"
    code, out, _err = run("check", "--json")
    found = validate("store-finding-1", out)
    assert (code, found["kind"], found["damage"], found["repaired"]) == (1, "file-missing", True, False)
    assert run("repair", "--dry-run")[0] == 1
    code, out, err = run("repair", "--json")
    assert (code, validate("store-finding-1", out)["repaired"]) == (0, True)
    assert "1 repaired" in err
    assert run("check")[0] == 0


def test_what_can_be_told_only_by_a_replay_stays_damage(run: Run, folder: Path) -> None:
    import sqlite3

    with sqlite3.connect(folder / "nightside.sqlite") as catalogue:
        catalogue.execute("PRAGMA foreign_keys = OFF")
        catalogue.execute(
            "INSERT INTO incident (id, type, code, began, ended, reach, severity, status, revision, summary, series) "
            "VALUES ('KP-19700101T0000Z', 'country', 'KP', 0, 60, 60, 1, 'restored', 2, '{}', 'no JSON')"
        )
        catalogue.execute("INSERT INTO revision VALUES ('KP-19700101T0000Z', 2, 'no JSON either')")
    code, out, err = run("repair")
    assert code == 1
    assert out.count("Replay the incident's input again.") == 2
    assert "revision-missing" in out
    assert "revision 1 of 2 is missing" in out
    assert "3 findings, 3 of damage, 0 repaired" in err


def test_a_damaged_catalogue_is_told_first(run: Run, folder: Path) -> None:
    path = folder / "nightside.sqlite"
    content = bytearray(path.read_bytes())
    assert len(content) > 20 * 4096
    # Pages behind the schema's.
    for page in range(12, 18):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(content)
    code, out, err = run("check")
    assert code == 1
    assert out.startswith(f"damaged  catalogue-damaged {path}: ")
    assert "Bring back a copy" in out
    assert "Traceback" not in err


def test_it_is_made_smaller(run: Run) -> None:
    code, out, _err = run("compact")
    assert code == 0
    assert out.startswith("segments of samples: 6 before, 3 now\n")
    code, out, _err = run("compact", "--exact-days", 1, "--json")
    said = validate("store-compaction-1", out)
    assert (code, said["segments_before"], said["thinned"], said["files_deleted"]) == (0, 3, 1, 6)
    assert run("check")[0] == 0


@pytest.mark.parametrize("part", ["check", "repair", "compact"])
def test_where_there_is_no_store_none_is_made(run: Run, tmp_path: Path, part: str) -> None:
    code, out, err = run(part, store=tmp_path / "nowhere")
    assert (code, out) == (1, "")
    assert "there is no store here" in err
    assert not (tmp_path / "nowhere").exists()


def test_days_are_at_least_one(run: Run) -> None:
    assert run("compact", "--flips-days", 0)[0] == 2
