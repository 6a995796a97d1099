"""What speaks for which cause, in words and on the page: undetermined said plainly, hostile words only words."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.diagnosis_cases import END, HOUR, T, checked, course, stored, unstable
from tests.support.page_reading import Page

from nightside.diagnosis.rules import evidence_of
from nightside.diagnosis.scores import diagnosis_of
from nightside.diagnosis.stored import Other
from nightside.diagnosis.weights import shipped
from nightside.publish import causes_words
from nightside.publish.report import article

EVIL = [
    "<script>alert(1)</script>",
    "\x1b[31mred",
    "a\u202eb",
    '"><img src=x onerror=1>',
    "line\nbreak {{ 7*7 }}",
]


def shown(
    change: dict[str, Any] | None = None, series: dict[str, Any] | None = None, **around: Any
) -> dict[str, Any]:
    case = stored(change, series, **around)
    found = diagnosis_of(evidence_of(case), shipped())
    return {
        **case.incident,
        "causes": [c.to_json() for c in found.causes],
        "diagnosis": found.to_json(),
        "rules_version": found.rules_version,
    }


def test_what_is_undetermined_is_said_to_be() -> None:
    told = causes_words.verdict(shown({"stretches": [unstable(T - 30 * HOUR, T)], "began_s": T - 30 * HOUR}))
    assert told.startswith("Where it lay is undetermined: ")
    assert "inside the country" in told
    assert "from elsewhere" in told
    assert "What it was is undetermined too" in told


def test_a_sure_family_with_an_open_cause_says_both() -> None:
    gone, back = {"sites": T + 60, "mail": T + 60}, {"sites": END + 3 * HOUR, "mail": END + 3 * HOUR}
    incident = shown({"local": None}, {"services": checked(gone, back)})
    assert incident["diagnosis"]["family"] == "internal"
    assert incident["diagnosis"]["cause"] == "undetermined"
    told = causes_words.verdict(incident)
    assert "Where it lay: inside the country" in told
    assert "What it was is undetermined: power or equipment failure" in told


def test_a_sure_cause_is_named_with_its_score() -> None:
    dark = {"blind": [(T - 100, T + 600, "dark")], "onset_range_s": (T - 100, T + 600), "end_s": T + 1000}
    incident = shown(dark, others=[Other("country", f"A{c}", 0.2, T) for c in "ABCDEF"])
    assert incident["diagnosis"]["cause"] == "broken_view"
    told = causes_words.verdict(incident)
    assert "our own view" in told
    assert f"{incident['causes'][0]['score']:.2f}" in told


def test_the_chapter_tells_weights_with_signal_and_minute_and_what_is_not_known() -> None:
    told = causes_words.chapter(shown())
    assert (
        "[network:175.45.176.0/24 at 2014-12-22T16:14:36Z; network:175.45.179.0/24 at 2014-12-22T16:15:00Z]"
        in told
    )
    assert "no probability" in told
    assert "order-of-loss (nobody checked its services then)" in told
    assert "rules 1.1" in told


def test_of_an_as_it_says_inside_the_network() -> None:
    told = causes_words.verdict(shown({"entity": {"type": "asn", "code": "131279", "name": ""}}))
    assert "inside the network" in told
    assert "country" not in told


def test_what_was_not_diagnosed_says_so() -> None:
    plain = stored().incident
    assert causes_words.chapter(plain) == ""
    page = Page(article(plain, course()))
    assert "Not diagnosed" in page.text
    older = {key: value for key, value in plain.items() if key != "diagnosis"}
    assert causes_words.verdict(older) == ""


def test_each_item_of_a_cause_leads_to_its_evidence_with_the_instant() -> None:
    page = Page(article(shown(), course()))
    ids = {e.attrs["id"] for e in page.all if "id" in e.attrs}
    links = [a.attrs["href"] for a in page.of("a") if a.attrs.get("href", "").startswith("#evidence-")]
    assert len(links) > 20
    assert {link[1:] for link in links} <= ids
    assert "2014-12-22T16:14:36Z" in {t.attrs.get("datetime") for t in page.of("time")}


@pytest.mark.parametrize("evil", EVIL)
def test_hostile_words_are_only_words(evil: str) -> None:
    incident = shown()
    for network in incident["networks"]:
        network["prefix"] = evil
    case = stored(incident)
    found = diagnosis_of(evidence_of(case), shipped())
    hostile = {**incident, "causes": [c.to_json() for c in found.causes], "diagnosis": found.to_json()}
    tags = [e.tag for e in Page(article(shown(), course())).all]
    page = Page(article(hostile, course()))
    assert [e.tag for e in page.all] == tags
    chapter = causes_words.chapter(hostile)
    assert all(c.isprintable() or c == "\n" for c in chapter)
    assert "\u202e" not in chapter
    assert chapter.count("\n") == causes_words.chapter(shown()).count("\n")
