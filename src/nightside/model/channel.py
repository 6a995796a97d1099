"""Channels: where messages go, which of them, and when (docs/channels.md). Frozen; read from `channels.toml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import urlsplit

ChannelKind = Literal["webhook", "apprise", "alertmanager", "alertmanager-webhook"]
CHANNEL_KINDS: tuple[ChannelKind, ...] = get_args(ChannelKind)
Told = Literal["severe", "total"]
"""The severities that messages have."""
TOLD: tuple[Told, ...] = get_args(Told)
ALERTS: tuple[ChannelKind, ...] = ("alertmanager", "alertmanager-webhook")
"""What goes there fires until it is resolved."""


@dataclass(frozen=True, slots=True)
class Route:
    """Which messages go to a channel. All that is said has to hold; what is empty lets everything through."""

    countries: frozenset[str] = frozenset()
    asns: frozenset[str] = frozenset()
    """Of the entities those named here, and no others; both empty: all."""
    types: frozenset[str] = frozenset()
    """Types of entities: `country`, `asn`."""
    severity: Told = "severe"
    """At least this."""
    messages: frozenset[str] = frozenset()
    """Kinds of messages."""
    reconstructions: bool = False
    """Whether what is made up goes there too."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which nothing is sent but what breaks through. Minutes of the day on the clocks of `zone`."""

    begin_minute: int
    end_minute: int
    """At or before `begin_minute`: of the day after."""
    zone: str
    """A name of the tz database."""
    days: frozenset[int] = frozenset(range(7))
    """On which the hours begin; 0 is Monday."""
    breaks_through: Told | None = "total"
    """What is as severe as this is sent all the same; None: nothing is."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages go: one named row of the configuration. What is secret is in no text of it."""

    name: str
    kind: ChannelKind
    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    """What a webhook's messages are signed with."""
    route: Route = Route()
    quiet: Quiet | None = None
    group_s: int = 0
    """Messages of one kind that come within so many seconds are sent as one; 0: each by itself."""
    per_minute: int | None = None
    """At most so many are sent in a minute; None: as many as there are."""
    short: bool = False
    """Whether what people read has at most 300 characters, with all that belongs to it."""
    resend_s: int = 60
    """What fires is sent again so often."""
    base_url: str | None = None
    """Scheme, host and path before `/incidents/…`, where incidents have pages; None: nowhere."""

    @property
    def where(self) -> str:
        """Its address as far as it may be shown: of many services the rest is a password."""
        parts = urlsplit(self.url)
        if self.kind == "apprise" or not parts.hostname:
            return f"{parts.scheme}://…"
        port = "" if parts.port is None else f":{parts.port}"
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return f"{parts.scheme}://{host}{port}"
