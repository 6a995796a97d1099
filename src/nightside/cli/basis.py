"""`--country-by`: what makes a network a country's."""

from __future__ import annotations

from typing import Annotated

import typer

from nightside.model.settings import CountryBy

Basis = Annotated[
    CountryBy,
    typer.Option(
        "--country-by",
        help="Whose a network is: by the registry's word on its addresses, by its origin AS, or where both agree.",
    ),
]
