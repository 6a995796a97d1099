"""`nightside serve`: the API and the dashboard over the store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def command(
    store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The store; else NIGHTSIDE_STORE, else your data folder."),
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="H", help="The address to listen at; 0.0.0.0 lets everybody in.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="P", min=0, max=65535, help="The port; 0 takes any free one.")
    ] = 8000,
) -> None:
    """Serve the dashboard and the API of what is in the store, for reading only, until Ctrl-C.

    Only this machine can reach it unless --host says otherwise.

    \b
    Examples:
      nightside serve
      nightside serve --store results --port 8080
    """
    from nightside.engine.serve import serve
    from nightside.store.location import default_folder

    folder = default_folder() if store is None else store

    def ready(address: str) -> None:
        print(address, flush=True)
        print(f"nightside: serving the store {folder}; Ctrl-C ends it", file=sys.stderr)

    try:
        serve(folder, host=host, port=port, ready=ready)
    except KeyboardInterrupt:
        # The one way to end it.
        return
