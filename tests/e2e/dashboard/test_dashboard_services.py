"""Services on the pages: the panel on the axis of the routes, the table, the words; light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from december_services import services
from page_until import until
from web_server import served
from web_store import KP_ID, ONSET, fill

from nightside.model.check import CheckResult
from nightside.model.services import PlaceCourse, Services
from nightside.store.location import open_store
from nightside.store.protocol import Store
from nightside.web.limits import Limits

HOSTILE = "<img src=x onerror=alert(1)>"
RESULT = CheckResult(float(ONSET), "A", "KP", "KCNA", "state media", "http", "", 4, None, "ok", None, None)
BAD = ("serious", "critical")
VIEWS = [("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)]


def told(_store: Store, country: str, begin: int, end: int) -> Services:
    """December's services, of which one target and one place have names that are no names."""
    whole = services(reconstruction=True)
    parts = [replace(p, target=HOSTILE) if p.target == "KCNA" else p for p in whole.parts]
    places = [*whole.places[:2], PlaceCourse(HOSTILE, 600, whole.places[2].steps)]
    return replace(whole, country=country, begin=begin, end=end, parts=parts, places=places)


@pytest.fixture(scope="module")
def checked_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over a small store of a country that is checked."""
    folder: Path = tmp_path_factory.mktemp("checked") / "store"
    fill(folder)
    with open_store(folder) as store:
        store.put_results([RESULT])
    with served(folder, Limits(requests_per_s=1e6, burst=1_000_000), services_of=told) as address:
        yield address


@pytest.mark.parametrize(("scheme", "width"), VIEWS)
@pytest.mark.parametrize("path", ["/countries/KP", f"/incidents/{KP_ID}"])
def test_pages_with_services_stand_on_every_screen(
    checked_site: str, open_page: Any, keep: Any, path: str, scheme: str, width: int
) -> None:
    page = open_page(checked_site + path, scheme=scheme, width=width)
    if path.startswith("/countries"):
        page.wait_for_selector("#charts[data-ready]")
        page.locator("#tables summary").click()
    else:
        until(page, "[...document.images].every((image) => image.complete && image.naturalWidth)")
    keep(page, f"services-{path.split('/')[1]}-{scheme}-{width}")
    found = [v for v in Axe().run(page).response["violations"] if v["impact"] in BAD]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("img[src='x']").count() == 0


def over_the_first_row(page: Any) -> list[int]:
    """The colours down the panel at 02:00 UTC on the 23rd, when names and mail are back and no site is."""
    return list(
        page.evaluate(
            """() => {
              const canvas = document.querySelector("#services canvas");
              const over = document.querySelector("#services .u-over");
              const ratio = canvas.width / canvas.clientWidth;
              const x = (over.offsetLeft + over.clientWidth * 26 / 72) * ratio;
              const pen = canvas.getContext("2d");
              const y = (row) => (over.offsetTop + (over.clientHeight * row) / 3) * ratio;
              return [0.73, 1.73, 2.73].map((row) => pen.getImageData(x, y(row), 1, 1).data[0]);
            }"""
        )
    )


def test_the_panel_is_on_the_axis_of_the_routes(checked_site: str, open_page: Any) -> None:
    page = open_page(checked_site + "/countries/KP")
    page.wait_for_selector("#charts[data-ready]")
    edges = {
        (round(b["x"]), round(b["width"]))
        for b in (
            page.locator(f"#{panel} .u-over").bounding_box() for panel in ("share", "lanes", "services")
        )
    }
    assert len(edges) == 1
    words = page.get_attribute("#services .plot", "aria-label")
    assert "name servers: between 0 and 100 % answered. mail: between 0 and 100 % answered." in words
    assert page.inner_text("#services [data-note]") == "from 3 places; a reconstruction, not measured"
    # 17:00 UTC on 22 December: the routes are gone, and no site answers.
    over = page.locator("#share .u-over").bounding_box()
    for step in (0, 1):
        page.mouse.move(over["x"] + over["width"] * 17 / 72 + step, over["y"] + 40)
    until(page, "document.getElementById('readout').textContent.includes('sites 0 of 6')")
    before = over_the_first_row(page)
    page.locator("#tables summary").click()
    assert over_the_first_row(page) == before
    rows = page.locator("#table-place table", has_text="Services, a reconstruction").locator("tbody tr")
    assert rows.count() == 3 + 3 + 5


def test_the_incident_s_table_shows_names_as_they_are(checked_site: str, open_page: Any) -> None:
    page = open_page(f"{checked_site}/incidents/{KP_ID}")
    table = page.locator("#services-table")
    assert table.locator("tbody th", has_text=HOSTILE).count() == 1
    assert table.locator("tbody tr").count() == 10
    assert page.locator("#services").count() == 1


def test_there_is_no_panel_where_nobody_checks(checked_site: str, open_page: Any) -> None:
    page = open_page(checked_site + "/countries/SY")
    page.wait_for_selector("#charts[data-ready]")
    assert not page.locator("#services").is_visible()
    assert "Services not checked" in page.inner_text("#standing")
