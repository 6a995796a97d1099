"""Ports that nobody takes by chance: below the range from which the system hands out any free one (from 32768 on)."""

from __future__ import annotations

import os
import random
import socket

FIRST, LAST = 20_000, 30_000
_chance = random.Random(os.getpid() ^ random.SystemRandom().getrandbits(32))


def free_port(address: str = "127.0.0.1") -> int:
    """One that is free now, and likely to stay so until somebody is told to use it."""
    while True:
        port = _chance.randrange(FIRST, LAST)
        try:
            with socket.create_server((address, port)):
                return port
        except OSError:
            continue
