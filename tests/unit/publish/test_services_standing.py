"""How many answer at the newest moment, in words; what nobody knows is neither answering nor not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from december_services import BEGIN, DOWN, PLACES, services

from nightside.model.services import Finding, ServiceCourse, Services
from nightside.publish.moments import Clock
from nightside.publish.services_standing import MOST_FINDINGS, how_many, newest_findings, state_words


def standing(up: int, down: int, unknown: int) -> Services:
    """Six sites."""
    whole = services()
    return replace(
        whole,
        parts=[p for p in whole.parts if p.service == "sites"],
        services=[ServiceCourse("service", "sites", [(BEGIN, 6, 0, 0), (DOWN, up, down, unknown)])],
    )


@pytest.mark.parametrize(
    ("counts", "state", "words"),
    [
        ((6, 0, 0), "Services answering", "6 of 6 sites."),
        ((0, 6, 0), "Services not answering", "0 of 6 sites."),
        ((2, 4, 0), "Services partly answering", "2 of 6 sites."),
        ((2, 1, 3), "Services partly answering", "2 of 6 sites (3 not known)."),
        ((0, 0, 6), "Services: not known", "6 sites not known."),
    ],
)
def test_the_newest_moment_in_words(counts: tuple[int, int, int], state: str, words: str) -> None:
    found = standing(*counts)
    assert state_words(found) == state
    assert how_many(found) == f"{words} Seen from 3 places."


def test_where_parts_are_more_than_what_people_count_a_share_is_told() -> None:
    # Two name servers, of which one is asked over two transports: three parts.
    assert how_many(services()).startswith("100 % of 2 name servers, 1 of 1 mail server, 6 of 6 sites.")


def test_nothing_known_is_not_down() -> None:
    assert state_words(services(services=[])) == "Services: not known"


def test_findings_that_last_stand_first_then_the_newest() -> None:
    ended = [Finding("place_lost", BEGIN + n, BEGIN + n + 1, [f"p{n}"], {"why": "lost"}) for n in range(9)]
    lasting = Finding("services_down_routes_up", BEGIN, None, list(PLACES), {"services": ["sites"]})
    told = newest_findings(Clock(None, ""), services(findings=[lasting, *ended]))
    assert len(told) == MOST_FINDINGS
    assert told[0].startswith("The routes are up and services have been down since")
    assert [line.split()[2] for line in told[1:]] == ["p8", "p7", "p6", "p5"]
