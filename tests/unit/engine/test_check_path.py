"""Whose network each hop of a path is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nightside.engine.checks.path import path_facts


def test_a_path_to_north_korea_names_networks_and_countries() -> None:
    path = path_facts(
        [
            [1, "192.168.1.1", 0.4],
            [2, None, None],
            [3, "8.8.8.8", 9.5],
            [4, "2001:678:2::1", 20.0],
            [5, "175.45.177.1", 380.25],
            [6, "10.0.0.1", 381],
        ]
    )
    told = [(hop.hop, hop.asn, hop.country) for hop in path.hops]
    # Rows of the registries and of the source of the table: Google, DENIC, Star Joint Venture.
    assert told == [
        (1, None, None),
        (2, None, None),
        (3, 15169, "US"),
        (4, 31529, "DE"),
        (5, 131279, "KP"),
        (6, None, None),
    ]
    assert path.hops[4].as_name == "Star Joint Venture"
    assert path.last is path.hops[5]
    assert path.last_known is path.hops[4]
    assert path.addresses_from == "@ip-location-db/asn 2.3.2026061719, 2026-06-17"
    assert json.loads(json.dumps(path.to_json()))["last_known"]["address"] == "175.45.177.1"


def test_a_path_on_which_nobody_answers_has_no_last() -> None:
    path = path_facts([[1, None, None], [2, None, None]])
    assert (path.last, path.last_known, len(path.hops)) == (None, None, 2)
    assert path_facts([]).hops == ()


@pytest.mark.parametrize("bad", ["", None, [], [1], ["1", "8.8.8.8", 1.0], {"hop": 1}, 7])
def test_what_is_no_hop_is_passed_over(bad: Any) -> None:
    assert path_facts([bad, [2, "8.8.8.8", 1.0]]).hops[0].hop == 2


def test_an_address_that_is_none_is_unknown() -> None:
    (hop,) = path_facts([[1, "<script>", 1.0]]).hops
    assert (hop.address, hop.asn) == (None, None)
