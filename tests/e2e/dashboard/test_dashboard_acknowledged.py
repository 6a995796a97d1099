"""Who has seen an incident, on its page in a real browser: there without a reload, and hostile words are words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from web_store import KP_ID

from nightside.store.location import open_store

NOW = 1_795_345_200
HOSTILE = "<img src=x onerror=alert(1)> \u202eeno on"


@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_seen_at_once_and_fits(
    own_store: Path, own_site: str, open_page: Any, keep: Any, width: int
) -> None:
    page = open_page(f"{own_site}/incidents/{KP_ID}", width=width)
    assert page.locator("#seen").count() == 0
    with open_store(own_store) as store:
        # On the day of the outage: it ended at 01:46 of the 23rd.
        store.put_acknowledgement(
            KP_ID, at=1_419_300_000, by="Ana", token="on-call", note="Star JV was asked"
        )
        _, gone = store.put_acknowledgement(KP_ID, at=NOW, by="here", token="here", note="not this one")
        store.withdraw_acknowledgement(KP_ID, gone.id, at=NOW, by="here", why="it was another")
        store.put_acknowledgement(KP_ID, at=NOW, by=HOSTILE, token="on-call", note=HOSTILE)
    page.wait_for_selector("#seen")
    assert page.locator(".report-head .seen").inner_text().startswith("Seen by <img src=x onerror=alert(1)>")
    assert page.locator("#acknowledged-table tbody tr").count() == 3
    assert "not this one" not in page.locator("#acknowledged-table").inner_text()
    assert page.locator("#acknowledged-table img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        keep(page, f"acknowledged-{scheme}-{width}")
        found = Axe().run(page).response["violations"]
        bad = [(v["id"], v["nodes"]) for v in found if v["impact"] in ("serious", "critical")]
        assert bad == []
