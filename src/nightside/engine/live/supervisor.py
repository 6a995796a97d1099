"""What whoever started us wants to be told (sd_notify(3)): that we have begun, that we live, that we end.

Datagrams to the socket in NOTIFY_SOCKET; without it, nothing. With WATCHDOG_USEC a sign of life at least twice in that
time, as long as the watch is alive; when the signs stop to come, the supervisor starts it anew.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from nightside.engine.live.vitals import Vitals

SOCKET, WATCHDOG, WATCHDOG_PID = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
STATUS_EVERY_S = 10.0


@asynccontextmanager
async def supervised(vitals: Callable[[], Vitals]) -> AsyncIterator[None]:
    """Tell the supervisor of this process, if there is one, within the block."""
    where = os.environ.get(SOCKET)
    if not where:
        yield
        return
    _notify(where, "READY=1")
    signs = asyncio.create_task(_signs(where, vitals))
    try:
        yield
    finally:
        signs.cancel()
        await asyncio.gather(signs, return_exceptions=True)
        _notify(where, "STOPPING=1")


async def _signs(where: str, vitals: Callable[[], Vitals]) -> None:
    every_us = os.environ.get(WATCHDOG, "")
    if not every_us.isdigit() or os.environ.get(WATCHDOG_PID, str(os.getpid())) != str(os.getpid()):
        return
    while True:
        status = _status(vitals)
        if status is not None:
            _notify(where, f"WATCHDOG=1\nSTATUS={status}")
        await asyncio.sleep(min(int(every_us) / 2_000_000, STATUS_EVERY_S))


def _status(vitals: Callable[[], Vitals]) -> str | None:
    """How it is doing, in a line; None where it is not alive."""
    try:
        now = vitals()
    except OSError as error:
        # That a file cannot be read says nothing about whether the watch lives, and a new start mends no disk.
        return f"how it is doing cannot be read: {error.strerror or error}"
    if now.why_not_alive():
        return None
    why = now.why_not_ready()
    return why[0] if why else f"{now.known} of {now.expected} peer ASes, {now.incidents_open} incidents open"


def _notify(where: str, said: str) -> None:
    # A supervisor that has gone costs nothing but itself. A name that begins with @ is an abstract one.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
        out.setblocking(False)
        out.sendto(said.encode(), "\0" + where[1:] if where.startswith("@") else where)
