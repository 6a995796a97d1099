"""What others said of December 2014, attached to what the demo finds: each beside what was measured."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from made_once import made_once
from said_reports import (
    CONTEXT,
    DENIAL,
    MORNING,
    NINE_HOURS,
    TWO_DAYS,
    TWO_OUTAGES,
    XINHUA,
    ZONE_ERROR,
)

FIRST, THIRD = "KP-20141221T0310Z", "KP-20141227T1029Z"
OF_FIRST = [NINE_HOURS, TWO_DAYS, TWO_OUTAGES, ZONE_ERROR, DENIAL, CONTEXT]
OF_THIRD = [XINHUA, MORNING]


@pytest.fixture(scope="module")
def store(nightside: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of `nightside demo december-2014`, with the reports in it."""

    def run(folder: Path) -> None:
        (folder / "tmp").mkdir()
        ran = nightside(
            "demo", "december-2014", "--no-serve", "--store", folder / "store",
            env={"TMPDIR": str(folder / "tmp")},
        )  # fmt: skip
        (folder / "ran.json").write_text(json.dumps(asdict(ran)))

    made = made_once(tmp_path_factory, "demo-december-2014", run)
    own = tmp_path_factory.mktemp("reports")
    shutil.copytree(made / "store", own / "store")
    for id, said in ((FIRST, OF_FIRST), (THIRD, OF_THIRD)):
        file = own / f"{id}.json"
        file.write_text(json.dumps({"reports": said}))
        done = nightside("show", id, "--attach", file, "--store", own / "store")
        assert done.code == 0, done.err
        assert len(done.out.splitlines()) == len(said)
    return own / "store"


@pytest.fixture(scope="module")
def verdicts(nightside: Any, store: Path) -> dict[str, dict[str, Any]]:
    """Each report as it is shown, by who said it."""
    found = {}
    for id in (FIRST, THIRD):
        done = nightside("show", id, "--json", "--store", store)
        assert done.code == 0, done.err
        (incident,) = done.incidents
        found |= {r["report"]["says"]: r for r in incident["reports"]}
    return found


def test_all_stand_there(verdicts: dict[str, Any]) -> None:
    assert set(verdicts) == {said["says"] for said in (*OF_FIRST, *OF_THIRD)}


def test_roughly_two_days_is_contradicted_by_nine_hours_and_31_minutes(verdicts: dict[str, Any]) -> None:
    (length,) = verdicts[TWO_DAYS["says"]]["figures"]
    assert length["verdict"] == "contradicts"
    assert length["measured"][0] // 60 == length["measured"][1] // 60 == 9 * 60 + 31
    assert verdicts[NINE_HOURS["says"]]["verdict"] == "agrees"


def test_3_41_utc_is_contradicted(verdicts: dict[str, Any]) -> None:
    assert verdicts[ZONE_ERROR["says"]]["verdict"] == "contradicts"


def test_not_back_at_12_30_agrees_and_the_morning_is_contradicted(verdicts: dict[str, Any]) -> None:
    xinhua, morning = verdicts[XINHUA["says"]], verdicts[MORNING["says"]]
    assert (xinhua["verdict"], xinhua["about_utc"][0]) == ("agrees", "2014-12-27T12:30:00Z")
    assert (morning["verdict"], morning["measured"]) == ("contradicts", [])


def test_two_outages_cannot_be_decided(verdicts: dict[str, Any]) -> None:
    found = verdicts[TWO_OUTAGES["says"]]
    # One of 31 minutes, and some under ten that the reconstruction has in the night before.
    (count,) = found["figures"]
    assert count["measured"][0] == 1
    assert count["measured"][1] > 2
    assert found["verdict"] == "not_comparable"
    assert any(m["onset"].startswith("2014-12-23T15:41") for m in found["measured"])


def test_words_and_page_say_so(nightside: Any, store: Path, tmp_path: Path) -> None:
    told = nightside("show", FIRST, "--store", store, "--html", tmp_path / "page.html")
    assert told.code == 0, told.err
    page = (tmp_path / "page.html").read_text()
    for words in (
        "offline for roughly two days",
        "near in time, not evidence",
        "contradicts what was measured",
    ):
        assert words in told.out
        assert words in page
    assert "length: said 2 days, measured 9 hours 31 minutes" in told.out
