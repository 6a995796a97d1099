"""The three signals of one outage on one time line, by the scene's script: routes, name servers, sites.

What is expected is reckoned from the script: when its networks go and return, how often places check, and how long
after its network's return each service answers again.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from nightside.engine.services import services_of
from nightside.model.check import SERVICE_OF
from nightside.model.instants import iso, parse
from nightside.model.services import Services
from nightside.scenes.scene import Checks, Scene
from nightside.scenes.script import read_scene
from nightside.scenes.truth import truth
from nightside.web.app import create_app

RANGE = {"country": "KP", "from": "2014-12-21T00:00Z", "to": "2014-12-24T00:00Z"}
SPREAD_S = 60
"""Within a round a place checks one target after another, and one place after another."""


@dataclass(frozen=True)
class Expected:
    """The long outage, as the script has it."""

    lost: int
    back: int
    checks: Checks

    @property
    def round_s(self) -> int:
        """From one check of a target to the next."""
        return self.checks.every_s

    def delays(self, service: str) -> list[int]:
        """How long after its network's return each of a service answers."""
        return [t.back_after_s for t in self.checks.targets if SERVICE_OF[t.kind] == service]


@pytest.fixture(scope="module")
def expected() -> Expected:
    scene: Scene = read_scene("december-2014")
    assert scene.checks is not None
    total = [e for e in truth(scene)["KP"] if e.severity == "total" and e.end is not None]
    longest = max(total, key=lambda e: (e.end or 0) - e.onset)
    assert longest.end is not None
    assert abs(longest.onset - parse("2014-12-22T16:15Z")) <= 30
    return Expected(longest.onset, longest.end, scene.checks)


@pytest.fixture(scope="module")
def client(demo: Any) -> Iterator[TestClient]:
    with TestClient(create_app(demo.store, services_of=services_of)) as client:
        yield client


@pytest.fixture(scope="module")
def found(client: TestClient) -> Services:
    answer = client.get("/api/1/checks", params=RANGE)
    assert answer.status_code == 200, answer.text
    return Services.from_json(answer.json())


@pytest.fixture(scope="module")
def id(demo: Any) -> str:
    """The incident that the demo finds."""
    return str(demo.ran.incidents[0]["id"])


def plain(markup: str) -> str:
    """The text of HTML, what is not read left out."""
    read = re.sub(r"(?s)<(style|script|metadata|svg)\b.*?</\1>|<!--.*?-->", " ", markup)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", read)).split())


def test_every_result_of_the_scene_is_stored_and_marked(
    demo: Any, found: Services, expected: Expected
) -> None:
    assert found.reconstruction
    assert not found.unwatched
    assert [p.place for p in found.places] == sorted(expected.checks.places)
    assert {p.target for p in found.parts} == {t.name for t in expected.checks.targets}
    assert len(found.parts) == len(expected.checks.targets)


@pytest.mark.parametrize("service", ["names", "mail", "sites"])
def test_each_service_went_after_the_routes_and_came_back_as_the_script_says(
    found: Services, expected: Expected, service: str
) -> None:
    (one,) = [
        r
        for r in found.returns
        if (r.scope, r.name) == ("service", service) and expected.lost <= r.down < expected.back
    ]
    delays = expected.delays(service)
    within = expected.round_s + 2 * SPREAD_S + expected.round_s // 2
    assert expected.lost <= one.down <= expected.lost + within
    assert (one.before, one.lowest) == (len(delays), 0)
    assert one.first is not None
    assert one.all is not None
    assert expected.back + min(delays) <= one.first <= expected.back + min(delays) + within
    assert expected.back + max(delays) <= one.all <= expected.back + max(delays) + within


def test_what_it_says_beside_the_routes(found: Services, expected: Expected) -> None:
    kinds = {
        f.kind for f in found.findings if f.begin < expected.back and (f.end or 0) > expected.lost + 3600
    }
    assert kinds == {"services_down_routes_down"}
    slow = [f for f in found.findings if f.kind == "slow_return" and f.begin >= expected.back]
    assert slow[0].begin - expected.back <= 2 * expected.round_s


def times(found: Services, expected: Expected) -> dict[str, str]:
    """The instants that must stand in every output, as the clock of UTC shows them."""
    lines = {
        r.name: r for r in found.returns if r.scope == "service" and expected.lost <= r.down < expected.back
    }
    first = lines["sites"].first
    assert first is not None
    return {
        "routes": iso(expected.lost + 30)[11:16],
        "name servers": iso(lines["names"].down)[11:16],
        "sites": iso(lines["sites"].down)[11:16],
        "sites back": iso(first)[11:16],
    }


def told(text: str, clock: dict[str, str]) -> None:
    """All three, each with its own instants."""
    assert f"gone from {clock['routes']} UTC on 22 December 2014" in text
    assert re.search(
        rf"name servers checked from 3 places, none answered from {clock['name servers']} UTC", text
    )
    assert re.search(
        rf"sites checked from 3 places, none answered from {clock['sites']} UTC [^;]*; "
        rf"the first was back at {clock['sites back']} UTC on 23 December 2014",
        text,
    )
    assert "The results of these checks are reconstructed, not measured." in text


def test_show_the_report_and_the_chart(
    demo: Any, nightside: Any, id: str, found: Services, expected: Expected, tmp_path: Path
) -> None:
    report, chart = tmp_path / "r.html", tmp_path / "c.svg"
    ran = nightside("show", id, "--store", demo.store, "--html", report, "--png", chart)
    assert ran.code == 0, ran.err
    told(ran.out, times(found, expected))
    told(plain(report.read_text()), times(found, expected))
    # Letters are drawn as shapes; each text that is drawn stands before them as a comment.
    drawn = html.unescape(" ".join(re.findall("(?s)<!--(.*?)-->", chart.read_text())))
    for words in (
        "175.45.176.0/24",
        "name servers (3)",
        "mail servers (1)",
        "sites (6)",
        "3 places",
        "reconstruction",
    ):
        assert words in drawn


def test_the_page_and_the_picture_it_shows(
    client: TestClient, id: str, found: Services, expected: Expected
) -> None:
    told(plain(client.get(f"/incidents/{id}", headers={"Accept": "text/html"}).text), times(found, expected))
    picture = client.get(f"/api/1/incidents/{id}/chart.svg")
    assert "sites (6)" in picture.text
    series = client.get(f"/api/1/incidents/{id}/series").json()
    assert series["services"]["reconstruction"] is True
    assert (series["services"]["from"], series["services"]["to"]) == (series["from"], series["to"])


def test_the_country_s_page_says_what_answers(client: TestClient) -> None:
    page = plain(client.get("/countries/KP", headers={"Accept": "text/html"}).text)
    assert "Services not checked" not in page
    assert "Services answering" in page
    assert "3 of 3 name servers, 1 of 1 mail server, 6 of 6 sites" in page
    assert "Seen from 3 places." in page
