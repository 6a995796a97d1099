"""Every page in a real browser: light and dark, wide and narrow, without a finding of axe-core."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from page_until import until
from web_store import KP_ID

PAGES = {
    "front": "/",
    "front-then": "/?at=2014-12-22T17:00Z",
    "country": "/countries/KP",
    "country-unwatched": "/countries/FR",
    "as": "/asns/131279",
    "incidents": "/incidents",
    "incidents-filtered": "/incidents?severity=severe&type=country",
    "incident": f"/incidents/{KP_ID}",
    "revision": f"/incidents/{KP_ID}/revisions/1",
    "about": "/about",
}
MISSING = {"country-missing": "/countries/XX", "incident-missing": "/incidents/KP-20001231T0000Z"}
READY = {"front": "#world[data-ready]", "country": "#charts[data-ready]", "as": "#charts[data-ready]"}
BAD = ("serious", "critical")


def settled(page: Any, name: str) -> None:
    """Wait for what scripts fill in."""
    ready = READY.get(name.removesuffix("-then"))
    if ready:
        page.wait_for_selector(ready)
    until(page, "[...document.images].every((image) => image.complete)")


@pytest.mark.parametrize("name", [*PAGES, *MISSING])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page(site: str, open_page: Any, keep: Any, name: str, width: int) -> None:
    missing = name in MISSING
    address = site + (MISSING if missing else PAGES)[name]
    page = open_page(address, width=width, expect=404 if missing else 200)
    settled(page, name)
    assert page.locator("h1").count() == 1
    # Nothing sticks out to the right.
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(100)
        keep(page, f"{name}-{scheme}-{width}")
        found = Axe().run(page).response["violations"]
        assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found if v["impact"] in BAD] == []


def test_the_header_that_forbids_foreign_and_inline_scripts(site: str, open_page: Any) -> None:
    page = open_page(site + "/about")
    answer = page.request.get(site + "/")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    # And it holds: an inline script that somehow came in does not run.
    page.on("console", lambda _: None)
    assert page.evaluate("document.querySelectorAll('script:not([src]), style, [style]').length") == 0


def test_an_incident_tells_when_how_long_and_how_sure_on_the_first_screen(site: str, open_page: Any) -> None:
    for width, height in ((1280, 900), (390, 844)):
        page = open_page(f"{site}/incidents/{KP_ID}", width=width, height=height)
        for words in ("16:15:00 UTC", "01:46:00 UTC", "9 hours 31 minutes", "18 of 20"):
            seen = page.locator(f"article :text('{words}')").locator("visible=true").first.bounding_box()
            assert seen is not None
            assert seen["y"] + seen["height"] <= height, (words, width)


def test_without_scripts_everything_can_be_read(site: str, open_page: Any) -> None:
    page = open_page(site + "/incidents", java_script_enabled=False)
    page.select_option("#f-severity", "severe")
    page.fill("#f-code", "Syria")
    page.click("text=Filter")
    assert "severity=severe" in page.url
    # Of Syria's incidents two are severe; the partial one and the instability are not.
    assert page.locator(".card").count() == 2
    page.goto(site + "/countries/KP")
    assert "Routes up" in page.inner_text("#standing")
    page.goto(f"{site}/incidents/{KP_ID}")
    assert "9 hours 31 minutes" in page.inner_text("article")
