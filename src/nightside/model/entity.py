"""Entities: whom an outage happens to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EntityType = Literal["country", "asn", "view"]


@dataclass(frozen=True, slots=True, order=True)
class Entity:
    """A country (`code` is ISO 3166-1 alpha-2), an AS (`code` is its number in decimal), or our own view.

    The view (`code` is `all`, or a collector) has signals, and never an incident.
    """

    type: EntityType
    code: str
    name: str

    def to_json(self) -> dict[str, str]:
        """The entity as it stands in an incident."""
        return {"type": self.type, "code": self.code, "name": self.name}
