"""Leases taken, given back and held to. All functions run within the caller's transaction.

Times are the store's clock: of a store in a folder the clock of the host, of a server the server's. A clock that is
set forward ends leases early, one that is set back lets them last; two never hold one, since what tells them apart is
its number.
"""

from __future__ import annotations

from nightside.model.errors import LeaseLostError
from nightside.model.lease import Lease
from nightside.store.catalogue import Connection

_NOBODY = ""
"""Holds what was given back."""


def take(connection: Connection, name: str, holder: str, for_s: float, now_s: float) -> Lease | None:
    """See `Store.take_lease`. Raises ValueError for a holder without a name, or a time that is none."""
    if holder == _NOBODY or not 0 < for_s < float("inf"):
        raise ValueError(f"not a lease: {name!r} for {holder!r}, {for_s} s")
    known = connection.execute("SELECT holder, number, until_s FROM lease WHERE name = ?", (name,)).fetchone()
    before, number, until_s = known or (_NOBODY, 0, 0.0)
    if before not in (_NOBODY, holder) and until_s > now_s:
        return None
    lease = Lease(name, holder, number if before == holder else number + 1, now_s + for_s)
    connection.execute(
        "INSERT INTO lease (name, holder, number, until_s) VALUES (?, ?, ?, ?) ON CONFLICT (name) "
        "DO UPDATE SET holder = excluded.holder, number = excluded.number, until_s = excluded.until_s",
        (lease.name, lease.holder, lease.number, lease.until_s),
    )
    return lease


def release(connection: Connection, lease: Lease) -> bool:
    """See `Store.release_lease`."""
    done = connection.execute(
        "UPDATE lease SET holder = ?, until_s = 0 WHERE name = ? AND holder = ? AND number = ?",
        (_NOBODY, lease.name, lease.holder, lease.number),
    )
    return done.rowcount > 0


def holding(connection: Connection, prefix: str, now_s: float) -> list[Lease]:
    """See `Store.leases`."""
    rows = connection.execute(
        "SELECT name, holder, number, until_s FROM lease "
        "WHERE name >= ? AND substr(name, 1, ?) = ? AND until_s > ? ORDER BY name",
        (prefix, len(prefix), prefix, now_s),
    )
    return [Lease(*row) for row in rows]


def hold_to(connection: Connection, lease: Lease) -> None:
    """Raises LeaseLostError where the lease is not this holder's any more.

    One whose time is over, and that nobody has taken, is: nobody else can have done anything meanwhile.
    """
    row = connection.execute("SELECT holder, number FROM lease WHERE name = ?", (lease.name,)).fetchone()
    if row is None or tuple(row) != (lease.holder, lease.number):
        other = row[0] if row else _NOBODY
        raise LeaseLostError(
            f"{other} does this by now, {lease.holder} does not"
            if other not in (_NOBODY, lease.holder)
            else f"{lease.holder} has given this back",
            where=f"lease {lease.name}",
            advice="Nothing was written. Take the lease again, and look at what was stored meanwhile.",
        )
