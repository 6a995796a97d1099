"""`--engine`: who does the work."""

from __future__ import annotations

from typing import Annotated

import typer

Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="WORD",
        help="Who does the work: local (this machine), dask, or a Dask scheduler: tcp://HOST:PORT.",
    ),
]
