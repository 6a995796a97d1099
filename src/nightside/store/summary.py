"""An incident in short: all that a list or a map says of it, without what makes it long."""

from __future__ import annotations

from typing import Any

SCHEMA = "nightside.incident-summary/1"

LONG = ("networks", "operators", "settings", "diagnosis", "reports", "acknowledgements")
"""Left out; of `provenance` the `inputs` too."""


def summary_of(incident: dict[str, Any]) -> dict[str, Any]:
    """The incident in the shape `nightside.incident-summary/1`: nightside.incident/1 without the long keys."""
    short = {k: v for k, v in incident.items() if k not in LONG}
    short["schema"] = SCHEMA
    short["provenance"] = {k: v for k, v in incident["provenance"].items() if k != "inputs"}
    return short
