"""The map: dark where it is dark, hatched where it is unknown, by mouse, by keyboard, by address."""

from __future__ import annotations

from typing import Any

import pytest
from page_until import until

PIXEL = """([code, dx, dy]) => {
  const map = document.getElementById("world").worldMap;
  const { x, y } = { x: map.globe.world.countries[code].at[0] + dx, y: map.globe.world.countries[code].at[1] + dy };
  return [...map.globe.context.getImageData(x * map.globe.scale, y * map.globe.scale, 1, 1).data.slice(0, 3)];
}"""


def brightness(colour: list[int]) -> float:
    """Of one pixel, 0 to 255 (ITU-R BT.601)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


@pytest.fixture
def map_page(site: str, open_page: Any) -> Any:
    """The front page with its map drawn."""
    page = open_page(site + "/")
    page.wait_for_selector("#world[data-ready]")
    return page


def drawn(page: Any) -> None:
    """Wait for the next pictures of the screen."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_north_korea_goes_dark_and_is_lit_again(map_page: Any) -> None:
    slider = map_page.locator("#world-time")
    lit = brightness(map_page.evaluate(PIXEL, ["KP", 0, 0]))
    # 72 hours are 72 frames; the loss at 16:15 on the first day is in the 17th, number 16.
    assert slider.get_attribute("max") == "71"
    shades = {}
    for frame in (15, 16, 20, 30):
        slider.fill(str(frame))
        drawn(map_page)
        shades[frame] = brightness(map_page.evaluate(PIXEL, ["KP", 0, 0]))
    assert shades[15] == shades[30] == lit
    assert shades[16] == shades[20] < lit / 4
    # Syria stands at 40 of its 80 blocks throughout: dim.
    assert lit / 4 < brightness(map_page.evaluate(PIXEL, ["SY", 0, 0])) < 0.8 * lit


def test_the_table_says_what_the_map_shows(map_page: Any) -> None:
    map_page.locator("#world-time").fill("20")
    map_page.click("text=The same as a table")
    rows = {r.split("\t")[0]: r.split("\t")[1:] for r in map_page.inner_text("#world-rows").splitlines()}
    assert rows == {"North Korea": ["dark", "0"], "Syria": ["dim", "50"]}
    assert "Dark: North Korea" in map_page.inner_text("#world-summary")


def test_by_keyboard(map_page: Any) -> None:
    map_page.focus("#world-time")
    # The reader's clock is Tokyo's, nine hours ahead.
    assert map_page.inner_text("#world-when") == "25 Dec 2014 08:00 (Tokyo, UTC+09:00)"
    map_page.keyboard.press("Home")
    drawn(map_page)
    assert map_page.inner_text("#world-when") == "22 Dec 2014 09:00 (Tokyo, UTC+09:00)"
    map_page.keyboard.press("ArrowRight")
    drawn(map_page)
    assert map_page.inner_text("#world-when") == "22 Dec 2014 10:00 (Tokyo, UTC+09:00)"
    assert "no country dark" in map_page.get_attribute("#world-time", "aria-valuetext")


def test_it_plays_and_stops(map_page: Any) -> None:
    map_page.focus("#world-play")
    map_page.keyboard.press("Enter")
    assert map_page.get_attribute("#world-play", "aria-label") == "Pause"
    until(map_page, "Number(document.getElementById('world-time').value) > 3")
    map_page.keyboard.press("Enter")
    assert map_page.get_attribute("#world-play", "aria-label") == "Play"
    frame = map_page.input_value("#world-time")
    map_page.wait_for_timeout(300)
    assert map_page.input_value("#world-time") == frame


def test_the_darkest_moment_and_its_address(map_page: Any, site: str, open_page: Any) -> None:
    map_page.click("#world-darkest")
    drawn(map_page)
    assert "Dark: North Korea" in map_page.inner_text("#world-summary")
    assert "at=2014-12-2" in map_page.url
    again = open_page(map_page.url)
    again.wait_for_selector("#world[data-ready]")
    drawn(again)
    assert again.inner_text("#world-when") == map_page.inner_text("#world-when")


def test_pointing_names_a_country_and_a_click_opens_it(map_page: Any) -> None:
    at = map_page.evaluate(
        """() => { const map = document.getElementById("world").worldMap;
        const [x, y] = map.globe.world.countries.KP.at; const box = map.globe.canvas.getBoundingClientRect();
        const scale = box.width / map.globe.world.width; return [box.left + x * scale, box.top + y * scale]; }"""
    )
    map_page.mouse.move(*at)
    assert map_page.inner_text("#world-tip") == "North Korea: 100 % of its usual routes"
    map_page.mouse.click(*at)
    map_page.wait_for_url("**/countries/KP")


def test_unknown_is_hatched_and_not_dark(own_store: Any, serve: Any, open_page: Any) -> None:
    from web_store import DAY_S, DAYS, KP, T

    from nightside.model.signal import Signal, UnknownStretch
    from nightside.store.location import open_store

    end = T + DAYS * DAY_S
    with open_store(own_store) as store:
        blind = [UnknownStretch(end - 7200, end, "no peers")]
        store.put_samples([Signal(KP, [T], [4], end, blind)], {KP: [(T, 4)]})
    page = open_page(serve(own_store) + "/")
    page.wait_for_selector("#world[data-ready]")
    page.click("text=The same as a table")
    assert "North Korea\tunknown\tnot known" in page.inner_text("#world-rows")
    spots = [page.evaluate(PIXEL, ["KP", dx, dy]) for dx in range(-6, 7, 2) for dy in range(-6, 7, 2)]
    # Stripes on a pale ground: two tones, and most of it nowhere near dark.
    assert len({tuple(spot) for spot in spots}) > 2
    assert sum(brightness(spot) for spot in spots) / len(spots) > 128


def test_finding_a_country_by_its_name(map_page: Any) -> None:
    map_page.fill("#find-name", "north korea")
    map_page.keyboard.press("Enter")
    map_page.wait_for_url("**/countries/KP")
