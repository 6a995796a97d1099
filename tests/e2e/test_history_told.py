"""History from outside: April 2016's nights as one series, what others documented, and the same bytes each time."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from made_once import made_once

Json = dict[str, Any]


@pytest.fixture(scope="module")
def april(nightside: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store that `nightside demo april-2016` leaves; the same run as in test_stories_told."""

    def run(folder: Path) -> None:
        (folder / "tmp").mkdir()
        ran = nightside(
            "demo", "april-2016", "--no-serve", "--store", folder / "store",
            env={"TMPDIR": str(folder / "tmp")},
        )  # fmt: skip
        (folder / "ran.json").write_text(json.dumps(asdict(ran)))

    return made_once(tmp_path_factory, "demo-april-2016", run) / "store"


@pytest.fixture(scope="module")
def incidents(nightside: Any, april: Path) -> list[Json]:
    ran = nightside("incidents", "--json", "--store", april)
    assert ran.code == 0, ran.err
    return list(ran.incidents)


def test_the_evening_and_the_four_nights_are_one_series(incidents: list[Json]) -> None:
    ids = [i["id"] for i in incidents]
    assert len(ids) == 5
    for incident in incidents:
        series = incident["history"]["series"]
        assert series["ids"] == ids
        assert series["days"] == 5
        assert series["zone"] == "Asia/Pyongyang"
        # 23:40 on the first evening; each night a few seconds after 23:45.
        assert series["first_clock"][:5] == "23:40"
        assert series["last_clock"][:5] == "23:45"
        others = [r["id"] for r in incident["related"] if r["relation"] == "same_time_of_day"]
        assert others == [i for i in ids if i != incident["id"]]


def test_each_is_the_one_that_others_documented(incidents: list[Json]) -> None:
    documented = [[d["id"] for d in i["history"]["documented"]] for i in incidents]
    assert documented == [[f"kp-2016-04-{day:02}"] for day in range(6, 11)]


def test_six_days_of_a_year_rank_nothing(incidents: list[Json]) -> None:
    for incident in incidents:
        assert incident["history"]["rank_text"] is None
        assert all(r["place"] is None and r["coverage"] < 0.1 for r in incident["history"]["ranks"])


def test_what_was_usual_grows_night_by_night(incidents: list[Json]) -> None:
    losses = [i["history"]["usual"][0]["crossings"]["total"] for i in incidents]
    assert losses == [0, 1, 2, 3, 4]
    # The longest until then: the two hours and fifty minutes of the first evening.
    longest = [i["history"]["usual"][0]["longest_s"]["total"] for i in incidents]
    assert longest[0] == 0
    assert {s // 60 for s in longest[1:]} == {170}


def test_it_is_in_the_shape(incidents: list[Json]) -> None:
    text = (files("nightside.model") / "schemas" / "incident-1.json").read_text(encoding="utf-8")
    for incident in incidents:
        jsonschema.Draft202012Validator(json.loads(text)).validate(incident)


def test_asked_again_it_is_the_same_bytes(nightside: Any, april: Path) -> None:
    once = nightside("incidents", "--json", "--store", april).out
    again = nightside(
        "incidents", "--json", "--store", april, env={"PYTHONHASHSEED": "5", "TZ": "Asia/Tokyo"}
    )
    assert again.out == once


def test_the_words_name_the_clocks_of_the_place(quick: Any, april: Path, incidents: list[Json]) -> None:
    told = quick("show", incidents[0]["id"], "--store", april, store=False)
    assert told.code == 0, told.err
    assert "Began at about the same time of day on 5 days" in told.out
    assert " in Pyongyang. 5 of the 5 outages" in told.out
    assert "compare Egypt in 2011 (5 days 10 hours" in told.out
    assert "longest" not in told.out.split("compare")[0].rsplit("\n", 1)[-1]


def test_the_report_says_why_there_is_no_place_and_what_others_said(
    quick: Any, april: Path, incidents: list[Json], tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    ran = quick("show", incidents[0]["id"], "--store", april, "--html", page, store=False)
    assert ran.code == 0, ran.err
    html = page.read_text(encoding="utf-8")
    assert "No place is given: of 2016 up to its end" in html
    assert "https://www.pcworld.idg.com.au/article/597926/" in html
    assert "almost three hours" in html
