"""A scene: collectors, their sessions, networks and what happens to them, as frozen data.

Times are whole seconds since the epoch. Whoever makes a scene up (a script, an evaluation with injected
outages) builds these types; `timeline` says what each session hears of it, `archive` writes the files.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_network
from typing import Literal

from nightside.model.check import Kind, Outcome

AsPath = tuple[int, ...]
"""From the peer (or the far end of a chain) to the origin."""

Severity = Literal["partial", "severe", "total"]


@dataclass(frozen=True, slots=True)
class Session:
    """One peer of one collector. The family of its address is the family of the routes it sends."""

    address: str
    asn: int
    feed: float = 1.0
    """Share of the table that it sends; 1.0 is a full feed."""

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.address else 4

    @property
    def full(self) -> bool:
        """Whether the session sends the whole table."""
        return self.feed >= 1.0


@dataclass(frozen=True, slots=True)
class Collector:
    """A route collector in the RIS archive layout; its own addresses are the local ends of the sessions."""

    name: str
    local_ipv4: str
    local_ipv6: str
    sessions: tuple[Session, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """One announced prefix. `via` are the chains between the core and the origin, the usual one first."""

    prefix: str
    origin: int
    country: str
    via: tuple[AsPath, ...]

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.prefix else 4

    def units(self) -> frozenset[str]:
        """The /24s (IPv6: /48s) that the prefix covers."""
        net = ip_network(self.prefix)
        return frozenset(str(unit) for unit in net.subnets(new_prefix=24 if net.version == 4 else 48))


@dataclass(frozen=True, slots=True)
class Basis:
    """Why a happening is in the scene: who documented it, or that it is assumed, and the reason."""

    source: str | None
    assumed: str | None


@dataclass(frozen=True, slots=True)
class Loss:
    """Networks lost from `begin` to `end` (None: to the end of the scene).

    `begin` is the second in which the last of them stops being visible (fewer than half of the full-feed
    ASes are left), `end` the second in which the first of them is visible again. The ASes hear of it over
    `spread_s` around these instants, each network `stagger_s` after the one before.
    """

    networks: tuple[str, ...]
    begin: int
    end: int | None
    spread_s: int
    stagger_s: int
    hunting: float
    """Share of the sessions that try longer paths before they withdraw."""
    basis: Basis


@dataclass(frozen=True, slots=True)
class Flaps:
    """Losses in a row from `begin` to at most `end`: down for `down_s` (least, most), up for `up_s`."""

    networks: tuple[str, ...]
    take: Literal["all", "one"]
    """All networks in each loss, or one of them by turns of chance."""
    begin: int
    end: int
    down_s: tuple[int, int]
    up_s: tuple[int, int]
    spread_s: int
    hunting: float
    basis: Basis


@dataclass(frozen=True, slots=True)
class Stuck:
    """An AS that withdraws none of these networks from `begin` to `end`, and what it missed then."""

    asn: int
    networks: tuple[str, ...]
    begin: int
    end: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class Reset:
    """Sessions of one collector leave Established at `begin`, and return with a table transfer at `end`."""

    collector: str
    addresses: tuple[str, ...]
    begin: int
    end: int
    transfer_s: int
    end_of_rib: bool
    basis: Basis


@dataclass(frozen=True, slots=True)
class MissingFile:
    """The update file of one collector that begins at `begin` is not in the archive."""

    collector: str
    begin: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class Churn:
    """What most updates are: re-routes, prepending, duplicates, and blinks of one or two sessions."""

    begin: int
    end: int
    events_per_hour: float
    basis: Basis


Happening = Loss | Flaps | Stuck | Reset | MissingFile | Churn


@dataclass(frozen=True, slots=True)
class ServiceTarget:
    """A service that places check; it can be reached while its address is, and does not fail by itself."""

    name: str
    kind: Kind
    group: str
    where: str
    part: str
    address: str
    back_after_s: int
    """So long after its network's return it answers again, but no longer than the loss was."""


@dataclass(frozen=True, slots=True)
class ServiceLoss:
    """Targets that fail from `begin` to `end` (None: to the end of the scene), whatever the routes do."""

    targets: tuple[str, ...]
    begin: int
    end: int | None
    outcome: Outcome
    basis: Basis


@dataclass(frozen=True, slots=True)
class Checks:
    """What places would have checked of a country, every so many seconds."""

    country: str
    every_s: int
    places: tuple[str, ...]
    targets: tuple[ServiceTarget, ...]
    losses: tuple[ServiceLoss, ...]
    reason: str
    """Why this is assumed: nobody's results of it are at hand."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A documented episode of a country: what a replay of the scene has to find, within `tolerance_s`."""

    country: str
    severity: Severity
    onset: int
    end: int
    tolerance_s: int
    source: str


Measure = Literal[
    "onset",
    "end",
    "duration_s",
    "began",
    "unstable_s",
    "unstable_after_s",
    "networks",
    "networks_lost",
    "upstreams",
    "operator_onset",
    "outlived_s",
    "finding",
    "utc_offset",
    "family",
    "cause",
    "likelier",
]
"""What of a result a claim is about: docs/scenes.md says each."""


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """A claim as a program can check it against what a replay of the scene finds."""

    what: Measure
    value: int | str | tuple[int, ...]
    """An instant in seconds since the epoch, a number, AS numbers, or a word: a finding's kind, an offset, a cause."""
    tolerance: int = 0
    """In the unit of the value."""
    rule: Literal["about", "at_least", "at_most"] = "about"
    of: int = 0
    """Of which of `Scene.expected`, or of the incident that it is in."""
    asn: int | None = None
    """Of which operator."""
    at: int | None = None
    """When a finding has to stand."""
    service: str | None = None
    """Of which service a finding has to be; None: of any."""
    than: str | None = None
    """Which cause has to be less likely."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What was said and by whom, also where claims disagree; `used` says what the scene makes of it."""

    says: str
    by: str
    used: str
    check: ClaimCheck | None = None
    """None where routes and services cannot tell."""
    reason: str | None = None
    """Why the claim is wrong, as far as one can see; None where it is not."""
    built_on: bool = False
    """Whether the scene was built on it: then a result that agrees is no evidence."""
    elsewhere: bool = False
    """Whether it could be checked from outside, but with data that the scene does not have."""


@dataclass(frozen=True)
class Scene:
    """The whole: what `timeline`, `truth` and `archive` work from."""

    name: str
    title: str
    note: str
    seed: int
    begin: int
    end: int
    update_every_s: int
    table_every_s: int
    transit: tuple[int, ...]
    """ASes of the core, through which peers reach the chains of the networks."""
    collectors: tuple[Collector, ...]
    networks: tuple[Network, ...]
    happenings: tuple[Happening, ...]
    expected: tuple[Expected, ...]
    claims: tuple[Claim, ...]
    checks: Checks | None = None

    @cached_property
    def index(self) -> dict[str, int]:
        """From prefix to place in `networks`."""
        return {network.prefix: i for i, network in enumerate(self.networks)}

    @cached_property
    def sessions(self) -> tuple[tuple[Collector, Session], ...]:
        """All sessions in the order of the collectors."""
        return tuple((c, s) for c in self.collectors for s in c.sessions)

    def voters(self, family: int) -> tuple[int, ...]:
        """The distinct ASes with a full feed of the family, sorted: one vote each."""
        return tuple(sorted({s.asn for _, s in self.sessions if s.full and s.family == family}))
