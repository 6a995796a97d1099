"""The longer chapters of a story: networks, upstreams, further episodes, the view, and what it rests on."""

from __future__ import annotations

from nightside.model.instants import duration_words, parse_iso
from nightside.publish import attribution, phrases, reading
from nightside.publish.headlines import as_name, length_of, percent
from nightside.publish.literal import one_line
from nightside.publish.moments import Clock, instant_or_range, short_instant, span
from nightside.publish.phrases import choose
from nightside.publish.reading import Json

MOST_LINES = 12
MOST_EPISODES = 5
MOST_OPERATORS = 5
"""Longer lists are cut here, and what was left out is counted."""
LONGEST_NOTE = 500


def networks(incident: Json, reader: str | None = None) -> list[str]:
    """One line for each network: when it went and came back, and how long it was gone."""
    if not reading.lost_networks(incident):
        return []
    clock = Clock.of(incident, reader)
    every = incident["networks"]
    forms = phrases.NETWORKS if clock.zone is None else phrases.NETWORKS_LOCAL
    lines = [choose(forms, len(every)).format(count=f"{len(every):,}", city=clock.city, zone=clock.reads)]
    lines += [_network(clock, network) for network in every[:MOST_LINES]]
    if len(every) > MOST_LINES:
        lines.append(phrases.AND_MORE.format(count=f"{len(every) - MOST_LINES:,}"))
    return lines


def _network(clock: Clock, network: Json) -> str:
    name = one_line(network["prefix"])
    if network["origin_asns"]:
        origins = ", ".join(phrases.BARE_AS.format(asn=asn) for asn in network["origin_asns"])
        name = phrases.NETWORK_ORIGINS.format(prefix=name, origins=origins)
    onset, end = reading.second(network["onset"]), reading.second(network["end"])
    if onset is None:
        return phrases.NETWORK_KEPT.format(network=name)
    if end is None:
        return phrases.NETWORK_GONE.format(network=name, onset=short_instant(clock, onset))
    return phrases.NETWORK_BACK.format(
        network=name,
        onset=short_instant(clock, onset),
        end=short_instant(clock, end),
        length=duration_words(end - onset),
    )


def upstreams(incident: Json) -> list[str]:
    """The ways out that were seen before, during and after; always as seen, since backups stay invisible."""
    peers = incident["view"]["peers_expected"]
    before = [u for u in incident["upstreams"] if u["before"]]
    after = [u for u in incident["upstreams"] if u["after"]]
    told = []
    if len(before) == 1:
        words = {"upstream": as_name(before[0]["asn"], before[0]["name"])}
        if peers is None:
            told.append(phrases.SOLE_UPSTREAM.format(**words))
        else:
            told.append(choose(phrases.SOLE_UPSTREAM_BY, peers).format(peers=f"{peers:,}", **words))
    elif before:
        words = {"list": _shares(before, "before")}
        if peers is None:
            told.append(phrases.UPSTREAMS_BEFORE.format(**words))
        else:
            told.append(choose(phrases.UPSTREAMS_BEFORE_BY, peers).format(peers=f"{peers:,}", **words))
    during = [u["during"] for u in incident["upstreams"]]
    left = None if not during or None in during else sum(during)
    if left and incident["severity"] != "instability":
        told.append(phrases.PATHS_LEFT.format(percent=percent(left)))
    if len(before) == 1 and before == after:
        told.append(phrases.UPSTREAM_AGAIN.format(upstream=phrases.BARE_AS.format(asn=after[0]["asn"])))
    elif after:
        told.append(phrases.UPSTREAMS_AFTER.format(list=_shares(after, "after")))
    return told


def _shares(found: list[Json], when: str) -> str:
    shown = [
        phrases.UPSTREAM_SHARE.format(upstream=as_name(u["asn"], u["name"]), percent=percent(u[when]))
        for u in found[:MOST_LINES]
    ]
    if len(found) > MOST_LINES:
        shown.append(phrases.AND_MORE.format(count=len(found) - MOST_LINES).strip())
    return ", ".join(shown)


def further_episodes(incident: Json, reader: str | None = None) -> list[str]:
    """Each further episode of the worst severity; of very many, the longest, in the order of time."""
    clock = Clock.of(incident, reader)
    others = reading.others_as_bad(incident)
    longest = sorted(others, key=lambda e: (e["end"] is not None, -(e["duration_s"] or 0)))[:MOST_EPISODES]
    lines = []
    for episode in others:
        if episode not in longest:
            continue
        onset, end = parse_iso(episode["onset"]), reading.second(episode["end"])
        ranges = reading.range_of(episode["onset_range"]), reading.range_of(episode["end_range"])
        if end is None:
            since = instant_or_range(clock, onset, ranges[0])
            lines.append(phrases.ANOTHER_OPEN[episode["severity"]].format(onset=since))
        else:
            when = span(clock, onset, end, *ranges)
            lines.append(phrases.ANOTHER[episode["severity"]].format(length=length_of(episode), span=when))
    more = len(others) - len(longest)
    if more > 0:
        lines.append(choose(phrases.ANOTHER_MORE, more).format(count=f"{more:,}"))
    return lines


def view(incident: Json, reader: str | None = None) -> list[str]:
    """How many could see it, and when nobody could."""
    seen = incident["view"]
    expected, known = seen["peers_expected"], seen["peers_known_min"]
    full_feed = attribution.full_feed_known(incident)
    if expected is None or known is None:
        lines = [phrases.VIEW_NOT_KNOWN]
    elif known >= expected:
        forms = phrases.VIEW_WHOLE if full_feed else phrases.VIEW_WHOLE_ANY
        lines = [choose(forms, expected).format(expected=f"{expected:,}")]
    else:
        words = {"expected": f"{expected:,}", "known": f"{known:,}"}
        forms = phrases.VIEW_PART if full_feed else phrases.VIEW_PART_ANY
        lines = [choose(forms, expected).format(**words)]
    clock = Clock.of(incident, reader)
    for stretch in seen["unknown"][:MOST_LINES]:
        when = span(clock, parse_iso(stretch["from"]), parse_iso(stretch["to"]))
        lines.append(phrases.NO_SIGHT.format(span=when, why=one_line(stretch["why"]).rstrip(".")))
    more = len(seen["unknown"]) - MOST_LINES
    if more > 0:
        lines.append(choose(phrases.NO_SIGHT_MORE, more).format(count=f"{more:,}"))
    return lines


def operators(incident: Json) -> str:
    """Who announces the networks, by name, in the incident's order; empty where nobody is known."""
    every = incident["operators"]
    if not every:
        return ""
    named = ", ".join(as_name(one["asn"], one["name"]) for one in every[:MOST_OPERATORS])
    if len(every) > MOST_OPERATORS:
        rest = len(every) - MOST_OPERATORS
        return choose(phrases.OPERATORS_CUT, rest).format(list=named, count=f"{rest:,}")
    return choose(phrases.OPERATORS, len(every)).format(list=named)


def snapshot(incident: Json) -> str:
    """By which day's map networks belong to countries; empty where it is not known."""
    found = incident["provenance"]["snapshot"]
    return phrases.SNAPSHOT.format(snapshot=one_line(found, LONGEST_NOTE)) if found else ""


def provenance(incident: Json) -> list[str]:
    """Whose data, whose map, and whether it was made up."""
    source = incident["provenance"]
    lines = [attribution.data_line(incident)]
    if source["note"]:
        lines.append(phrases.NOTE.format(note=one_line(source["note"], LONGEST_NOTE)))
    return [*lines, snapshot(incident)]
