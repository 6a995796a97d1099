"""`nightside serve`: the API and the dashboard over the store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nightside.cli.store_place import StorePlace

HERE = ("127.0.0.1", "::1", "localhost")


def command(
    store: StorePlace = None,
    host: Annotated[
        str, typer.Option(metavar="H", help="The address to listen at; 0.0.0.0 lets everybody in.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="P", min=0, max=65535, help="The port; 0 takes any free one.")
    ] = 8000,
    tls_cert: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Serve HTTPS with this certificate (PEM, with its chain)."),
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key (PEM).")] = None,
    agents: Annotated[
        bool, typer.Option("--agents", help="Take what those hand in whom `nightside tokens` let in.")
    ] = False,
) -> None:
    """Serve the dashboard and the API of what is in the store, until Ctrl-C; for reading only without --agents.

    Only this machine can reach it unless --host says otherwise.

    \b
    Examples:
      nightside serve
      nightside serve --store results --port 8080
      nightside serve --agents --host 0.0.0.0 --port 443 --tls-cert chain.pem --tls-key key.pem
    """
    from nightside.cli.terminal import warn
    from nightside.engine.serve import Tls, serve
    from nightside.model.errors import UsageError
    from nightside.store.location import default_store

    if (tls_cert is None) != (tls_key is None):
        raise UsageError("a certificate needs its key, and a key its certificate", advice="Give both.")
    tls = None if tls_cert is None or tls_key is None else Tls(tls_cert, tls_key)
    folder = default_store() if store is None else store
    if agents and tls is None and host not in HERE:
        warn(
            "tokens cross the network in the clear; give --tls-cert and --tls-key, or let a proxy on this "
            "machine have TLS, and listen here alone"
        )

    def ready(address: str) -> None:
        print(address, flush=True)
        print(f"nightside: serving the store {folder}; Ctrl-C ends it", file=sys.stderr)

    try:
        serve(folder, host=host, port=port, tls=tls, agents=agents, ready=ready)
    except KeyboardInterrupt:
        # The one way to end it.
        return
