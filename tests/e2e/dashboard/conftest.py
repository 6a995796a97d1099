"""A real browser over a server of its own. What goes wrong in any page fails the test that opened it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from web_server import served
from web_store import fill

from nightside.web.limits import Limits

playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = Path("/usr/bin/chromium")
NO_LIMITS = Limits(requests_per_s=1e6, burst=1_000_000, streams_per_client=1000)
ZONE = "Asia/Tokyo"
"""The reader's: +09:00 all year, as little like UTC as the tests' computers are."""

OpenPage = Callable[..., "playwright.Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    """Debian's Chromium, without a screen."""
    if not CHROMIUM.exists():
        pytest.skip("no chromium here (apt-get install chromium)")
    with playwright.sync_playwright() as found:
        browser = found.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over a small store. Nobody may write into it."""
    folder = tmp_path_factory.mktemp("dashboard") / "store"
    fill(folder)
    with served(folder, NO_LIMITS) as address:
        yield address


@pytest.fixture
def own_store(tmp_path: Path) -> Path:
    """A store like the shared one, to be written into."""
    folder = tmp_path / "store"
    fill(folder)
    return folder


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """Starts a server over a store; it ends with the test, after all pages are closed."""
    with ExitStack() as servers:
        yield lambda folder: servers.enter_context(served(folder, NO_LIMITS))


@pytest.fixture
def own_site(own_store: Path, serve: Callable[[Path], str]) -> str:
    """A server over `own_store`."""
    return serve(own_store)


@pytest.fixture
def open_page(browser: playwright.Browser, serve: object) -> Iterator[OpenPage]:
    """Opens an address. At the end: no message of the console, no error, no dialog, nobody else asked."""
    wrong: list[str] = []
    contexts = []

    def visit(
        address: str,
        *,
        width: int = 1280,
        height: int = 900,
        scheme: str = "light",
        expect: int = 200,
        **more: object,
    ) -> playwright.Page:
        own = re.match(r"https?://[^/]+", address)
        assert own is not None
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            timezone_id=ZONE,
            reduced_motion="reduce",
            **more,
        )
        contexts.append(context)
        page = context.new_page()

        def asked(request: playwright.Request) -> None:
            if not request.url.startswith((own.group() + "/", "data:")):
                wrong.append(f"asked elsewhere: {request.url}")

        def said(message: playwright.ConsoleMessage) -> None:
            # The browser's own note on the page that was asked for as missing.
            expected = expect >= 400 and f"{expect}" in message.text
            # And its advice to a test that reads pixels.
            if message.type in ("error", "warning") and not (expected or "willReadFreq" in message.text):
                wrong.append(f"console: {message.text} ({message.location.get('url')})")

        page.on("request", asked)
        page.on("console", said)
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == expect
        return page

    yield visit
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[playwright.Page, str], None]:
    """Keep a picture of the whole page: in NIGHTSIDE_SCREENSHOTS, else beside the test's other files."""
    folder = Path(os.environ.get("NIGHTSIDE_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)

    def keep(page: playwright.Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", full_page=True)

    return keep
