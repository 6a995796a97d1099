"""A web server for tests that says nothing where a client leaves in the middle: that is the client's business."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any, TypeVar


class QuietServer(ThreadingHTTPServer):
    """Any other error is told as ever."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


Server = TypeVar("Server", bound=QuietServer)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """It answers within the block, in a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
