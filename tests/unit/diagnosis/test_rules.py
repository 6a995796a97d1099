"""Each rule by hand-made cases: what it says where it holds, where it does not, and where it lacks what it needs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.support.diagnosis_cases import END, HOUR, T, checked, course, incident, says, stored, unstable

from nightside.diagnosis.rules import RULES, evidence_of
from nightside.diagnosis.stored import Beside, Other, Stored, Stranger
from nightside.diagnosis.telling import when
from nightside.model.incident import Episode
from nightside.model.series import UpstreamCourse
from nightside.model.services import Finding

DOWN = {"sites": T + 300, "names": T + 310, "mail": T + 320}
BACK = {"sites": END + 100, "names": END + 110, "mail": END + 120}
BOTH = [Finding("services_down_routes_down", T + 300, END, ["a"])]

UP = [Finding("services_up_routes_down", T, END, ["a"])]
AN_AS = {"type": "asn", "code": "131279", "name": ""}
LOST_BEFORE = {
    "times": [T - 8 * HOUR, T - 2 * HOUR, T - HOUR, T],
    "units": [4, 2, 4, 0],
    "baseline": [4] * 4,
}


def first(name: str) -> list[Finding]:
    kind: Any = f"{name}_first"
    return [Finding(kind, END + 60, None, ["a"])]


def two_ways(first: int | None, second: int | None, *, before: list[Any] | None = None) -> dict[str, Any]:
    """Two upstreams that fall to nothing at these instants; None: it stays."""
    begin = T - 8 * HOUR
    ways = []
    for asn, share, at in ((4837, 0.6, first), (20485, 0.4, second)):
        steps = [(begin, share), *(before or [] if asn == 4837 else [])]
        ways.append(UpstreamCourse(asn, None, steps if at is None else [*steps, (at, 0.0), (END, share)]))
    return {"upstreams": ways}


TWO = {"shares": ((4837, 0.6), (20485, 0.4))}


def countries(*lowest: float | None) -> list[Other]:
    return [Other("country", f"A{chr(65 + i)}", share, T) for i, share in enumerate(lowest)]


def series_told(days: int) -> dict[str, Any]:
    told = {
        "relation": "same_time_of_day",
        "days": days,
        "zone": "Asia/Pyongyang",
        "first_clock": "01:15:00",
        "last_clock": "01:20:00",
        "from": "2014-12-22T16:15:00Z",
        "to": "2014-12-25T16:20:00Z",
    }
    history = incident()["history"]
    related = [
        {"id": f"KP-{n}", "relation": "same_time_of_day", "onset": f"2014-12-{23 + n}T16:20:00Z"}
        for n in range(3)
    ]
    return {"history": {**history, "series": told}, "related": related}


CASES: list[tuple[str, Stored, str]] = [
    # What came before.
    ("before", stored({"began_s": T - 30 * HOUR, "stretches": [unstable(T - 30 * HOUR, T)]}), "unstable"),
    ("before", stored({"severity": "instability", "stretches": [unstable(T, T + HOUR)]}), "unstable"),
    ("before", stored({"began_s": T - 1200}), "sign"),
    ("before", stored({"stretches": [unstable(T - 1200, T)], "began_s": T - 1200}), "sign"),
    ("before", stored(), "nothing"),
    ("before", stored(series=LOST_BEFORE), "sign"),
    ("before", stored(series={"begin": T - 1800}), "unknown"),
    ("before", stored(series={"unknown": [(T - 2 * HOUR, T - HOUR, "dark")]}), "unknown"),
    ("before", Stored(incident(), None), "unknown"),
    # How it went.
    ("networks-together", stored(), "together"),
    ("networks-together", stored({"gone": (-120, -60, -5, 0)}), "together"),
    ("networks-together", stored({"gone": (-121, -60, -5, 0)}), "minutes"),
    ("networks-together", stored({"gone": (-1201, -60, -5, 0)}), "staggered"),
    ("networks-together", stored({"gone": (0,), "back": (0,)}), "unknown"),
    ("networks-together", stored({"onset_range_s": (T, T + 900)}), "unknown"),
    ("networks-together", stored({"severity": "instability"}), "unknown"),
    # How it came back.
    ("return", stored(), "step"),
    ("return", stored({"back": (0, 60, 300, 700)}), "minutes"),
    ("return", stored({"back": (0, 600, 2000, 7000)}), "staggered"),
    ("return", stored({"stretches": [unstable(END + HOUR, END + 3 * HOUR)]}), "struggle"),
    ("return", stored({"more_episodes": [Episode("severe", END + HOUR, END + 2 * HOUR, 0.2, 1)]}), "struggle"),
    ("return", stored({"more_episodes": [Episode("severe", END + 7 * HOUR, END + 8 * HOUR, 0.2, 1)]}), "step"),
    ("return", stored({"end_s": None}), "unknown"),
    ("return", stored({"end_range_s": (END - 900, END)}), "unknown"),
    # The ways out.
    ("upstreams-lost", stored(), "only_one"),
    ("upstreams-lost", stored(TWO, two_ways(T, T + 200)), "all_together"),
    ("upstreams-lost", stored(TWO, two_ways(T, T - 1500)), "one_by_one"),
    ("upstreams-lost", stored({**TWO, "gone": (-1500, -900, -300, 0)}, two_ways(T, T - 1500)), "all_together"),
    ("upstreams-lost", stored(TWO, two_ways(T, None)), "one_lost"),
    ("upstreams-lost", stored(TWO, two_ways(None, None)), "none_lost"),
    ("upstreams-lost", stored(TWO, {"upstreams": [
        UpstreamCourse(4837, None, [(T - 8 * HOUR, 0.6), (T - 2 * HOUR, 0.1), (T, 0.0)]),
        UpstreamCourse(20485, None, [(T - 8 * HOUR, 0.4), (T - 2 * HOUR, 0.9), (T, 0.0)]),
    ]}), "shifted_first"),
    ("upstreams-lost", stored({"shares": ((1, 0.4), (2, 0.3), (3, 0.3))}, {"upstreams": [
        UpstreamCourse(asn, None, [(T - HOUR, share), *([(T, 0.0)] if asn < 3 else [])])
        for asn, share in ((1, 0.4), (2, 0.3), (3, 0.3))
    ]}), "some_lost"),
    # One that carries little and stays does not make the others' loss a single link's.
    ("upstreams-lost", stored({"shares": ((1, 0.5), (2, 0.4), (3, 0.1))}, {"upstreams": [
        UpstreamCourse(asn, None, [(T - HOUR, share), *([(T, 0.0)] if asn < 3 else [])])
        for asn, share in ((1, 0.5), (2, 0.4), (3, 0.1))
    ]}), "all_together"),
    ("upstreams-lost", stored({"shares": ()}), "unknown"),
    ("upstreams-lost", stored(TWO), "unknown"),
    ("upstreams-lost", stored({**TWO, "onset_range_s": (T, T + 900)}, two_ways(T, T)), "unknown"),
    ("others-behind-upstream", stored(beside=[Beside("XX-1", T + 60, (4837,))]), "fell_too"),
    ("others-behind-upstream", stored(others=[Other("asn", "4837", 0.3, T)]), "fell_too"),
    ("others-behind-upstream", stored(others=[Other("asn", "4837", 1.0, T)]), "steady"),
    ("others-behind-upstream", stored(beside=[Beside("XX-1", T + 60, (1299,))]), "unknown"),
    ("others-behind-upstream", stored(others=[Other("asn", "4837", None, T)]), "unknown"),
    # Elsewhere.
    ("neighbours", stored(others=countries(1.0, 1.0, 0.95, 1.0, 1.0)), "only_here"),
    ("neighbours", stored(others=countries(1.0, 1.0, 0.5, 1.0, 1.0)), "others_fell"),
    ("neighbours", stored(others=countries(0.2, 0.5, 0.5, 1.0, 1.0)), "many_fell"),
    ("neighbours", stored(others=countries(1.0, 1.0, 1.0, 1.0)), "unknown"),
    ("neighbours", stored(others=countries(None, None, 1.0, 1.0, 1.0, 1.0)), "unknown"),
    ("neighbours", stored(), "unknown"),
    ("neighbours", stored({"entity": AN_AS}, others=countries(*[1.0] * 9)), "unknown"),
    ("strangers", stored(strangers=[Stranger(64500, "175.45.176.0/24", T, 20)]), "stranger"),
    ("strangers", stored(strangers=[Stranger(64500, "175.45.176.0/24", T, 6)]), "none"),
    ("strangers", stored(strangers=[]), "none"),
    ("strangers", stored(), "unknown"),
    ("view", stored(), "whole"),
    ("view", stored(series={"view": [(T - HOUR, 25, 25), (T - 60, 20, 25)]}), "thin"),
    ("view", stored(series={"view": [(T - HOUR, 25, 25), (T - 60, 10, 25)]}), "broken"),
    ("view", stored({"blind": [(T - 100, END, "dark")]}), "broken"),
    ("view", stored({"blind": [(T - 100, T + 100, "dark")]}), "thin"),
    ("view", stored({"blind": [(T - 100, T + 100, "dark")], "onset_range_s": (T, T + 100)}), "thin"),
    ("view", stored({"blind": [(T, T + 100, "dark")], "end_s": T + 600}), "broken"),
    ("view", stored(series={"view": [(T - HOUR, 25, 25), (T - 60, 10, 25), (T + HOUR, 24, 25)]}), "thin"),
    ("view", stored({"closed_as": "withdrawn"}), "broken"),
    ("view", stored(series={"view": [(T - HOUR, 2, 2)]}), "thin"),
    ("view", stored(series={"view": []}), "unknown"),
    ("view", stored(series={"view": [(T - HOUR, 10, 25), (T - 1800, 25, 25)]}), "whole"),
    # Services.
    ("order-of-loss", stored(series={"services": checked(DOWN, BACK)}), "together"),
    ("order-of-loss", stored(series={"services": checked({**DOWN, "sites": T - 2 * HOUR}, BACK)}), "services_first"),
    ("order-of-loss", stored(series={"services": checked(dict.fromkeys(DOWN, None), {})}), "stayed_up"),
    ("order-of-loss", stored({"end_s": T + 900}, {"services": checked(DOWN, BACK)}), "unknown"),
    ("order-of-loss", stored({"onset_range_s": (T, T + 90)}, {"services": checked(DOWN, BACK)}), "unknown"),
    ("order-of-loss", stored(), "unknown"),
    ("routes-and-services", stored(series={"services": checked(DOWN, BACK, BOTH)}), "both_down"),
    ("routes-and-services", stored(series={"services": checked(DOWN, BACK, UP)}), "some_up"),
    ("routes-and-services", stored(series={"services": checked(DOWN, BACK)}), "unknown"),
    ("routes-and-services", stored(), "unknown"),
    ("services-return", stored(series={"services": checked(DOWN, BACK)}), "with_routes"),
    ("services-return", stored(series={"services": checked(DOWN, {**BACK, "sites": END + 1800})}), "after"),
    ("services-return", stored(series={"services": checked(DOWN, {**BACK, "sites": END + 2 * HOUR})}), "long_after"),
    ("services-return", stored({"end_s": None}, {"services": checked(DOWN, BACK)}), "unknown"),
    ("services-return", stored(series={"services": checked(DOWN, {})}), "unknown"),
    ("services-return", stored(), "unknown"),
    ("first-back", stored(series={"services": checked(DOWN, BACK)}), "none_first"),
    *(
        ("first-back", stored(series={"services": checked(DOWN, BACK, first(name))}), name)
        for name in ("mail", "names", "sites")
    ),
    ("first-back", stored(series={"services": checked({"mail": T}, {"mail": END})}), "unknown"),
    ("first-back", stored(), "unknown"),
    # Clocks.
    ("clock", stored(), "off"),
    ("clock", stored({"local": "2014-12-23T01:29:00+09:00"}), "on"),
    ("clock", stored({"local": "2014-12-23T01:32:31+09:00"}), "off"),
    ("clock", stored({"local": "2014-12-22T23:57:30+08:30"}), "on"),
    ("clock", stored({"local": None}), "unknown"),
    ("clock", stored({"onset_range_s": (T, T + 301)}), "unknown"),
    ("clock", stored({"gone": (-301, -60, -5, 0)}), "unknown"),
    ("hour", stored(), "night"),
    ("hour", stored({"local": "2014-12-23T08:00:00+09:00"}), "day"),
    ("hour", stored({"local": "2014-12-23T18:00:00+09:00"}), "between"),
    ("hour", stored({"local": "2014-12-23T06:00:00+09:00"}), "between"),
    ("hour", stored({"local": None}), "unknown"),
    ("hour", stored({"onset_range_s": (T, T + 2 * HOUR)}), "unknown"),
    ("duration", stored({"end_s": T + 1799}), "below_30_min"),
    ("duration", stored({"end_s": T + 1800}), "below_2_h"),
    ("duration", stored(), "below_6_h"),
    ("duration", stored({"end_s": T + 6 * HOUR}), "below_24_h"),
    ("duration", stored({"end_s": T + 24 * HOUR}), "longer"),
    ("duration", stored({"end_s": None}), "unknown"),
    ("duration", stored({"end_s": T + 2 * HOUR, "end_range_s": (T + HOUR, T + 2 * HOUR)}), "unknown"),
    ("schedule", stored(series_told(4)), "same_minute"),
    ("schedule", stored(days=3), "no_series"),
    ("schedule", stored(days=2), "unknown"),
    ("schedule", stored({"history": {}}, days=9), "unknown"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "case", "level"), CASES, ids=[f"{c[0]}-{c[2]}-{i}" for i, c in enumerate(CASES)]
)
def test_a_rule_says_what_the_case_is(rule: str, case: Stored, level: str) -> None:
    said = says(rule, case)
    assert said.level == level
    assert said.says
    assert bool(said.rests_on) is (level != "unknown")


def test_every_level_of_every_rule_has_a_case_and_every_rule_one_where_it_does_not_know() -> None:
    tried = {(rule, level) for rule, _, level in CASES}
    assert tried == {(r.id, level) for r in RULES for level in (*r.levels, "unknown")}


def test_with_nothing_but_the_incident_no_rule_fails() -> None:
    bare = incident(networks=[], upstreams=[], local_time=None, history={}, end=None, duration_s=None)
    said = {e.rule: e.level for e in evidence_of(Stored(bare, None))}
    assert set(said) == {r.id for r in RULES}
    assert set(said.values()) == {"unknown"}


def test_the_instants_told_are_those_of_the_case() -> None:
    said = says("networks-together", stored({"gone": (-24, -16, -8, 0)}))
    assert [(r.signal, r.at) for r in said.rests_on] == [
        ("network:175.45.176.0/24", T - 24),
        ("network:175.45.179.0/24", T),
    ]
    assert "24 seconds" in said.says
    early = says("before", stored({"began_s": T - 30 * HOUR, "stretches": [unstable(T - 30 * HOUR, T, 7)]}))
    assert early.at == T - 30 * HOUR
    assert "1 day 6 hours" in early.says
    assert "7" in early.says


def test_of_many_networks_the_few_that_went_long_before_do_not_make_it_staggered() -> None:
    gone = [-9000, *range(-30, 0), 0]
    assert says("networks-together", stored({"gone": gone, "back": [0] * len(gone)})).level == "together"
    assert course().services is None


def test_times_in_words_are_as_in_all_other_words() -> None:
    # 2014-12-21T03:10:24Z and 2016-02-29T00:00:00Z, in seconds.
    assert when(1_419_131_424) == "03:10:24 UTC on 21 December 2014"
    assert when(1_456_704_000) == "00:00:00 UTC on 29 February 2016"
    for case in (stored(), stored({"stretches": [unstable(T - 30 * HOUR, T, 7)], "began_s": T - 30 * HOUR})):
        for row in evidence_of(case):
            assert re.search(r"\d{4}-\d\d-\d\d", row.says) is None


@pytest.mark.parametrize(
    ("days", "words"), [(0, "no other day"), (1, "only 1 other day"), (2, "only 2 other days")]
)
def test_too_few_days_for_a_series_are_told_as_they_are(days: int, words: str) -> None:
    assert f"watched on {words} of that time" in says("schedule", stored(days=days)).says
