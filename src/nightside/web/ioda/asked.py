"""What a request asks for, in IODA's words: unix seconds, lists of codes, pages from 0. Unknown words are passed over.

IODA passes them over too, and its clients send some (`includeMetadata`, `human`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path as InPath
from fastapi import Query

from nightside.web.asked import normal_code
from nightside.web.errors import BadRequestError

LATEST_S = 2_147_483_647
EXTENDED_S = 1_209_600
"""How far IODA looks around a range for events that reach into it: 14 days."""
MOST_CODES = 2_000
DATASOURCES = (
    "bgp",
    "gtr",
    "gtr-norm",
    "gtr-sarima",
    "merit-nt",
    "mozilla",
    "ping-slash24",
    "ping-slash24-latency",
    "ping-slash24-loss",
    "ucsd-nt",
    "upstream-delay-penult-asns",
    "upstream-delay-penult-e2e-latency",
)
"""What IODA has had. We have the first; of the others there is nothing here, which is no mistake of who asks."""
BGP = "bgp"
METHOD = "median"
"""IODA's word for a value that is held against the median of the past 24 hours, as ours is."""

Kind = Literal["continent", "country", "region", "county", "geoasn", "asn"]
CODES = r"^[A-Za-z0-9,._-]*$"
RELATED = r"^(continent|country|region|county|geoasn|asn)(/[A-Za-z0-9._-]*)?$"
ORDER = r"^(time|score|name)(/(asc|desc))?$"
METHODS = r"^[A-Za-z0-9*._,-]*$"

KindInPath = Annotated[
    Kind, InPath(alias="entityType", description="Type of the entity; there are country and asn.")
]
CodesInPath = Annotated[
    str,
    InPath(
        alias="entityCode",
        pattern="^[A-Za-z0-9,._-]+$",
        max_length=MOST_CODES * 8,
        description="Its code; several with commas between them.",
        examples=["KP"],
    ),
]
From = Annotated[
    int, Query(alias="from", ge=0, le=LATEST_S, description="Unix seconds.", examples=[1419264000])
]
Until = Annotated[
    int, Query(alias="until", ge=0, le=LATEST_S, description="Unix seconds.", examples=[1419350400])
]
EntityKind = Annotated[Kind | None, Query(alias="entityType", description="Type of the entity.")]
EntityCodes = Annotated[
    str | None,
    Query(
        alias="entityCode",
        pattern=CODES,
        max_length=MOST_CODES * 8,
        description="Its code; several with commas between them.",
    ),
]
RelatedTo = Annotated[
    str | None,
    Query(
        alias="relatedTo", pattern=RELATED, max_length=80, description="type[/code]: country/KP, asn/131279."
    ),
]
Datasource = Annotated[
    Literal[DATASOURCES] | None,  # type: ignore[valid-type]
    Query(alias="datasource", description="There is bgp here; of the others the answer is empty."),
]
MostPoints = Annotated[
    int | None,
    Query(alias="maxPoints", ge=1, le=1_000_000, description="At most about so many values of a series."),
]
PageSize = Annotated[int, Query(alias="limit", ge=1, le=LATEST_S, description="At most so many items.")]
PageNumber = Annotated[
    int | None, Query(alias="page", ge=0, le=LATEST_S, description="Which page, from 0 on.")
]
OrderBy = Annotated[
    str | None, Query(alias="orderBy", pattern=ORDER, description="time, score or name, with /asc or /desc.")
]
IgnoreMethods = Annotated[
    str | None,
    Query(
        alias="ignoreMethods",
        pattern=METHODS,
        max_length=400,
        description="datasource.method, with commas between; * stands for any.",
    ),
]
ExtendWindow = Annotated[
    int,
    Query(alias="extendWindow", ge=0, le=LATEST_S, description="Seconds before and after the range."),
]


def codes_of(kind: str | None, listed: str | None) -> list[str]:
    """The codes of a list as the store has them, each once."""
    found = [code for code in (listed or "").split(",") if code]
    if len(found) > MOST_CODES:
        raise BadRequestError(
            f"more than {MOST_CODES} codes", where="entityCode", advice="Ask several times."
        )
    named = (normal_code(kind or ("asn" if code[-1].isdigit() else "country"), code) for code in found)
    return list(dict.fromkeys(named))


def require_range(begin: int, until: int) -> None:
    """Raises BadRequestError where they are the wrong way round."""
    if begin > until:
        raise BadRequestError(f"from ({begin}) must be earlier than until ({until})", where="from")


def related_of(asked: str | None) -> tuple[str, str] | None:
    """(type, code) of `relatedTo`; the code is "" where any will do."""
    if not asked:
        return None
    kind, _, code = asked.partition("/")
    return kind, normal_code(kind, code) if code else ""


def is_ignored(asked: str | None) -> bool:
    """Whether `ignoreMethods` names the one method that there is here."""
    for term in (asked or "").split(","):
        source, dot, method = term.partition(".")
        if dot and source in (BGP, "*") and method in (METHOD, "*"):
            return True
    return False
