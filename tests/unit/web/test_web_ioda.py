"""IODA's paths and shapes over the small store; scores and levels by arithmetic in the test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from web_store import BACK, DAY_S, DAYS, KP_ID, ONSET, T

from nightside.web import signals as own_signals
from nightside.web.app import create_app
from nightside.web.asked import LONGEST_S
from nightside.web.ioda import entities, levels, outages
from nightside.web.ioda import found as ioda_found
from nightside.web.ioda.samples import NATIVE_STEP_S
from nightside.web.limits import Limits

ALL = f"from={T - 60 * DAY_S}&until={T + 3 * DAY_S}"
LOTS = Limits(requests_per_s=1e6, burst=1_000_000)
ENVELOPE = ["type", "metadata", "requestParameters", "error", "perf", "data", "copyright"]


@pytest.fixture(scope="module")
def client(web_store: Path) -> Iterator[TestClient]:
    """One app for all of these: they only read."""
    with TestClient(create_app(web_store, LOTS), raise_server_exceptions=False) as client:
        yield client


def asked(client: TestClient, path: str) -> dict[str, Any]:
    answer = client.get(f"/v2{path}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert list(found) == ENVELOPE
    assert (found["error"], found["perf"]) == (None, None)
    assert set(found["metadata"]) == {"requestTime", "responseTime"}
    return found


@pytest.mark.parametrize(
    ("path", "type"),
    [
        ("/datasources/", "datasources"),
        ("/datasources/bgp", "datasources"),
        ("/entities/query", "entities.lookup"),
        (f"/signals/raw/country/KP?{ALL}&maxPoints=100", "signals"),
        (f"/signals/events/country/KP?{ALL}", "signals"),
        (f"/outages/alerts?{ALL}", "outages.alerts"),
        (f"/outages/events?{ALL}", "outages.events"),
        (f"/outages/summary?{ALL}", "outages.summary"),
        (f"/outages/events/?{ALL}", "outages.events"),
    ],
)
def test_every_answer_is_the_envelope_of_its_type(client: TestClient, path: str, type: str) -> None:
    found = asked(client, path)
    assert found["type"] == type
    assert found["data"]


def test_words_are_echoed_with_what_they_are_unless_given(client: TestClient) -> None:
    found = asked(client, f"/outages/events?{ALL}&entityType=country")["requestParameters"]
    assert found["from"] == T - 60 * DAY_S
    assert found["entityType"] == "country"
    assert (found["limit"], found["format"], found["includeAlerts"], found["extendWindow"]) == (
        500,
        "codf",
        False,
        1_209_600,
    )
    assert found["entityCode"] is None


# -- signals ------------------------------------------------------------------------------------------


def test_values_are_null_where_unknown_and_stand_at_whole_steps(client: TestClient) -> None:
    ((one,),) = asked(client, f"/signals/raw/country/kp?from={T + 7}&until={T + 1000}")["data"]
    assert (one["entityType"], one["entityCode"], one["entityName"]) == ("country", "KP", "North Korea")
    assert (one["datasource"], one["subtype"], one["step"], one["nativeStep"]) == ("bgp", "", 300, 300)
    assert (one["from"], one["until"]) == (T, T + 1200)
    assert one["values"] == [4, 4, 4, 4]
    blind = asked(client, f"/signals/raw/country/KP?from={T - 300}&until={T + 300}")["data"][0][0]
    assert blind["values"] == [None, 4]


def test_a_longer_step_is_the_mean_of_what_is_known(client: TestClient) -> None:
    # An hour around the onset at :15 has three values of 4 (00, 05, 10) and nine of 0.
    begin = ONSET - 900
    one = asked(client, f"/signals/raw/country/KP?from={begin}&until={begin + 2 * 3600}&maxPoints=2")["data"][
        0
    ][0]
    assert (one["step"], one["nativeStep"]) == (3600, 300)
    assert one["values"] == [1, 0]
    # The samples begin at T: the hour before is unknown, and the day that holds it is the mean of the rest.
    day = asked(client, f"/signals/raw/country/KP?from={T - 86_400}&until={T + 86_400}&maxPoints=2")["data"][
        0
    ][0]
    gone = (86_400 - 16 * 3600 - 900) // 300
    assert day["values"] == [None, pytest.approx(4 * (288 - gone) / 288, abs=1e-6)]


def test_a_list_for_each_entity_and_none_where_nothing_is_stored(client: TestClient) -> None:
    found = asked(client, f"/signals/raw/country/SY,KP,FR?from={T}&until={T + 600}")["data"]
    assert [[s["entityCode"] for s in own] for own in found] == [[], ["KP"], ["SY"]]
    assert asked(client, f"/signals/raw/country/KP?from={T}&until={T + 600}&datasource=gtr")["data"] == [[]]
    old = T - 500 * DAY_S
    assert asked(client, f"/signals/raw/country/KP?from={old}&until={old + 600}")["data"] == [[]]
    assert asked(client, f"/signals/raw/asn/AS131279?from={T}&until={T + 300}")["data"][0][0]["values"] == [4]


def test_a_reconstruction_says_so(client: TestClient) -> None:
    made_up = asked(client, f"/signals/raw/country/KP?from={ONSET}&until={ONSET + 600}")["data"][0][0]
    assert made_up["nightside"] == {"reconstruction": True}
    for path in ("alerts", "events", "summary"):
        assert all(
            one["nightside"]["reconstruction"] for one in asked(client, f"/outages/{path}?{ALL}")["data"]
        )


def test_scores_over_time_are_null_where_nothing_is_known(client: TestClient) -> None:
    begin, until = T - 6000, ONSET + 1200
    (one,) = asked(client, f"/signals/events/country/KP?from={begin}&until={until}")["data"]
    assert (one["datasource"], one["step"]) == ("outages", 600)
    values = dict(zip(range(one["from"], one["until"], 600), one["values"], strict=True))
    assert values[T - 600] is None
    assert values[T + 3600] == 0
    # The onset is at :15, within the step of :10.
    assert values[ONSET - 300] == values[ONSET + 300] == pytest.approx(100 * (34_260 - 60) / 60)


def test_an_outage_without_a_score_is_not_told_as_none(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        ioda_found, "events_of", lambda one, _series, until, _tail: levels.events_of(one, None, until)
    )
    path = f"/signals/events/country/KP?from={ONSET - 3600}&until={ONSET + 1200}"
    (one,) = asked(client, path)["data"]
    values = dict(zip(range(one["from"], one["until"], 600), one["values"], strict=True))
    assert values[ONSET - 900] == 0
    assert (values[ONSET - 300], values[ONSET + 300]) == (None, None)


# -- outages ------------------------------------------------------------------------------------------


def test_an_event_is_the_whole_outage_and_its_score_is_percent_times_minutes(client: TestClient) -> None:
    (one,) = asked(
        client, f"/outages/events?entityType=country&entityCode=KP&from={ONSET}&until={ONSET + 60}"
    )["data"]
    assert one == {
        "location": "country/KP",
        "start": ONSET,
        "duration": 34_260,
        "uncertainty": None,
        "method": "median",
        "datasource": "bgp",
        "status": 0,
        "fraction": None,
        # All four of four were gone; of one minute nothing is known.
        "score": 100.0 * (34_260 - 60) / 60,
        "location_name": "North Korea",
        "overlaps_window": True,
        "nightside": {
            "incident": KP_ID,
            "revision": 2,
            "severity": "total",
            "ongoing": False,
            "reconstruction": True,
        },
    }


def test_one_that_goes_on_is_told_of_up_to_the_end_of_the_range(client: TestClient) -> None:
    start = T + 2 * DAY_S
    (one,) = asked(client, f"/outages/events?entityCode=SY&from={start}&until={start + 7200}")["data"]
    assert (one["start"], one["duration"], one["nightside"]["ongoing"]) == (start, 7200, True)
    # Three of four gone for an hour but the unknown minute, nobody for ten, then the samples: 40 of 80.
    assert one["score"] == pytest.approx(75 * (3600 - 60) / 60 + 50 * 3000 / 60)
    # Nobody knows more than is stored.
    late = asked(client, f"/outages/events?entityCode=SY&from={start}&until={start + 90 * DAY_S}")["data"][0]
    assert late["start"] + late["duration"] == T + DAYS * DAY_S


def test_alerts_are_the_changes_of_level(client: TestClient) -> None:
    told = asked(client, f"/outages/alerts?entityCode=KP&from={T}&until={T + DAYS * DAY_S}")["data"]
    assert [(a["time"], a["level"], a["condition"], a["value"], a["historyValue"]) for a in told] == [
        (ONSET, "critical", "total", 0, 4),
        (BACK, "normal", "normal", 4, 4),
    ]
    assert told[0]["entity"]["name"] == "North Korea"
    assert told[0]["entity"]["attrs"]["fqid"].split(".")[-1] == "KP"
    none = f"/outages/alerts?entityCode=KP&from={ONSET + 1}&until={BACK - 1}"
    assert asked(client, none)["data"] == []
    assert len(asked(client, f"{none}&extendWindow=1")["data"]) == 2


def test_the_form_of_ioda_has_the_alerts(client: TestClient) -> None:
    path = f"/outages/events?entityCode=KP&from={T}&until={T + DAYS * DAY_S}&format=ioda"
    assert "alerts" not in asked(client, path)["data"][0]
    (one,) = asked(client, f"{path}&includeAlerts=true")["data"]
    assert (one["from"], one["until"], one["entity"]["code"]) == (ONSET, BACK, "KP")
    assert [a["time"] for a in one["alerts"]] == [ONSET, BACK]


def test_a_summary_adds_up_the_events_of_each(client: TestClient) -> None:
    told = asked(client, f"/outages/summary?{ALL}")["data"]
    events = asked(client, f"/outages/events?{ALL}")["data"]
    # An instability has no episodes: it is no event.
    assert {one["location"] for one in events} == {"country/KP", "country/SY", "country/XK", "asn/131279"}
    for one in told:
        place = f"{one['entity']['type']}/{one['entity']['code']}"
        own = [e["score"] for e in events if e["location"] == place]
        assert one["event_cnt"] == len(own)
        assert one["scores"] == {"bgp.median": pytest.approx(sum(own)), "overall": pytest.approx(sum(own))}
    scores = [one["scores"]["overall"] for one in told]
    assert scores == sorted(scores, reverse=True)
    names = [
        one["entity"]["name"] for one in asked(client, f"/outages/summary?{ALL}&orderBy=name/asc")["data"]
    ]
    assert names == sorted(names)


def test_pages_are_counted_from_zero(client: TestClient) -> None:
    every = asked(client, f"/outages/events?{ALL}&orderBy=time/desc")["data"]
    assert [e["start"] for e in every] == sorted((e["start"] for e in every), reverse=True)
    pages = [
        asked(client, f"/outages/events?{ALL}&orderBy=time/desc&limit=3&page={n}")["data"] for n in range(4)
    ]
    assert [e for page in pages for e in page] == every
    assert (len(pages[0]), pages[3]) == (3, [])


@pytest.mark.parametrize(
    "words", ["datasource=gtr", "ignoreMethods=bgp.median", "ignoreMethods=gtr.*,*.*", "entityType=region"]
)
def test_of_what_is_not_here_there_is_nothing(client: TestClient, words: str) -> None:
    assert asked(client, f"/outages/events?{ALL}&{words}")["data"] == []


@pytest.mark.parametrize(
    "words", ["ignoreMethods=gtr.*", "ignoreMethods=*.sarima", "human=true&includeMetadata=true"]
)
def test_other_words_narrow_nothing(client: TestClient, words: str) -> None:
    assert (
        asked(client, f"/outages/events?{ALL}&{words}")["data"]
        == asked(client, f"/outages/events?{ALL}")["data"]
    )


def test_who_belongs_to_whom_is_the_registries_word(client: TestClient) -> None:
    assert [
        e["location"]
        for e in asked(client, f"/outages/events?{ALL}&entityType=asn&relatedTo=country/KP")["data"]
    ] == ["asn/131279"]
    assert asked(client, f"/outages/events?{ALL}&entityType=asn&relatedTo=country/SY")["data"] == []
    assert [e["code"] for e in asked(client, "/entities/query?relatedTo=country/KP")["data"]] == ["131279"]
    found = asked(client, "/entities/query?entityType=country&relatedTo=asn/131279")["data"]
    assert [e["code"] for e in found] == ["KP"]


# -- entities -----------------------------------------------------------------------------------------


def test_entities_are_the_world_s_countries_and_the_watched_ases(client: TestClient) -> None:
    countries = asked(client, "/entities/query?entityType=country")["data"]
    assert len(countries) > 200
    assert {e["code"] for e in countries if e["nightside"]["watched"]} == {"KP", "SY", "XK"}
    (star,) = asked(client, "/entities/query?entityType=asn")["data"]
    assert star["name"] == "AS131279 (Star Joint Venture)"
    assert star["attrs"]["fqid"] == "asn.131279"
    two = asked(client, "/entities/query?entityType=country&entityCode=SY,KP")["data"]
    assert [e["code"] for e in two] == ["KP", "SY"]
    assert asked(client, "/entities/query?entityType=region&relatedTo=country/KP")["data"] == []
    (unwatched,) = asked(client, "/entities/query?entityType=asn&entityCode=4837")["data"]
    assert (unwatched["code"], unwatched["nightside"]) == ("4837", {"watched": False})


def test_search_finds_codes_before_names(client: TestClient) -> None:
    found = asked(client, "/entities/query?search=korea&limit=15")["data"]
    assert {e["code"] for e in found} == {"KP", "KR"}
    assert asked(client, "/entities/query?search=sy")["data"][0]["code"] == "SY"
    assert len(asked(client, "/entities/query?limit=15&page=1")["data"]) == 15


# -- refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/outages/events", 400),
        ("/outages/events?from=1", 400),
        ("/outages/events?from=yesterday&until=2", 400),
        ("/outages/events?from=-1&until=2", 400),
        ("/outages/events?from=20&until=10", 400),
        ("/outages/events?from=1&until=2&limit=0", 400),
        ("/outages/events?from=1&until=2&page=-1", 400),
        ("/outages/events?from=1&until=2&datasource=tea", 400),
        ("/outages/events?from=1&until=2&format=xml", 400),
        ("/outages/events?from=1&until=2&orderBy=colour/asc", 400),
        ("/outages/events?from=1&until=2&relatedTo=country/KP/2", 400),
        ("/outages/events?from=1&until=2&entityCode=<b>", 400),
        ("/outages/events?from=0&until=2000000000", 413),
        ("/entities/query?entityCode=KP&search=korea", 400),
        ("/datasources/tea", 400),
        ("/signals/raw/country/ZZ?from=1&until=2", 400),
        ("/signals/raw/region/4107?from=1&until=2", 400),
        ("/signals/raw/planet/3?from=1&until=2", 400),
        ("/signals/raw/country/KP?from=1&until=2&maxPoints=0", 400),
        ("/signals/raw/country/KP?from=0&until=2000000000", 413),
        (f"/signals/raw/country/KP,SY,XK?from={T}&until={T + 399 * DAY_S}", 413),
        ("/nothing", 404),
    ],
)
def test_refusals_are_in_the_envelope_too(client: TestClient, path: str, status: int) -> None:
    answer = client.get(f"/v2{path}")
    assert answer.status_code == status
    found = answer.json()
    assert list(found) == ENVELOPE
    assert (found["data"], found["requestParameters"]) == (None, {})
    assert isinstance(found["error"], str)
    assert found["error"].endswith(".")


def test_too_many_incidents_are_refused_and_not_cut(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ioda_found, "MOST_INCIDENTS", 3)
    assert client.get(f"/v2/outages/summary?{ALL}&entityType=country").status_code == 413
    monkeypatch.setattr(own_signals, "MOST_ROWS", 1)
    assert client.get(f"/v2/signals/raw/country/KP?from={T}&until={T + DAY_S}").status_code == 413


def test_who_asks_too_often_reads_it_in_the_envelope(web_store: Path) -> None:
    with TestClient(create_app(web_store, Limits(requests_per_s=0.001, burst=1))) as client:
        assert client.get("/v2/datasources/").status_code == 200
        refused = client.get("/v2/datasources/")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert list(refused.json()) == ENVELOPE
        assert "what" in client.get("/api/1/entities").json()["error"]


def test_what_is_known_is_not_sent_again(client: TestClient) -> None:
    path = f"/v2/outages/events?{ALL}"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(f"{path}&limit=1").headers["etag"] != first.headers["etag"]


def test_the_words_tell_the_limits_and_the_routes_that_there_are(client: TestClient) -> None:
    words = (Path(__file__).resolve().parents[3] / "docs" / "ioda.md").read_text(encoding="utf-8")
    assert f"{ioda_found.MOST_INCIDENTS:,} incidents" in words
    assert f"`limit` ({outages.LIMIT} of outages, {entities.MOST:,} of entities unless given)" in words
    assert f"{LONGEST_S // DAY_S} days, {own_signals.MOST_ROWS:,} values" in words
    assert f"whole steps of {NATIVE_STEP_S} s" in words
    described = client.get("/openapi.json").json()["paths"]
    routes = {path for path in described if path.startswith("/v2/")}
    assert {
        path for path in re.findall(r"`(/v2/[^`]*)`", words.partition("## Values")[0]) if "…" not in path
    } == routes
    parameters = {p["name"] for path in routes for p in described[path]["get"].get("parameters", [])}
    assert {name for name in parameters if not re.search(rf"`[^`]*\b{name}\b", words)} == set()
