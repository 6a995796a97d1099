"""One incident as a page that reads as a story: HTML, the same bytes for the same input.

Everything that stands on the page is escaped by the templates. Two things are not, since they are ours: the
stylesheet, and the chart, out of which all comments and metadata are taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from nightside.model.series import IncidentSeries
from nightside.publish import (
    acknowledged_phrases,
    attribution,
    causes_phrases,
    causes_words,
    chapters,
    chart,
    cite,
    history_phrases,
    history_tables,
    links,
    phrases,
    reports_phrases,
    services_phrases,
)
from nightside.publish import report_downloads as downloads
from nightside.publish import report_phrases as words
from nightside.publish import report_tables as tables
from nightside.publish import words as story
from nightside.publish.acknowledged import newest, seen
from nightside.publish.headlines import as_name, detail, headline, sentence
from nightside.publish.literal import one_line
from nightside.publish.moments import utc
from nightside.publish.operators_known import known_of_operators
from nightside.publish.phrases import choose
from nightside.publish.reading import Json
from nightside.publish.report_changes import changes, latest
from nightside.publish.report_facts import facts
from nightside.publish.report_posts import posts_of
from nightside.publish.report_strip import strip
from nightside.publish.reports_told import told_reports
from nightside.publish.services_table import services_table
from nightside.publish.services_words import services


def report(
    incident: Json,
    series: IncidentSeries,
    *,
    posts: Sequence[Json] = (),
    revisions: Sequence[Json] = (),
) -> str:
    """The whole page of one revision (`nightside.incident/1`), with style, chart and data in itself.

    `posts` are {"at", "text"} in the order of sending; `revisions` those revisions of the incident that are
    at hand, whole, in any order.
    """
    return (
        _templates()
        .get_template("report_page.html")
        .render(
            it=_facts(incident, series, posts, revisions) | _inside(incident, series),
            words=words,
            stylesheet=Markup(stylesheet()),
        )
    )


def article(
    incident: Json,
    series: IncidentSeries,
    *,
    posts: Sequence[Json] = (),
    revisions: Sequence[Json] = (),
    base_url: str = "",
) -> Markup:
    """The same as an `<article>` for a page of the server, without inline style or script.

    The page around it links `stylesheet()`. Pictures and data are links into the API. `base_url` (scheme and
    host, no slash at the end) makes the address in the citation one that works elsewhere.
    """
    it = _facts(incident, series, posts, revisions) | _linked(incident, series, revisions, base_url)
    return Markup(_templates().get_template("report_article.html").render(it=it, words=words))


def said_of(incidents: Sequence[Json]) -> Markup:
    """What others said of these incidents, a table each, for a page that lists them."""
    told = [(one_line(i["id"]), headline(i), told_reports(i)) for i in incidents if i["reports"]]
    listed = _templates().get_template("reports_listed.html")
    return Markup(listed.render(told=told, say=reports_phrases) if told else "")


@lru_cache(maxsize=1)
def stylesheet() -> str:
    """The style of all pages."""
    return files("nightside.publish").joinpath("report.css").read_text(encoding="utf-8")


def page_title(incident: Json) -> str:
    """What stands in the browser's title bar, and in a list of search results."""
    return words.PAGE_TITLE.format(
        headline=headline(incident), id=one_line(incident["id"]), revision=incident["revision"]
    )


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("nightside.publish", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _facts(
    incident: Json, series: IncidentSeries, posts: Sequence[Json], revisions: Sequence[Json]
) -> dict[str, Any]:
    """What the template fills in, whichever page it is for."""
    told = detail(incident)
    episodes, all_episodes = tables.episodes(incident)
    shown_posts, all_posts = posts_of(incident, posts)
    networks, more_networks, networks_cut = tables.networks(incident)
    checked, checked_cut = services_table(incident, series.services)
    source = attribution.data_line(incident)
    inputs = len(incident["provenance"]["inputs"])
    return {
        "title": page_title(incident),
        "description": sentence(incident),
        "severity": incident["severity"],
        "status": incident["status"],
        "place": _place(incident),
        "banners": _banners(incident, revisions),
        "headline": headline(incident),
        "lede": told[:1].upper() + told[1:] + ".",
        "facts": facts(incident),
        "strip": strip(series),
        "alt": chart.alt_text(incident, series),
        "chart_caption": words.CAPTION.format(data=source).strip(),
        "course": tables.course_of(incident, series),
        "story": _story(incident, series),
        "further": chapters.further_episodes(incident),
        "episodes": episodes,
        "all_episodes": all_episodes,
        "all_episodes_title": words.EPISODES_ALL.format(all=f"{len(incident['episodes']):,}"),
        "instability": tables.instability(incident),
        "posts": shown_posts,
        "all_posts": all_posts,
        "all_posts_title": words.POSTS_ALL.format(all=f"{len(posts):,}"),
        "operators": tables.operators(incident),
        "operators_known": known_of_operators(incident),
        "networks": networks,
        "more_networks": more_networks,
        "networks_cut": networks_cut,
        "upstreams": tables.upstreams(incident),
        "upstream_words": chapters.upstreams(incident),
        "services_title": services_phrases.SECTION,
        "service_words": services(incident, series.services),
        "services": checked,
        "services_cut": checked_cut,
        "view_words": [
            chapters.view(incident)[0],
            services_phrases.CHECKED_TOO if checked.rows else words.ROUTES_ONLY,
        ],
        "unseen": tables.unseen(incident),
        "why": causes_words.why(incident),
        "why_words": causes_phrases,
        "past": history_tables.past(incident),
        "past_words": history_phrases,
        "seen": seen(incident),
        "seen_newest": newest(incident),
        "seen_words": acknowledged_phrases,
        "said": told_reports(incident),
        "said_words": reports_phrases,
        "basis_words": _basis(incident),
        "inputs": tables.inputs(incident),
        "inputs_title": choose(words.INPUTS, inputs).format(count=f"{inputs:,}"),
        "settings": tables.settings(incident),
        "elsewhere": links.elsewhere(incident, series),
        "radar_too_young": utc(series.end).year < links.RADAR_SINCE_YEAR,
        "changes": _changes(incident, revisions, ""),
    }


def _inside(incident: Json, series: IncidentSeries) -> dict[str, Any]:
    """What only a page that stands alone has."""
    return {
        "chart_href": "",
        "chart_svg": _inline(chart.picture(incident, series, "svg", "page")),
        "downloads": downloads.inside(incident, series),
        "citation": cite.text(incident),
        "bibtex": cite.bibtex(incident),
    }


def _linked(
    incident: Json, series: IncidentSeries, revisions: Sequence[Json], base_url: str
) -> dict[str, Any]:
    """What only a page of the server has: addresses in place of contents."""
    path = f"/incidents/{quote(str(incident['id']), safe='')}"
    own = f"{path}/revisions/{int(incident['revision'])}"
    note = ""
    if latest(incident, revisions)["revision"] != incident["revision"]:
        note = " " + words.CHART_LATEST
    return {
        "chart_href": f"/api/1{path}/chart.svg",
        "chart_caption": words.CAPTION.format(data=attribution.data_line(incident)).strip() + note,
        "downloads": downloads.linked(incident, series, f"/api/1{own}"),
        "citation": cite.text(incident, base_url + own if base_url else None),
        "bibtex": cite.bibtex(incident, base_url + own if base_url else None),
        "banners": _banners(incident, revisions, path),
        "changes": _changes(incident, revisions, path),
    }


def _story(incident: Json, series: IncidentSeries) -> list[str]:
    """The sentence's clause with the times, and what came before, around and after the headline."""
    told = [
        *story.before(incident, series),
        *story.around(incident),
        *story.after(incident),
    ]
    return told or [sentence(incident)]


def _place(incident: Json) -> str:
    entity = incident["entity"]
    name = one_line(entity["name"] or "")
    return as_name(entity["code"], name) if entity["type"] == "asn" else name or one_line(entity["code"])


def _banners(incident: Json, revisions: Sequence[Json], path: str = "") -> list[dict[str, str]]:
    """What must be known before anything is read: made up, overtaken, or a part of another."""
    found = []
    source = incident["provenance"]
    if source["reconstruction"]:
        link = words.RECONSTRUCTION_WHY if source["note"] else ""
        found.append({"strong": words.RECONSTRUCTION, "text": "", "href": link and "#basis", "link": link})
    newest = latest(incident, revisions)["revision"]
    if newest != incident["revision"]:
        text = words.OLD_REVISION.format(revision=incident["revision"], latest=newest)
        found.append({"strong": text, "text": "", "href": path, "link": words.LATEST if path else ""})
    for other in incident["related"]:
        if other["relation"] == "merged_into":
            text = words.MERGED.format(id=one_line(other["id"]))
            href = f"/incidents/{quote(str(other['id']), safe='')}" if path else ""
            link = one_line(other["id"]) if path else ""
            found.append({"strong": text, "text": "", "href": href, "link": link})
    return found


def _basis(incident: Json) -> list[str]:
    """Whose data, whose map, which program."""
    source = incident["provenance"]
    lines = [attribution.data_line(incident) or words.NO_INPUTS]
    if source["snapshot"]:
        snapshot = one_line(source["snapshot"], chapters.LONGEST_NOTE)
        lines.append(phrases.SNAPSHOT.format(snapshot=snapshot))
    if source["note"]:
        lines.append(phrases.NOTE.format(note=one_line(source["note"], chapters.LONGEST_NOTE)))
    lines.append(words.PROGRAM.format(version=one_line(source["version"])))
    if incident["rules_version"]:
        lines.append(words.RULES.format(version=one_line(incident["rules_version"])))
    return lines


def _changes(incident: Json, revisions: Sequence[Json], path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": words.REVISION.format(revision=change.revision),
            "href": f"{path}/revisions/{change.revision}" if path else "",
            "is_this": change.is_this,
            "lines": change.lines,
            "mark": words.FINGERPRINT.format(sha256=change.fingerprint) if change.fingerprint else "",
        }
        for change in changes(incident, revisions)
    ]


def _inline(svg: bytes) -> Markup:
    """The chart as an element of the page: no prologue, comments, metadata or title of its own."""
    text = svg.decode()
    text = re.sub(r"<!--.*?-->", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r"<(metadata|title)>.*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r"^<svg ", '<svg class="chart-picture" role="img" aria-labelledby="chart-alt" ', text)
    return Markup(re.sub(r"\n\s*", "\n", text))
