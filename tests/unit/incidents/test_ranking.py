"""Which place an outage has by its length: worlds counted by hand, and what is not settled stays open."""

from __future__ import annotations

import random
from typing import Any

import pytest
from known_outages import HOUR_S, at, hours, outage

from nightside.incidents.ranking import documented_losses, measured, ranks_of
from nightside.world.outages import Documented, read_catalogue

YEAR = ("2016-01-01T00:00:00Z", "2017-01-01T00:00:00Z")
SUBJECT = outage("2016-04-06T15:10:00Z", 10_200)


def ranks(
    subject: dict[str, Any],
    others: list[dict[str, Any]],
    *,
    rows: tuple[Documented, ...] = (),
    blind: tuple[tuple[str, str], ...] = (),
    begin: str = "2015-01-01T00:00:00Z",
    until: str | None = None,
) -> dict[str, dict[str, Any]]:
    looked = at(until or subject["ended"] or "2017-01-01T00:00:00Z")
    found = ranks_of(subject, others, rows, hours(begin, YEAR[1], blind=blind), looked)
    return {r["period"]: r for r in found}


def documented(id: str = "kp-2016-02-01", **changed: Any) -> tuple[Documented, ...]:
    told = {
        "by": "Dyn",
        "source": "its blog",
        "url": None,
        "date": "2016-02-02",
        "says": "Off.",
        "begin": "2016-02-01T10:00Z",
        "end": None,
        "duration_s": [18_000, 18_060],
        "contradicted": None,
    }
    row = {
        "id": id,
        "country": "KP",
        "kind": "total",
        "seen_in": ["routes"],
        "confidence": "high",
        "what": "all",
        "note": None,
        "compare": False,
        "claims": [told | {k: v for k, v in changed.items() if k in told}],
    }
    row |= {k: v for k, v in changed.items() if k in row}
    data = {
        "as_of": "2026-11-22",
        "rare": {"says": "x", "by": "x", "date": "2014-12-22", "url": "https://example.org/"},
        "outages": [row],
    }
    return read_catalogue(data, where="").outages


def test_the_longest_of_three_of_the_year_so_far() -> None:
    # The five hours of the year before, and the ten of later that year, are not in it.
    others = [
        outage("2016-01-20T00:00:00Z", 1200),
        outage("2016-03-01T00:00:00Z", 9000),
        outage("2015-06-01T00:00:00Z", 5 * HOUR_S),
        outage("2016-08-01T00:00:00Z", 10 * HOUR_S),
    ]
    found = ranks(SUBJECT, others)
    assert found["2016"]["known"] == 3
    assert found["2016"]["place"] == [1, 1]
    assert found["2016"]["coverage"] == 1
    assert found["2016"]["from"] == "2016-01-01T00:00:00Z"
    # In the 365 days before its end the one of June 2015 was longer.
    assert found["365 days"]["known"] == 4
    assert found["365 days"]["place"] == [2, 2]


def test_the_only_one_is_the_only_one() -> None:
    found = ranks(SUBJECT, [SUBJECT])
    assert found["2016"]["known"] == 1
    assert found["2016"]["place"] == [1, 1]


@pytest.mark.parametrize(("blind_hours", "ranked"), [(230, True), (235, False)])
def test_below_nine_tenths_observed_there_is_no_place(blind_hours: int, ranked: bool) -> None:
    # From 1 January to 6 April 18:00 are 96 days and 18 hours: 2,322 hours. A tenth is 232.2.
    last = at("2016-01-10T00:00:00Z") + blind_hours * HOUR_S
    from nightside.model.instants import iso

    found = ranks(SUBJECT, [], blind=(("2016-01-10T00:00:00Z", iso(last)),))["2016"]
    assert found["coverage"] == round(1 - blind_hours / 2322, 6)
    assert (found["place"] is not None) is ranked


def test_a_store_that_begins_that_day_ranks_nothing() -> None:
    found = ranks(SUBJECT, [], begin="2016-04-06T00:00:00Z")
    assert found["2016"]["place"] is None
    assert found["365 days"]["place"] is None


def test_exactly_as_long_share_the_place() -> None:
    found = ranks(SUBJECT, [outage("2016-03-01T00:00:00Z", 10_200), outage("2016-02-01T00:00:00Z", 20_000)])
    assert found["2016"]["place"] == [2, 2]
    assert found["2016"]["as_long"] == 1


def test_an_instant_within_a_range_leaves_the_place_open() -> None:
    # The other lasted from 9,900 to 10,500 s; this one 10,200.
    other = outage("2016-03-01T00:00:00Z", 10_200, onset_range=(150, 150), end_range=(150, 150))
    assert measured(other, "total", at(YEAR[1])).least_s == 9_900  # type: ignore[union-attr]
    assert measured(other, "total", at(YEAR[1])).most_s == 10_500  # type: ignore[union-attr]
    assert ranks(SUBJECT, [other])["2016"]["place"] == [1, 2]
    # Clearly longer or shorter, a range leaves nothing open.
    longer = outage("2016-03-01T00:00:00Z", 20_000, onset_range=(150, 150))
    assert ranks(SUBJECT, [longer])["2016"]["place"] == [2, 2]


def test_one_that_goes_on_is_as_long_as_anybody_looked() -> None:
    # Three hours until now: longer than the one of two, not known to be longer than that of five.
    lasting = outage("2016-06-01T00:00:00Z", None)
    others = [outage("2016-02-01T00:00:00Z", 2 * HOUR_S), outage("2016-03-01T00:00:00Z", 5 * HOUR_S)]
    found = ranks(lasting, others, until="2016-06-01T03:00:00Z")["2016"]
    assert found["ongoing"]
    assert found["to"] == "2016-06-01T03:00:00Z"
    assert found["known"] == 3
    assert found["place"] == [1, 2]
    assert ranks(lasting, others[:1], until="2016-06-01T03:00:00Z")["2016"]["place"] == [1, 1]


def test_only_outages_as_deep_are_in_the_set() -> None:
    # A partial loss of a day is no total one; of the total one its partial stretch counts among partial ones.
    shallow = outage("2016-03-01T00:00:00Z", 86_400, "partial")
    assert ranks(SUBJECT, [shallow])["2016"]["known"] == 1
    found = ranks(shallow, [outage("2016-02-01T00:00:00Z", 90_000)])["2016"]
    assert (found["severity"], found["known"], found["place"]) == ("partial", 2, [2, 2])


def test_the_longest_of_its_stretches_counts() -> None:
    twice = outage("2016-04-06T15:10:00Z", 1800)
    again = outage("2016-04-06T17:00:00Z", 7200)
    twice["episodes"] += again["episodes"]
    twice["ended"] = again["ended"]
    assert measured(twice, "total", at(YEAR[1])).most_s == 7200  # type: ignore[union-attr]


def test_what_others_documented_counts_and_is_named_so() -> None:
    # Five hours, told of by others in February, of which nothing was found here.
    found = ranks(SUBJECT, [], rows=documented())["2016"]
    assert (found["known"], found["documented"], found["place"]) == (2, 1, [2, 2])


def test_what_others_documented_of_the_same_time_is_not_counted_twice() -> None:
    here = outage("2016-02-01T10:01:00Z", 18_000)
    found = ranks(SUBJECT, [here], rows=documented())["2016"]
    assert (found["known"], found["documented"]) == (2, 0)
    own = documented(id="kp-2016-04-06", begin="2016-04-06T15:10Z", date="2016-04-07")
    assert ranks(SUBJECT, [], rows=own)["2016"]["known"] == 1


@pytest.mark.parametrize(
    "changed", [{"kind": "services"}, {"seen_in": ["traffic"]}, {"kind": "partial"}, {"kind": "instability"}]
)
def test_what_is_not_like_ours_is_not_in_the_set(changed: dict[str, Any]) -> None:
    assert documented_losses(documented(**changed), "total") == []


def test_a_documented_one_of_unknown_length_leaves_the_place_open() -> None:
    found = ranks(SUBJECT, [], rows=documented(duration_s=None))["2016"]
    assert found["place"] == [1, 2]


def test_an_instability_that_stands_alone_has_no_place() -> None:
    alone = outage("2016-04-06T15:10:00Z", 600) | {"severity": "instability", "episodes": []}
    assert ranks_of(alone, [], (), hours(*YEAR), at(YEAR[1])) == []


def test_what_never_was_is_not_in_the_set() -> None:
    gone = outage("2016-03-01T00:00:00Z", 90_000, closed_as="withdrawn")
    assert ranks(SUBJECT, [gone])["2016"]["known"] == 1


def test_reconstructions_are_told() -> None:
    assert not ranks(SUBJECT, [])["2016"]["reconstruction"]
    made_up = outage("2016-03-01T00:00:00Z", 60, reconstruction=True)
    assert ranks(SUBJECT, [made_up])["2016"]["reconstruction"]


def test_over_new_year_it_belongs_to_the_year_of_its_onset() -> None:
    late = outage("2015-12-31T23:00:00Z", 7200)
    found = ranks(late, [outage("2015-03-01T00:00:00Z", 60)])
    assert found["2015"]["to"] == "2016-01-01T00:00:00Z"
    assert found["2015"]["known"] == 2


def test_the_order_of_incidents_does_not_matter() -> None:
    chance = random.Random(16)
    some = [
        outage(at(YEAR[0]) + chance.randrange(90) * 86_400, chance.randrange(60, 20_000)) for _ in range(30)
    ]
    expected = ranks(SUBJECT, some)
    longer = sum(o["episodes"][0]["end"] > "" and (at(o["end"]) - at(o["onset"])) > 10_200 for o in some)
    assert expected["2016"]["place"] == [1 + longer, 1 + longer]
    for _ in range(5):
        chance.shuffle(some)
        assert ranks(SUBJECT, some) == expected
