"""The addresses of names: a resolver that the checks of a target share, so that they ask once."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver

from nightside.checks.failure import CheckFailedError
from nightside.model.check import Family
from nightside.model.errors import UsageError

SYSTEM = Path("/etc/resolv.conf")
DNS_PORT = 53
MOST_ADDRESSES = 16
MOST_RECORDS = 64
RECORD_CHARS = 512
MOST_KEPT = 8_192

CONTROLS = ("com", "org")
"""Asked for their SOA where a name fails: whether the resolver fails for all the world. Two registries."""
NAME_SHARE, CONTROL_SHARE = 0.6, 0.35
"""Of the time: for the name, and for the controls after it."""

_Known = list[str] | CheckFailedError


class Resolver:
    """Asks the system's resolvers (resolv.conf), or the one that is named: `192.0.2.53`, `192.0.2.53:5353`,
    `[2001:db8::53]:5353`.

    An answer, good or bad, is kept for `keep_s` seconds, whatever its own time to live: shorter than a round, so
    that each round sees for itself. Who asks while the same question is under way waits for its answer. No search
    domains and no hosts file: a name means the same at every place. Raises UsageError where there is no resolver.

    Where it says nothing, or that it cannot, it is asked for two names of other countries: one that knows nothing of
    these either has failed itself, and what was asked for is `not_possible`. So it is where it refuses to be asked.
    """

    def __init__(self, server: str | None = None, keep_s: float = 30.0) -> None:
        self._follows_system, self._read_ns = server is None, 0
        if server is None:
            try:
                self._read()
            except (dns.resolver.NoResolverConfiguration, OSError) as error:
                raise UsageError(
                    "this machine names no resolver", where=str(SYSTEM), advice="Name one by its address."
                ) from error
        else:
            self._asks = dns.asyncresolver.Resolver(configure=False)
            address, port = _server(server)
            self._asks.nameservers, self._asks.port = [address], port
        self._keep_s = keep_s
        self._control: tuple[float, asyncio.Task[bool]] | None = None
        self._kept: OrderedDict[tuple[str, str], tuple[float, asyncio.Task[_Known]]] = OrderedDict()

    async def addresses(self, host: str, family: Family, within_s: float) -> list[str]:
        """At most 16, in the order of their numbers; see `Names`."""
        literal = _literal(host)
        if literal is not None:
            if literal != family:
                raise CheckFailedError("no_address", "resolve", f"an address of IPv{literal}")
            return [host.strip("[]")]
        found = await self.records(host, "A" if family == 4 else "AAAA", within_s)
        if not found:
            raise CheckFailedError("no_address", "resolve", f"{host} has none of IPv{family}")
        # Resolvers turn the order round with each answer; the same order for all makes rounds and places comparable.
        return sorted(found, key=ip_address)[:MOST_ADDRESSES]

    async def records(self, name: str, rdtype: str, within_s: float) -> list[str]:
        """At most 64 of 512 characters; see `Names`."""
        known = await self._shared(name.rstrip(".").lower(), rdtype, within_s)
        if isinstance(known, CheckFailedError):
            raise CheckFailedError(known.outcome, known.failed_in, known.detail or "")
        return list(known)

    async def _shared(self, name: str, rdtype: str, within_s: float) -> _Known:
        key, now = (name, rdtype), time.monotonic()
        until, task = self._kept.get(key, (0.0, None))
        loop = asyncio.get_running_loop()
        if task is None or until <= now or task.cancelled() or (task.get_loop() is not loop):
            task = loop.create_task(self._ask(name, rdtype, within_s))
            self._kept[key] = (now + self._keep_s, task)
            self._kept.move_to_end(key)
            self._drop(now)
        if task.done():
            return task.result()
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.shield(task)
        except TimeoutError:
            return CheckFailedError("timed_out", "resolve", "no answer from the resolver")

    def _drop(self, now: float) -> None:
        """What is too old, and beyond the bound; they stand in the order in which they were asked."""
        while self._kept:
            until, _ = next(iter(self._kept.values()))
            if until > now and len(self._kept) <= MOST_KEPT:
                return
            self._kept.popitem(last=False)

    def _read(self) -> None:
        """The system's resolvers, where they have changed: a place that runs for weeks may move between networks."""
        changed_ns = SYSTEM.stat().st_mtime_ns
        if changed_ns != self._read_ns:
            self._asks, self._read_ns = dns.asyncresolver.Resolver(str(SYSTEM)), changed_ns

    async def _ask(self, text: str, rdtype: str, within_s: float) -> _Known:
        """The answer, or the failure as a value: it is kept, and told to each who asked."""
        try:
            name = dns.name.from_text(text)
        except (dns.exception.DNSException, UnicodeError) as error:
            return CheckFailedError("no_such_name", "resolve", f"not a name: {error}")
        if self._follows_system:
            with suppress(dns.resolver.NoResolverConfiguration, OSError):  # in the middle of being written
                self._read()
        try:
            answer = await self._resolved(name, rdtype, NAME_SHARE * within_s)
        except dns.resolver.NXDOMAIN:
            return CheckFailedError("no_such_name", "resolve", text)
        except dns.resolver.NoAnswer:
            return []
        except (dns.resolver.LifetimeTimeout, TimeoutError):
            failed = CheckFailedError("timed_out", "resolve", "no answer from the resolver")
            return await self._unless_dead(failed, within_s)
        except dns.resolver.NoNameservers as error:
            said = {_said(each[3]) for each in error.kwargs.get("errors", ())}
            words = f"the resolver says {', '.join(sorted(said)) or 'nothing'}"
            if said == {"REFUSED"}:  # a zone's own server that refuses is told as SERVFAIL
                return CheckFailedError("not_possible", "resolve", words)
            return await self._unless_dead(CheckFailedError("server_failure", "resolve", words), within_s)
        except dns.exception.DNSException as error:  # aliases without end, a name too long to be made
            return CheckFailedError("server_failure", "resolve", f"{type(error).__name__}: {error}")
        except OSError as error:
            return CheckFailedError("not_possible", "resolve", error.strerror or type(error).__name__)
        return [record.to_text()[:RECORD_CHARS] for record in answer][:MOST_RECORDS]

    async def _resolved(self, name: dns.name.Name, rdtype: str, within_s: float) -> dns.resolver.Answer:
        """Not a moment longer: between its tries dnspython sleeps, whatever its lifetime."""
        async with asyncio.timeout(within_s):
            return await self._asks.resolve(name, rdtype, lifetime=within_s, search=False)

    async def _unless_dead(self, failed: CheckFailedError, within_s: float) -> CheckFailedError:
        """What it is told as: the failure, where the resolver knows other names; else this place cannot tell."""
        now, loop = time.monotonic(), asyncio.get_running_loop()
        if (
            self._control is None
            or self._control[0] <= now
            or self._control[1].cancelled()
            or self._control[1].get_loop() is not loop
        ):
            task = loop.create_task(self._knows_others(CONTROL_SHARE * within_s))
            self._control = now + self._keep_s, task
        if await asyncio.shield(self._control[1]):
            return failed
        why = f"the resolver of this place fails for other names too: {failed.detail or failed.outcome}"
        return CheckFailedError("not_possible", "resolve", why)

    async def _knows_others(self, within_s: float) -> bool:
        return any(await asyncio.gather(*(self._knows(control, within_s) for control in CONTROLS)))

    async def _knows(self, control: str, within_s: float) -> bool:
        """Whether the resolver has any word for it but that it cannot."""
        try:
            await self._resolved(dns.name.from_text(control), "SOA", within_s)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return True
        except dns.resolver.NoNameservers as error:
            return any(_said(each[3]) == "REFUSED" for each in error.kwargs.get("errors", ()))
        except (dns.exception.DNSException, OSError):
            return False
        return True


def _said(error: object) -> str:
    """dnspython gives the answer's code as a word (`SERVFAIL`), or what went wrong as an exception."""
    return error if isinstance(error, str) else type(error).__name__


def _literal(host: str) -> Family | None:
    """Of which family the address is, None for a name."""
    try:
        return 4 if ip_address(host.strip("[]")).version == 4 else 6
    except ValueError:
        return None


def _server(text: str) -> tuple[str, int]:
    """Address and port of a resolver."""
    address, port = text, DNS_PORT
    if _literal(text) is None:
        address, _, digits = text.rpartition(":")
        port = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 5 else 0
    if _literal(address) is None or not 0 < port < 65_536:
        raise UsageError(
            f"not the address of a resolver: {text!r}",
            advice="Write 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53.",
        )
    return address.strip("[]"), port
