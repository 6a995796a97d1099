"""A folder of an archive as its web server shows it: the files in it, and how large they are said to be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

_SIZE = re.compile(r"\d{2}:\d{2}(?::\d{2})?\s+(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[KMGT]?)\s")
"""The size stands behind the time of the last change, in the lists of Apache and nginx alike."""
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the page."""

    name: str
    """The last part of where it leads."""
    bytes: int | None
    """As rounded as the page says it; None where it does not."""


def entries(page: bytes) -> list[Entry]:
    """The links of a page in their order, those to folders with a slash at the end. Nothing else is looked at."""
    reader = _Links()
    reader.feed(page.decode("utf-8", errors="replace"))
    reader.close()
    return [Entry(_name(where), _bytes(said)) for where, said in reader.links if _name(where)]


class _Links(HTMLParser):
    """Collects (where it leads, the text from its end to the next link)."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        where = dict(attributes).get("href") if tag == "a" else None
        if where:
            self.links.append((where, ""))
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._inside = False

    def handle_data(self, text: str) -> None:
        if self.links and not self._inside:
            where, said = self.links[-1]
            self.links[-1] = where, said + text


def _name(where: str) -> str:
    try:
        path = urlsplit(where).path
    except ValueError:
        return ""
    folder = path.endswith("/")
    name = unquote(path.rstrip("/").rpartition("/")[2])
    return f"{name}/" if folder and name else name


def _bytes(said: str) -> int | None:
    found = _SIZE.search(f"{said} ")
    return round(float(found["number"]) * _UNITS[found["unit"]]) if found else None
