"""The report of an incident: what a reader finds on it, and that it is whole in itself."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any
from urllib.parse import unquote

import pytest
from page_reading import Element, Page

from nightside.model.incident import Episode, OperatorLoss, View
from nightside.model.instants import parse
from nightside.model.series import IncidentSeries
from nightside.publish.report import article, page_title, report, stylesheet

Told = dict[str, Any]
POSTS = [
    {"kind": "opened", "at": "2014-12-22T16:15:00Z", "text": "North Korea's Internet is down."},
    {"kind": "restored", "at": "2014-12-23T01:56:00Z", "text": "North Korea's Internet is back."},
]


@pytest.fixture
def page(told: Callable[..., Told], course: IncidentSeries) -> Page:
    return Page(report(told(), course, posts=POSTS))


@pytest.fixture
def linked(told: Callable[..., Told], course: IncidentSeries) -> Page:
    return Page(article(told(), course, posts=POSTS, base_url="https://example.org"))


def cells(page: Page, table: str) -> list[list[str]]:
    """The rows of a table's body as words."""
    (found,) = [e for e in page.of("table") if e.attrs["id"] == f"{table}-table"]
    rows = [e for e in page.of("tr") if e.within("tbody") and found in ancestors(e)]
    return [[cell.text for cell in row.children] for row in rows]


def ancestors(element: Element) -> list[Element]:
    found = []
    while element.parent is not None:
        element = element.parent
        found.append(element)
    return found


def test_when_how_long_and_how_sure_come_first(page: Page) -> None:
    facts = page.classed("fact")
    began, ended, lasted, sure = (fact.text for fact in facts)
    assert "16:15:00 UTC" in began
    assert "22 Dec 2014" in began
    assert "23 Dec 01:15:00 in Pyongyang, UTC+09:00" in began
    assert "01:46:00 UTC" in ended
    assert "10:46:00 in Pyongyang, UTC+09:00" in ended
    assert "9 hours 31 minutes" in lasted
    assert "0 of 4" in lasted
    assert "22 of 23" in sure
    assert "to the second" in sure
    order = [e.tag for e in page.all if e.tag in ("h1", "dl", "figure", "h2", "table")]
    assert order[:3] == ["h1", "dl", "figure"]


def test_every_instant_is_in_utc_and_on_the_clocks_of_the_place(page: Page) -> None:
    times = page.of("time")
    assert len(times) > 20
    for time in times:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time.attrs["datetime"])
        assert time.text.endswith("UTC")
        beside = time.parent.text if time.parent else ""
        assert "+09:00" in beside


def test_the_outline_is_sound(page: Page) -> None:
    assert page.of("html")[0].attrs["lang"] == "en"
    assert len(page.of("h1")) == len(page.of("main")) == len(page.of("title")) == 1
    levels = [int(e.tag[1]) for e in page.of("h1", "h2", "h3")]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    first_link = page.of("a")[0]
    assert first_link.attrs["href"] == "#main"
    ids = [e.attrs["id"] for e in page.all if "id" in e.attrs]
    assert len(ids) == len(set(ids))
    for element in page.all:
        for name in ("aria-labelledby", "aria-describedby"):
            assert set(element.attrs.get(name, "").split()) <= set(ids)
        href = element.attrs.get("href", "")
        if href.startswith("#"):
            assert href[1:] in ids


def test_tables_have_captions_and_headings(page: Page) -> None:
    tables = page.of("table")
    assert len(tables) >= 6
    for table in tables:
        assert table.children[0].tag == "caption"
        assert table.children[0].text
        heads = [e for e in page.of("th") if table in ancestors(e)]
        assert {e.attrs["scope"] for e in heads} == {"col", "row"}
        rows = [e for e in page.of("tr") if table in ancestors(e)]
        assert len({len(row.children) for row in rows}) == 1


def test_the_chart_is_said_in_words_and_as_a_table(page: Page, linked: Page) -> None:
    inline = next(e for e in page.of("svg") if "chart-picture" in e.attrs.get("class", ""))
    label = next(e for e in page.all if e.attrs.get("id") == inline.attrs["aria-labelledby"])
    (picture,) = linked.of("img")
    assert picture.attrs["alt"] == label.text
    assert "Chart of reachability over time" in label.text
    rows = cells(page, "course")
    assert 24 <= len(rows) <= 48
    # 21 December 00:00 to 24:00 on the 23rd in equal steps; the ninth hour of the outage is empty.
    assert [row[1] for row in rows if "22 Dec 2014 18:00:00" in row[0]] == ["0"]


def test_it_needs_nothing_else(page: Page, told: Callable[..., Told], course: IncidentSeries) -> None:
    html = report(told(), course)
    assert not page.of("script", "link", "iframe", "object", "embed", "form", "base", "image")
    for element in page.all:
        assert "src" not in element.attrs
        assert not [name for name in element.attrs if name.startswith("on")]
        if element.tag != "a":
            address = element.attrs.get("href", element.attrs.get("xlink:href", "#"))
            assert address.startswith("#"), element
    assert "@import" not in html
    assert not re.search(r"url\((?!['\"]?#)", html)
    policy = next(e.attrs["content"] for e in page.of("meta") if "http-equiv" in e.attrs)
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy


def test_a_page_of_the_server_has_no_style_or_script_of_its_own(linked: Page) -> None:
    assert not linked.of("script", "style", "link", "iframe")
    for element in linked.all:
        assert "style" not in element.attrs
        assert not [name for name in element.attrs if name.startswith("on")]
    (picture,) = linked.of("img")
    assert picture.attrs["src"] == "/api/1/incidents/KP-20141221T0310Z/chart.svg"
    assert "https://example.org/incidents/KP-20141221T0310Z/revisions/1" in linked.text


def test_the_data_behind_the_chart_comes_with_it(page: Page, course: IncidentSeries) -> None:
    files = {a.attrs["download"]: a.attrs["href"] for a in page.of("a") if "download" in a.attrs}
    share = next(href for name, href in files.items() if name.endswith("-share.csv"))
    head, _, content = share.partition(",")
    assert head == "data:text/csv;charset=utf-8"
    rows = list(csv.DictReader(StringIO(unquote(content), newline="")))
    down = [parse(row["to_utc"]) - parse(row["from_utc"]) for row in rows if row["reachable_units"] == "0"]
    assert 34260 in down  # 9 hours 31 minutes
    assert 1860 in down  # 31 minutes
    assert rows[0]["from_utc"] == "2014-12-21T00:00:00Z"
    assert rows[-1]["to_utc"] == "2014-12-24T00:00:00Z"
    assert any(name.endswith("-networks.csv") for name in files)
    assert any(name.endswith(".json") for name in files)


def test_it_reads_as_a_story(page: Page) -> None:
    titles = [e.text for e in page.of("h2")]
    for earlier, later in (
        ("What happened", "Episodes"),
        ("Episodes", "Networks"),
        ("Networks", "Ways out"),
        ("Ways out", "What we could see"),
        ("Why", "What this rests on"),
        ("How to cite this", "Revisions and corrections"),
    ):
        assert titles.index(earlier) < titles.index(later)
    assert "Instability came first" in page.text
    assert "Not diagnosed" in page.text
    assert "services are not checked" in page.text
    assert "China Unicom" in page.text


def test_posts_stand_at_their_instants(page: Page) -> None:
    opened, restored = (e.parent.text for e in page.classed("post-when") if e.parent)
    assert opened.startswith("22 Dec 2014 16:15:00 UTC 23 Dec 01:15:00")
    assert opened.endswith("North Korea's Internet is down.")
    assert restored.startswith("23 Dec 2014 01:56:00 UTC")


def test_many_posts_and_episodes_are_folded_and_none_is_lost(
    told: Callable[..., Told], course: IncidentSeries
) -> None:
    short = [
        Episode(
            "partial", parse("2014-12-21T04:00Z") + 1800 * k, parse("2014-12-21T04:10Z") + 1800 * k, 0.5, 2
        )
        for k in range(30)
    ]
    incident = told()
    incident["episodes"] = [e.to_json() for e in short] + incident["episodes"]
    posts = [
        {"at": f"2014-12-21T{4 + k // 2:02}:{30 * (k % 2):02}:00Z", "text": f"number {k}"} for k in range(30)
    ]
    page = Page(report(incident, course, posts=[*posts, *POSTS]))
    shown, every = cells(page, "episodes"), cells(page, "all-episodes")
    assert len(every) == 32
    assert len(shown) < 20
    assert [row[3] for row in shown if "22 Dec 2014 16:15:00" in row[1]] == ["9 hours 31 minutes"]
    for k in range(30):
        assert f"number {k}" in page.text
    open_posts = [e.text for e in page.classed("post-text") if not e.within("details")]
    assert open_posts == [post["text"] for post in POSTS]


def test_operators_keep_their_order_and_survivors_say_so(
    told: Callable[..., Told], course: IncidentSeries
) -> None:
    gone = OperatorLoss(65010, "First Gone", 3, 0, parse("2014-12-22T16:14Z"), parse("2014-12-23T01:46Z"))
    open_end = OperatorLoss(65020, None, 2, 1, parse("2014-12-22T16:20Z"), None)
    kept = OperatorLoss(65030, "Kept All", 1, 1, None, None)
    rows = cells(Page(report(told(operators=[gone, open_end, kept]), course)), "operators")
    assert [row[0] for row in rows] == ["AS65010 (First Gone)", "AS65020", "AS65030 (Kept All)"]
    assert rows[0][1:3] == ["3", "0"]
    assert rows[1][4] == "not seen"
    assert rows[2][3:] == ["no loss", "no loss"]


def test_what_is_known_of_an_operator_stands_apart_from_what_was_seen(
    told: Callable[..., Told], course: IncidentSeries
) -> None:
    incident = told(operators=[OperatorLoss(131279, "Star Joint Venture", 4, 0, course.begin, None)])
    unicom = {"asn": 4837, "name": "China Unicom", "before": 1.0, "during": 0.0, "after": None}
    seen = Page(report({**incident, "upstreams": [unicom]}, course)).text
    assert "Loxley Pacific" in seen
    assert "Known, not seen: AS22351 (Intelsat) for AS131279 (Star Joint Venture)" in seen
    assert "not seen: AS4837" not in seen
    assert "AS20485" not in seen  # not known before October 2017
    intelsat = {**unicom, "asn": 22351, "name": "Intelsat"}
    assert "not seen: AS22351" not in Page(report({**incident, "upstreams": [intelsat]}, course)).text
    nothing = Page(report({**incident, "upstreams": []}, course)).text
    assert "Loxley Pacific" in nothing
    assert "Known, not seen" not in nothing


def test_upstreams_before_during_after(told: Callable[..., Told], course: IncidentSeries) -> None:
    incident = told()
    incident["upstreams"] = [
        {"asn": 4837, "name": "China Unicom", "before": 0.625, "during": None, "after": 1.0}
    ]
    page = Page(report(incident, course))
    assert cells(page, "upstreams") == [["AS4837 (China Unicom)", "62.5 %", "not known", "100 %"]]
    widths = [e.attrs["width"] for e in page.classed("bar-part")]
    assert widths == ["62.5%", "100.0%"]


def test_what_is_not_known_is_said(told: Callable[..., Told], course: IncidentSeries) -> None:
    incident = told(view=View(None, None), networks=[], upstreams=[], instability=[], local_time=None)
    page = Page(report(incident, replace(course, lanes=[], unknown=[])))
    sure = page.classed("fact")[3].text
    assert "not known" in sure
    assert "Pyongyang" not in page.text
    assert "+09:00" not in page.text


def test_ranges_are_ranges(told: Callable[..., Told], course: IncidentSeries) -> None:
    head = Episode(
        "total", parse("2014-12-22T16:10Z"), parse("2014-12-23T01:46Z"), 0.0, 0,
        onset_range=(parse("2014-12-22T16:10Z"), parse("2014-12-22T16:15Z")),
    )  # fmt: skip
    page = Page(report(told(episodes=[head], headline=head), course))
    began, _, lasted, sure = (fact.text for fact in page.classed("fact"))
    assert re.search(r"between .*16:10:00 UTC.* and .*16:15:00 UTC", began)
    assert "between 9 hours 31 minutes and 9 hours 36 minutes" in lasted
    assert "ranges" in sure
    assert "between" in cells(page, "episodes")[0][1]


@pytest.mark.parametrize(
    ("status", "word"), [("ongoing", "no end seen yet"), ("recovering", "not confirmed")]
)
def test_while_it_lasts(told: Callable[..., Told], course: IncidentSeries, status: str, word: str) -> None:
    head = Episode("total", parse("2014-12-22T16:15Z"), None, 0.0, 0)
    page = Page(report(told(status=status, ended=None, episodes=[head], headline=head), course))
    _, ended, lasted, sure = (fact.text for fact in page.classed("fact"))
    assert word in ended
    assert "still going on" in lasted
    assert "Provisional" in sure


def test_an_instability_that_stands_alone(told: Callable[..., Told], course: IncidentSeries) -> None:
    incident = told(severity="instability", headline=None, episodes=[], ended=parse("2014-12-23T14:30Z"))
    page = Page(report(incident, course))
    assert "Instability began" in page.classed("fact")[0].text
    assert "Episodes" not in [e.text for e in page.of("h2")]


def test_a_reconstruction_says_so_before_anything_else(
    told: Callable[..., Told], course: IncidentSeries
) -> None:
    incident = told()
    incident["provenance"] |= {"reconstruction": True, "note": "Made up from what is documented."}
    page = Page(report(incident, course))
    words = page.of("main")[0].text
    assert words.index("not a recording") < words.index("North Korea's Internet")
    assert "Made up from what is documented." in words
    assert "Reconstructed, not recorded." in page.classed("fact")[3].text


def test_revisions_have_addresses_and_say_what_changed(
    told: Callable[..., Told], course: IncidentSeries
) -> None:
    first = told(status="ongoing", ended=None)
    first |= {"end": None, "duration_s": None}
    second = told() | {
        "revision": 2,
        "corrections": [{"revision": 2, "changed": ["end", "episodes", "severity", "status"]}],
    }
    page = Page(article(second, course, revisions=[first, second]))
    newest, oldest = (e for e in page.of("li") if e.parent and e.parent.attrs.get("class") == "revisions")
    assert "Revision 2 (this page)" in newest.text
    assert "end: none → 01:46:00 UTC on 23 December 2014" in newest.text
    assert "status: going on → closed" in newest.text
    assert "Changed: episodes, severity." in newest.text
    assert "First stored." in oldest.text
    assert [a.attrs["href"] for a in page.of("a") if a.text.startswith("Revision")] == [
        "/incidents/KP-20141221T0310Z/revisions/2",
        "/incidents/KP-20141221T0310Z/revisions/1",
    ]
    old = Page(article(first, course, revisions=[first, second]))
    assert "This is revision 1 of 2." in old.text
    assert "/api/1/incidents/KP-20141221T0310Z/revisions/1" in [a.attrs["href"] for a in old.of("a")]
    alone = Page(report(first, course, revisions=[second]))
    assert "This is revision 1 of 2." in alone.text
    assert not [a for a in alone.of("a") if a.attrs["href"].startswith("/")]


def test_a_merged_incident_leads_to_the_other(told: Callable[..., Told], course: IncidentSeries) -> None:
    incident = told() | {"related": [{"id": "KP-20141220T0000Z", "relation": "merged_into"}]}
    page = Page(article(incident, course))
    assert "/incidents/KP-20141220T0000Z" in [a.attrs["href"] for a in page.of("a")]


def test_db_ip_is_linked_where_names_are_shown(page: Page, linked: Page) -> None:
    for one in (page, linked):
        assert "https://db-ip.com" in [a.attrs["href"] for a in one.of("a")]


def test_the_same_bytes(told: Callable[..., Told], course: IncidentSeries) -> None:
    assert report(told(), course, posts=POSTS) == report(told(), course, posts=POSTS)


def test_the_title_names_incident_and_revision(told: Callable[..., Told]) -> None:
    assert "KP-20141221T0310Z, revision 1" in page_title(told())


TOKENS = re.compile(r"--([a-z-]+):\s*(#[0-9a-f]{6});")
WORDS = [
    "ink", "ink-soft", "ink-faint", "link", "up-text", "partial-text", "severe-text", "total-text",
    "unknown-text", "instability-text",
]  # fmt: skip
MARKS = ["up", "partial", "severe", "total", "unknown", "instability", "focus"]


def luminance(color: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_colours_have_the_contrast_of_wcag_aa(dark: bool) -> None:
    light, _, rest = stylesheet().partition("@media screen and (prefers-color-scheme: dark)")
    tokens = dict(TOKENS.findall(light))
    if dark:
        tokens |= dict(TOKENS.findall(rest.partition("/* Plain elements. */")[0]))
    for ground in ("paper", "surface", "sunk"):
        for word in WORDS:
            assert contrast(tokens[word], tokens[ground]) >= 4.5, (word, ground)
    for ground in ("paper", "surface"):
        for mark in MARKS:
            assert contrast(tokens[mark], tokens[ground]) >= 3.0, (mark, ground)
