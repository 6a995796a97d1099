"""What three places would have found of North Korea's services in December 2014, as the judgement on it.

Instants are those of the scene: every ten minutes a check, so that what went at 16:15 is missed at 16:20.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nightside.model.check import Service
from nightside.model.instants import parse
from nightside.model.services import (
    Finding,
    Latency,
    PartCourse,
    PlaceCourse,
    Return,
    ServiceCourse,
    Services,
)

BEGIN, END = parse("2014-12-21T00:00Z"), parse("2014-12-24T00:00Z")
DOWN = parse("2014-12-22T16:20Z")
LAST_GOOD = parse("2014-12-22T16:12:30Z")
BACK = parse("2014-12-23T01:50Z")
FIRST, HALF, NINE, ALL = (parse(f"2014-12-23T{t}Z") for t in ("02:10", "02:20", "02:40", "02:40"))
PLACES = ("Frankfurt", "Osaka", "Toronto")
SITES = ("KCNA", "Rodong Sinmun", "Voice of Korea", "Naenara", "Foreign ministry", "Air Koryo")


def _part(name: str, service: Service, back: int, **changes: Any) -> PartCourse:
    part = PartCourse(
        target=name,
        kind={"names": "dns", "mail": "smtp", "sites": "http", "path": "icmp"}[service],  # type: ignore[arg-type]
        part="",
        family=4,
        group="state media",
        service=service,
        address="175.45.176.15",
        address_country="KP",
        steps=[(BEGIN, "up"), (DOWN, "down"), (back, "up")],
        onsets=[(DOWN, LAST_GOOD)],
    )
    return replace(part, **changes)


def services(**changes: Any) -> Services:
    """All of it, with changes to its fields."""
    made = Services(
        country="KP",
        begin=BEGIN,
        end=END,
        places=[PlaceCourse(place, 600, [(BEGIN, "healthy")]) for place in PLACES],
        parts=[
            _part("kp", "names", BACK, part="175.45.176.15 udp"),
            _part("kp", "names", BACK, part="175.45.176.15 tcp"),
            _part("kp", "names", BACK, part="175.45.176.16 udp"),
            _part("mail of star-co.net.kp", "mail", BACK),
            *(
                _part(site, "sites", at)
                for site, at in zip(SITES, (FIRST, HALF, HALF, NINE, ALL, ALL), strict=True)
            ),
        ],
        services=[
            ServiceCourse(
                "country", "KP", [(BEGIN, 10, 0, 0), (DOWN, 0, 10, 0), (BACK, 4, 6, 0), (ALL, 10, 0, 0)]
            ),
            ServiceCourse("service", "names", [(BEGIN, 3, 0, 0), (DOWN, 0, 3, 0), (BACK, 3, 0, 0)]),
            ServiceCourse("service", "mail", [(BEGIN, 1, 0, 0), (DOWN, 0, 1, 0), (BACK, 1, 0, 0)]),
            ServiceCourse(
                "service",
                "sites",
                [(BEGIN, 6, 0, 0), (DOWN, 0, 6, 0), (FIRST, 1, 5, 0), (HALF, 3, 3, 0), (NINE, 6, 0, 0)],
            ),
        ],
        groups=[],
        targets=[],
        latencies=[Latency("target", "KCNA", 3600, [(BEGIN, 210.4), (DOWN, None), (ALL, 232.0)])],
        returns=[
            Return("service", "names", DOWN, 3, 0, BACK, BACK, BACK, BACK),
            Return("service", "mail", DOWN, 1, 0, BACK, BACK, BACK, BACK),
            Return("service", "sites", DOWN, 6, 0, FIRST, HALF, NINE, ALL),
        ],
        findings=[
            Finding(
                "services_down_routes_down",
                DOWN,
                BACK,
                list(PLACES),
                {"services": ["mail", "names", "sites"]},
            ),
            Finding("slow_return", BACK, ALL, list(PLACES), {}),
        ],
        settings={"service_down_below": 0.5},
    )
    return replace(made, **changes)
