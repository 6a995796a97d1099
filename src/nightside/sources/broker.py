"""The BGPKIT broker: an index of both archives. Names and sizes are taken from it, and never an address.

`GET /search?collector_id=&data_type=&ts_start=&ts_end=&page=&page_size=` answers {"data": [{"url", "rough_size",
"exact_size", …}], "error": null}, at most 1,000 a page; its end time is exclusive.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from nightside.model.errors import DownloadError
from nightside.sources.archive_paths import ArchiveKind
from nightside.sources.directory_page import Entry
from nightside.sources.polite_http import PoliteClient

PAGE_ITEMS = 1000
MOST_PAGES = 200
TRIES = 2
"""The archive's own listing stands behind it."""


async def ask_broker(
    client: PoliteClient, broker_url: str, collector: str, kind: ArchiveKind, begin: int, end: int
) -> list[Entry]:
    """The files that the broker knows of. Raises DownloadError where it gives no usable answer."""
    url = f"{broker_url}/search"
    found: list[Entry] = []
    for number in range(1, MOST_PAGES + 1):
        asked: dict[str, str | int] = {
            "collector_id": collector,
            "data_type": "rib" if kind == "table" else "updates",
            "ts_start": begin,
            "ts_end": end,
            "page": number,
            "page_size": PAGE_ITEMS,
        }
        page = await client.page(url, params=asked, tries=TRIES)
        items = _items(page, url)
        found += [entry for item in items if (entry := _entry(item, collector))]
        if len(items) < PAGE_ITEMS:
            break
    return found


def _items(page: bytes | None, url: str) -> list[Any]:
    try:
        answer = json.loads(page or b"")
    except ValueError:
        answer = None
    items = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(items, list) or answer.get("error"):
        raise DownloadError("the broker gives no usable answer", where=url)
    return items


def _entry(item: Any, collector: str) -> Entry | None:
    """One file; None for what is not this collector's, or cannot be understood."""
    if (
        not isinstance(item, dict)
        or item.get("collector_id") != collector
        or not isinstance(item.get("url"), str)
    ):
        return None
    try:
        name = urlsplit(item["url"]).path.rpartition("/")[2]
    except ValueError:
        return None
    sizes = [item.get("exact_size"), item.get("rough_size")]
    return Entry(name, next((size for size in sizes if isinstance(size, int) and size > 0), None))
