"""A country's page: four charts on one axis, the window in the address, clocks, tables, weight and time."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from page_until import until
from web_server import served

MOST_BYTES = 350_000
"""Over the wire, the page with all that it loads."""


@pytest.fixture
def country(site: str, open_page: Any) -> Any:
    """North Korea's page with its charts drawn."""
    page = open_page(site + "/countries/KP")
    page.wait_for_selector("#charts[data-ready]")
    return page


def window(page: Any) -> tuple[str, str]:
    """The times in the address."""
    asked = parse_qs(urlsplit(page.url).query)
    return asked["from"][0], asked["to"][0]


def drag(page: Any, begin: float, end: float) -> None:
    """Over the share chart, from one part of its width to another."""
    box = page.locator("#share .u-over").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + begin * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + (begin + end) / 2 * box["width"], y, steps=3)
    page.mouse.move(box["x"] + end * box["width"], y, steps=3)
    page.mouse.up()


def test_one_axis_for_all_charts(country: Any) -> None:
    plots = country.locator(".u-over")
    assert plots.count() == 4
    edges = {(round(b["x"]), round(b["width"])) for b in (plots.nth(i).bounding_box() for i in range(4))}
    assert len(edges) == 1


def test_dragging_zooms_and_the_address_shows_the_same_again(country: Any, open_page: Any) -> None:
    ready = country.get_attribute("#charts", "data-ready")
    drag(country, 0.2, 0.4)
    until(country, f"document.getElementById('charts').dataset.ready !== '{ready}'")
    # Three days from 22 December 2014: 0.2 of them is 14:24 on the first, 0.4 is 04:48 on the second.
    begin, end = window(country)
    assert begin.startswith("2014-12-22T14:2")
    assert end.startswith("2014-12-23T04:4")
    again = open_page(country.url)
    again.wait_for_selector("#charts[data-ready]")
    assert again.inner_text("#window") == country.inner_text("#window")


def test_pointing_reads_all_charts_at_one_second(country: Any) -> None:
    box = country.locator("#share .u-over").bounding_box()
    # 24 of 72 hours: midnight of the 23rd, in the outage from 16:15 to 01:46.
    country.mouse.move(box["x"] + box["width"] / 3, box["y"] + 20)
    said = country.inner_text("#readout")
    assert said.startswith("23 Dec 2014 ")
    assert "0 % reachable, 0 of 4 address blocks" in said
    assert "20" in said.split("·")[-1]


def test_the_readers_clock_utc_and_the_place(country: Any) -> None:
    def newest() -> str:
        return country.inner_text("#standing time")

    assert newest() == "25 Dec 2014 09:00 (Tokyo, UTC+09:00)"
    country.check("input[value=utc]", force=True)
    assert newest() == "25 Dec 2014 00:00 UTC"
    assert country.inner_text("#window") == "22 Dec 2014 00:00 – 25 Dec 2014 00:00 (UTC)"
    country.check("input[value=place]", force=True)
    # Pyongyang kept +09:00 until August 2015.
    assert newest() == "25 Dec 2014 09:00 (Pyongyang, UTC+09:00)"
    # The choice stays on other pages.
    country.goto(country.url.replace("/countries/KP", "/countries/SY"))
    assert country.locator("input[value=place]").is_checked()


def test_by_keyboard_alone(country: Any) -> None:
    country.keyboard.press("Tab")
    assert country.evaluate("document.activeElement.textContent") == "Skip to the content"
    country.keyboard.press("Enter")
    for _ in range(20):
        country.keyboard.press("Tab")
        if country.evaluate("document.activeElement.getAttribute('aria-label')") == "Zoom in":
            break
    country.keyboard.press("Enter")
    # Half of three days around the middle.
    assert window(country) == ("2014-12-22T18:00:00Z", "2014-12-24T06:00:00Z")
    country.focus("summary")
    country.keyboard.press("Enter")
    country.wait_for_selector("#table-place table")
    assert country.locator("#table-place table").count() == 4


def test_the_tables_hold_the_charts_values(country: Any) -> None:
    country.check("input[value=utc]", force=True)
    country.click("text=The same as tables")
    share = country.locator("#table-place table").first
    rows = [row.split("\t") for row in share.locator("tbody").inner_text().splitlines()]
    assert ["22 Dec 2014 00:01:00", "unknown", "unknown", "4"] in rows
    assert ["22 Dec 2014 16:15:00", "0 %", "0", "4"] in rows
    assert ["23 Dec 2014 01:46:00", "100 %", "4", "4"] in rows


def test_weight_and_time_of_the_page(demo: Any, browser: Any, measured: Any) -> None:
    with served(demo.store) as address:
        found = []
        for _ in range(3):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            wire = context.new_cdp_session(page)
            wire.send("Network.enable")
            sizes: list[float] = []
            wire.on(
                "Network.loadingFinished", lambda event, sizes=sizes: sizes.append(event["encodedDataLength"])
            )
            page.goto(address + "/countries/KP")
            page.wait_for_selector("#charts[data-ready]")
            took_ms = page.evaluate("performance.now()")
            page.wait_for_timeout(300)
            found.append((took_ms, sum(sizes)))
            context.close()
    for took_ms, size in found:
        measured(f"country page: {took_ms:.0f} ms, {size:,.0f} bytes over the wire")
    assert all(20_000 < size <= MOST_BYTES for _, size in found)
