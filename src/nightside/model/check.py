"""Checks: what was tried of a service, from where, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nightside.model.instants import iso_ms

SCHEMA = "nightside.check/1"

Kind = Literal["http", "dns", "smtp", "icmp", "tcp", "tls", "trace"]
Family = Literal[4, 6]
Phase = Literal["resolve", "connect", "tls", "first_byte", "content"]
Service = Literal["names", "mail", "sites", "path"]

Outcome = Literal[
    "ok",
    # The name.
    "no_such_name",
    "no_address",
    "server_failure",
    "not_authoritative",
    # The way there.
    "unreachable",
    "timed_out",
    "refused",
    "reset",
    # What answered.
    "certificate",
    "tls_failed",
    "wrong_status",
    "wrong_content",
    "bad_answer",
    "redirect_loop",
    "too_long",
    # It failed, and whoever tried does not say how.
    "cause_unknown",
    # Nothing was tried, or nothing can be told from it.
    "private_address",
    "held_back",
    "not_possible",
]
"""`ok`, or the one cause of failure.

`no_such_name`: the name does not exist; `no_address`: it has none of this family; `server_failure`: a name server
or mail server says that it cannot; `not_authoritative`: a name server that should know the zone does not;
`certificate`: it does not hold for the name or the day; `bad_answer`: not in the protocol's form; `too_long`: more
than we take, or too slowly; `cause_unknown`: it failed, and whoever tried does not say how;
`private_address`: the name points into space that is not the Internet's;
`held_back`: our own manners forbade it, or the target says that we ask too often; `not_possible`: this place cannot
(no right to, no such family here, a resolver that fails for other names too).
"""

TELLS_NOTHING: frozenset[Outcome] = frozenset({"private_address", "held_back", "not_possible"})
"""What says nothing about the target: neither up nor down."""

SOMEBODY_ANSWERED: frozenset[Outcome] = frozenset(
    {
        *("ok", "not_authoritative", "refused", "reset", "certificate", "tls_failed", "wrong_status"),
        *("wrong_content", "bad_answer", "redirect_loop", "too_long"),
    }
)
"""Where packets came back from the target: the path lives, whatever the service does.

`server_failure` is not among them: it may be the word of a resolver in between.
"""

SERVICE_OF: Mapping[Kind, Service] = {
    "dns": "names",
    "smtp": "mail",
    "http": "sites",
    "tls": "sites",
    "tcp": "sites",
    "icmp": "path",
    "trace": "path",
}


@dataclass(frozen=True, slots=True)
class Target:
    """What is checked: a row of a target file."""

    name: str
    kind: Kind
    group: str
    """`state media`, `ministry`, `airline`, `name service`, `mail`, or what the file calls it."""
    country: str
    """ISO 3166-1 alpha-2; empty for a canary."""
    where: str
    """http: the URL; dns: the zone; smtp: the mail domain; else the host's name or address."""
    port: int | None = None
    """tcp and tls; dns and smtp where a server of one's own listens elsewhere."""
    servers: tuple[str, ...] = ()
    """dns: its authoritative servers, names or addresses; none: those that the zone itself names."""
    families: tuple[Family, ...] = (4,)
    expect_status: int | None = None
    """http: this status; None: any below 400."""
    expect_text: str | None = None
    """http: a text that the page must hold."""
    source: str | None = None
    """Who says that this is that service."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of one check of one part of a target over one family, from one place."""

    at: float
    """When it began: seconds since the epoch."""
    place: str
    country: str
    target: str
    group: str
    kind: Kind
    part: str
    """Which of several: a name server and transport (`ns1.co.kp udp`), a mail server; else empty."""
    family: Family
    address: str | None
    """The address that was spoken to, None where it did not come to that."""
    outcome: Outcome
    failed_in: Phase | None
    """Where it failed; None where it did not."""
    detail: str | None
    """In a few words, at most 200 characters. A target's own words stand as they came: whoever shows them, escapes."""
    resolve_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None
    """Each phase's own time, and all of it; None for a phase that was not reached."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """By kind: status, redirects, SOA serial, banner, certificate, hops. Plain JSON, at most 4 KiB."""
    reconstruction: bool = False
    """Nobody checked this: it is made up or reconstructed, and whatever rests on it says so."""

    @property
    def service(self) -> Service:
        """What people would call it."""
        return SERVICE_OF[self.kind]

    def to_json(self) -> dict[str, Any]:
        """The shape `nightside.check/1`."""
        return {
            "schema": SCHEMA,
            # To the nearest millisecond, as a store keeps it: `iso_ms` cuts.
            "at": iso_ms(self.at + 0.0005),
            "place": self.place,
            "country": self.country,
            "target": self.target,
            "group": self.group,
            "kind": self.kind,
            "part": self.part,
            "family": self.family,
            "address": self.address,
            "outcome": self.outcome,
            "failed_in": self.failed_in,
            "detail": self.detail,
            "phases": {
                "resolve_ms": self.resolve_ms,
                "connect_ms": self.connect_ms,
                "tls_ms": self.tls_ms,
                "first_byte_ms": self.first_byte_ms,
                "total_ms": self.total_ms,
            },
            "facts": dict(self.facts),
            "reconstruction": self.reconstruction,
        }
