"""Addresses at other observatories: the same window, and nothing of a name that could lead elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from nightside.model.series import IncidentSeries
from nightside.publish.links import elsewhere

Told = dict[str, Any]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


BEGIN, END = at("2014-12-21T00:00"), at("2014-12-24T00:00")


def test_a_country_at_each(told: Callable[..., Told], course: IncidentSeries) -> None:
    ioda, ripestat, *bgplay = elsewhere(told(), course)
    split = urlsplit(ioda.url)
    assert (split.hostname, split.path) == ("ioda.inetintel.cc.gatech.edu", "/country/KP")
    assert parse_qs(split.query) == {"from": [str(BEGIN)], "until": [str(END)]}
    split = urlsplit(ripestat.url)
    assert (split.hostname, split.path) == ("stat.ripe.net", "/data/country-resource-stats/data.json")
    asked = parse_qs(split.query)
    assert asked["resource"] == ["kp"]
    assert asked["starttime"] == ["2014-12-21T00:00:00"]
    assert asked["endtime"] == ["2014-12-24T00:00:00"]
    assert [unquote(urlsplit(link.url).path) for link in bgplay] == [
        f"/bgplay/175.45.{n}.0/24" for n in (176, 177, 178, 179)
    ]
    assert {urlsplit(link.url).fragment for link in bgplay} == {f"starttime={BEGIN}&endtime={END}"}


def test_radar_only_once_it_existed(told: Callable[..., Told]) -> None:
    begin = at("2025-06-06T12:00")
    series = IncidentSeries(begin, begin + 36 * 3600, [begin], [4], [4])
    radar = next(link for link in elsewhere(told(), series) if link.observatory == "Cloudflare Radar")
    split = urlsplit(radar.url)
    assert (split.hostname, split.path) == ("radar.cloudflare.com", "/traffic/kp")
    days = parse_qs(split.query)
    assert days["dateStart"] == ["2025-06-06"]
    assert days["dateEnd"] >= ["2025-06-07"]
    old = IncidentSeries(BEGIN, END, [BEGIN], [4], [4])
    assert "Cloudflare Radar" not in [link.observatory for link in elsewhere(told(), old)]


def test_an_as(told: Callable[..., Told], course: IncidentSeries) -> None:
    incident = told()
    incident["entity"] = {"type": "asn", "code": "131279", "name": None}
    ioda, ripestat, bgplay = elsewhere(incident, course)
    assert urlsplit(ioda.url).path == "/asn/131279"
    assert parse_qs(urlsplit(ripestat.url).query)["resource"] == ["AS131279"]
    assert urlsplit(bgplay.url).path == "/bgplay/AS131279"


def test_without_a_series_the_incident_with_a_margin(told: Callable[..., Told]) -> None:
    asked = parse_qs(urlsplit(elsewhere(told())[0].url).query)
    assert int(asked["from"][0]) < at("2014-12-21T03:10")
    assert int(asked["until"][0]) > at("2014-12-23T16:12")


@pytest.mark.parametrize(
    "evil", ["../x", "KP?from=1#", "javascript:alert(1)", 'KP"><script>', "@evil.example/"]
)
def test_a_code_stays_in_its_place(told: Callable[..., Told], course: IncidentSeries, evil: str) -> None:
    incident = told()
    incident["entity"]["code"] = evil
    incident["networks"][0]["prefix"] = evil
    hosts = {"ioda.inetintel.cc.gatech.edu", "stat.ripe.net"}
    for link in elsewhere(incident, course):
        split = urlsplit(link.url)
        assert split.scheme == "https"
        assert split.netloc in hosts
        assert '"' not in link.url
        assert "<" not in link.url
        # What was asked is still only asked, never a further path or parameter.
        assert split.path.count("/") == link.url.split("?")[0].split("#")[0].count("/") - 2
