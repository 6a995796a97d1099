"""The stories, against sentences written by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from nightside.model.entity import Entity
from nightside.model.incident import (
    Episode,
    Incident,
    InstabilityStretch,
    LocalTime,
    NetworkLoss,
    Provenance,
    UpstreamShare,
    View,
)
from nightside.model.instants import parse
from nightside.model.series import IncidentSeries
from nightside.publish.headlines import percent
from nightside.publish.words import headline, sentence, story

Told = dict[str, Any]
Tell = Callable[..., Told]

ONSET, END = parse("2014-12-22T16:15Z"), parse("2014-12-23T01:46Z")
WHEN = (
    "from 16:15 UTC on 22 December 2014 (01:15 on the 23rd in Pyongyang, UTC+09:00) "
    "to 01:46 UTC on 23 December 2014 (10:46 in Pyongyang, UTC+09:00)"
)
SINCE = "16:15 UTC on 22 December 2014 (01:15 on the 23rd in Pyongyang, UTC+09:00)"


def only(episode: Episode, **changes: Any) -> dict[str, Any]:
    """Changes that make `episode` the whole incident."""
    alone = {
        "headline": episode,
        "episodes": [episode],
        "severity": episode.severity,
        "began": episode.onset,
        "ended": episode.end,
        "lowest": episode.lowest,
        "lowest_units": episode.lowest_units,
        "instability": [],
    }
    return alone | changes


def test_the_headline_of_december_2014(told: Tell) -> None:
    assert sentence(told()) == (
        "North Korea's Internet is back after a 9-hour 31-minute outage: all 4 networks were gone "
        + WHEN
        + "."
    )


def test_a_reconstruction_says_so_in_the_sentence_and_the_story(told: Tell) -> None:
    made_up = Provenance([("rrc00/x.gz", "0")], None, "0.1.0", True, "Made from documented instants.")
    incident = told(provenance=made_up)
    assert sentence(incident).startswith(
        "North Korea's Internet is back after a 9-hour 31-minute outage (a reconstruction): all 4 networks"
    )
    assert "Data: a reconstruction, not a recording" in story(incident)
    assert "Note: Made from documented instants." in story(incident)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            only(Episode("total", ONSET, None, 0.0, 0), status="ongoing"),
            "North Korea's Internet is down: all 4 networks have been gone since " + SINCE + ", and no "
            "end has been seen.",
        ),
        (
            only(Episode("total", ONSET, None, 0.0, 0, None, None, END), status="recovering"),
            "North Korea's Internet seems to be coming back after an outage: all 4 networks were gone from "
            + SINCE
            + "; the return counts once it has lasted 10 minutes.",
        ),
        (
            only(Episode("severe", ONSET, END, 0.4, 1200), status="restored", baseline_units=3000),
            "North Korea's Internet is back after a severe 9-hour 31-minute outage: at the lowest, 1,200 "
            "of its "
            "3,000 address blocks (40 %) could be reached; it lasted " + WHEN + ".",
        ),
        (
            only(Episode("partial", ONSET, ONSET + 8 * 3600, 0.75, 3), local_time=None),
            "North Korea's Internet is back after a partial 8-hour outage: at the lowest, 3 of its 4 address "
            "blocks (75 %) could be reached; it lasted from 16:15 UTC on 22 December 2014 to 00:15 UTC on 23 "
            "December 2014.",
        ),
        (
            only(Episode("total", ONSET, ONSET + 18 * 60, 0.0, 0), local_time=None, networks=[]),
            "North Korea's Internet is back after an 18-minute outage: at the lowest, none of its "
            "address blocks "
            "could be reached; it lasted from 16:15 to 16:33 UTC on 22 December 2014.",
        ),
        (
            only(Episode("severe", ONSET, None, 0.3, 1), status="ongoing", local_time=None),
            "North Korea's Internet is severely disrupted: at the lowest, 1 of its 4 address blocks (30 "
            "%) could "
            "be reached; it has lasted since 16:15 UTC on 22 December 2014, and no end has been seen.",
        ),
        (
            only(
                Episode("total", ONSET - 300, END, 0.0, 0, (ONSET - 300, ONSET + 300)),
                local_time=None,
            ),
            "North Korea's Internet is back after an outage of between 9 hours 26 minutes and 9 hours 36 "
            "minutes: "
            "all 4 networks were gone from some time between 16:10 and 16:20 UTC on 22 December 2014 to "
            "01:46 "
            "UTC on 23 December 2014.",
        ),
        (
            only(Episode("total", ONSET, ONSET + 600, 0.0, 0, (ONSET, ONSET + 600)), local_time=None),
            "North Korea's Internet is back after an outage of at most 10 minutes: all 4 networks were "
            "gone from "
            "some time between 16:15 and 16:25 UTC on 22 December 2014 to 16:25 UTC on 22 December 2014.",
        ),
        (
            only(Episode("total", ONSET, None, 0.0, 0), status="closed", local_time=None, networks=[]),
            "North Korea's Internet was down, and when that ended is not known: at the lowest, none of its "
            "address blocks could be reached; it began at 16:15 UTC on 22 December 2014.",
        ),
        (
            only(
                Episode("partial", ONSET, ONSET + 3600, 0.75, 3),
                status="closed",
                closed_as="new_level",
                local_time=None,
            ),
            "North Korea's Internet fell to a level that is now taken as normal: at the lowest, 3 of its 4 "
            "address blocks (75 %) could be reached; it lasted from 16:15 to 17:15 UTC on 22 December 2014.",
        ),
        (
            only(Episode("total", ONSET, None, 0.0, 0), status="closed", closed_as="withdrawn", local_time=None),
            "The alarm about North Korea's Internet is withdrawn: what was told of it since 16:15 UTC on "
            "22 December 2014 does not hold, our view was broken.",
        ),
    ],
    ids=[
        "ongoing", "recovering", "severe", "partial", "an", "severe ongoing", "range", "at most",
        "closed without end", "new level", "withdrawn",
    ],
)  # fmt: skip
def test_each_state_and_severity_has_its_sentence(told: Tell, changes: Told, expected: str) -> None:
    assert sentence(told(**changes)) == expected


def test_one_network_is_told_in_the_singular(told: Tell) -> None:
    one = [NetworkLoss("175.45.176.0/24", [131279], ONSET, END)]
    assert "outage: its only network was gone from 16:15 UTC" in sentence(told(networks=one))


def test_all_networks_are_only_claimed_where_each_was_seen_to_go(
    told: Tell, incident: Callable[..., Incident]
) -> None:
    networks = incident().networks
    some = told(networks=[*networks[:3], replace(networks[3], onset=None, end=None)])
    assert "all 4 networks" not in sentence(some)
    assert "175.45.179.0/24 (AS131279): no loss seen" in story(some)


@pytest.mark.parametrize(
    ("entity", "start"),
    [
        (Entity("asn", "131279", "Star Joint Venture"), "AS131279 (Star Joint Venture) is back after a "),
        (Entity("asn", "131279", "AS131279"), "AS131279 is back after a "),
        (Entity("asn", "131279", ""), "AS131279 is back after a "),
        (Entity("country", "LA", "Laos"), "Laos' Internet is back after a "),
        (Entity("country", "XX", ""), "XX's Internet is back after a "),
        (Entity("country", "EG", "E\n{gypt}%d"), "E {gypt}%d's Internet is back after a "),
    ],
)
def test_whom_it_happened_to(told: Tell, entity: Entity, start: str) -> None:
    assert sentence(told(entity=entity)).startswith(start)


def test_an_instability_that_stands_alone(told: Tell) -> None:
    stretch = InstabilityStretch(parse("2014-12-21T03:10Z"), parse("2014-12-21T16:15Z"), 24, 4)
    changes: Told = {
        "severity": "instability",
        "headline": None,
        "episodes": [],
        "instability": [stretch],
        "began": stretch.began,
        "ended": stretch.ended,
        "local_time": None,
        "networks": [],
    }
    assert sentence(told(**changes)) == (
        "North Korea's Internet was unstable for 13 hours 5 minutes: down, up, down and up again, 24 "
        "losses of "
        "address blocks were counted from 03:10 to 16:15 UTC on 21 December 2014."
    )
    changes |= {"instability": [replace(stretch, ended=None)], "ended": None, "status": "ongoing"}
    assert sentence(told(**changes)) == (
        "North Korea's Internet is unstable: down, up, down and up again, 24 losses of address blocks "
        "have been "
        "counted since 03:10 UTC on 21 December 2014."
    )


def test_what_still_lasts_after_the_headline_is_not_called_over(told: Tell) -> None:
    first = Episode("total", ONSET, END, 0.0, 0)
    outer = Episode("partial", ONSET - 60, None, 0.0, 0)
    again = Episode("total", END + 7200, None, 0.0, 0)
    for episodes, status, words in (
        ([outer, first], "ongoing", "is not wholly back after a 9-hour 31-minute outage"),
        ([outer, first], "recovering", "is not wholly back after a 9-hour 31-minute outage"),
        ([first, again], "ongoing", "is down again after a 9-hour 31-minute outage"),
    ):
        incident = told(headline=first, episodes=episodes, status=status, ended=None)
        assert headline(incident) == f"North Korea's Internet {words}"
    open_stretch = [InstabilityStretch(END + 60, None, 5, 4)]
    shaky = told(headline=first, episodes=[first], status="ongoing", instability=open_stretch, ended=None)
    assert headline(shaky) == "North Korea's Internet is still unstable after a 9-hour 31-minute outage"


def test_the_story_of_december_2014(told: Tell) -> None:
    text = story(told())
    for expected in (
        "Instability came first: it began at 03:10 UTC on 21 December 2014 (12:10 in Pyongyang, "
        "UTC+09:00), 1 day "
        "13 hours before the outage, and 60 losses of address blocks were counted.",
        "175.45.176.0/24 (AS131279): gone 22 Dec 16:14:20 UTC (23 Dec 01:14:20 +09:00), back 23 Dec "
        "01:45:30 UTC "
        "(23 Dec 10:45:30 +09:00), 9 hours 31 minutes",
        "Before it, AS4837 (China Unicom) was the only upstream seen, by 23 peer ASes.",
        "It came back through AS4837, the only upstream seen afterwards too.",
        "Then came a struggle from 03:00 to 14:30 UTC on 23 December 2014 (12:00 to 23:30 in Pyongyang, "
        "UTC+09:00): "
        "21 losses of address blocks were counted, never 6 hours of quiet, so all of this is one incident.",
        "Another total outage lasted 31 minutes, from 15:41 to 16:12 UTC on 23 December 2014 (00:41 to "
        "01:12 on the "
        "24th in Pyongyang, UTC+09:00).",
        "Watched by 23 full-feed peer ASes; at the fewest, 22 were known.",
        "There was no sight from 08:00 to 08:05 UTC on 22 December 2014 (17:00 to 17:05 in Pyongyang, "
        "UTC+09:00): "
        "missing file of rrc00.",
        "Data: RIPE NCC RIS.",
    ):
        assert expected in text
    assert "the only upstream," not in text
    assert "precede" not in text


def test_nothing_is_said_to_precede_only_where_that_was_seen(told: Tell) -> None:
    episode = Episode("total", ONSET, END, 0.0, 0)
    incident = told(**only(episode, view=View(23, 23, [])))
    begin = ONSET - 3 * 3600
    clean = IncidentSeries(begin, END + 60, [begin, ONSET, END], [4, 0, 4], [4, 4, 4])
    words = "Nothing was seen to precede it in the 3 hours before."
    assert words in story(incident, clean)
    assert "precede" not in story(incident)
    blind = replace(clean, unknown=[(ONSET - 600, ONSET - 300, "gap")])
    assert "precede" not in story(incident, blind)
    dip = replace(
        clean, times=[begin, ONSET - 900, ONSET - 800, ONSET, END], units=[4, 3, 4, 0, 4], baseline=[4] * 5
    )
    assert "precede" not in story(incident, dip)
    late = replace(clean, begin=ONSET - 1800, times=[ONSET - 1800, ONSET, END])
    assert "precede" not in story(incident, late)


def test_a_longer_shallower_loss_around_the_headline_is_told(told: Tell) -> None:
    inner = Episode("total", ONSET, END, 0.0, 0)
    outer = Episode("partial", ONSET - 3600, END + 1800, 0.0, 0)
    text = story(told(**only(inner, episodes=[outer, inner], began=outer.onset, local_time=None)))
    assert (
        "Less than 90 % of its address blocks could be reached from 15:15 UTC on 22 December 2014 to "
        "02:16 UTC on "
        "23 December 2014, 11 hours 1 minute in all." in text
    )


def test_upstreams_are_told_as_seen_with_their_shares(told: Tell) -> None:
    shares = [
        UpstreamShare(1299, "Arelion", 0.6, 0.05, 0.0),
        UpstreamShare(6453, None, 0.4, 0.0, 0.9),
        UpstreamShare(20485, "TransTeleCom", 0.0, 0.0, 0.1),
    ]
    text = story(told(upstreams=shares))
    assert "Upstreams seen before it, by 23 peer ASes: AS1299 (Arelion) 60 %, AS6453 40 %." in text
    assert "While it lasted, 5 % of the paths seen before were left." in text
    assert "Upstreams seen afterwards: AS6453 90 %, AS20485 (TransTeleCom) 10 %." in text
    unknown = story(told(upstreams=[UpstreamShare(4837, None, None, None, None)], view=View(None, None, [])))
    assert "pstream" not in unknown
    assert "How many peer ASes could have seen this is not known." in unknown


def test_long_lists_are_cut_and_counted(told: Tell) -> None:
    networks = [NetworkLoss(f"10.{i}.0.0/16", [64512], ONSET, END) for i in range(300)]
    assert "  and 288 more" in story(told(networks=networks)).splitlines()
    head = Episode("total", ONSET, END, 0.0, 0)
    flaps = [Episode("total", END + 1000 * k, END + 1000 * k + 60 + k, 0.0, 0) for k in range(1, 21)]
    text = story(told(headline=head, episodes=[head, *flaps]))
    assert text.count("Another total outage lasted") == 5
    assert "15 more of that severity were shorter than these." in text


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["rrc00/2014.12/updates.20141222.1615.gz"], "Data: RIPE NCC RIS."),
        (["2014.12/bview.20141222.1600.gz", "updates.20141222.1600.gz"], "Data: RIPE NCC RIS."),
        (["route-views2/bgpdata/2014.12/x", "rrc01/x"], "Data: RIPE NCC RIS, RouteViews."),
        (["2014.12/UPDATES/updates.20141222.1615.bz2"], "Data: RouteViews."),
        (["my.mrt", "rrc01/x"], "Data: RIPE NCC RIS, 1 file of another source."),
    ],
)
def test_the_source_is_told_by_layout_and_never_guessed(told: Tell, names: list[str], line: str) -> None:
    inputs = [(name, "0" * 64) for name in names]
    assert line in story(told(provenance=Provenance(inputs, None, "0.1.0", False, None)))


def test_words_of_others_cannot_command_a_terminal(told: Tell) -> None:
    evil = "\x1b[2J‮\n<script>" + "x" * 900
    text = story(
        told(
            entity=Entity("asn", "1", evil),
            upstreams=[UpstreamShare(2, evil, 1.0, 0.0, 1.0)],
            view=View(2, 2, [(ONSET, END, evil)]),
            provenance=Provenance([], evil, "0.1.0", True, evil),
            local_time=LocalTime(evil, None, None),
        )
    )
    assert not any(c in text for c in "\x1b‮\r")
    assert "<script>" in text
    assert max(map(len, text.splitlines())) < 700


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.4, "40 %"),
        (0.4999, "49.9 %"),
        (0.05, "5 %"),
        (0.29, "29 %"),
        (0.0, "0 %"),
        (0.0004, "less than 0.1 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_is_cut_not_rounded(share: float, words: str) -> None:
    assert percent(share) == words


def test_what_ripestat_told_is_said_to_be_its_and_no_full_feed_is_claimed(told: Tell) -> None:
    names = ["rrc00/bgplay.20141221.000000-20141224.000000", "rrc11/bgplay.20141221.000000-20141224.000000"]
    incident = told(
        provenance=Provenance([(name, "0" * 64) for name in names], None, "0.1.0", False, "A note.")
    )
    text = story(incident)
    assert "Watched by 23 peer ASes; at the fewest, 22 were known." in text
    assert "Data: RIPE NCC RIS by RIPEstat.\nNote: A note." in text
    assert "full-feed" not in text
