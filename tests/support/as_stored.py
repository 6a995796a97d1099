"""Incidents without what is filled in when they are shown: that depends on what else a store holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FILLED_IN = ("causes", "diagnosis", "history", "related", "rules_version")


def as_stored(incidents: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What follows from the input and the settings alone."""
    return [{key: value for key, value in one.items() if key not in FILLED_IN} for one in incidents]
