"""News without reload: what is put into the store appears on open pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from page_until import until
from web_store import BACK, DAY_S, KP, KP_ID, ONSET, SY, T, finding

from nightside.model.signal import Signal
from nightside.store.location import open_store

WAIT_MS = 15_000


def mark(page: Any) -> None:
    """A reload would lose it."""
    page.wait_for_selector(".live.on")
    page.evaluate("window.notReloaded = true")


def stayed(page: Any) -> bool:
    return bool(page.evaluate("window.notReloaded === true"))


def test_a_revision_appears_on_the_incidents_page_and_in_the_lists(
    own_site: str, own_store: Path, open_page: Any
) -> None:
    incident = open_page(f"{own_site}/incidents/{KP_ID}")
    listed = open_page(f"{own_site}/incidents")
    country = open_page(f"{own_site}/countries/KP")
    for page in (incident, listed, country):
        mark(page)
    assert "9 hours 31 minutes" in incident.inner_text("article")
    # What the reader has opened, and where the keyboard stands, survives.
    incident.locator("details > summary").first.click()
    listed.locator(".card a").first.focus()
    with open_store(own_store) as store:
        # It ended an hour later than was thought.
        stored = store.put_incident(*finding(KP, ONSET, BACK + 3600))
    assert stored["id"] == KP_ID
    for page in (incident, listed, country):
        page.wait_for_selector("main :text('10 hours 31 minutes')", timeout=WAIT_MS)
        assert stayed(page)
    assert incident.locator("details[open]").count() == 1
    assert listed.evaluate("document.activeElement.closest('.card') !== null")
    # The chart is the new one too, though its address has not changed.
    until(incident, "document.querySelector('.chart-picture').src.startsWith('data:image/svg+xml,')")
    assert "10-hour%2031-minute" in incident.get_attribute(".chart-picture", "src")
    assert f"Incident {KP_ID} was updated." in incident.inner_text("#announce")


def test_a_new_outage_is_the_headline_of_the_front_page(
    own_site: str, own_store: Path, open_page: Any
) -> None:
    page = open_page(own_site + "/")
    mark(page)
    with open_store(own_store) as store:
        store.put_incident(*finding(KP, T + 2 * DAY_S + 7200, None))
    page.wait_for_selector("#now :text('North Korea')", timeout=WAIT_MS)
    assert stayed(page)


def test_the_charts_go_along_with_new_samples(own_site: str, own_store: Path, open_page: Any) -> None:
    page = open_page(own_site + "/countries/SY")
    page.wait_for_selector("#charts[data-ready]")
    page.check("input[value=utc]", force=True)
    mark(page)
    assert page.inner_text("#window").endswith("– 25 Dec 2014 00:00 (UTC)")
    with open_store(own_store) as store:
        later = T + 3 * DAY_S
        store.put_samples([Signal(SY, [later], [0], later + DAY_S)], {SY: [(later, 80)]})
    until(page, "document.getElementById('window').textContent.includes('26 Dec 2014 00:00')")
    page.wait_for_selector("#standing :text('Routes down')")
    assert stayed(page)


def test_a_page_that_nobody_looks_at_gives_its_line_back_and_catches_up(
    own_site: str, own_store: Path, open_page: Any
) -> None:
    def look(page: Any, state: str) -> None:
        page.evaluate(
            """(state) => { Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
            document.dispatchEvent(new Event("visibilitychange")); }""",
            state,
        )

    page = open_page(f"{own_site}/incidents/{KP_ID}")
    mark(page)
    look(page, "hidden")
    with open_store(own_store) as store:
        store.put_incident(*finding(KP, ONSET, BACK + 3600))
    page.wait_for_timeout(3000)
    assert "10 hours" not in page.inner_text("article")
    look(page, "visible")
    page.wait_for_selector("article :text('10 hours 31 minutes')", timeout=WAIT_MS)
    page.wait_for_selector(".live.on")
    assert stayed(page)


def test_filters_fetch_the_list_without_a_reload(own_site: str, open_page: Any) -> None:
    page = open_page(own_site + "/incidents")
    mark(page)
    every = page.locator(".card").count()
    page.select_option("#f-severity", "total")
    until(page, f"document.querySelectorAll('.card').length < {every}")
    until(page, "location.search.includes('severity=total')")
    # By the store of the tests: two of North Korea, one of XK, one of the AS.
    assert page.locator(".card").count() == 4
    assert stayed(page)
