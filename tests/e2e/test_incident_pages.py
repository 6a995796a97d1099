"""docs/incidents: what was said of the outages holds as the pages say, and the pages are as they are generated."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from story_demo import story_demo
from tools.incident_pages.measured import Found
from tools.incident_pages.page import AGREES, CONTRADICTED, ELSEWHERE, OUTSIDE, index, page, row_of, rows_of
from tools.incident_pages.scenes import found_in

from nightside.scenes.script import list_scenes
from nightside.store.location import open_store

FOLDER = Path(__file__).resolve().parent.parent.parent / "docs" / "incidents"
MOST_BYTES = 400_000
NAMES = list_scenes()
STALE = "is not what the program gives now: look at what has changed, then `make incidents`"


@pytest.fixture(scope="module")
def found(nightside: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Found]:
    """What the program finds in the scene of a name, after `nightside demo`."""
    known: dict[str, Found] = {}

    def find(name: str) -> Found:
        if name not in known:
            folder, _ = story_demo(tmp_path_factory, nightside, name)
            with open_store(folder, read_only=True) as store:
                known[name] = found_in(name, store)
        return known[name]

    return find


@pytest.mark.parametrize(
    ("name", "says", "verdict", "finds", "why"),
    [
        ("december-2014", "nine hours and 31 minutes", AGREES, "^9 hours 31 minutes$", ""),
        ("december-2014", "restored at 8:12 am", AGREES, "^31 minutes$", ""),
        ("december-2014", "7:41 to 8:12 am Pacific time", AGREES, "^15:41 UTC on 23 December 2014", ""),
        ("december-2014", "KCNA out of reach", AGREES, "routes were up and services were down", ""),
        ("december-2014", "no hours of routing instability before", AGREES, "^no instability before it$", ""),
        ("december-2014", "more than 24 hours of it", AGREES, "^instability for 1 day 1[0-9] hours", ""),
        (
            "december-2014",
            "offline for roughly two days",
            CONTRADICTED,
            "^9 hours 31",
            "Dyn's own measurement",
        ),
        ("december-2014", "'3:41 UTC' on the 23rd", CONTRADICTED, "^15:41 UTC", "^pm left out"),
        ("december-2014", "'01:15 UTC Tuesday in", CONTRADICTED, r"\(01:15 on the 23rd", "^a time zone"),
        ("december-2014", "at 7:30 AM local time", CONTRADICTED, r"\(19:30 in Pyongyang", "^am for pm"),
        ("december-2014", "the 3G network", OUTSIDE, "–", "mobile network"),
        ("april-2016", "almost three hours", AGREES, "^2 hours 50 minutes$", ""),
        ("april-2016", "from 11:40 pm", AGREES, r"^15:10 UTC .*\(23:40 in Pyongyang, UTC\+08:30\)$", ""),
        ("april-2016", "Pyongyang's clocks", AGREES, r"^\+08:30 \(Asia/Pyongyang\)$", ""),
        ("april-2016", "out of the blue", AGREES, "^no instability before it$", ""),
        ("april-2016", "the longest outage yet", ELSEWHERE, "–", "not in the scene"),
        ("june-2025", "all routes, whether by China", AGREES, "AS4837 .*AS20485 .*no other upstream", ""),
        ("june-2025", "sites came back slowly", AGREES, "^The return was slow", ""),
        ("june-2025", "e-mail too", AGREES, "mail servers", ""),
        ("june-2025", "internal rather than an attack", AGREES, "^inside the country$", ""),
        ("june-2025", "the cause remains unclear", AGREES, "^undetermined$", ""),
        ("egypt-2011", "virtually simultaneous", CONTRADICTED, "^22:22", "operator went after operator"),
        (
            "april-2016",
            "a technical fault",
            AGREES,
            "software update .* than for deliberate shut",
            "names neither",
        ),
        ("syria-2012", "all upstreams at once", AGREES, "^AS9121 .*AS3491 .*AS6762", "Tata's own link"),
        ("egypt-2011", "Noor had 83 networks", AGREES, "the last went 3 days 22 hours after", ""),
        (
            "egypt-2011",
            "most went down at around 16:00",
            CONTRADICTED,
            "^22:22",
            "tables of every eight hours",
        ),
        ("syria-2012", "five networks of Syrian", AGREES, "^5 of .* 13 hours 18 minutes after", ""),
        ("syria-2012", "all 84 blocks", AGREES, "^84 of 84 networks lost$", ""),
        ("syria-2012", "some regions only", CONTRADICTED, "^84 of 84", "all networks"),
    ],
)
def test_a_statement_has_its_verdict(
    found: Any, name: str, says: str, verdict: str, finds: str, why: str
) -> None:
    (row,) = [row for row in rows_of(found(name)) if row.says.startswith(says)]
    assert row.verdict == verdict
    assert re.search(finds, row.finds), row.finds
    assert re.search(why, row.why), row.why


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_comes_out_as_its_script_says(found: Any, name: str) -> None:
    one = found(name)
    rows = rows_of(one)
    assert [row.says for row in rows] == [claim.says for claim in one.scene.claims]
    assert sum(row.verdict in (AGREES, CONTRADICTED) for row in rows) >= 8
    assert any(row.built_on for row in rows)
    assert not any(row.built_on for row in rows if row.verdict == CONTRADICTED)
    for claim in one.scene.claims:
        if claim.check is not None:
            turned = replace(claim, reason=None if claim.reason else "a test")
            with pytest.raises(ValueError, match=re.escape(claim.by)):
                row_of(turned, one)


def test_causes_are_no_part_of_what_a_scene_is_built_on(found: Any) -> None:
    for name in NAMES:
        for claim in found(name).scene.claims:
            if claim.check is not None and claim.check.what in ("family", "cause", "likelier", "utc_offset"):
                assert not claim.built_on, claim


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_as_it_is_generated(found: Any, name: str) -> None:
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert text == page(found(name)), f"docs/incidents/{name}.md {STALE}"


def test_the_index_is_as_it_is_generated(found: Any) -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert text == index([found(name) for name in NAMES]), f"docs/incidents/README.md {STALE}"


def test_a_page_says_loudly_what_it_is() -> None:
    for name in NAMES:
        text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
        assert "**No recording.** Reconstructed" in text[:200]
        assert "**A statement on which the scene was built agrees by construction.**" in text
        assert text.count("| agrees; used to build the scene |") >= 7


def test_nothing_else_lies_there_and_it_is_small() -> None:
    lying = sorted(FOLDER.iterdir())
    assert [path.name for path in lying] == sorted(["README.md", *(f"{name}.md" for name in NAMES)])
    assert sum(path.stat().st_size for path in lying) < MOST_BYTES


def test_tables_are_whole_and_links_lead_somewhere() -> None:
    for path in FOLDER.iterdir():
        text = path.read_text(encoding="utf-8")
        tables = re.findall(r"(?:^\|.*\n)+", text, re.M)
        assert len(tables) == 1
        columns = {len(re.split(r"(?<!\\)\|", line)) for line in tables[0].splitlines()}
        assert len(columns) == 1
        for target in re.findall(r"\]\(([^)]+)\)", text):
            file, _, anchor = target.partition("#")
            linked = (FOLDER / file).resolve()
            assert linked.is_file(), target
            if anchor:
                assert f"# {anchor}\n" in linked.read_text(encoding="utf-8"), target
