"""How much of a target's time and bytes a check takes, at most."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckLimits:
    """For one check of one part of a target. A target that needs more has failed."""

    phase_s: float = 8.0
    """A name, a connection, a handshake, the first byte: each at most so long."""
    total_s: float = 20.0
    body_bytes: int = 262_144
    """So much of a page is read."""
    line_bytes: int = 4_096
    """So long is a line of a server that speaks in lines, and a header."""
    redirects: int = 5
    hops: int = 30
    parts: int = 16
    """So many name servers, or mail servers, of one target."""
