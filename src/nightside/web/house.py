"""What all routes of one running app share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from nightside.web.reading import Readers


@dataclass
class House:
    """The store's readers: `quick` for what takes milliseconds, `slow` for charts, maps and exports."""

    folder: Path
    quick: Readers
    slow: Readers


def house_of(request: Request) -> House:
    """The one of this app."""
    house: House = request.app.state.house
    return house


InHouse = Annotated[House, Depends(house_of)]
