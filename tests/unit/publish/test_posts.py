"""Posts, against sentences written by hand; what was not known yet is not said, and none is too long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightside.incidents.messages import KINDS, messages
from nightside.model.entity import Entity
from nightside.model.errors import NightsideError
from nightside.model.incident import (
    Episode,
    Incident,
    InstabilityStretch,
    LocalTime,
    NetworkLoss,
    Provenance,
    View,
)
from nightside.model.instants import iso, iso_or_none, parse
from nightside.model.settings import Settings
from nightside.publish.posts import LONGEST, post

Told = dict[str, Any]
Tell = Callable[..., Told]

ONSET, END = parse("2014-12-22T16:15Z"), parse("2014-12-23T01:46Z")
SEVERE = Episode("severe", ONSET - 8, END + 8, 0.0, 0)
TOTAL = Episode("total", ONSET, END, 0.0, 0)
PREFIXES = [f"175.45.{n}.0/24" for n in (176, 177, 178, 179)]
SINCE = "16:15 UTC on 22 December 2014 (01:15 on the 23rd in Pyongyang, UTC+09:00)"
DATA = " Data: routes from RIPE NCC RIS."


def message(kind: str, at: int, severity: str, onset: int, end: int | None) -> Told:
    return {
        "key": f"country/KP/{kind}",
        "kind": kind,
        "at": iso(at),
        "severity": severity,
        "onset": iso(onset),
        "end": iso_or_none(end),
    }


@pytest.fixture
def clean(told: Tell) -> Tell:
    """One outage of nine and a half hours, nothing before and nothing after."""

    def change(**changes: Any) -> Told:
        alone: dict[str, Any] = {
            "episodes": [SEVERE, TOTAL],
            "headline": TOTAL,
            "instability": [],
            "began": SEVERE.onset,
            "ended": SEVERE.end,
            "networks": [NetworkLoss(p, [131279], ONSET - 2 * i, END + 5) for i, p in enumerate(PREFIXES)],
        }
        return told(**alone | changes)

    return change


def test_an_opening_says_since_when_and_that_it_is_provisional(clean: Tell) -> None:
    said = post(message("opened", ONSET, "total", ONSET - 8, None), clean())
    assert said == (
        f"North Korea's Internet is down: all 4 networks have been gone since {SINCE}. "
        "Provisional: this has only just been seen." + DATA
    )


def test_the_style_of_the_return(clean: Tell) -> None:
    said = post(message("restored", SEVERE.end + 600, "total", ONSET, END), clean())
    assert said == (
        "North Korea's Internet is back after a 9-hour 31-minute outage: it was down from 16:15 UTC on "
        "22 December 2014 (01:15 on the 23rd in Pyongyang, UTC+09:00) to 01:46 UTC on 23 December 2014 "
        "(10:46 in Pyongyang, UTC+09:00). Confirmed: the return has lasted 10 minutes." + DATA
    )


def test_a_return_is_provisional_until_it_has_lasted(clean: Tell) -> None:
    said = post(message("recovering", END + 8, "total", ONSET - 8, END + 8), clean())
    assert said == (
        "North Korea's Internet seems to be coming back: at least 50 % of its address blocks have been reachable "
        "again since 01:46 UTC on 23 December 2014 (10:46 in Pyongyang, UTC+09:00), after 9 hours 31 minutes. "
        "Provisional: the return counts once it has lasted 10 minutes." + DATA
    )


def test_a_loss_that_grew_was_severe_when_it_was_opened(clean: Tell) -> None:
    severe = Episode("severe", ONSET - 1200, END, 0.0, 0)
    incident = clean(episodes=[severe, TOTAL], began=severe.onset, lowest=0.0)
    opened = post(message("opened", severe.onset, "severe", severe.onset, None), incident)
    assert opened.startswith(
        "North Korea's Internet is severely disrupted: less than 50 % of its address blocks have been reachable "
        "since 15:55 UTC on 22 December 2014 (00:55 on the 23rd in Pyongyang, UTC+09:00). Provisional"
    )
    worse = post(message("worsened", ONSET, "total", severe.onset, None), incident)
    assert worse.startswith(
        f"North Korea's Internet is now down: all 4 networks have been gone since {SINCE}. It was severely "
        "disrupted from 15:55 UTC on 22 December 2014 on. Provisional"
    )


def test_networks_that_went_later_are_not_gone_yet(clean: Tell) -> None:
    late = [NetworkLoss(p, [131279], ONSET + 60 * i, END) for i, p in enumerate(PREFIXES)]
    said = post(message("opened", ONSET, "total", ONSET - 8, None), clean(networks=late))
    assert said.startswith(
        f"North Korea's Internet is down: no more than 5 % of its address blocks have been reachable since {SINCE}."
    )
    assert "network" not in said


def test_instability_is_told_once_it_must_have_been_known(clean: Tell) -> None:
    began = ONSET - 37 * 3600
    shaky = clean(instability=[InstabilityStretch(began, END, 60, 4)], began=began)
    late = post(message("opened", ONSET + 592, "total", ONSET - 8, None), shaky)
    assert "It had been unstable for 1 day 12 hours. Provisional: it has lasted 9 minutes so far." in late
    # The number of its losses is that of the whole stretch, and not known yet.
    assert "60" not in late
    # Three losses within six hours make an instability: after five hours nobody need have known of it.
    young = clean(instability=[InstabilityStretch(ONSET - 5 * 3600, END, 9, 4)], began=ONSET - 5 * 3600)
    assert "unstable" not in post(message("opened", ONSET, "total", ONSET - 8, None), young)


def test_nothing_of_the_end_is_said_before_the_end(clean: Tell) -> None:
    incident = clean()
    for kind, at in (("opened", ONSET), ("worsened", ONSET + 600)):
        said = post(message(kind, at, "total", ONSET - 8, None), incident)
        for later in ("01:46", "10:46", "9 hours", "9-hour", "back", "restored", "23 December"):
            assert later not in said


def test_what_is_missing_still_is_said(clean: Tell) -> None:
    partial = Episode("partial", ONSET - 60, None, 0.0, 0)
    incident = clean(episodes=[partial, SEVERE, TOTAL], status="ongoing", ended=None)
    said = post(message("restored", SEVERE.end + 600, "total", ONSET, END), incident)
    assert said.startswith(
        "North Korea's Internet is partly back after a 9-hour 31-minute outage: it was down"
    )
    assert "Less than 90 % of it can be reached so far. Confirmed." in said


def test_a_severe_one_says_how_little_was_left(clean: Tell) -> None:
    severe = Episode("severe", ONSET, ONSET + 3600, 0.4, 1200)
    incident = clean(
        episodes=[severe], headline=severe, severity="severe", lowest=0.4, lowest_units=1200, baseline_units=3000,
        local_time=None, ended=severe.end,
    )  # fmt: skip
    said = post(message("restored", ONSET + 4200, "severe", ONSET, ONSET + 3600), incident)
    assert said == (
        "North Korea's Internet is back after a severe 1-hour outage: it was severely disrupted from 16:15 to "
        "17:15 UTC on 22 December 2014. At the lowest, 40 % of its address blocks could be reached. "
        "Confirmed: the return has lasted 10 minutes." + DATA
    )


def test_a_total_one_within_a_longer_severe_one(clean: Tell) -> None:
    severe = Episode("severe", ONSET - 8, END + 2 * 3600, 0.0, 0)
    incident = clean(episodes=[severe, TOTAL], ended=severe.end, local_time=None)
    said = post(message("restored", severe.end + 600, "total", ONSET, END), incident)
    assert "it was down from 16:15 UTC on 22 December 2014 to 01:46 UTC on 23 December 2014." in said
    assert "It was severely disrupted until 03:46 UTC on 23 December 2014." in said


def test_ranges_are_told_as_ranges(clean: Tell) -> None:
    within = (ONSET - 300, ONSET + 300)
    severe = Episode("severe", ONSET - 300, END, 0.0, 0, within)
    total = Episode("total", ONSET - 300, END, 0.0, 0, within)
    incident = clean(episodes=[severe, total], headline=total, local_time=None)
    opened = post(message("opened", ONSET - 300, "total", ONSET - 300, None), incident)
    assert opened == (
        "North Korea's Internet is down: no more than 5 % of its address blocks have been reachable since some "
        "time between 16:10 and 16:20 UTC on 22 December 2014. Provisional." + DATA
    )
    restored = post(message("restored", END + 600, "total", ONSET - 300, END), incident)
    assert restored.startswith(
        "North Korea's Internet is back after an outage of between 9 hours 26 minutes and 9 hours 36 minutes: it "
        "was down from some time between 16:10 and 16:20 UTC on 22 December 2014 to 01:46 UTC on 23 December 2014."
    )


def short_ones(count: int) -> list[Episode]:
    """So many losses of four minutes, one each hour, deeper ones inside."""
    first = parse("2014-12-21T03:00Z")
    found = []
    for i in range(count):
        found.append(Episode("severe", first + 3600 * i, first + 3600 * i + 240, 0.0, 0))
        found.append(Episode("total", first + 3600 * i + 20, first + 3600 * i + 200, 0.0, 0))
    return found


def test_short_ones_are_told_together(clean: Tell) -> None:
    first, last = parse("2014-12-21T03:00Z"), parse("2014-12-21T07:04Z")
    incident = clean(episodes=short_ones(5), headline=short_ones(5)[1], began=first, local_time=None)
    digest = message("digest", last + 21600, "severe", first, last)
    assert post(digest, incident) == (
        "North Korea's Internet had 5 short severe outages, each shorter than 10 minutes, from 03:00 to 07:04 UTC "
        "on 21 December 2014. All of them are over." + DATA
    )
    single = clean(episodes=short_ones(1), headline=short_ones(1)[1], began=first, local_time=None)
    assert post(message("digest", first + 22000, "severe", first, first + 240), single) == (
        "North Korea's Internet had a severe 4-minute outage from 03:00 to 03:04 UTC on 21 December 2014. "
        "It is over." + DATA
    )


def test_a_digest_does_not_hide_an_outage_that_goes_on(clean: Tell) -> None:
    first = parse("2014-12-21T03:00Z")
    incident = clean(episodes=[*short_ones(5), SEVERE, TOTAL], began=first, local_time=None)
    said = post(message("digest", ONSET + 3600, "severe", first, first + 4 * 3600 + 240), incident)
    assert "over" not in said
    assert said.endswith("It has been down since 16:15 UTC on 22 December 2014." + DATA)


def test_a_short_one_that_was_opened_is_resolved(clean: Tell) -> None:
    first = parse("2014-12-21T03:00Z")
    incident = clean(episodes=short_ones(1), headline=short_ones(1)[1], local_time=None)
    said = post(message("resolved", first + 840, "total", first, first + 240), incident)
    assert said == (
        "North Korea's Internet is back after a 3-minute outage: it was down from 03:00:20 to 03:03:20 UTC on "
        "21 December 2014. Confirmed: the return has lasted 10 minutes." + DATA
    )


def test_corrections_and_withdrawals(clean: Tell) -> None:
    incident = clean(local_time=None)
    assert post(message("corrected", END + 90000, "total", ONSET, END), incident) == (
        "Correction: North Korea's Internet was down from 16:15 UTC on 22 December 2014 to 01:46 UTC on 23 December "
        "2014, 9 hours 31 minutes in all. This replaces what was said before." + DATA
    )
    assert post(message("corrected", ONSET + 900, "total", ONSET - 8, None), incident) == (
        "Correction: North Korea's Internet has been down since 16:15 UTC on 22 December 2014. "
        "This replaces what was said before." + DATA
    )
    assert post(message("withdrawn", END, "severe", ONSET, None), incident) == (
        "Withdrawn: that North Korea's Internet was severely disrupted at 16:15 UTC on 22 December 2014 does not "
        "hold. Our view was broken." + DATA
    )


def test_what_is_made_up_says_so_first_and_is_nobodys_data(clean: Tell) -> None:
    made_up = Provenance([("rrc00/2014.12/updates.20141222.1615.gz", "0")], None, "0.1.0", True, None)
    said = post(message("opened", ONSET, "total", ONSET - 8, None), clean(provenance=made_up))
    assert said.startswith("A reconstruction, not a recording. North Korea's Internet is down:")
    assert "RIPE" not in said


@pytest.mark.parametrize(
    ("names", "source"),
    [
        (["rrc00/2014.12/updates.20141222.1615.gz"], " Data: routes from RIPE NCC RIS."),
        (
            [
                "rrc00/bview.20141222.0000.gz",
                "route-views2/bgpdata/2014.12/UPDATES/updates.20141222.1615.bz2",
            ],
            " Data: routes from RIPE NCC RIS and RouteViews.",
        ),
        (
            ["rrc00/bview.20141222.0000.gz", "route-views2/bgpdata/x.bz2", "mine.mrt"],
            " Data: routes from RIPE NCC RIS, RouteViews and 1 file of another source.",
        ),
        ([], "seen."),
    ],
)
def test_sources_are_named(clean: Tell, names: list[str], source: str) -> None:
    inputs = Provenance([(name, "0") for name in names], None, "0.1.0", False, None)
    incident = clean(provenance=inputs, local_time=None)
    said = post(message("opened", ONSET, "total", ONSET - 8, None), incident)
    assert said.endswith(source)


def test_an_as_has_its_number(clean: Tell) -> None:
    incident = clean(entity=Entity("asn", "131279", "Star Joint Venture"), local_time=None)
    said = post(message("restored", SEVERE.end + 600, "total", ONSET, END), incident)
    assert said.startswith(
        "AS131279 (Star Joint Venture) is back after a 9-hour 31-minute outage: it was down from"
    )


def test_what_the_incident_does_not_hold_any_more_is_told_by_the_message_alone(clean: Tell) -> None:
    later = ONSET + 40 * 86400
    said = post(message("restored", later + 4200, "total", later, later + 3600), clean(local_time=None))
    assert said.startswith(
        "North Korea's Internet is back after a 1-hour outage: it was down from 16:15 to 17:15 UTC on "
        "31 January 2015."
    )


@pytest.mark.parametrize(
    ("kind", "severity"), [("opend", "total"), ("opened", "partial"), ("digest", "instability")]
)
def test_there_are_no_words_for_other_messages(clean: Tell, kind: str, severity: str) -> None:
    with pytest.raises(NightsideError, match="no words"):
        post(message(kind, ONSET, severity, ONSET, ONSET + 60), clean())


ZONES = [None, "Asia/Pyongyang", "America/Argentina/ComodRivadavia", "America/North_Dakota/New_Salem", "UTC"]
RANGES = st.sampled_from([0, 1, 59, 3600, 86400 * 3])


@st.composite
def incidents(draw: st.DrawFn) -> tuple[Incident, list[Told]]:
    """An outage of any length, with ranges and anybody's name, and its messages."""
    onset = draw(st.integers(parse("2000-01-01"), parse("2040-01-01")))
    before, lasts = draw(st.integers(0, 4000)), draw(st.integers(1, 400 * 86400))
    after, vague, late = draw(st.integers(0, 90000)), draw(RANGES), draw(RANGES)
    end = onset + lasts
    ended = draw(st.booleans())
    onset_range = (onset, onset + min(vague, lasts)) if vague else None
    end_range = (end - min(late, lasts), end) if late else None
    severe = Episode("severe", onset - before, end + after if ended else None, 0.1, 3, onset_range, None)
    total = Episode(
        "total", onset, end if ended else None, 0.01, 0, onset_range, end_range if ended else None
    )
    shallow = Episode("partial", onset - before - 5, None, 0.01, 0)
    name = draw(st.text(max_size=90))
    entity = Entity(*draw(st.sampled_from([("country", "KP"), ("asn", "4294967295")])), name)  # type: ignore[arg-type]
    zone = draw(st.sampled_from(ZONES))
    files = draw(st.lists(st.sampled_from(["rrc00/bview.20141222.0000.gz", "RIBS/x", "own"]), max_size=4))
    incident = Incident(
        entity=entity,
        status="ongoing",
        closed_as=None,
        severity="total",
        headline=total,
        began=onset - before,
        ended=None,
        baseline_units=draw(st.integers(1, 10**7)),
        lowest_units=0,
        lowest=0.0,
        episodes=[shallow, severe, total],
        instability=[InstabilityStretch(onset - draw(st.integers(0, 10**7)), None, 5, 5)],
        networks=[NetworkLoss("10.0.0.0/8", [1], onset, None)] * draw(st.integers(0, 3)),
        operators=[],
        upstreams=[],
        view=View(None, None),
        local_time=None if zone is None else LocalTime(zone, None, None),
        provenance=Provenance([(f, "0") for f in files], None, "0", draw(st.booleans()), None),
        settings=Settings().to_json(),
    )
    told = [m.to_json() for m in messages(entity, incident.episodes, [], Settings(), 1 << 40)]
    told.append(message("corrected", end, "total", onset, draw(st.sampled_from([None, end]))))
    told.append(message("withdrawn", end, draw(st.sampled_from(["severe", "total"])), onset, None))
    told.append(message("digest", end + after + 9, "severe", onset - before, end + after))
    return incident, told


@settings(max_examples=300, deadline=None)
@given(incidents())
def test_no_post_is_too_long_and_none_is_cut_off(made: tuple[Incident, list[Told]]) -> None:
    incident, told = made
    as_json = incident.to_json(id="KP-20141221T0310Z", revision=1, corrections=[])
    assert told
    for one in told:
        said = post(one, as_json)
        assert len(said) <= LONGEST
        # A cut name ends in an ellipsis; a post never does.
        assert said.endswith(".")
        assert "\n" not in said
        assert "{" not in said.replace(str(incident.entity.name), "") or "{" in incident.entity.name
        assert said.startswith("A reconstruction, not a recording.") == incident.provenance.reconstruction


def test_every_kind_of_message_has_its_words(clean: Tell) -> None:
    for kind in (*KINDS, "corrected", "withdrawn"):
        assert post(message(kind, SEVERE.end + 700, "total", ONSET, END), clean())
