"""Operator cards: every claim has its source, and is told for no day before its time."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files

from nightside.world.names import as_name
from nightside.world.operators import operator_card
from nightside.world.snapshot import load

STAR = 131279


def test_each_claim_has_a_source_with_address_and_date() -> None:
    cards = json.loads((files("nightside.world") / "data" / "operators.json").read_text(encoding="utf-8"))
    assert len({card["asn"] for card in cards}) == len(cards)
    for card in cards:
        assert card["name"] == as_name(card["asn"])
        for claim in (card, *card["upstreams"]):
            assert claim["source"]
            assert claim["url"].startswith("https://")
            assert date.fromisoformat(claim["date"]) <= date.today()
        for upstream in card["upstreams"]:
            assert date.fromisoformat(upstream["from"]) <= date.fromisoformat(upstream["date"])
            assert as_name(upstream["asn"])
            # Upstreams are looked for at the border.
            assert load().country_of_asn(upstream["asn"]) not in (None, load().country_of_asn(card["asn"]))


def test_north_korea_by_what_is_documented() -> None:
    """Owners: Re/code of 23 December 2014. TransTeleCom since 1 October 2017: Dyn Research."""
    card = operator_card(STAR)
    assert card is not None
    assert any("Loxley Pacific" in owner for owner in card.owners)

    def known(day: date) -> list[int]:
        return sorted({u.asn for u in card.known_upstreams(day)})

    assert known(date(2011, 6, 1)) == [4837]
    assert known(date(2014, 12, 22)) == [4837, 22351]
    assert known(date(2017, 9, 30)) == [4837, 22351]
    assert known(date(2017, 10, 1)) == [4837, 20485, 22351]


def test_those_of_egypt_and_syria_by_what_was_written_at_the_time() -> None:
    """The big four and Noor of January 2011 (Renesys); Syria's providers of November 2012 (BGPmon, Cloudflare)."""
    for asn in (8452, 24863, 24835, 36992, 20928):
        assert load().country_of_asn(asn) == "EG"
        assert operator_card(asn) is not None
    for asn in (29256, 29386):
        card = operator_card(asn)
        assert card is not None
        assert card.owners == ("the state of Syria",)
        assert card.known_upstreams(date(2012, 11, 28)) == []
        named = {u.asn for u in card.known_upstreams(date(2012, 11, 29))}
        assert named == {3491, 6453, 6762, 9121}
        assert {as_name(asn) for asn in named} >= {"PCCW Global", "Tata Communications", "Türk Telekom"}


def test_of_most_nothing_is_known() -> None:
    assert operator_card(64512) is None
