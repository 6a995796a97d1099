"""What every check is given: from where, by which resolver, within which limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from nightside.checks.limits import CheckLimits
from nightside.model.check import CheckResult, Family, Target


class Names(Protocol):
    """Whoever knows the addresses of names."""

    async def addresses(self, host: str, family: Family, within_s: float) -> list[str]:
        """The addresses of a host in one family, in the order to try them; an address is its own.

        Raises CheckFailedError with no_such_name, no_address, server_failure or timed_out.
        """

    async def records(self, name: str, rdtype: str, within_s: float) -> list[str]:
        """What stands at a name, as in a zone file: for `NS` `ns1.example.`, for `MX` `10 mail.example.`.

        Names in it are absolute, with their last dot. An empty list where the name exists and has no such record.
        Raises CheckFailedError with no_such_name, server_failure or timed_out, in the phase resolve.
        """


@dataclass(frozen=True, slots=True)
class Probe:
    """One place that checks."""

    place: str
    names: Names
    now: Callable[[], float]
    """Seconds since the epoch."""
    user_agent: str
    """Says what we are, with a contact."""
    limits: CheckLimits = field(default_factory=CheckLimits)
    allow_private: bool = False
    """Addresses that are not of the Internet may be spoken to: for tests, and for networks of one's own."""


Check = Callable[[Target, Family, Probe], Awaitable[list[CheckResult]]]
"""One for each kind: never raises what a target does; a result for each part."""
