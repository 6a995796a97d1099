"""The SVG in a real browser under the strictest policy, as a picture of a page and by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from matplotlib.image import imread

from nightside.model.series import IncidentSeries
from nightside.publish.chart import picture

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

CHROMIUM = Path("/usr/bin/chromium")
SITE = "http://nightside.test"
POLICY = {"Content-Security-Policy": "default-src 'self'"}
PAGE = '<!doctype html><title>x</title><img src="/chart.svg" width="1600" height="900" alt="">'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


def downs(png: bytes) -> int:
    """Pixels in the vermilion of a network that is down."""
    pixels = imread(BytesIO(png))[..., :3] * 255
    return int((abs(pixels - (0xD5, 0x5E, 0x00)).max(axis=2) < 3).sum())


@pytest.mark.parametrize("address", ["/", "/chart.svg"])
def test_an_svg_looks_like_the_png_where_no_style_is_allowed(
    told: Callable[..., dict[str, Any]], course: IncidentSeries, browser: Browser, address: str
) -> None:
    svg, png = picture(told(), course, "svg"), picture(told(), course, "png")
    page = browser.new_page(viewport={"width": 1700, "height": 1000})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))

    def answer(route: Route) -> None:
        if route.request.url == f"{SITE}/chart.svg":
            route.fulfill(body=svg, content_type="image/svg+xml", headers=POLICY)
        else:
            route.fulfill(body=PAGE, content_type="text/html", headers=POLICY)

    page.route("**/*", answer)
    page.goto(SITE + address)
    shot = page.screenshot()
    assert said == []
    assert downs(png) > 10_000
    # Without its colours all would be black. Edges of narrow bars are smoothed in two ways.
    assert 0.75 * downs(png) < downs(shot) < 1.25 * downs(png)
