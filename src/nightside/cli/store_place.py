"""`--store`: where the store is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nightside.store.location import location_of

if TYPE_CHECKING:
    from nightside.store.location import StoreLocation

    Place = StoreLocation
else:
    # Typer knows no unions; what the parser gives is what it is.
    Place = object

METAVAR = "DIR|URL"

StorePlace = Annotated[
    Place | None,
    typer.Option(
        "--store",
        parser=location_of,
        metavar=METAVAR,
        help="The store: a folder, or postgresql://…; else NIGHTSIDE_STORE, else your data folder.",
    ),
]
