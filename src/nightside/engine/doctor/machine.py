"""Looks at this machine: the configuration, the disk, the store, the addresses to listen at."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import tempfile
from pathlib import Path

import httpx2

from nightside.engine.doctor.check import Check, beside
from nightside.engine.live.vitals import SCHEMA as HEALTH
from nightside.model.errors import NightsideError, NoStoreError
from nightside.model.instants import duration_words
from nightside.sources.endpoints import CONFIG, PREFIX, Endpoints, config_file
from nightside.store.location import StoreLocation, open_store
from nightside.store.tables import VERSION

GIB = 2**30
LITTLE_BYTES, NOTHING_BYTES = 5 * GIB, GIB // 2
"""A table of a collector with the updates of a day is about 2 GiB; below half a GiB not even one table finds room."""
ASK_S = 5.0
_HERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "::": "[::1]"}


def configuration() -> Check:
    """Which file was read, and which variables count before it. That it could be read is known by then."""
    path = config_file()
    set_here = [f"{PREFIX}{name.upper()}" for name in Endpoints.model_fields]
    set_here = [name for name in set_here if os.environ.get(name)]
    said = "read" if path.exists() else f"there is none, and none is needed ({CONFIG} can name one)"
    if set_here:
        said += f"; from the environment: {', '.join(set_here)}"
    return Check("configuration", str(path), "ok", said)


def disk(name: str, folder: Path, variable: str) -> Check:
    """Whether a folder, or the one in which it will be made, can be written, and what is free there."""
    there = next((path for path in (folder, *folder.absolute().parents) if path.exists()), Path("/"))
    elsewhere = f"Free some, or name another folder with {variable}."
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
        free = shutil.disk_usage(there).free
    except OSError as error:
        advice = elsewhere if error.errno == errno.ENOSPC else f"Name another folder with {variable}."
        return Check(name, str(folder), "failed", f"cannot be written: {error.strerror}", advice)
    said = f"{free / GIB:.1f} GiB free" + ("" if there == folder else ", not made yet")
    if free < NOTHING_BYTES:
        return Check(name, str(folder), "failed", said, elsewhere)
    if free < LITTLE_BYTES:
        return Check(name, str(folder), "warning", said, elsewhere)
    return Check(name, str(folder), "ok", said)


def store(location: StoreLocation, now_s: float) -> Check:
    """Whether the store opens; it is read and not changed."""
    written = ""
    if isinstance(location, Path):
        catalogue = location / "nightside.sqlite"
        # Before it is opened: whoever reads may leave an empty one behind.
        journal = catalogue.with_name(catalogue.name + "-wal")
        states = [path.stat() for path in (catalogue, journal) if path.exists()]
        written_s = max((state.st_mtime for state in states if state.st_size), default=now_s)
        written = f", written {duration_words(max(0, int(now_s - written_s)))} ago"
    try:
        with open_store(location, read_only=True) as opened:
            number = opened.last_change()
    except NoStoreError:
        return Check(
            "store", str(location), "ok", "none yet: the first command that finds something makes it"
        )
    except NightsideError as error:
        advice = error.advice or "Name another store with --store or NIGHTSIDE_STORE."
        return Check("store", str(location), "failed", error.what, advice)
    said = f"opens; version {VERSION}, "
    if number == 0:
        return Check("store", str(location), "ok", said + "nothing in it yet")
    return Check("store", str(location), "ok", f"{said}change {number}{written}")


async def running_watch(place: str | None) -> tuple[Check, bool]:
    """What a watch on this machine says of itself, and whether there is one."""
    if place is None:
        said = "cannot be asked: NIGHTSIDE_HEALTH_LISTEN is not set"
        return Check("watch", None, "ok", said), False
    url = f"http://{_reachable(place)}/readyz"
    try:
        async with httpx2.AsyncClient(timeout=ASK_S, trust_env=False) as client:
            answer = await client.get(url)
        said = answer.json()
        if said["schema"] != HEALTH:
            raise ValueError(said["schema"])
        known, expected, why = said["view"]["known"], said["view"]["expected"], said["why"]
    except httpx2.ConnectError:
        return Check("watch", place, "ok", "none is running"), False
    except httpx2.HTTPError as error:
        advice = "It may be overloaded; see its log."
        words = str(error) or type(error).__name__
        return Check("watch", place, "warning", f"does not answer: {words}", advice), False
    except (ValueError, KeyError, TypeError):
        advice = "Set NIGHTSIDE_HEALTH_LISTEN to another address."
        return Check("watch", place, "warning", "another program answers there", advice), False
    if why:
        return Check("watch", place, "warning", f"running, not ready: {why[0]}", "See its log."), True
    return Check("watch", place, "ok", f"running and ready: {known} of {expected} peer ASes known"), True


async def bmp_address(place: str, *, is_watched: bool) -> Check:
    """Whether routers' listener finds its address free, or is there already."""
    host, _, port = place.rpartition(":")
    taken = await beside(lambda: _cannot_bind(host.strip("[]"), int(port)))
    if taken is None:
        return Check("BMP", place, "ok", "free to listen at")
    if taken.errno == errno.EADDRINUSE:
        if is_watched:
            return Check("BMP", place, "ok", "a running watch listens there")
        said = "another program listens there, or a watch that cannot be asked"
        advice = "End it, or set NIGHTSIDE_BMP_LISTEN to a free port."
        return Check("BMP", place, "warning", said, advice)
    advice = "Set NIGHTSIDE_BMP_LISTEN to an address of this machine and a port above 1023."
    return Check("BMP", place, "failed", f"cannot listen there: {taken.strerror}", advice)


def _cannot_bind(host: str, port: int) -> OSError | None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(found[0], socket.SOCK_STREAM) as trying:
            trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trying.bind(found[4])
    except OSError as error:
        return error
    return None


def _reachable(place: str) -> str:
    """Where somebody finds who listens at this address: everywhere is here too."""
    host, _, port = place.rpartition(":")
    return f"{_HERE.get(host, host)}:{port}"
