"""`nightside show ID --html FILE`: the report as one file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from page_reading import Page

from nightside.cli.main import main
from nightside.model.entity import Entity
from nightside.model.incident import Episode, Incident, LocalTime, Provenance, View
from nightside.model.series import IncidentSeries, Lane
from nightside.store.embedded import EmbeddedStore

T = 1_419_264_900
"""2014-12-22T16:15:00Z."""
ID = "KP-20141222T1615Z"


def finding(end: int | None) -> tuple[Incident, IncidentSeries]:
    episode = Episode("total", T, end, 0.0, 0)
    incident = Incident(
        entity=Entity("country", "KP", "North Korea"),
        status="ongoing" if end is None else "restored",
        closed_as=None,
        severity="total",
        headline=episode,
        began=T,
        ended=end,
        baseline_units=4,
        lowest_units=0,
        lowest=0.0,
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
    until = T + 7200 if end is None else end + 3600
    lane = Lane("175.45.176.0/24", [(T - 3600, T, "up"), (T, until, "down")])
    return incident, IncidentSeries(T - 3600, until, [T - 3600, T], [4, 0], [4, 4], [], [lane])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with EmbeddedStore(tmp_path / "store") as store:
        store.put_incident(*finding(None))
        store.put_incident(*finding(T + 1860))
        store.put_messages(
            ID,
            [
                {
                    "key": "country/KP/1/opened",
                    "kind": "opened",
                    "at": "2014-12-22T16:15:00Z",
                    "severity": "total",
                    "onset": "2014-12-22T16:15:00Z",
                    "end": None,
                }
            ],
        )
    return tmp_path / "store"


def show(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["nightside", "show", ID, *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_file_is_the_report(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kp.html"
    assert show(monkeypatch, "--store", str(folder), "--html", str(file)) == 0
    out, err = capsys.readouterr()
    assert "31-minute" in out
    assert str(file) in err
    page = Page(file.read_text(encoding="utf-8"))
    assert "31 minutes" in page.classed("fact")[2].text
    assert "Revision 2 (this page)" in page.text
    assert "end: none → 16:46:00 UTC on 22 December 2014" in page.text
    assert len(page.classed("post-text")) == 1
    first = file.read_bytes()
    assert show(monkeypatch, "--store", str(folder), "--html", str(file)) == 0
    assert file.read_bytes() == first
    assert {p.name for p in tmp_path.iterdir()} == {"store", "kp.html"}


def test_where_it_cannot_be_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(monkeypatch, "--store", str(folder), "--html", str(tmp_path / "none" / "kp.html")) == 2
    assert "no such folder" in capsys.readouterr().err
    assert show(monkeypatch, "--store", str(folder), "--html", str(tmp_path)) == 1
    assert "cannot be written" in capsys.readouterr().err
