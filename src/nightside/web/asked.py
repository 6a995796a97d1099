"""What a request asks for: parameters that several routes share, and what is refused of them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import Path as InPath
from fastapi import Query, Request

from nightside.model.instants import parse
from nightside.web.errors import BadRequestError, TooLargeError

EARLIEST_S = 0
LATEST_S = 7_258_118_400
"""2200-01-01: nothing that anybody measured lies outside of these."""

LONGEST_S = 400 * 86_400
"""The longest range of one answer: a year, and what is around it."""

TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"
)

FROM = Query(
    alias="from",
    pattern=TIME,
    description="ISO 8601: a date, or a time with minutes or seconds; UTC where no zone is given.",
    examples=["2014-12-22T16:00Z"],
)
TO = Query(alias="to", pattern=TIME, description="As `from`; not included.", examples=["2014-12-23T04:00Z"])
From = Annotated[str | None, FROM]
To = Annotated[str | None, TO]
EntityType = Annotated[str, InPath(pattern="^(country|asn|view)$", description="country, asn or view.")]
Code = Annotated[
    str,
    InPath(
        pattern="^[A-Za-z0-9_.-]{1,64}$",
        description="A country as ISO 3166-1 alpha-2, an AS as its number, a view as `all` or its collector.",
        examples=["KP"],
    ),
]
IncidentId = Annotated[
    str,
    InPath(
        pattern="^([A-Z]{2}|AS[0-9]{1,10})-[0-9]{8}T[0-9]{4}Z$",
        description="As lists of incidents give it.",
        examples=["KP-20141221T0310Z"],
    ),
]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many items.")]
IncidentLimit = Annotated[int, Query(ge=1, le=200, description="At most so many incidents.")]
Cursor = Annotated[
    str | None,
    Query(pattern="^[A-Za-z0-9_-]+$", max_length=300, description="`next` of the page before."),
]

HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


def address_of(request: Request) -> str:
    """Path and query as they came."""
    return f"{request.scope['path']}?{request.scope['query_string'].decode('latin-1')}"


def base_url(request: Request) -> str:
    """Where this server is, as the client calls it: `http://127.0.0.1:8000`, without a slash at the end.

    Raises BadRequestError where the Host header is no host.
    """
    host = request.headers.get("host", "")
    if not HOST.fullmatch(host):
        raise BadRequestError("not a host", where="Host", advice="Name this server as its address does.")
    return f"{request.scope['scheme']}://{host}"


def normal_code(type: str, code: str) -> str:
    """The code as the store has it: a country's in upper case, an AS's as its number; a view's as it is."""
    if type == "country":
        return code.upper()
    return code.upper().removeprefix("AS") if type == "asn" else code


def instant(text: str | None, name: str) -> int | None:
    """Seconds since the epoch. Raises BadRequestError where it is no time, or none that anybody measured."""
    if text is None:
        return None
    # A + in an address is a blank once it is decoded.
    second = parse(text if " " not in text[11:] else text[:11] + text[11:].replace(" ", "+"))
    if not EARLIEST_S <= second <= LATEST_S:
        raise BadRequestError(f"{text} lies outside of 1970 to 2200", where=name)
    return second


def time_range(begin: str | None, end: str | None) -> tuple[int | None, int | None]:
    """`from` and `to` in seconds. Raises BadRequestError where they are the wrong way round."""
    first, last = instant(begin, "from"), instant(end, "to")
    if first is not None and last is not None and first >= last:
        raise BadRequestError(
            f"from={begin} is not before to={end}", where="from", advice="Exchange the two."
        )
    return first, last


def not_too_long(begin: int, end: int, longest_s: int = LONGEST_S) -> None:
    """Raises TooLargeError where the range is longer than one answer may be."""
    if end - begin > longest_s:
        raise TooLargeError(
            f"the range is {(end - begin) / 86_400:.0f} days long, and one answer covers {longest_s // 86_400}",
            where="from, to",
            advice="Ask for a shorter range, several times.",
        )


async def refuse_unknown(request: Request) -> None:
    """Raises BadRequestError for a parameter that the route does not know, or knows once and got twice.

    Silence would let a misspelt filter return everything.
    """
    route: Any = request.scope["route"]
    known = {parameter.alias for parameter in route.dependant.query_params}
    seen: set[str] = set()
    for name, _value in request.query_params.multi_items():
        if name not in known:
            raise BadRequestError(
                "there is no such parameter",
                where=name,
                advice=f"There are: {', '.join(sorted(known)) or 'none'}.",
            )
        if name in seen:
            raise BadRequestError("a parameter stands twice", where=name, advice="Give it once.")
        seen.add(name)
