"""The documentation as a site: it is built without a warning, and loads nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from doc_examples import ROOT

LOADED = {
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("use", "href"),
    ("form", "action"),
}
SHEETS = ("stylesheet", "preload", "preconnect", "dns-prefetch", "modulepreload", "icon", "manifest")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` does it, elsewhere."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "--quiet", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    # Links and anchors that lead nowhere are warnings, and so is a page that the navigation lacks.
    assert (done.returncode, done.stderr) == (0, "")
    return folder


class Asked(HTMLParser):
    """What a browser would fetch for a page by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [given[name] or "" for of, name in LOADED if of == tag and name in given]
        if tag == "link" and set((given.get("rel") or "").split()) & set(SHEETS):
            self.found.append(given.get("href") or "")


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        asked = Asked()
        asked.feed(page.read_text(encoding="utf-8"))
        assert asked.found
        assert [
            one for one in asked.found if re.match(r"(\w+:)?//", one) and not one.startswith("data:")
        ] == []
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import )[\"']?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


def test_what_pages_point_to_in_the_repository_came_along(site: Path) -> None:
    assert (site / "files" / "src/nightside/model/schemas/check-1.json").is_file()
    assert (site / "architecture.html").is_file()
    assert "definitions.html" in (site / "architecture.html").read_text(encoding="utf-8")


def test_every_page_can_be_reached(site: Path) -> None:
    start = (site / "index.html").read_text(encoding="utf-8")
    for page in sorted((ROOT / "docs").glob("*.md")):
        assert f'href="{page.stem}.html"' in start, page.name
