"""The app on a real port, in a thread of its own, for what a client within the process cannot show."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from nightside.engine.serve import listen
from nightside.engine.serve_protocol import Protocol
from nightside.web.answering import ServicesOf
from nightside.web.app import create_app
from nightside.web.desk import Take
from nightside.web.limits import Limits


@contextmanager
def served(
    store: Path,
    limits: Limits | None = None,
    *,
    take: Take | None = None,
    services_of: ServicesOf | None = None,
) -> Iterator[str]:
    """The address (`http://127.0.0.1:12345`) of the app over this store, until the end of the block."""
    listening: socket.socket = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        create_app(store, limits, take=take, services_of=services_of),
        http=Protocol,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()
