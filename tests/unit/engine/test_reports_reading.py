"""Reports read: JSON and TOML alike, and everything that must be refused with the key that is wrong."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from said_reports import (
    CONTEXT,
    DENIAL,
    MORNING,
    NINE_HOURS,
    TWO_DAYS,
    TWO_OUTAGES,
    XINHUA,
    ZONE_ERROR,
    changed,
    report,
)

from nightside.engine.reports.reading import MOST_BYTES, MOST_REPORTS, read_document, read_report
from nightside.model.errors import InputError
from nightside.model.instants import parse
from nightside.model.report import Report

ALL = [CONTEXT, DENIAL, MORNING, NINE_HOURS, TWO_DAYS, TWO_OUTAGES, XINHUA, ZONE_ERROR]
SCHEMA = json.loads((files("nightside.model") / "schemas" / "report-1.json").read_text(encoding="utf-8"))
TOML = """
[[reports]]
kind = "observation"
says = "not back at 12:30"
by = "Xinhua"
source = "Xinhua, 27 December 2014, by AFP and Reuters"
said_on = 2014-12-27
about = { at = 2014-12-27T21:30:00, zone = "Asia/Pyongyang", precision = "minute" }
figures = [{ what = "end", value = "2014-12-27T21:30", rule = "at_least" }]
"""


@pytest.mark.parametrize("given", ALL, ids=lambda given: given["says"])
def test_what_is_read_is_what_is_kept_and_told(given: dict[str, Any]) -> None:
    found = read_report(given)
    told = found.to_json()
    for shape in (given, told):
        jsonschema.Draft202012Validator(SCHEMA).validate(shape)
    assert {k: told[k] for k in ("kind", "says", "by", "source", "said_on")} == {
        k: given[k] for k in ("kind", "says", "by", "source", "said_on")
    }
    assert read_report(told) == found
    assert Report.from_kept(json.loads(json.dumps(found.to_kept()))) == found


def test_the_id_is_what_is_said_and_nothing_else() -> None:
    assert report().id == report(schema="nightside.report/1", url=None).id
    assert len({report().id, report(says="back at 12:30").id, report(by="AFP").id}) == 3


def test_toml_is_read_as_json_is() -> None:
    (found,) = read_document(TOML.encode(), toml=True)
    (alike,) = read_document(json.dumps(XINHUA).encode())
    assert found == alike
    assert found.about.covers == (parse("2014-12-27T12:30Z"), parse("2014-12-27T12:31Z"))


def test_a_figure_means_what_is_cut_or_rounded() -> None:
    assert report().figures[0].covers == (parse("2014-12-27T12:29:30Z"), parse("2014-12-27T12:30:59Z"))
    length, _onset = report(NINE_HOURS).figures
    assert (length.precision, length.covers) == ("minute", (34_260 - 59, 34_260 + 59))
    (days,) = report(TWO_DAYS).figures
    assert (days.precision, days.covers) == ("day", (86_401, 3 * 86_400 - 1))


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"source": None}, "report", "`source` is missing"),
    ({"said_on": None}, "report", "`said_on` is missing"),
    ({"by": None}, "report", "`by` is missing"),
    ({"about": None}, "report", "`about` is missing"),
    ({"kind": "rumour"}, "report", "none of observation, claim, denial, context"),
    ({"kind": ["claim"]}, "report", "none of"),
    ({"weight": 5}, "report", "'weight' is not known"),
    ({"schema": "nightside.report/2"}, "report", "not nightside.report/1"),
    ({"says": ""}, "report", "1 to 1000"),
    ({"says": "x" * 1001}, "report", "1 to 1000"),
    ({"says": 5}, "report", "no text"),
    ({"says": "\x1b[2Jgone"}, "report", "U+001B"),
    ({"by": "a\x9bb"}, "report", "U+009B"),
    ({"source": "a\x00b"}, "report", "U+0000"),
    ({"says": "half \ud800"}, "report", "U+D800"),
    ({"said_on": "27.12.2014"}, "report.said_on", "no date"),
    ({"said_on": "2014-02-30"}, "report.said_on", "no date"),
    ({"said_on": 20141227}, "report.said_on", "no date"),
    ({"url": "javascript:alert(1)"}, "report.url", "no address of the web"),
    ({"url": "https://user:secret@news.example/"}, "report.url", "no address of the web"),
    ({"url": "https:///nowhere"}, "report.url", "no address of the web"),
    ({"url": "https://news.example/a b"}, "report.url", "character"),
    ({"url": 'https://news.example/"onclick=1'}, "report.url", "character"),
    ({"url": "https://nеws.example/"}, "report.url", "character"),
    ({"url": "https://news.example/" + "a" * 500}, "report.url", "500"),
    ({"about": "2014"}, "report.about", "not an object"),
    ({"about": {"zone": "UTC"}}, "report.about", "neither `at` alone"),
    (
        {"about": {"at": "2014-12-27", "from": "2014-12-27", "zone": "UTC"}},
        "report.about",
        "neither `at` alone",
    ),
    ({"about": {"from": "2014-12-27", "zone": "UTC"}}, "report.about", "neither `at` alone"),
    ({"about": {"at": "2014-12-27T21:30"}}, "report.about.at", "has no zone"),
    ({"about": {"at": "2014-12-27T21:30", "zone": "CST"}}, "report.about.zone", "more than one zone"),
    ({"about": {"at": "2014-12-27T21:30", "zone": "IST"}}, "report.about.zone", "more than one zone"),
    ({"about": {"at": "2014-10-26T02:30", "zone": "Europe/Berlin"}}, "report.about.at", "twice"),
    ({"about": {"at": "2014-12-27", "zone": "UTC", "precision": "year"}}, "report.about", "none of"),
    ({"about": {"at": 5, "zone": "UTC"}}, "report.about", "no text"),
    (
        {"about": {"from": "2014-12-27", "to": "2014-12-26", "zone": "UTC"}},
        "report.about",
        "`to` lies before",
    ),
    ({"about": {"from": "1990-01-01", "to": "2014-12-26", "zone": "UTC"}}, "report.about", "ten years"),
    ({"figures": {"what": "end"}}, "report.figures", "no list"),
    ({"figures": [{"what": "end"}]}, "report.figures[0]", "`value` is missing"),
    ({"figures": [{"what": "cause", "value": 1}]}, "report.figures[0]", "none of onset"),
    ({"figures": [{"what": "end", "value": 5}]}, "report.figures[0]", "no time"),
    ({"figures": [{"what": "end", "value": "soon"}]}, "report.figures[0].value", "not a time"),
    ({"figures": [{"what": "duration_s", "value": -1}]}, "report.figures[0]", "whole number"),
    ({"figures": [{"what": "duration_s", "value": True}]}, "report.figures[0]", "whole number"),
    ({"figures": [{"what": "duration_s", "value": 1.5}]}, "report.figures[0]", "whole number"),
    ({"figures": [{"what": "outages", "value": 1, "precision": "day"}]}, "report.figures[0]", "no precision"),
    ({"figures": [{"what": "outages", "value": 1, "rule": "maybe"}]}, "report.figures[0]", "none of about"),
    ({"figures": [{"what": "outages", "value": 1}] * 9}, "report.figures", "at most 8"),
    ({"kind": "context"}, "report.figures", "context has no figures"),
    ({"kind": "denial"}, "report.figures", "a denial has no figures"),
]


@pytest.mark.parametrize(("changes", "where", "what"), REFUSED, ids=lambda value: str(value)[:50])
def test_what_is_refused_says_where_and_why(changes: dict[str, Any], where: str, what: str) -> None:
    with pytest.raises(InputError) as caught:
        read_report(changed(XINHUA, **changes))
    assert caught.value.where == where
    assert what in caught.value.what
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "not an object"),
        (b"null", "not an object"),
        (b'{"reports": []}', "0 reports"),
        (b'{"reports": {}}', "no list"),
        (b'{"reports": [], "by": "x"}', "beside other keys"),
        (b'{"reports": [5]}', "not an object"),
        (b"x" * (MOST_BYTES + 1), "more than 262144 bytes"),
        (json.dumps({"reports": [XINHUA] * (MOST_REPORTS + 1)}).encode(), "101 reports"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_document_is_refused(body: bytes, what: str) -> None:
    with pytest.raises(InputError) as caught:
        read_document(body)
    assert what in caught.value.what or (body.startswith(b"[[") and "nested" in caught.value.what)


def test_the_report_that_is_wrong_is_named() -> None:
    body = json.dumps({"reports": [XINHUA, changed(XINHUA, source=None)]}).encode()
    with pytest.raises(InputError) as caught:
        read_document(body)
    assert caught.value.where == "reports[1]"


def test_toml_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="no TOML"):
        read_document(b"[[reports", toml=True)
