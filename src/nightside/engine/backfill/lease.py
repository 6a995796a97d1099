"""One backfill at a time in a range of time of one store: who else comes is told who is there, and until when."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nightside.engine.backfill.plan import LONGEST_LEAD_S, Asked
from nightside.model.errors import NightsideError
from nightside.model.instants import iso, parse_iso
from nightside.model.lease import Lease
from nightside.store.protocol import Store

LEASE_S = 60.0
"""A run that says nothing for so long is over."""
RENEWALS = 4
"""In that time a living run says so often that it lives."""
ENTRY, ENTRY_S = "backfill", 10.0
"""Held while one looks who is there and goes in, so that two do not do it at once."""


class RangeTakenError(NightsideError):
    """Another backfill of this store is under way in that time."""


@contextmanager
def alone(store: Store, asked: Asked) -> Iterator[Store]:
    """The store for one who alone fills it in this range, as long as the context lasts.

    The days before the range that may be read with it belong to it: what goes on there is stored anew. Raises
    RangeTakenError where somebody else is at work there; one that ended on this host without a word is none. Who
    loses the lease because it could not be renewed in time gets LeaseLostError at the next thing that is written.
    """
    me = _holder()
    lease = _enter(store, asked, me)
    over = threading.Event()
    renewing = threading.Thread(target=_renew, args=(store, lease, over), daemon=True)
    renewing.start()
    try:
        yield store.under(lease)
    finally:
        over.set()
        renewing.join()
        with suppress(NightsideError):
            store.release_lease(lease)


def _enter(store: Store, asked: Asked, me: str) -> Lease:
    name = f"{ENTRY} {iso(asked.begin)} {iso(asked.end)}"
    deadline = time.monotonic() + 2 * ENTRY_S
    while (door := store.take_lease(ENTRY, me, ENTRY_S)) is None:
        if time.monotonic() > deadline:
            raise RangeTakenError("another backfill is just beginning", where=name, advice="Try again.")
        time.sleep(0.05)
    try:
        for other in store.leases(f"{ENTRY} "):
            if _touches(other, asked):
                if _is_gone(other.holder):
                    store.release_lease(other)
                else:
                    raise _taken(other)
        lease = store.take_lease(name, me, LEASE_S)
        if lease is None:
            raise RangeTakenError("another backfill has just taken it", where=name, advice="Try again.")
        return lease
    finally:
        store.release_lease(door)


def _touches(other: Lease, asked: Asked) -> bool:
    """Whether the days of both overlap, with those that may be read before."""
    begin, end = map(parse_iso, other.name.split(" ")[1:])
    return begin - LONGEST_LEAD_S < asked.end and asked.begin - LONGEST_LEAD_S < end


def _taken(other: Lease) -> RangeTakenError:
    begin, end = other.name.split(" ")[1:]
    days, until = LONGEST_LEAD_S // 86400, iso(int(other.until_s) + 1)
    return RangeTakenError(
        f"a backfill from {begin} to {end} is under way in this store, by {other.holder}; it has that time, and the "
        f"{days} days before, to itself until {until}, and longer while it runs",
        advice="Wait until it is done. If it was ended by force, the same command works after that time.",
    )


def _holder() -> str:
    since = f"since {iso(int(time.time()))} ({_machine()}-{secrets.token_hex(3)})"
    return f"{socket.gethostname()}, process {os.getpid()}, {since}"


def _machine() -> str:
    """Tells hosts of one name apart, and containers of one host: whether numbers of processes mean the same."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        return hashlib.sha256(f"{boot}{Path('/proc/self/ns/pid').readlink()}".encode()).hexdigest()[:6]
    except OSError:
        return "host"


def _is_gone(holder: str) -> bool:
    """Whether this is a process of this host that is no more; False where that cannot be told."""
    host, _, rest = holder.rpartition(", process ")
    pid = rest.partition(",")[0]
    machine = rest.rpartition("(")[2].partition("-")[0]
    if (host, machine) != (socket.gethostname(), _machine()) or not pid.isascii() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _renew(store: Store, lease: Lease, over: threading.Event) -> None:
    while not over.wait(LEASE_S / RENEWALS):
        # A store that does not answer may do so the next time.
        with suppress(NightsideError):
            again = store.take_lease(lease.name, lease.holder, LEASE_S)
            if again is None or again.number != lease.number:
                return
