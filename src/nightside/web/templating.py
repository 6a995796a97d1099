"""Pages as HTML: the templates with what all of them may use. Autoescape is on, whatever the file's name."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from nightside import __version__
from nightside.model.instants import iso
from nightside.publish.moments import short_date, time_words, utc
from nightside.web.answers import body_of, send
from nightside.web.reader import VARY, Reader, reader_of
from nightside.web.static_files import address

HTML = "text/html; charset=utf-8"


def utc_words(second: int, seconds: bool = False) -> str:
    """`22 Dec 2014 16:15 UTC`: what stands there until a script has put it on the reader's clock."""
    at = utc(second)
    return f"{short_date(at)} {at.year} {time_words(at, seconds=seconds)} UTC"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("nightside.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"iso": iso, "utc_words": utc_words}
    environment.globals |= {"static": address, "version": __version__}
    return environment


def html(template: str, **facts: Any) -> bytes:
    """A template filled in."""
    return (
        _environment()
        .get_template(template)
        .render({"page": "", "place": None, "zoned": False, "reader": Reader(), **facts})
        .encode()
    )


def page(request: Request, template: str, **facts: Any) -> Response:
    """A page with its ETag; a browser asks again each time, and mostly hears that nothing has changed."""
    return send(request, body_of(html(template, reader=reader_of(request), **facts), HTML), vary=VARY)


def error_page(status: int, what: str, where: str, advice: str) -> Response:
    """What went wrong, for people."""
    content = html("error.html", status=status, what=what, where=where, advice=advice)
    return Response(content, status, media_type=HTML, headers={"Cache-Control": "no-store"})
