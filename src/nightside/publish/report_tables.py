"""The report's tables: what an incident's lists say, row by row."""

from __future__ import annotations

from nightside.model.incident import SEVERITIES
from nightside.model.instants import duration_words, parse_iso
from nightside.model.series import IncidentSeries
from nightside.publish import course
from nightside.publish import report_phrases as words
from nightside.publish.headlines import as_name, length_of, percent
from nightside.publish.literal import one_line
from nightside.publish.moments import Clock
from nightside.publish.phrases import choose
from nightside.publish.reading import Json
from nightside.publish.report_cells import (
    Bar,
    Cell,
    Severity,
    Table,
    Text,
    When,
    as_words,
    end_of,
    moment,
    number,
    onset_of,
    when,
)

LONGEST_FILE_NAME = 160
MOST_COURSE_ROWS = 48
MOST_EPISODES = 12
"""Of more, these many stand on the page, and all of them behind a fold."""
OPEN_NETWORKS = 24
"""So many networks stand on the page, further ones behind a fold, and beyond `MOST_NETWORKS` in the data only."""
MOST_NETWORKS = 1000
MOST_INPUTS = 5000


def episodes(incident: Json) -> tuple[Table, Table | None]:
    """The episodes in the incident's order; of very many the worst and longest, and then all of them."""
    clock = Clock.of(incident)
    every = incident["episodes"]
    if len(every) <= MOST_EPISODES:
        return _episodes(clock, "episodes", words.EPISODES_CAPTION, every), None
    gravest = sorted(every, key=_gravity)[:MOST_EPISODES]
    picked = words.EPISODES_PICKED.format(count=MOST_EPISODES, all=f"{len(every):,}")
    caption = f"{words.EPISODES_CAPTION} {picked}"
    return (
        _episodes(clock, "episodes", caption, [e for e in every if e in gravest]),
        _episodes(clock, "all-episodes", words.EPISODES_ALL.format(all=f"{len(every):,}"), every),
    )


def _gravity(episode: Json) -> tuple[int, bool, int]:
    """Worst severity first, then what lasts on, then the longest."""
    severity = SEVERITIES.index(episode["severity"])
    return -severity, episode["end"] is not None, -(episode["duration_s"] or 0)


def _episodes(clock: Clock, id: str, caption: str, shown: list[Json]) -> Table:
    columns = (words.SEVERITY_COLUMN, words.ONSET, words.END, words.LENGTH, words.LOWEST_COLUMN)
    rows: list[tuple[Cell, ...]] = [
        (
            Severity(e["severity"]),
            onset_of(clock, e),
            end_of(clock, e),
            Text(length_of(e) or words.STILL),
            Text(percent(e["lowest"]), "number"),
        )
        for e in shown
    ]
    return Table(id, _with_place(clock, caption), columns, rows)


def _with_place(clock: Clock, caption: str) -> str:
    """The caption of a table of instants, and whose clocks stand below them."""
    return f"{caption} {words.PLACE_TIMES.format(city=clock.city)}" if clock.zone else caption


def instability(incident: Json) -> Table:
    """Each stretch of repeated losses."""
    clock = Clock.of(incident)
    columns = (words.FIRST_LOSS, words.LAST_RETURN, words.LENGTH, words.LOSSES, words.BLOCKS)
    rows: list[tuple[Cell, ...]] = []
    for stretch in incident["instability"]:
        ended = stretch["ended"]
        lasted = words.STILL
        if ended is not None:
            lasted = duration_words(parse_iso(ended) - parse_iso(stretch["began"]))
        rows.append(
            (
                when(clock, stretch["began"]),
                when(clock, ended),
                Text(lasted),
                number(stretch["losses"]),
                number(stretch["units"]),
            )
        )
    return Table("instability", _with_place(clock, words.INSTABILITY_CAPTION), columns, rows)


def operators(incident: Json) -> Table:
    """Origin ASes in the order of loss, as the incident lists them."""
    clock = Clock.of(incident)
    columns = (words.OPERATOR, words.BEFORE, words.AT_LOWEST, words.LOST_AT, words.BACK_AT)
    rows: list[tuple[Cell, ...]] = []
    for operator in incident["operators"]:
        lost = operator["onset"] is not None
        rows.append(
            (
                Text(as_name(operator["asn"], operator["name"])),
                number(operator["units_before"]),
                number(operator["units_lowest"]),
                when(clock, operator["onset"], instead=words.NO_LOSS),
                when(clock, operator["end"], instead=words.NOT_YET if lost else words.NO_LOSS),
            )
        )
    return Table("operators", _with_place(clock, words.OPERATORS_CAPTION), columns, rows)


def networks(incident: Json) -> tuple[Table, Table | None, str]:
    """The networks on the page, those behind the fold, and a word on those that are in the data only."""
    clock = Clock.of(incident)
    every = incident["networks"]
    columns = (words.NETWORK, words.ORIGINS, words.GONE_AT, words.BACK_AT, words.LENGTH)
    shown = Table(
        "networks",
        _with_place(clock, words.NETWORKS_CAPTION),
        columns,
        _networks(clock, every[:OPEN_NETWORKS]),
    )
    folded, rest = every[OPEN_NETWORKS:MOST_NETWORKS], len(every) - MOST_NETWORKS
    more = None
    if folded:
        caption = choose(words.NETWORKS_REST, len(folded)).format(count=f"{len(folded):,}")
        more = Table("more-networks", caption, columns, _networks(clock, folded))
    cut = choose(words.NETWORKS_CUT, rest).format(count=f"{rest:,}") if rest > 0 else ""
    return shown, more, cut


def _networks(clock: Clock, networks: list[Json]) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for network in networks:
        lost, lasted = network["onset"] is not None, network["duration_s"]
        length = words.NO_LOSS if not lost else words.STILL if lasted is None else duration_words(lasted)
        rows.append(
            (
                Text(one_line(network["prefix"]), "code"),
                Text(as_words(network["origin_asns"])),
                when(clock, network["onset"], instead=words.NO_LOSS),
                when(clock, network["end"], instead=words.NOT_YET if lost else words.NO_LOSS),
                Text(length),
            )
        )
    return rows


def upstreams(incident: Json) -> Table:
    """Shares of the ways out before, during and after."""
    columns = (words.UPSTREAM, words.BEFORE, words.DURING, words.AFTER)
    rows: list[tuple[Cell, ...]] = [
        (Text(as_name(u["asn"], u["name"])), Bar(u["before"]), Bar(u["during"]), Bar(u["after"]))
        for u in incident["upstreams"]
    ]
    return Table("upstreams", words.UPSTREAMS_CAPTION, columns, rows)


def unseen(incident: Json) -> Table:
    """The stretches without sight, and why."""
    clock = Clock.of(incident)
    columns = (words.FROM, words.TO, words.LENGTH, words.WHY_COLUMN)
    rows: list[tuple[Cell, ...]] = []
    for stretch in incident["view"]["unknown"]:
        lasted = parse_iso(stretch["to"]) - parse_iso(stretch["from"])
        rows.append(
            (
                when(clock, stretch["from"]),
                when(clock, stretch["to"]),
                Text(duration_words(lasted)),
                Text(one_line(stretch["why"], 200)),
            )
        )
    return Table("unseen", _with_place(clock, words.VIEW_CAPTION), columns, rows)


def inputs(incident: Json) -> Table:
    """The input files with their digests."""
    rows: list[tuple[Cell, ...]] = [
        (Text(one_line(i["name"], LONGEST_FILE_NAME), "code"), Text(one_line(i["sha256"], 64), "code"))
        for i in incident["provenance"]["inputs"][:MOST_INPUTS]
    ]
    return Table("inputs", words.INPUTS_CAPTION, (words.FILE, words.SHA256), rows)


def settings(incident: Json) -> Table:
    """The thresholds as they were."""
    rows: list[tuple[Cell, ...]] = [
        (Text(one_line(str(name)), "code"), Text(one_line(str(value)), "number"))
        for name, value in incident["settings"].items()
    ]
    return Table("settings", words.SETTINGS_CAPTION, (words.SETTING, words.VALUE), rows)


def course_of(incident: Json, series: IncidentSeries) -> Table:
    """The chart for those who cannot see it: the lowest in each round step of time."""
    clock = Clock.of(incident)
    step_s = course.round_step(series.end - series.begin, MOST_COURSE_ROWS - 1)
    rows: list[tuple[Cell, ...]] = []
    for piece in course.in_steps(series, step_s):
        begin = When((moment(clock, piece.begin),))
        if piece.units is None:
            rows.append((begin, Text(words.COURSE_NO_SIGHT), Text(words.COURSE_NO_SIGHT)))
            continue
        share = words.NOT_KNOWN if piece.share is None else percent(piece.share)
        if piece.unseen_s:
            share = words.COURSE_PART.format(share=share, length=duration_words(piece.unseen_s))
        rows.append((begin, Text(f"{piece.units:,}", "number"), Text(share)))
    caption = _with_place(clock, words.COURSE_CAPTION.format(step=duration_words(step_s)))
    return Table("course", caption, (words.TIME, words.REACHABLE, words.SHARE), rows)
