"""The API and the dashboard over one store, run by uvicorn."""

from __future__ import annotations

import errno
import gc
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nightside.model.errors import NightsideError

if TYPE_CHECKING:
    from nightside.store.location import StoreLocation

HOST, PORT = "127.0.0.1", 8000

LAST_WORDS_S = 3
"""How long answers under way may take once the server is told to end."""


@dataclass(frozen=True, slots=True)
class Tls:
    """A certificate with its chain, and its key, as PEM files."""

    cert: Path
    key: Path


def serve(
    store_folder: StoreLocation,
    *,
    host: str = HOST,
    port: int = PORT,
    tls: Tls | None = None,
    agents: bool = False,
    ready: Callable[[str], None],
) -> None:
    """Serve until interrupted; `ready` is told the address once requests are taken.

    Port 0 takes any free one. With `agents`, what is handed in by token is stored. Raises NightsideError where
    the store cannot be read (with `agents`: written), the port is taken, or the certificate cannot be used.
    """
    import uvicorn

    from nightside.engine.acknowledging import Acknowledgements
    from nightside.engine.checks.taking import Taking
    from nightside.engine.reports.taking import ReportTaking
    from nightside.engine.serve_protocol import Protocol
    from nightside.engine.services import services_of
    from nightside.engine.shown import entity_history, shown_incident
    from nightside.store.location import open_store
    from nightside.web.app import create_app

    if tls is not None:
        check_tls(tls)
    with ExitStack() as stack:
        take = attach = acknowledging = None
        if agents:
            opened = stack.enter_context(open_store(store_folder))
            take, attach = Taking(opened).take, ReportTaking(opened).attach
            acknowledging = Acknowledgements(opened)
        else:
            # Makes the store where there is none, and brings an old one up to date. One that cannot be written may
            # still be read; where it cannot, the app says so.
            with suppress(NightsideError):
                open_store(store_folder).close()
        app = create_app(
            store_folder,
            take=take,
            attach=attach,
            acknowledging=acknowledging,
            services_of=services_of,
            shown_of=shown_incident,
            history_of=entity_history,
        )
        listening = stack.enter_context(listen(host, port))

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                if self.started:
                    ready(address(listening, scheme="http" if tls is None else "https"))

        # What is there now stays: a garbage collector that looks through it again and again stops all answers for a
        # tenth of a second each time.
        gc.collect()
        gc.freeze()
        config = uvicorn.Config(
            app,
            http=Protocol,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=LAST_WORDS_S,
            ssl_certfile=None if tls is None else tls.cert,
            ssl_keyfile=None if tls is None else tls.key,
        )
        Server(config).run(sockets=[listening])


def check_tls(tls: Tls) -> None:
    """Raises NightsideError where a server cannot show this certificate with this key."""
    for path in (tls.cert, tls.key):
        try:
            path.open("rb").close()
        except OSError as error:
            raise NightsideError(
                f"cannot be read ({error.strerror})",
                where=str(path),
                advice="Name PEM files that this user can read with --tls-cert and --tls-key.",
            ) from error
    try:
        # An empty password: nobody is there to be asked for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls.cert, tls.key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise NightsideError(
            "no certificate with its key, without a password, as PEM",
            where=f"{tls.cert}, {tls.key}",
            advice="Give the certificate with its chain, and the key that belongs to it.",
        ) from error


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
    # With its protocol: only of a socket that says TCP does asyncio know that it must not wait for more to send, which
    # would hold each answer up by 40 ms where headers and body are two packets.
    listening = socket.socket(found[0], socket.SOCK_STREAM, socket.IPPROTO_TCP)
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


def address(listening: socket.socket, *, scheme: str = "http") -> str:
    """Where a browser finds it: `http://127.0.0.1:8000/`."""
    host, port = listening.getsockname()[:2]
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"
