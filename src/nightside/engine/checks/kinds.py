"""Which function checks which kind; each is imported when it is first needed."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from nightside.checks.probe import Check
from nightside.model.check import Kind


def check_of(kind: Kind) -> Check:
    """The check of a kind: `check_KIND` of the room's file of that name."""
    return cast("Check", getattr(import_module(f"nightside.checks.{kind}"), f"check_{kind}"))
