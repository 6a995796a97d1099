"""Names out of the routing table and the registries are words, whatever they are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from web_store import T, finding

from nightside.model.entity import Entity
from nightside.model.signal import Signal
from nightside.store.location import open_store

ENTITIES = [
    Entity("asn", "64500", "<img src=x onerror=alert(1)>"),
    Entity("asn", "64501", "</script><script>alert(2)</script>"),
    Entity("asn", "64502", "' onmouseover='alert(3)' {{7*7}} ${alert(4)}"),
    Entity("asn", "64503", "javascript:alert(5)//\u202egnp.exe\x00\x1b[31m"),
]


@pytest.fixture
def hostile_store(own_store: Path) -> Path:
    """The small store, and ASes with names that would like to be more."""
    with open_store(own_store) as store:
        store.put_samples(
            [Signal(e, [T], [4], T + 86_400) for e in ENTITIES], {e: [(T, 4)] for e in ENTITIES}
        )
        for entity in ENTITIES:
            store.put_incident(*finding(entity, T + 3600, T + 7200))
    return own_store


def test_no_name_runs_anywhere(hostile_store: Path, serve: Any, open_page: Any) -> None:
    address = serve(hostile_store)
    paths = ["/", "/incidents", "/countries/XK", "/incidents/XK-20141222T0200Z"]
    for entity in ENTITIES:
        paths += [f"/asns/{entity.code}", f"/incidents/AS{entity.code}-20141222T0100Z"]
    for path in paths:
        page = open_page(address + path)
        page.wait_for_timeout(250)
        # No element came out of a name: `onerror` and its like are on nothing, and no script is inline.
        assert page.locator("[onerror], [onmouseover], script:not([src])").count() == 0, path


def test_such_a_name_is_shown_as_it_is(hostile_store: Path, serve: Any, open_page: Any) -> None:
    address = serve(hostile_store)
    page = open_page(f"{address}/asns/64500")
    assert "<img src=x onerror=alert(1)>" in page.inner_text("h1")
    page = open_page(f"{address}/asns/64502")
    assert "{{7*7}} ${alert(4)}" in page.inner_text("h1")


def test_what_is_asked_for_does_not_run_either(site: str, open_page: Any) -> None:
    evil = "%3Cscript%3Ealert(1)%3C/script%3E"
    open_page(f"{site}/countries?name={evil}", expect=400)
    open_page(f"{site}/countries/{evil.replace('/', '%2F')}", expect=404)
    page = open_page(f"{site}/incidents?code={evil}%22%20autofocus%20onfocus=alert(2)")
    assert page.input_value("#f-code").startswith("<script>")
    assert page.locator("[onfocus]").count() == 0
