"""Countries named in the reader's language, in a real browser: map, list, page, search; right-to-left names too."""

from __future__ import annotations

from typing import Any

import pytest
from page_until import until

NAMES = {"ko": "북한", "ar": "كوريا الشمالية"}
THEN = "?at=2014-12-22T17:00Z"


@pytest.mark.parametrize("language", NAMES)
def test_the_map_and_its_table_speak_the_browsers_language(
    site: str, open_page: Any, keep: Any, language: str
) -> None:
    page = open_page(f"{site}/{THEN}", locale=language)
    page.wait_for_selector("#world[data-ready]")
    name = NAMES[language]
    assert page.evaluate("document.getElementById('world').worldMap.name('KP')") == name
    page.click("summary:has-text('The same as a table')")
    row = page.locator("#world-rows a", has_text=name)
    assert row.get_attribute("href") == "/countries/KP"
    assert row.locator("bdi").get_attribute("lang") == language
    assert page.locator(".cards bdi", has_text=name).count() > 0
    keep(page, f"front-{language}")
    page.fill("#find-name", name)
    page.click(".find button")
    assert page.url == f"{site}/countries/KP"
    assert page.locator("h1").inner_text() == name
    page.wait_for_selector("#charts[data-ready]")
    keep(page, f"country-{language}")


def test_a_right_to_left_name_leaves_the_english_around_it_in_order(site: str, open_page: Any) -> None:
    page = open_page(f"{site}/incidents?language=ar")
    heading = page.locator(".card h3 a", has=page.locator("bdi")).first
    places = heading.evaluate(
        """(link) => [...link.childNodes].filter((node) => node.textContent.trim()).map((node) => {
          const range = document.createRange();
          range.selectNodeContents(node);
          return range.getClientRects()[0].left;
        })"""
    )
    # Left to right, as the English sentence goes: the name, then what is said of it.
    assert places == sorted(places)
    assert len(places) >= 2
    heading.click()
    assert "language=ar" in page.url
    until(page, "document.querySelector('.crumb bdi') !== null")


def test_a_link_with_a_language_wins_over_the_browser(site: str, open_page: Any) -> None:
    page = open_page(f"{site}/{THEN}&language=ko", locale="ar")
    page.wait_for_selector("#world[data-ready]")
    page.click("summary:has-text('The same as a table')")
    link = page.locator("#world-rows a", has_text=NAMES["ko"])
    assert link.get_attribute("href") == "/countries/KP?language=ko"
    assert page.locator("body", has_text=NAMES["ar"]).count() == 0
