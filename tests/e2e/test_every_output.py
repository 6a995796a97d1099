"""Every output tells whose country, which operators, the clocks of the place and which map, as the scene has them.

What is expected comes from the scene's script, from CLDR, the tz database and the shipped snapshot, not from an output.
A post has room for 300 characters: it names the country and its clocks; operators and map stand where it leads to.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from starlette.testclient import TestClient

from nightside.scenes.script import read_scene
from nightside.web.app import create_app
from nightside.world.snapshot import load

SCENE = "december-2014"
CAPITAL, ZONE = "Pyongyang", "Asia/Pyongyang"


@dataclass(frozen=True)
class Facts:
    """What has to stand in an output."""

    country: str
    operators: tuple[str, ...]
    offset: str
    local_times: tuple[str, ...]
    """The headline's onset and end on the clocks of the place, to the minute."""
    snapshot: str
    date: str
    later: bool


@pytest.fixture(scope="module")
def facts() -> Facts:
    """As the scene has them."""
    scene = read_scene(SCENE)
    headline = max(scene.expected, key=lambda each: each.end - each.onset)
    names = json.loads((files("nightside.world") / "data" / "as_names.json").read_text(encoding="utf-8"))
    origins = sorted({n.origin for n in scene.networks if n.country == headline.country})
    local = [
        datetime.fromtimestamp(t, UTC).astimezone(ZoneInfo(ZONE)) for t in (headline.onset, headline.end)
    ]
    offset = local[0].strftime("%z")
    first_day = datetime.fromtimestamp(scene.begin, UTC).date().isoformat()
    return Facts(
        country=Locale("en").territories[headline.country],
        operators=tuple(names[str(asn)]["name"] for asn in origins),
        offset=f"{offset[:3]}:{offset[3:]}",
        local_times=tuple(t.strftime("%H:%M") for t in local),
        snapshot=load().name,
        date=load().date,
        later=load().date > first_day,
    )


@pytest.fixture(scope="module")
def id(demo: Any) -> str:
    """The incident that the demo finds."""
    (found,) = demo.ran.incidents
    return str(found["id"])


@pytest.fixture(scope="module")
def pages(demo: Any) -> Callable[[str], str]:
    """What the dashboard answers, as one reads it: tags and entities taken out."""
    with TestClient(create_app(demo.store)) as client:

        def read(path: str) -> str:
            answer = client.get(path, headers={"Accept": "text/html"})
            assert answer.status_code == 200, path
            return plain(answer.text)

        yield read  # type: ignore[misc]


def plain(markup: str) -> str:
    """The text of HTML, SVG or XML, what is not read left out."""
    read = re.sub(r"(?s)<(style|script|metadata)\b.*?</\1>|<!--.*?-->", " ", markup)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", read)).split())


def assert_told(text: str, facts: Facts, *, operators: bool = True, capital: str = CAPITAL) -> None:
    """The four facts, each by its own words."""
    assert facts.country in text
    for name in facts.operators if operators else ():
        assert name in text
    assert capital in text
    assert facts.offset in text
    for time in facts.local_times:
        assert time in text
    assert facts.snapshot in text
    assert facts.date in text
    assert ("later_than_input" in text) is facts.later


def test_the_scene_has_what_is_looked_for(facts: Facts) -> None:
    assert facts.operators
    assert facts.later
    assert facts.local_times == ("01:15", "10:46")
    assert facts.offset == "+09:00"


def test_the_demo_as_json(demo: Any, facts: Facts) -> None:
    (found,) = demo.ran.incidents
    assert_told(json.dumps(found, ensure_ascii=False), facts, capital=ZONE)
    assert found["entity"]["name"] == facts.country
    assert [one["name"] for one in found["operators"]] == list(facts.operators)
    for key, time in zip(("onset", "end"), facts.local_times, strict=True):
        assert re.search(rf"T{time}:\d\d{re.escape(facts.offset)}$", found["local_time"][key])
    assert found["provenance"]["snapshot"].startswith(facts.snapshot)


def test_show_in_words_as_a_report_and_as_a_chart(
    demo: Any, nightside: Any, id: str, facts: Facts, tmp_path: Path
) -> None:
    report, chart, picture = (tmp_path / name for name in ("r.html", "c.svg", "c.png"))
    told = nightside("show", id, "--store", demo.store, "--html", report, "--png", chart)
    assert told.code == 0, told.err
    assert_told(told.out, facts)
    assert_told(plain(report.read_text()), facts)
    # Letters are drawn as shapes; each text that is drawn stands before them as a comment.
    assert_told(html.unescape(" ".join(re.findall("(?s)<!--(.*?)-->", chart.read_text()))), facts)
    # The same drawing as pixels.
    assert nightside("show", id, "--store", demo.store, "--png", picture).code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_networks(nightside: Any, december: Path, facts: Facts) -> None:
    told = nightside("networks", "KP", december, "--at", "2014-12-22T16:00Z")
    assert told.code == 0, told.err
    at = "2014-12-23T01:00:00" + facts.offset
    for words in (facts.country, *facts.operators, at, CAPITAL, facts.snapshot, facts.date):
        assert words in told.out
    assert ("later_than_input" in told.out) is facts.later


@pytest.mark.parametrize(
    ("path", "operators"),
    # Lists are of many incidents: the page of each has its operators.
    [("/", False), ("/incidents", False), ("/countries/KP", True)],
)
def test_the_pages(pages: Callable[[str], str], facts: Facts, path: str, operators: bool) -> None:
    assert_told(pages(path), facts, operators=operators)


def test_the_page_of_the_incident(pages: Callable[[str], str], id: str, facts: Facts) -> None:
    assert_told(pages(f"/incidents/{id}"), facts)


@pytest.mark.parametrize("kind", ["atom", "json"])
def test_the_feeds(pages: Callable[[str], str], facts: Facts, kind: str) -> None:
    assert_told(pages(f"/feeds/incidents.{kind}"), facts)


def test_the_posts(demo: Any, id: str, facts: Facts) -> None:
    with TestClient(create_app(demo.store)) as client:
        posts = [item["text"] for item in client.get(f"/api/1/incidents/{id}/posts").json()["items"]]
    assert posts
    for post in posts:
        assert facts.country in post
        assert CAPITAL in post
        # A time is never without its zone.
        assert re.search(r"\d\d:\d\d(:\d\d)? UTC", post)
    assert any(all(t in post for t in (*facts.local_times, f"UTC{facts.offset}")) for post in posts)
