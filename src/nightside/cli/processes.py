"""`--processes`: how many processes share the work."""

from __future__ import annotations

from typing import Annotated

import typer

Processes = Annotated[
    int | None,
    typer.Option(
        "--processes",
        metavar="N",
        min=1,
        help="So many processes at most; else as many as there are cores, where it pays.",
    ),
]
