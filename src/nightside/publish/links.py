"""The same window of time at other observatories, as addresses that a reader may follow.

The forms of the addresses, and where each was looked up (November 2026):

IODA
    `/country/UA?from=1645315200&until=1646351999` and `/asn/45245?from=…&until=…`, seconds since the epoch:
    as OONI's and EFF's reports cite its charts.
Cloudflare Radar
    `/traffic/as8048?dateStart=2026-06-24&dateEnd=2026-06-25`, whole days: as Cloudflare's blog links to it;
    a country stands where the AS stands (`/traffic/ir`). It opened in 2020.
RIPEstat
    `/data/country-resource-stats/data.json?resource=at&starttime=…&endtime=…&resolution=5m` and
    `/data/routing-history/data.json?resource=AS3333&…`: stat.ripe.net/docs/02.data-api. JSON, since these are
    the addresses that are documented; those of its pages change with the design.
BGPlay
    `stat.ripe.net/bgplay/162.55.80.0%2F24#starttime=…&endtime=…`, seconds since the epoch: as RIPEstat itself
    writes it into the address line. It takes a prefix or an AS, not a country.

Nothing is fetched from any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from nightside.model.instants import iso, parse_iso
from nightside.model.series import IncidentSeries
from nightside.publish import reading, report_phrases
from nightside.publish.literal import one_line
from nightside.publish.moments import utc
from nightside.publish.reading import Json

RADAR_SINCE_YEAR = 2020
DAY_S = 86400
AROUND_S = 6 * 3600
"""Without a series, this much before the first sign and after the last."""
MOST_NETWORKS = 4
"""BGPlay is linked for this many networks, the first that went first."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One other view of the same window."""

    observatory: str
    shows: str
    """What is to be seen there, in words."""
    url: str


def window(incident: Json, series: IncidentSeries | None) -> tuple[int, int]:
    """Begin and end in seconds since the epoch: what the chart shows, else the incident with a margin."""
    if series is not None:
        return series.begin, series.end
    began = parse_iso(incident["began"])
    ended = reading.second(incident["ended"]) or reading.second(incident["end"]) or began
    return began - AROUND_S, ended + AROUND_S


def elsewhere(incident: Json, series: IncidentSeries | None = None) -> list[Elsewhere]:
    """The links of one incident, in a stated order: IODA, Radar, RIPEstat, BGPlay."""
    begin, end = window(incident, series)
    entity = incident["entity"]
    is_as = entity["type"] == "asn"
    code = quote(str(entity["code"]), safe="")
    seconds = urlencode({"from": begin, "until": end})
    ioda = f"https://ioda.inetintel.cc.gatech.edu/{'asn' if is_as else 'country'}/{code}?{seconds}"
    found = [Elsewhere("IODA", report_phrases.IODA_SHOWS, ioda)]
    if utc(end).year >= RADAR_SINCE_YEAR:
        days = urlencode(
            {"dateStart": f"{utc(begin):%Y-%m-%d}", "dateEnd": f"{utc(end + DAY_S - 1):%Y-%m-%d}"}
        )
        subject = f"as{code}" if is_as else code.lower()
        url = f"https://radar.cloudflare.com/traffic/{subject}?{days}"
        found.append(Elsewhere("Cloudflare Radar", report_phrases.RADAR_SHOWS, url))
    found.append(_ripestat(is_as, code, begin, end))
    found += _bgplay(incident, is_as, code, begin, end)
    return found


def _ripestat(is_as: bool, code: str, begin: int, end: int) -> Elsewhere:
    """RIPEstat takes ISO times without a zone, and reads them as UTC."""
    times = {"starttime": iso(begin).rstrip("Z"), "endtime": iso(end).rstrip("Z")}
    call = "routing-history" if is_as else "country-resource-stats"
    wanted = {"resource": f"AS{code}" if is_as else code.lower(), **times}
    if not is_as:
        wanted["resolution"] = "5m"
    return Elsewhere(
        "RIPEstat",
        report_phrases.RIPESTAT_AS_SHOWS if is_as else report_phrases.RIPESTAT_COUNTRY_SHOWS,
        f"https://stat.ripe.net/data/{call}/data.json?{urlencode(wanted)}",
    )


def _bgplay(incident: Json, is_as: bool, code: str, begin: int, end: int) -> list[Elsewhere]:
    """One link for the AS, or for each of the first networks that went."""
    if is_as:
        resources = [f"AS{code}"]
    else:
        lost = sorted(reading.lost_networks(incident), key=lambda n: str(n["onset"]))
        resources = [str(n["prefix"]) for n in lost[:MOST_NETWORKS]]
    times = urlencode({"starttime": begin, "endtime": end})
    return [
        Elsewhere(
            "BGPlay",
            report_phrases.BGPLAY_SHOWS.format(resource=one_line(resource)),
            f"https://stat.ripe.net/bgplay/{quote(resource, safe='')}#{times}",
        )
        for resource in resources
    ]
