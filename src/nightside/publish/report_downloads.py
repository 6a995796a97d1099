"""What a report offers to take away: the record, the data behind each panel of the chart, the pictures.

A page that stands alone carries its files in itself, as `data:` addresses (RFC 2397); a page of the server
links to the API, and carries only what the API has no CSV of.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from nightside.model.ndjson import dumps
from nightside.model.series import IncidentSeries
from nightside.publish import report_phrases as words
from nightside.publish import series_csv
from nightside.publish.reading import Json

_PLAIN = "/:,;?@!$()*+=-_.~"
"""Characters that may stand in a `data:` address as they are; the page is smaller for it."""


@dataclass(frozen=True, slots=True)
class File:
    """One file to download."""

    label: str
    href: str
    save_as: str = ""
    """The name it is saved under; empty leaves it to the server."""
    size: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """One thing, in the forms it can be had in."""

    title: str
    files: tuple[File, ...]


def inside(incident: Json, series: IncidentSeries) -> list[Group]:
    """All files within the page."""
    name = file_name(incident)
    record = _file("JSON", f"{name}.json", "application/json", dumps(incident) + "\n")
    return [*_panels(name, series_csv.files(series)), Group(words.RECORD, (record,))]


def linked(incident: Json, series: IncidentSeries, record: str) -> list[Group]:
    """Addresses of the API; `record` is that of this revision."""
    api = f"/api/1/incidents/{quote(str(incident['id']), safe='')}"
    series_at = f"{api}/series"
    forms = (("CSV", "csv"), ("JSON", "json"), ("Arrow", "arrow"), ("Parquet", "parquet"))
    share = tuple(File(label, f"{series_at}?format={form}") for label, form in forms)
    pictures = (
        File("SVG", f"{api}/chart.svg"),
        File("PNG", f"{api}/chart.png"),
        File(words.FOR_POSTS, f"{api}/chart.png?shape=post"),
    )
    rest = [file for file in series_csv.files(series) if file.panel != "share"]
    return [
        Group(words.FILE_NAMES["share"], share),
        *_panels(file_name(incident), rest),
        Group(words.FLIPS, (File("JSON", f"{api}/flips"),)),
        Group(words.RECORD, (File("JSON", record),)),
        Group(words.PICTURES, pictures),
    ]


def file_name(incident: Json) -> str:
    """`nightside-KP-20141221T0310Z-r1`, of letters that every file system takes."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c == "-") else "-" for c in str(incident["id"]))
    return f"nightside-{safe}-r{int(incident['revision'])}"


def _panels(name: str, files: list[series_csv.DataFile]) -> list[Group]:
    return [
        Group(
            words.FILE_NAMES[file.panel],
            (_file(words.FORMAT_CSV, f"{name}-{file.panel}.csv", "text/csv", file.text),),
        )
        for file in files
    ]


def _file(label: str, save_as: str, media_type: str, content: str) -> File:
    size = words.KILOBYTES.format(count=f"{max(1, round(len(content.encode()) / 1000)):,}")
    return File(label, f"data:{media_type};charset=utf-8,{quote(content, safe=_PLAIN)}", save_as, size)
