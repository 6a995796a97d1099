"""Hostile words in every field: parsed, and opened in a real browser, none of them may become more than words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from page_reading import Page

from nightside.model.incident import OperatorLoss
from nightside.model.series import IncidentSeries, Lane
from nightside.publish.report import article, report, stylesheet

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Told = dict[str, Any]
CHROMIUM = Path("/usr/bin/chromium")
EVIL = [
    "<script>window.hit=1</script>",
    '"><img src=x onerror=window.hit=1>',
    "' onmouseover=window.hit=1 autofocus onfocus=window.hit=1 x='",
    "</title></style></textarea><script>window.hit=1</script>",
    "--><script>window.hit=1</script><!--",
    "--!><svg onload=window.hit=1>",
    "]]><svg/onload=window.hit=1>",
    "javascript:window.hit=1",
    "{{ 7*7 }}{% raw %}<iframe srcdoc='<script>parent.hit=1</script>'>",
    "</svg><script>window.hit=1</script>",
    "<meta http-equiv=refresh content='0;url=javascript:window.hit=1'>",
    "&lt;script&gt;window.hit=1&lt;/script&gt;",
    "\u202e<script>window.hit=1</script>\x00",
]
IN_THE_CHART = (EVIL[0], EVIL[5], EVIL[6], EVIL[9])
"""Those that could end a comment, a section or the picture of an SVG; drawing takes its time."""
KEPT = {
    "schema", "status", "severity", "onset", "end", "began", "ended", "from", "to", "type", "at",
    "onset_range", "end_range", "kind",
}  # fmt: skip
"""What the program itself writes, and reads back as times or words of its own."""


def poisoned(item: Any, evil: str, key: str = "") -> Any:
    """Every string that somebody else may have written, replaced."""
    if isinstance(item, dict):
        return {k: poisoned(v, evil, k) for k, v in item.items()}
    if isinstance(item, list):
        return item if key in KEPT else [poisoned(v, evil, key) for v in item]
    return evil if isinstance(item, str) and key not in KEPT else item


def poison(told: Callable[..., Told], course: IncidentSeries, evil: str) -> tuple[Told, IncidentSeries, Any]:
    """An incident, a series and the rest, all of one hostile word."""
    incident = told(operators=[OperatorLoss(1, "x", 4, 0, course.begin, None)])
    weighed = {"evidence": "e", "level": "l", "weight": 0.5, "says": "s", "why": "w", "rests_on": []}
    score = {"family": "f", "cause": "c", "score": 0.5, "prior": 0.0, "log_odds": 0.5}
    incident["causes"] = [{**score, "for": [weighed], "against": [{**weighed, "weight": -0.5}]}]
    seen = {"id": "e", "rule_version": 1, "level": "l", "says": "s", "to": None, "source": "s"}
    rests = [{"signal": "routes", "at": "2014-12-22T16:15:00Z"}]
    incident["diagnosis"] = {
        "family": "f",
        "cause": "c",
        "families": [{**score, "for": [], "against": []}],
        "evidence": [{**seen, "at": None, "rests_on": rests}],
    }
    incident["related"] = [{"id": "KP-20141220T0000Z", "relation": "merged_into"}]
    incident["provenance"] |= {"note": "n", "snapshot": "s", "reconstruction": True}
    incident["corrections"] = [{"revision": 2, "changed": ["entity", "local_time", "what-else"]}]
    incident["rules_version"] = "1"
    incident["settings"]["setting"] = evil
    relations = incident["related"]
    incident = poisoned(incident, evil) | {"revision": 2}
    incident["related"][0]["relation"] = relations[0]["relation"]
    incident["settings"] |= {evil: 1}
    first = poisoned(told(), evil[::-1]) | {"revision": 1}
    lanes = [Lane(evil, lane.stretches) for lane in course.lanes]
    unknown = [(a, b, evil) for a, b, _ in course.unknown]
    series = IncidentSeries(
        course.begin, course.end, course.times, course.units, course.baseline, unknown, lanes
    )
    posts = [{"kind": evil, "at": "2014-12-22T16:15:00Z", "text": evil}]
    return incident, series, {"posts": posts, "revisions": [first, incident]}


def shape(html: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every element with the names of its attributes; of the chart, whose letters are paths, only the root."""
    page = Page(html)
    return [(e.tag, tuple(e.attrs)) for e in page.all if e.parent is None or not e.within("svg")]


@pytest.mark.parametrize("evil", EVIL)
def test_parsed_it_is_only_words(told: Callable[..., Told], course: IncidentSeries, evil: str) -> None:
    incident, series, rest = poison(told, course, "plain words")
    harmless = article(incident, series, base_url="https://e", **rest)
    incident, series, rest = poison(told, course, evil)
    hostile = article(incident, series, base_url="https://e", **rest)
    assert shape(hostile) == shape(harmless)
    page = Page(hostile)
    assert {urlsplit(a.attrs["href"]).scheme for a in page.of("a")} == {"https", "data", ""}
    # Nothing was dropped either: the name stands there, as words.
    word = "".join(c for c in evil if c.isprintable() and c != "\u202e")[:12]
    assert word in page.text


@pytest.mark.parametrize("evil", IN_THE_CHART)
def test_parsed_with_the_chart_it_is_only_words(
    told: Callable[..., Told], course: IncidentSeries, evil: str
) -> None:
    incident, series, rest = poison(told, course, evil)
    page = Page(report(incident, series, **rest))
    inside = {e.tag for e in page.all if e.within("svg")}
    assert inside <= {
        "defs",
        "style",
        "g",
        "path",
        "use",
        "rect",
        "line",
        "text",
        "circle",
        "pattern",
        "clippath",
    }
    assert not page.comments
    assert not page.of("script", "iframe", "img", "image", "foreignobject")
    assert not [name for e in page.all for name in e.attrs if name.startswith("on")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM))
        yield opened
        opened.close()


def test_in_a_browser_nothing_runs(
    told: Callable[..., Told], course: IncidentSeries, browser: Browser, tmp_path: Path
) -> None:
    """Without the page's own policy: escaping alone must hold. The last page shows that a hit would be seen."""
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for i, evil in enumerate(EVIL):
        incident, series, rest = poison(told, course, evil)
        pages = [f"<!doctype html><title>x</title>{article(incident, series, **rest)}"]
        if evil in IN_THE_CHART:
            whole = report(incident, series, **rest)
            policy = whole[whole.index('<meta http-equiv="Content-Security-Policy"') :].split("\n")[0]
            pages.append(whole.replace(policy, ""))
        for k, html in enumerate(pages):
            file = tmp_path / f"{i}-{k}.html"
            file.write_text(html, encoding="utf-8", errors="replace")
            page.goto(file.as_uri())
            page.mouse.move(200, 200)
            assert page.evaluate("window.hit") is None, (evil, k)
            assert page.evaluate("document.querySelectorAll('script, iframe, object').length") == 0
    # The pages themselves, and the chart that an article links to: no hostile address was followed.
    picture = "/api/1/incidents/"
    assert all(url.startswith("file:") and (picture in url or url.endswith(".html")) for url in asked)
    (tmp_path / "hit.html").write_text(EVIL[1], encoding="utf-8")
    page.goto((tmp_path / "hit.html").as_uri())
    page.wait_for_function("window.hit === 1")
    page.close()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_facts_are_within_one_screen(
    told: Callable[..., Told],
    course: IncidentSeries,
    browser: Browser,
    tmp_path: Path,
    width: int,
    height: int,
    scheme: Any,
) -> None:
    """And the page is not wider than the screen, asks for nothing, says nothing to the console, passes axe."""
    incident = told()
    incident["provenance"] |= {"reconstruction": True, "note": "Made up from what is documented."}
    posts = [{"at": "2014-12-22T16:15:00Z", "text": "North Korea's Internet is down."}]
    file = tmp_path / "report.html"
    file.write_text(report(incident, course, posts=posts), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    noise: list[str] = []
    page.on("console", lambda message: noise.append(message.text))
    page.on("request", lambda request: noise.append(request.url) if request.url != file.as_uri() else None)
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    bottom = page.evaluate("document.querySelector('.facts').getBoundingClientRect().bottom")
    assert bottom <= height
    assert noise == []
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []
    page.close()


def test_the_styles_are_one_file_of_their_own() -> None:
    css = stylesheet()
    assert "</" not in css
    assert "http" not in css
