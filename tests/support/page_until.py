"""Waiting for a page to become as expected, without asking it to evaluate strings, which its policy forbids."""

from __future__ import annotations

import time
from typing import Any

WAIT_S = 15.0


def until(page: Any, true: str) -> None:
    """Wait until the JavaScript expression holds. Raises AssertionError where it does not in `WAIT_S`."""
    deadline = time.monotonic() + WAIT_S
    while not page.evaluate(true):
        assert time.monotonic() < deadline, f"never: {true}"
        page.wait_for_timeout(50)
