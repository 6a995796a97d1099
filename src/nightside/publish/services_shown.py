"""What is shown of services: which rows, how many of each, and the share that answered over time. No words here."""

from __future__ import annotations

from typing import get_args

from nightside.model.check import Service
from nightside.model.services import OVER_IPV6, ServiceCourse, Services

ORDER: tuple[Service, ...] = get_args(Service)
"""Name servers, mail, sites, path: what a visit needs first stands above."""

Stretch = tuple[int, int, float | None]
"""Begin, end, and the share that answered between them; None where nobody knows."""


def shown_services(services: Services | None) -> list[ServiceCourse]:
    """The services of which anything was checked, in their order."""
    if services is None:
        return []
    known = {c.name: c for c in services.services if c.scope == "service"}
    return [known[name] for name in ORDER if name in known]


def count_of(services: Services, service: str) -> int:
    """How many there are, as people count: a name server asked over UDP and TCP, IPv4 and IPv6, is one."""
    return len({(p.target, _server(p.part)) for p in services.parts if p.service == service})


def _server(part: str) -> str:
    """`ns1.co.kp udp` without its transport."""
    return part.partition(" ")[0]


def heard_places(services: Services) -> list[str]:
    """The places of which any result came, each once whatever it checks over."""
    heard = [p.place for p in services.places if any(health != "unheard" for _, health in p.steps)]
    return list(dict.fromkeys(name.removesuffix(OVER_IPV6) for name in heard))


def stretches(course: ServiceCourse, begin: int, end: int) -> list[Stretch]:
    """The course from `begin` to `end` without holes; what lies outside of it is not known.

    Stretches of one share are joined.
    """
    found: list[Stretch] = []

    def add(first: int, last: int, share: float | None) -> None:
        first, last = max(first, begin), min(last, end)
        if first >= last:
            return
        if found and found[-1][2] == share:
            found[-1] = (found[-1][0], last, share)
        else:
            found.append((first, last, share))

    if not course.steps:
        return [(begin, end, None)]
    add(begin, course.steps[0][0], None)
    untils = [second for second, *_ in course.steps[1:]] + [end]
    for (second, up, down, _unknown), until in zip(course.steps, untils, strict=True):
        add(second, until, up / (up + down) if up + down else None)
    return found
