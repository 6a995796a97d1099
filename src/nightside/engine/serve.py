"""The API and the dashboard over one store, run by uvicorn."""

from __future__ import annotations

import errno
import gc
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from nightside.model.errors import NightsideError

HOST, PORT = "127.0.0.1", 8000

LAST_WORDS_S = 3
"""How long answers under way may take once the server is told to end."""


def serve(store_folder: Path, *, host: str = HOST, port: int = PORT, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; `ready` is told the address once requests are taken.

    Port 0 takes any free one. Raises NightsideError where the store cannot be read, or the port is taken.
    """
    import uvicorn

    from nightside.engine.serve_protocol import Protocol
    from nightside.store.location import open_store
    from nightside.web.app import create_app

    # Makes the store where there is none, and brings an old one up to date. One that cannot be written may still
    # be read; where it cannot, the app says so.
    with suppress(NightsideError):
        open_store(store_folder).close()
    app = create_app(store_folder)
    listening = listen(host, port)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready(address(listening))

    # What is there now stays: a garbage collector that looks through it again and again stops all answers for a
    # tenth of a second each time.
    gc.collect()
    gc.freeze()
    with listening:
        config = uvicorn.Config(
            app,
            http=Protocol,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=LAST_WORDS_S,
        )
        Server(config).run(sockets=[listening])


def listen(
    host: str, port: int, *, advice: str = "Choose another port with --port; 0 takes any free one."
) -> socket.socket:
    """A listening socket. Raises NightsideError where there is none to be had; `advice` says how to choose another."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise NightsideError(
            f"no such host ({error.strerror})",
            where=host,
            advice="Name an address of this machine with --host.",
        ) from error
    listening = socket.socket(found[0], socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(found[4])
        listening.listen(1024)
    except OSError as error:
        listening.close()
        taken = error.errno == errno.EADDRINUSE
        raise NightsideError(
            "another program listens there already" if taken else f"cannot listen there ({error.strerror})",
            where=f"{host}:{port}",
            advice=advice,
        ) from error
    return listening


def address(listening: socket.socket) -> str:
    """Where a browser finds it: `http://127.0.0.1:8000/`."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
