"""An incident in short, as lists carry it."""

from __future__ import annotations

from typing import Any

SCHEMA = "nightside.incident_summary/1"

LEFT_OUT = frozenset({"networks", "operators", "settings"})


def summary(incident: dict[str, Any]) -> dict[str, Any]:
    """The incident without its networks, operators, settings and the list of inputs."""
    short = {key: value for key, value in incident.items() if key not in LEFT_OUT}
    short["schema"] = SCHEMA
    short["provenance"] = {k: v for k, v in incident["provenance"].items() if k != "inputs"}
    return short
