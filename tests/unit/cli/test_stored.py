"""`nightside incidents` and `nightside show`: what they print where, and with which exit code."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nightside.cli import incidents as incidents_command
from nightside.cli.main import main
from nightside.diagnosis.rules import RULES
from nightside.engine.shown import shown
from nightside.model.entity import Entity
from nightside.model.incident import Episode, Incident, LocalTime, Provenance, View
from nightside.model.ndjson import dumps
from nightside.model.series import IncidentSeries, Lane
from nightside.store.embedded import EmbeddedStore

T = 1_419_264_900
"""2014-12-22T16:15:00Z."""
KP_ID, SY_ID, CI_ID = "KP-20141222T1615Z", "SY-20141223T1615Z", "CI-20141224T1615Z"

Run = Callable[..., tuple[int, str, str]]


def put(store: EmbeddedStore, entity: Entity, episode: Episode, baseline: int) -> None:
    end = episode.onset + 7200 if episode.end is None else episode.end
    incident = Incident(
        entity=entity,
        status="ongoing" if episode.end is None else "restored",
        closed_as=None,
        severity=episode.severity,
        headline=episode,
        began=episode.onset,
        ended=episode.end,
        baseline_units=baseline,
        lowest_units=episode.lowest_units,
        lowest=episode.lowest,
        episodes=[episode],
        instability=[],
        networks=[],
        operators=[],
        upstreams=[],
        view=View(20, 20),
        local_time=LocalTime("Asia/Pyongyang", "2014-12-23T01:15:00+09:00", None),
        provenance=Provenance([], None, "0.1.0", False, None),
        settings={},
    )
    begin = episode.onset - 3600
    lane = Lane("175.45.176.0/24", [(begin, episode.onset, "up"), (episode.onset, end, "down")])
    units = [baseline, episode.lowest_units]
    store.put_incident(
        incident, IncidentSeries(begin, end, [begin, episode.onset], units, [baseline, baseline], [], [lane])
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store of three incidents, a day apart."""
    day = 86_400
    with EmbeddedStore(tmp_path / "store") as store:
        put(store, Entity("country", "KP", "North Korea"), Episode("total", T, T + 34_260, 0.0, 0), 4)
        onset = T + day
        partial = Episode("partial", onset, onset + 1800, 0.75, 63, onset_range=(onset, onset + 300))
        put(store, Entity("country", "SY", "Syria"), partial, 84)
        severe = Episode("severe", T + 2 * day, None, 0.4996, 1249)
        put(store, Entity("country", "CI", "Côte d'Ivoire [sic]"), severe, 2500)
    return tmp_path / "store"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command line; exit code, standard output, standard error."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nightside", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return int(end.value.code or 0), printed.out, printed.err

    return call


def test_a_pipe_gets_aligned_text(run: Run, folder: Path) -> None:
    code, out, err = run("incidents", "--store", folder)
    assert (code, err) == (0, "")
    cells = [re.split(r" {2,}", line) for line in out.splitlines()]
    assert cells == [
        ["ID", "NAME", "SEVERITY", "ONSET (UTC)", "END (UTC)", "DURATION", "LOWEST", "STATUS"],
        [
            KP_ID,
            "North Korea",
            "total",
            "2014-12-22 16:15:00",
            "2014-12-23 01:46:00",
            "9 hours 31 minutes",
            "0.0 %",
            "restored",
        ],
        [
            SY_ID,
            "Syria",
            "partial",
            "~2014-12-23 16:15:00",
            "2014-12-23 16:45:00",
            "30 minutes",
            "75.0 %",
            "restored",
        ],
        [CI_ID, "Côte d'Ivoire [sic]", "severe", "2014-12-24 16:15:00", "-", "-", "50.0 %", "ongoing"],
    ]
    starts = [
        [line.index(cell) for cell in row[:4]] for line, row in zip(out.splitlines(), cells, strict=True)
    ]
    assert starts == [starts[0]] * 4


def test_json_is_one_incident_a_line_as_it_is_stored_with_its_history(run: Run, folder: Path) -> None:
    code, out, err = run("incidents", "--json", "--store", folder)
    assert (code, err) == (0, "")
    with EmbeddedStore(folder) as store:
        assert out.splitlines() == [dumps(incident) for incident in shown(store, store.incidents())]


def test_a_terminal_gets_a_table_in_colour(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incidents_command, "on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    code, out, err = run("incidents", "--store", folder)
    assert (code, err) == (0, "")
    assert "\x1b[1;31mtotal" in out
    assert "\x1b[31msevere" in out
    assert "\x1b[33mpartial" in out
    assert "Côte d'Ivoire [sic]" in out


def test_a_narrow_terminal_still_shows_whole_ids_and_dates(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incidents_command, "on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = run("incidents", "--store", folder)
    whole = (KP_ID, SY_ID, CI_ID, "2014-12-22", "~2014-12-23", "16:15:00", "restored", "75.0 %")
    assert [each for each in whole if each not in out] == []
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["KP"], [KP_ID]),
        (["kp", "SY"], [KP_ID, SY_ID]),
        (["--severity", "severe"], [KP_ID, CI_ID]),
        (["--from", "2014-12-23T01:46"], [SY_ID, CI_ID]),
        (["--from", "2014-12-23T01:45:59Z"], [KP_ID, SY_ID, CI_ID]),
        (["--to", "2014-12-23"], [KP_ID]),
        (["--from", "2014-12-23T02:00+00:00", "--to", "2014-12-24"], [SY_ID]),
    ],
)
def test_what_the_list_is_narrowed_to(run: Run, folder: Path, words: list[str], found: list[str]) -> None:
    code, out, _ = run("incidents", *words, "--json", "--store", folder)
    assert code == 0
    assert [json.loads(line)["id"] for line in out.splitlines()] == found


@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_an_empty_store_says_so_beside_the_output(run: Run, tmp_path: Path, extra: list[str]) -> None:
    code, out, err = run("incidents", "--store", tmp_path, *extra)
    assert (code, out) == (0, "")
    assert err == f"nightside: no incidents in the store {tmp_path}\n"


def test_nothing_that_matches_is_not_an_empty_store(run: Run, folder: Path) -> None:
    code, out, err = run("incidents", "FR", "--store", folder)
    assert (code, out) == (0, "")
    assert err == f"nightside: no incidents that match in the store {folder}\n"


def test_the_store_of_the_environment(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSIDE_STORE", str(folder))
    assert run("incidents", "KP", "--json") == run("incidents", "KP", "--json", "--store", folder)
    assert run("show", KP_ID, "--json")[0] == 0


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["incidents", "XX"], "XX"),
        (["incidents", "--from", "2014-12-24", "--to", "2014-12-23"], "--from 2014-12-24 is after"),
        (["incidents", "--from", "yesterday"], "yesterday"),
        (["incidents", "--severity", "bad"], "bad"),
        (["show"], "ID"),
        (["show", "KP-19700101T0000Z"], "nightside incidents"),
        (["show", KP_ID, "--png", "/nowhere/at/all.png"], "/nowhere/at"),
    ],
)
def test_wrong_usage_is_exit_2(run: Run, folder: Path, words: list[str], named: str) -> None:
    code, out, err = run(*words, "--store", folder)
    assert (code, out) == (2, "")
    assert named in err


def test_an_unknown_id_names_the_store(run: Run, folder: Path) -> None:
    _, _, err = run("show", "KP-19700101T0000Z", "--store", folder)
    assert str(folder) in err
    assert len(err.splitlines()) == 2


def test_a_file_for_a_store_is_exit_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for words in (["incidents"], ["show", KP_ID]):
        code, out, err = run(*words, "--store", tmp_path / "file")
        assert (code, out) == (1, "")
        assert err.startswith(f"nightside: {tmp_path / 'file'}: ")


def test_show_tells_the_story(run: Run, folder: Path) -> None:
    code, out, err = run("show", KP_ID, "--store", folder)
    assert (code, err) == (0, "")
    assert "North Korea" in out
    assert re.search(r"9.hours?.31.minutes?|9-hour.31-minute", out)


def test_show_json_is_the_line_that_incidents_prints_with_its_causes(run: Run, folder: Path) -> None:
    code, out, err = run("show", KP_ID, "--json", "--store", folder)
    assert (code, err) == (0, "")
    whole, listed = json.loads(out), json.loads(run("incidents", "KP", "--json", "--store", folder)[1])
    assert whole["causes"]
    assert whole["rules_version"]
    assert {e["id"] for e in whole["diagnosis"]["evidence"]} == {r.id for r in RULES}
    assert {**whole, "causes": [], "diagnosis": None, "rules_version": None} == listed


def test_show_tells_what_speaks_for_which_cause(run: Run, folder: Path) -> None:
    out = run("show", KP_ID, "--store", folder)[1]
    assert "What speaks for which cause: Where it lay" in out
    assert "undetermined" in out
    assert re.search(r"\[[a-z]+:.* at 2014-12-2\dT\d\d:\d\d:\d\dZ", out)


def test_show_draws_the_chart_and_prints_nothing_else(run: Run, folder: Path, tmp_path: Path) -> None:
    code, out, err = run("show", KP_ID, "--json", "--png", tmp_path / "kp.png", "--store", folder)
    assert code == 0
    assert len(out.splitlines()) == 1
    assert str(tmp_path / "kp.png") in err
    assert (tmp_path / "kp.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_a_chart_that_cannot_be_written(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "kp.png").mkdir()
    code, _, err = run("show", KP_ID, "--png", tmp_path / "kp.png", "--store", folder)
    assert code == 1
    assert str(tmp_path / "kp.png") in err


def test_show_of_a_merged_incident_names_where_it_went(run: Run, folder: Path) -> None:
    with EmbeddedStore(folder) as store:
        kp = Entity("country", "KP", "North Korea")
        put(store, kp, Episode("total", T + 86_400, T + 90_000, 0.0, 0), 4)
        put(store, kp, Episode("total", T, T + 90_000, 0.0, 0), 4)
    code, out, err = run("show", "KP-20141223T1615Z", "--json", "--store", folder)
    assert code == 0
    assert json.loads(out)["closed_as"] == "merged"
    assert err == f"nightside: this turned out to be a part of {KP_ID}\n"
